import { Group, Paper, SimpleGrid, Stack, Text, Title } from '@mantine/core'
import { IconCircleCheck, IconPlugConnected } from '@tabler/icons-react'
import type { ReactElement } from 'react'
import { useCall, useList } from '../../app/calls.ts'
import { Empty } from '../../parts/empty.tsx'
import { Instant } from '../../parts/instant.tsx'
import { PageLink } from '../../parts/link.tsx'
import { Page } from '../../parts/page.tsx'
import { ProblemAlert, TroubleText } from '../../parts/problem.tsx'
import { StateBadge } from '../../parts/state-badge.tsx'
import { useTexts } from '../../texts/index.ts'

/** What needs a person now, and how everything stands. */
export function OverviewPage(): ReactElement {
  const { overview } = useTexts()
  return (
    <Page title={overview.title}>
      <Needs />
      <ByState />
    </Page>
  )
}

function Needs(): ReactElement {
  const { overview } = useTexts()
  const alarms = useList('alarms.list', { limit: 20 }, { everyMs: 30_000 })
  return (
    <section aria-labelledby="needs">
      <Title order={2} id="needs" mb="sm">
        {overview.needsYou}
      </Title>
      <Stack gap="sm">
        {alarms.error !== null && <ProblemAlert error={alarms.error} again={alarms.again} />}
        {alarms.items.length === 0 && alarms.error === null && !alarms.isLoading && (
          <Empty
            icon={IconCircleCheck}
            title={overview.nothingNeedsYou}
            hint={overview.nothingNeedsYouHint}
          />
        )}
        {alarms.items.map((alarm) => (
          <Paper key={alarm.id} withBorder p="md" className="alarm" data-severity={alarm.severity}>
            <Group justify="space-between" mb={6}>
              <Group gap="xs">
                <StateBadge state={alarm.severity} />
                <Text fw={600}>{alarm.title}</Text>
              </Group>
              <Text size="sm" c="dimmed">
                {overview.since} <Instant at={alarm.since} />
              </Text>
            </Group>
            <TroubleText trouble={{ ...alarm, code: alarm.kind }} />
          </Paper>
        ))}
      </Stack>
    </section>
  )
}

function ByState(): ReactElement {
  const { overview, common } = useTexts()
  const { data, isPending } = useCall('connections.list', { limit: 200 }, { everyMs: 30_000 })
  const connections = data?.items ?? []
  const counts = new Map<string, number>()
  for (const { state } of connections) counts.set(state, (counts.get(state) ?? 0) + 1)
  return (
    <section aria-labelledby="by-state">
      <Title order={2} id="by-state" mb="sm">
        {overview.grants}
      </Title>
      {connections.length === 0 && !isPending ? (
        <Empty
          icon={IconPlugConnected}
          title={overview.noConnections}
          hint={overview.noConnectionsHint}
        />
      ) : (
        <SimpleGrid cols={{ base: 2, sm: 3, md: 4 }}>
          {[...counts].map(([state, count]) => (
            <Paper key={state} withBorder p="md">
              <PageLink to="/connections" search={{ state }} underline="never" c="inherit">
                <Text fz={28} fw={700} lh={1.2}>
                  {count}
                </Text>
                <Text span size="sm">
                  {common.states[state] ?? state}
                </Text>
              </PageLink>
            </Paper>
          ))}
        </SimpleGrid>
      )}
    </section>
  )
}
