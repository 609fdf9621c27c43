import { Alert, Group, Skeleton, Stack, Text } from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'
import { useParams } from '@tanstack/react-router'
import type { ReactElement } from 'react'
import { useCall } from '../../app/calls.ts'
import { describeCount } from '../../parts/amounts.ts'
import { Page } from '../../parts/page.tsx'
import { ProblemAlert, TroubleText } from '../../parts/problem.tsx'
import { StateBadge } from '../../parts/state-badge.tsx'
import { useTexts } from '../../texts/index.ts'
import { LogSection } from './log-section.tsx'
import { ManifestSection } from './manifest-section.tsx'
import { ProgressSection } from './progress-section.tsx'
import { RunActions } from './run-actions.tsx'
import { RunFacts } from './run-facts.tsx'
import { isLive, type Run } from './run.ts'
import { VerdictBadge } from './verdict-badge.tsx'

/** One run: how far it is, what it met, what it brought. */
export function RunPage(): ReactElement {
  const { id } = useParams({ from: '/imports/$id' })
  const { common, run: texts } = useTexts()
  const { data, error, refetch } = useCall(
    'imports.show',
    { id },
    { everyMs: 1_500, keepsOld: false },
  )
  if (data === undefined) {
    return (
      <Page title={texts.titleOf('')}>
        {error === null ? (
          <Stack role="status" aria-label={common.loading}>
            <Skeleton height={90} />
            <Skeleton height={220} />
          </Stack>
        ) : (
          <ProblemAlert error={error} again={() => void refetch()} />
        )}
      </Page>
    )
  }
  return <Shown run={data} />
}

function Shown({ run }: { readonly run: Run }): ReactElement {
  const { imports, run: texts } = useTexts()
  const { name, connection, destination, state, verdict, reason, problem, manifest = [] } = run
  const drifts = manifest.flatMap(({ collection, counted, drift }) =>
    drift === null || drift === 0
      ? []
      : [texts.driftOf(collection, describeCount(Math.abs(drift)), counted, drift > 0)],
  )
  return (
    <Page
      title={texts.titleOf(name)}
      hint={imports.fromTo(connection, destination)}
      actions={<RunActions run={run} />}
    >
      <div>
        <Group gap="xs" role="status">
          <StateBadge state={state} />
          {verdict !== null && <VerdictBadge verdict={verdict} />}
          {reason !== null && problem === null && verdict === null && (
            <Text size="sm">{reason}</Text>
          )}
        </Group>
        {run.driven_by?.taken_over === true && (
          <Text size="sm" mt="xs">
            {texts.takenOver}
          </Text>
        )}
        {verdict !== null && (
          <Text size="sm" c="dimmed" mt="xs" maw={720}>
            {imports.verdictMeans[verdict]}
          </Text>
        )}
        {drifts.length > 0 && (
          <Text size="sm" mt="xs" maw={720}>
            {drifts.join('; ')}
          </Text>
        )}
      </div>
      {problem !== null && (
        <Alert
          color="red"
          variant="light"
          icon={<IconAlertTriangle aria-hidden />}
          title={problem.title}
        >
          <TroubleText trouble={problem} />
        </Alert>
      )}
      <ProgressSection run={run} />
      <ManifestSection run={run} />
      <RunFacts run={run} />
      <LogSection key={run.id} id={run.id} isLive={isLive(run)} />
    </Page>
  )
}
