import { Group, Stack, Text, Title } from '@mantine/core'
import { IconCalendarTime } from '@tabler/icons-react'
import type { ReactElement } from 'react'
import { useList } from '../../app/calls.ts'
import { DataTable, type Column } from '../../parts/data-table.tsx'
import { Empty } from '../../parts/empty.tsx'
import { Instant } from '../../parts/instant.tsx'
import { PageLink } from '../../parts/link.tsx'
import { StateBadge } from '../../parts/state-badge.tsx'
import { useTexts } from '../../texts/index.ts'
import type { ConfiguredImport } from './run.ts'
import { SchedulePause } from './schedule-pause.tsx'
import { StartImport } from './start-import.tsx'
import { VerdictBadge } from './verdict-badge.tsx'

/** Imports of the configuration: when each is due, how its last run went, start and pause. */
export function ConfiguredSection(): ReactElement {
  const { imports: texts } = useTexts()
  const list = useList('imports.configured', { limit: 100 }, { everyMs: 5_000 })
  const columns: readonly Column<ConfiguredImport>[] = [
    {
      key: 'name',
      title: texts.configuredColumns.name,
      isName: true,
      cell: ({ name, collections, connection, to }) => (
        <>
          {name}
          <Text size="xs" c="dimmed" fw={400} className="break-anywhere">
            {collections.join(', ')}: {texts.fromTo(connection, to)}
          </Text>
        </>
      ),
    },
    {
      key: 'schedule',
      title: texts.configuredColumns.schedule,
      cell: (one) => <Schedule configured={one} />,
    },
    {
      key: 'last',
      title: texts.configuredColumns.last,
      cell: ({ last_run: run }) =>
        run === null ? null : (
          <PageLink to="/imports/$id" params={{ id: run.id }} underline="never" c="inherit">
            <Group gap={6}>
              {run.verdict === null ? (
                <StateBadge state={run.state} />
              ) : (
                <VerdictBadge verdict={run.verdict} />
              )}
              <Text span size="sm">
                <Instant at={run.created_at} />
              </Text>
            </Group>
          </PageLink>
        ),
    },
    {
      key: 'actions',
      title: texts.configuredColumns.actions,
      cell: (one) => (
        <Group gap="xs" wrap="nowrap">
          <StartImport name={one.name} />
          {one.schedule !== null && <SchedulePause configured={one} />}
        </Group>
      ),
    },
  ]
  return (
    <Stack component="section" aria-labelledby="configured" gap="md">
      <Title order={2} id="configured">
        {texts.configured}
      </Title>
      <DataTable
        label={texts.configured}
        list={list}
        columns={columns}
        keyOf={({ name }) => name}
        isCounted={list.more !== undefined}
        empty={
          <Empty
            icon={IconCalendarTime}
            title={texts.noneConfigured}
            hint={texts.noneConfiguredHint}
          />
        }
      />
    </Stack>
  )
}

function Schedule({ configured }: { readonly configured: ConfiguredImport }): ReactElement | null {
  const { imports: texts } = useTexts()
  const { schedule, next_due_at: dueAt, paused, paused_by: by, last_due: due } = configured
  if (schedule === null) return <>{texts.byHand}</>
  return (
    <Stack gap={2} align="flex-start">
      {paused ? (
        <>
          <StateBadge state="paused" />
          {by !== null && (
            <Text size="xs" c="dimmed">
              {texts.pausedBy(by)}
            </Text>
          )}
        </>
      ) : (
        <span>
          {texts.next} <Instant at={dueAt} />
        </span>
      )}
      <Text size="xs" c="dimmed" ff="monospace">
        {schedule} UTC
      </Text>
      {due !== null && due.outcome !== 'started' && (
        <Text size="xs">
          {texts.dueOutcomes[due.outcome]} <Instant at={due.at} />
          {due.code !== null && ` (${due.code})`}
        </Text>
      )}
    </Stack>
  )
}
