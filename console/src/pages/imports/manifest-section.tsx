import { Text } from '@mantine/core'
import type { ReactElement } from 'react'
import { describeCount } from '../../parts/amounts.ts'
import { DataTable, type Column } from '../../parts/data-table.tsx'
import { listOf } from '../../parts/known-list.ts'
import { Section } from '../../parts/section.tsx'
import { useTexts } from '../../texts/index.ts'
import { describeChanges, describeEffort, describePlan } from './effort-text.ts'
import { changesOf, type Manifest, type Run } from './run.ts'
import { VerdictBadge } from './verdict-badge.tsx'

/** What was counted and what was read, a row a collection; the ground of the verdict. */
export function ManifestSection({ run }: { readonly run: Run }): ReactElement {
  const { run: texts } = useTexts()
  const judged = (run.manifest ?? []).filter(({ verdict }) => verdict !== null)
  const { manifestColumns: titles } = texts
  const columns: readonly Column<Manifest>[] = [
    {
      key: 'collection',
      title: titles.collection,
      isName: true,
      cell: (one) => (
        <>
          {one.collection}
          {[
            one.detail,
            one.deletion_note,
            describeChanges(changesOf(run, one.collection), texts),
            describePlan(one, texts),
            describeEffort(one, texts),
          ].map(
            (text) =>
              text !== null && (
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
      cell: ({ verdict }) => (verdict === null ? null : <VerdictBadge verdict={verdict} />),
    },
    { key: 'before', title: titles.before, align: 'right', cell: (one) => count(one.count_before) },
    { key: 'after', title: titles.after, align: 'right', cell: (one) => count(one.count_after) },
    {
      key: 'distinct',
      title: titles.distinct,
      align: 'right',
      cell: (one) => count(one.distinct_rows),
    },
    {
      key: 'drift',
      title: titles.drift,
      align: 'right',
      cell: ({ drift }) => (drift !== null && drift > 0 ? `+${count(drift)}` : count(drift)),
    },
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

function count(value: number | null): string | null {
  return value === null ? null : describeCount(value)
}
