import { Group, Skeleton } from '@mantine/core'
import type { ReactElement } from 'react'
import { PageLink } from '../../parts/link.tsx'
import { Section } from '../../parts/section.tsx'
import { StateBadge } from '../../parts/state-badge.tsx'
import { useTexts } from '../../texts/index.ts'
import { byUrgency, shownState, type Connection } from '../connections/connection.ts'

/** How many connections are in each state; each number leads to them. */
export function StatesSection({
  connections,
  isLoading,
}: {
  readonly connections: readonly Connection[]
  readonly isLoading: boolean
}): ReactElement {
  const { overview, common } = useTexts()
  const counts = new Map<string, number>()
  for (const one of connections) {
    const state = shownState(one)
    counts.set(state, (counts.get(state) ?? 0) + 1)
  }
  const states = [...counts].toSorted(([a], [b]) => byUrgency(a, b))
  return (
    <Section title={overview.grants}>
      {isLoading && <Skeleton height={90} />}
      <ul className="state-counts">
        {states.map(([state, count]) => (
          <li key={state}>
            <Group justify="space-between" wrap="nowrap">
              <StateBadge state={state} />
              <PageLink
                to="/connections"
                search={{ state }}
                fw={700}
                aria-label={`${count} ${common.states[state] ?? state}`}
              >
                {count}
              </PageLink>
            </Group>
          </li>
        ))}
      </ul>
    </Section>
  )
}
