import { Group, Skeleton, Stack, Text } from '@mantine/core'
import { IconCircleCheck } from '@tabler/icons-react'
import type { ReactElement } from 'react'
import type { Operations } from '../../../../src/client/index.ts'
import { useList } from '../../app/calls.ts'
import { Instant } from '../../parts/instant.tsx'
import { ButtonLink, PageLink } from '../../parts/link.tsx'
import { ProblemAlert, TroubleText } from '../../parts/problem.tsx'
import { Section } from '../../parts/section.tsx'
import { StateBadge } from '../../parts/state-badge.tsx'
import { useTexts } from '../../texts/index.ts'

type Alarm = Operations['alarms.list']['result']['items'][number]

const small = { size: 'xs', variant: 'default' } as const

function worstFirst(a: Alarm, b: Alarm): number {
  return Number(b.severity === 'critical') - Number(a.severity === 'critical')
}

/** Open alarms: what happened, who must act, and what to do. */
export function NeedsSection({
  connections,
}: {
  /** Names that an alarm may lead to. */
  readonly connections: readonly string[]
}): ReactElement {
  const { overview } = useTexts()
  const { items, error, isLoading, again } = useList(
    'alarms.list',
    { limit: 20 },
    { everyMs: 30_000 },
  )
  return (
    <Section
      title={overview.needsYou}
      actions={
        <PageLink to="/alarms" size="sm">
          {overview.allAlarms}
        </PageLink>
      }
    >
      {error !== null && <ProblemAlert error={error} again={again} />}
      {isLoading && <Skeleton height={80} />}
      {items.length === 0 && error === null && !isLoading && (
        <Group gap="sm" wrap="nowrap" align="flex-start">
          <IconCircleCheck size={22} aria-hidden className="good-sign" />
          <div>
            <Text fw={600} size="sm">
              {overview.nothingNeedsYou}
            </Text>
            <Text size="sm" c="dimmed">
              {overview.nothingNeedsYouHint}
            </Text>
          </div>
        </Group>
      )}
      {items.length > 0 && (
        <ul className="needs">
          {items.toSorted(worstFirst).map((alarm) => {
            const [name = ''] = alarm.subject.split('@')
            return (
              <li key={alarm.id} data-severity={alarm.severity}>
                <Group justify="space-between" gap="xs" mb={6}>
                  <Group gap="xs">
                    <StateBadge state={alarm.severity} />
                    <Text fw={600} size="sm">
                      {alarm.title}
                    </Text>
                  </Group>
                  <Text size="xs" c="dimmed">
                    {overview.since} <Instant at={alarm.since} />
                  </Text>
                </Group>
                <Stack gap="xs" align="flex-start">
                  <TroubleText trouble={{ ...alarm, code: alarm.kind }} isBrief />
                  {connections.includes(name) && (
                    <ButtonLink
                      {...small}
                      to="/connections/$address"
                      params={{ address: alarm.subject }}
                    >
                      {overview.openConnection(alarm.subject)}
                    </ButtonLink>
                  )}
                  {alarm.kind.startsWith('import_') && (
                    <ButtonLink {...small} to="/imports" search={{ name: alarm.subject }}>
                      {overview.openConnection(alarm.subject)}
                    </ButtonLink>
                  )}
                  {alarm.kind === 'issuer_keys' && (
                    <ButtonLink {...small} to="/issuers">
                      {overview.openConnection(alarm.subject)}
                    </ButtonLink>
                  )}
                </Stack>
              </li>
            )
          })}
        </ul>
      )}
    </Section>
  )
}
