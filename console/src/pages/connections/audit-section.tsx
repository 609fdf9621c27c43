import { Text } from '@mantine/core'
import type { ReactElement } from 'react'
import { useList } from '../../app/calls.ts'
import { DataTable } from '../../parts/data-table.tsx'
import { Instant } from '../../parts/instant.tsx'
import { PageLink } from '../../parts/link.tsx'
import { Section } from '../../parts/section.tsx'
import { StateBadge } from '../../parts/state-badge.tsx'
import { useTexts } from '../../texts/index.ts'

const most = 10

/** What was done with the connection of late, by whom, and what happened to it by itself. */
export function AuditSection({ name }: { readonly name: string }): ReactElement {
  const { connection: texts } = useTexts()
  const list = useList('audit.list', { connection: name, limit: most }, { everyMs: 30_000 })
  return (
    <Section
      title={texts.audit}
      actions={
        <PageLink to="/audit" search={{ connection: name }} size="sm">
          {texts.allAudit}
        </PageLink>
      }
    >
      <DataTable
        label={texts.audit}
        list={{ ...list, more: undefined }}
        rows={list.items.slice(0, most)}
        keyOf={({ id }) => id}
        columns={[
          {
            key: 'action',
            title: texts.action,
            isName: true,
            cell: ({ action }) => (
              <Text span size="sm" ff="monospace" className="break-anywhere">
                {action}
              </Text>
            ),
          },
          { key: 'when', title: texts.when, cell: ({ at }) => <Instant at={at} /> },
          {
            key: 'actor',
            title: texts.actor,
            cell: ({ actor }) => (
              <Text span size="sm" className="break-anywhere">
                {actor}
              </Text>
            ),
          },
          {
            key: 'outcome',
            title: texts.outcome,
            cell: ({ outcome }) => <StateBadge state={outcome} />,
          },
        ]}
        empty={
          <Text size="sm" c="dimmed">
            {texts.noAudit}
          </Text>
        }
      />
    </Section>
  )
}
