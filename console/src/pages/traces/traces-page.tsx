import { Text } from '@mantine/core'
import { IconRoute, IconSearch } from '@tabler/icons-react'
import { useSearch } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { useList } from '../../app/calls.ts'
import { describeDuration } from '../../parts/amounts.ts'
import { DataTable, type Column } from '../../parts/data-table.tsx'
import { Empty } from '../../parts/empty.tsx'
import { Instant, useNow } from '../../parts/instant.tsx'
import { PageLink } from '../../parts/link.tsx'
import { Page } from '../../parts/page.tsx'
import { useTexts } from '../../texts/index.ts'
import { TraceFields } from './trace-fields.tsx'
import { TraceOutcome } from './trace-outcome.tsx'
import { TraceTabs } from './trace-tabs.tsx'
import { wishOf, type TraceSummary } from './trace.ts'

/** What passed through, the newest first. */
export function TracesPage(): ReactElement {
  const { traces: texts } = useTexts()
  const filters = useSearch({ from: '/traces' })
  const now = useNow(60_000)
  const list = useList('traces.list', { limit: 50, ...wishOf(filters, now) }, { everyMs: 5_000 })
  const columns: readonly Column<TraceSummary>[] = [
    {
      key: 'call',
      title: texts.columns.call,
      isName: true,
      cell: (one) => <Call trace={one} />,
    },
    {
      key: 'outcome',
      title: texts.columns.outcome,
      cell: (one) => (
        <>
          <TraceOutcome trace={one} />
          {one.code !== null && (
            <Text size="xs" c="dimmed" ff="monospace" mt={2}>
              {one.code}
            </Text>
          )}
        </>
      ),
    },
    {
      key: 'connection',
      title: texts.columns.connection,
      cell: ({ connection, upstream }) => (
        <>
          {connection}
          {upstream !== '' && (
            <Text size="xs" c="dimmed">
              {upstream}
            </Text>
          )}
        </>
      ),
    },
    { key: 'caller', title: texts.columns.caller, cell: ({ caller_name: caller }) => caller },
    { key: 'when', title: texts.columns.when, cell: ({ at }) => <Instant at={at} /> },
    {
      key: 'took',
      title: texts.columns.took,
      align: 'right',
      cell: ({ duration_ms: ms }) => describeDuration(ms),
    },
  ]
  return (
    <Page title={texts.title} hint={texts.hint}>
      <TraceTabs />
      <TraceFields filters={filters} />
      <DataTable
        label={texts.title}
        list={list}
        columns={columns}
        keyOf={({ id }) => id}
        empty={
          Object.keys(filters).length === 0 ? (
            <Empty icon={IconRoute} title={texts.none} hint={texts.noneHint} />
          ) : (
            <Empty icon={IconSearch} title={texts.noneFound} hint={texts.noneFoundHint} />
          )
        }
      />
    </Page>
  )
}

function Call({ trace }: { readonly trace: TraceSummary }): ReactElement {
  const { traces: texts } = useTexts()
  const { id, method, path, kind, was_replayed: wasReplayed, was_renewed: wasRenewed } = trace
  const remarks = [
    ...(kind === 'call' ? [] : [texts.kinds[kind]]),
    ...(wasReplayed ? [texts.wasReplayed] : []),
    ...(wasRenewed ? [texts.wasRenewed] : []),
  ]
  return (
    <>
      <PageLink to="/traces/$id" params={{ id }} className="break-anywhere">
        <Text span size="sm" ff="monospace">
          {path === '' ? (texts.kinds[kind] ?? kind) : `${method} ${path}`}
        </Text>
      </PageLink>
      {remarks.length > 0 && (
        <Text size="xs" c="dimmed" fw={400}>
          {remarks.join(', ')}
        </Text>
      )}
    </>
  )
}
