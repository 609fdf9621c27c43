import { Text } from '@mantine/core'
import type { ReactElement } from 'react'
import { useList } from '../../app/calls.ts'
import { DataTable } from '../../parts/data-table.tsx'
import { Instant } from '../../parts/instant.tsx'
import { PageLink } from '../../parts/link.tsx'
import { Section } from '../../parts/section.tsx'
import { StateBadge } from '../../parts/state-badge.tsx'
import { useTexts } from '../../texts/index.ts'

/** The latest calls through the connection. */
export function TracesSection({ address }: { readonly address: string }): ReactElement {
  const { connection: texts } = useTexts()
  const list = useList('traces.list', { connection: address, limit: 10 }, { everyMs: 15_000 })
  return (
    <Section
      title={texts.traces}
      actions={
        <PageLink to="/traces" search={{ connection: address }} size="sm">
          {texts.allTraces}
        </PageLink>
      }
    >
      <DataTable
        label={texts.traces}
        list={{ ...list, more: undefined }}
        rows={list.items.slice(0, 10)}
        keyOf={({ id }) => id}
        columns={[
          {
            key: 'call',
            title: texts.call,
            isName: true,
            cell: ({ id, method, path, kind }) => (
              <PageLink
                to="/traces/$id"
                params={{ id }}
                size="sm"
                ff="monospace"
                className="break-anywhere"
              >
                {path === '' ? kind : `${method} ${path}`}
              </PageLink>
            ),
          },
          {
            key: 'outcome',
            title: texts.outcome,
            cell: ({ outcome, status }) => (
              <StateBadge
                state={outcome}
                label={`${texts.outcomes[outcome] ?? outcome}, ${status}`}
              />
            ),
          },
          { key: 'when', title: texts.when, cell: ({ at }) => <Instant at={at} /> },
          { key: 'caller', title: texts.caller, cell: ({ caller_name: caller }) => caller },
          {
            key: 'took',
            title: texts.took,
            align: 'right',
            cell: ({ duration_ms: ms }) => `${Math.round(ms)} ms`,
          },
        ]}
        empty={
          <Text size="sm" c="dimmed">
            {texts.noTraces}
          </Text>
        }
      />
    </Section>
  )
}
