import { Stack, Text } from '@mantine/core'
import { IconShieldCheck } from '@tabler/icons-react'
import type { ReactElement } from 'react'
import type { Operations } from '../../../../src/client/index.ts'
import { useList } from '../../app/calls.ts'
import { DataTable, type Column } from '../../parts/data-table.tsx'
import { Empty } from '../../parts/empty.tsx'
import { Instant } from '../../parts/instant.tsx'
import { StateBadge } from '../../parts/state-badge.tsx'
import { useTexts } from '../../texts/index.ts'
import { FetchKeysButton } from './fetch-keys-button.tsx'

type Health = Operations['issuers.list']['result']['items'][number]

/** The keys of each `iss`: how old they are, and what went wrong. */
export function HealthTable(): ReactElement {
  const { issuers: texts } = useTexts()
  const list = useList('issuers.list', { limit: 200 }, { everyMs: 10_000 })
  const columns: readonly Column<Health>[] = [
    {
      key: 'issuer',
      title: texts.columns.issuer,
      isName: true,
      cell: ({ issuer, iss }) => (
        <>
          {issuer}
          <Text size="xs" c="dimmed" fw={400} className="break-anywhere">
            {iss}
          </Text>
        </>
      ),
    },
    {
      key: 'state',
      title: texts.columns.state,
      cell: (one) => (
        <Stack gap={4} align="flex-start">
          <StateBadge state={one.state} label={texts.states[one.state] ?? one.state} />
          <Troubles health={one} />
        </Stack>
      ),
    },
    {
      key: 'keys',
      title: texts.columns.keys,
      cell: ({ keys, skipped_keys: skipped }) =>
        keys.length === 0 && skipped.length === 0 ? null : <Keys keys={keys} skipped={skipped} />,
    },
    {
      key: 'fetched',
      title: texts.columns.fetched,
      cell: ({ fetched_at: at }) => (at === null ? null : <Instant at={at} />),
    },
    {
      key: 'next',
      title: texts.columns.next,
      cell: ({ next_fetch_at: at }) => (at === null ? null : <Instant at={at} />),
    },
    {
      key: 'actions',
      title: texts.columns.actions,
      cell: ({ issuer }) => <FetchKeysButton issuer={issuer} />,
    },
  ]
  return (
    <DataTable
      label={texts.title}
      list={list}
      columns={columns}
      keyOf={({ issuer, iss }) => `${issuer} ${iss}`}
      empty={<Empty icon={IconShieldCheck} title={texts.none} hint={texts.noneHint} />}
    />
  )
}

function Keys({
  keys,
  skipped,
}: {
  readonly keys: readonly string[]
  readonly skipped: readonly string[]
}): ReactElement {
  const { issuers: texts } = useTexts()
  return (
    <details className="details">
      <summary>{texts.countOfKeys(keys.length)}</summary>
      {keys.map((key) => (
        <Text key={key} size="xs" ff="monospace" className="break-anywhere">
          {key}
        </Text>
      ))}
      {skipped.length > 0 && (
        <>
          <Text size="xs" mt={4} fw={600}>
            {texts.skipped}
          </Text>
          {skipped.map((key) => (
            <Text key={key} size="xs" className="break-anywhere">
              {key}
            </Text>
          ))}
        </>
      )}
    </details>
  )
}

function Troubles({ health }: { readonly health: Health }): ReactElement | null {
  const { issuers: texts } = useTexts()
  const { warning, failure, failed_at: failedAt, usable_until: until } = health
  if (warning === null && failure === null) return null
  return (
    <Text size="xs" component="div" maw={320} className="break-anywhere">
      {warning}
      {failure !== null && (
        <div>
          {texts.failure} (<Instant at={failedAt} />
          ): {failure}
        </div>
      )}
      {until !== null && (
        <div>
          {texts.usableUntil} <Instant at={until} />
        </div>
      )}
    </Text>
  )
}
