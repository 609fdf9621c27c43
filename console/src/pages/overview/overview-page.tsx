import { Stack } from '@mantine/core'
import type { ReactElement } from 'react'
import { useList } from '../../app/calls.ts'
import { Page } from '../../parts/page.tsx'
import { ProblemAlert } from '../../parts/problem.tsx'
import { useTexts } from '../../texts/index.ts'
import { ActivitySection } from './activity-section.tsx'
import { AheadSection } from './ahead-section.tsx'
import { FirstSteps } from './first-steps.tsx'
import { NeedsSection } from './needs-section.tsx'
import { RunningSection } from './running-section.tsx'
import { StatesSection } from './states-section.tsx'

const refreshKinds = ['refreshed', 'refresh_failed', 'lapsed'] as const
const callKinds = ['calls', 'replayed', 'calls_failed'] as const

/** What needs a person now, how everything stands, and what is ahead. */
export function OverviewPage(): ReactElement {
  const { overview } = useTexts()
  const list = useList('connections.list', { limit: 200 }, { everyMs: 30_000 })
  const { items, isLoading, error, again } = list
  const isNew = !isLoading && error === null && items.length === 0
  return (
    <Page title={overview.title}>
      {error !== null && <ProblemAlert error={error} again={again} />}
      {isNew && <FirstSteps />}
      <div className="overview">
        <Stack gap="lg">
          <NeedsSection connections={items.map(({ name }) => name)} />
          {!isNew && <ActivitySection title={overview.activity} kinds={refreshKinds} />}
          {!isNew && <ActivitySection title={overview.calls} kinds={callKinds} />}
        </Stack>
        <Stack gap="lg">
          {!isNew && <StatesSection connections={items} isLoading={isLoading} />}
          {!isNew && <AheadSection connections={items} isLoading={isLoading} />}
          <RunningSection />
        </Stack>
      </div>
    </Page>
  )
}
