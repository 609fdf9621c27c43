import { Group, Skeleton, Text } from '@mantine/core'
import type { ReactElement } from 'react'
import { useList } from '../../app/calls.ts'
import { Instant } from '../../parts/instant.tsx'
import { PageLink } from '../../parts/link.tsx'
import { ProblemAlert } from '../../parts/problem.tsx'
import { Section } from '../../parts/section.tsx'
import { StateBadge } from '../../parts/state-badge.tsx'
import { useTexts } from '../../texts/index.ts'

const number = new Intl.NumberFormat()

/** Imports that are under way. */
export function RunningSection(): ReactElement {
  const { overview } = useTexts()
  const { items, isLoading, error, again } = useList(
    'imports.list',
    { limit: 50 },
    { everyMs: 5_000 },
  )
  const running = items.filter(({ state }) => state === 'running' || state === 'waiting')
  return (
    <Section title={overview.running}>
      {error !== null && <ProblemAlert error={error} again={again} />}
      {isLoading && <Skeleton height={40} />}
      {!isLoading && error === null && running.length === 0 && (
        <Text size="sm" c="dimmed">
          {overview.noneRunning}
        </Text>
      )}
      <ul className="state-counts">
        {running.map((run) => (
          <li key={run.id}>
            <Group justify="space-between" wrap="nowrap">
              <div>
                <PageLink to="/imports/$id" params={{ id: run.id }} size="sm" fw={600}>
                  {run.name}
                </PageLink>
                <Text size="xs" c="dimmed">
                  {overview.rows(number.format(run.rows))}, {overview.begun}{' '}
                  <Instant at={run.created_at} />
                </Text>
              </div>
              <StateBadge state={run.state} />
            </Group>
          </li>
        ))}
      </ul>
    </Section>
  )
}
