import { Text } from '@mantine/core'
import type { ReactElement } from 'react'
import { describeCount } from '../../parts/amounts.ts'
import { DataTable, type Column } from '../../parts/data-table.tsx'
import { listOf } from '../../parts/known-list.ts'
import { Section } from '../../parts/section.tsx'
import { useTexts } from '../../texts/index.ts'
import { collectionsOf, type CollectionSum, type Run } from './run.ts'
import { VerdictBadge } from './verdict-badge.tsx'

/** What was counted and what was read, a row a collection; the ground of the verdict. */
export function ManifestSection({ run }: { readonly run: Run }): ReactElement {
  const { run: texts } = useTexts()
  const judged = collectionsOf(run).filter(({ verdict }) => verdict !== undefined)
  const { manifestColumns: titles } = texts
  const columns: readonly Column<CollectionSum>[] = [
    {
      key: 'collection',
      title: titles.collection,
      isName: true,
      cell: ({ collection, detail, deletionNote }) => (
        <>
          {collection}
          {[detail, deletionNote].map(
            (text) =>
              text !== undefined && (
                <Text key={text} size="xs" c="dimmed" fw={400} maw={420}>
                  {text}
                </Text>
              ),
          )}
        </>
      ),
    },
    {
      key: 'verdict',
      title: titles.verdict,
      cell: ({ verdict }) => (verdict === undefined ? null : <VerdictBadge verdict={verdict} />),
    },
    { key: 'before', title: titles.before, align: 'right', cell: ({ before }) => count(before) },
    { key: 'after', title: titles.after, align: 'right', cell: ({ after }) => count(after) },
    {
      key: 'distinct',
      title: titles.distinct,
      align: 'right',
      cell: ({ distinct }) => count(distinct),
    },
    { key: 'drift', title: titles.drift, align: 'right', cell: (one) => count(driftOf(one)) },
    {
      key: 'deleted',
      title: titles.deleted,
      align: 'right',
      cell: ({ deleted }) => count(deleted),
    },
  ]
  return (
    <Section title={texts.manifest} hint={texts.manifestHint}>
      {judged.length === 0 ? (
        <Text size="sm" c="dimmed">
          {texts.noManifest}
        </Text>
      ) : (
        <DataTable
          label={texts.manifest}
          list={listOf(judged)}
          columns={columns}
          keyOf={({ collection }) => collection}
          empty={null}
          isCounted={false}
        />
      )}
    </Section>
  )
}

function count(value: number | undefined): string | null {
  return value === undefined ? null : describeCount(value)
}

/** How far what was read lies outside of what was counted before and after. */
function driftOf({ distinct, groups, before, after }: CollectionSum): number | undefined {
  // Of relations Graph counts what they begin with: the groups of members.
  const read = groups ?? distinct
  if (read === undefined || before === undefined || after === undefined) return undefined
  const low = Math.min(before, after)
  const high = Math.max(before, after)
  return read < low ? read - low : read > high ? read - high : 0
}
