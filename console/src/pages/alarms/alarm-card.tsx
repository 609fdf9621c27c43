import { Group, Paper, Text, Title } from '@mantine/core'
import { useId, type ReactElement } from 'react'
import type { Operations } from '../../../../src/client/index.ts'
import { Instant } from '../../parts/instant.tsx'
import { PageLink } from '../../parts/link.tsx'
import { TroubleText } from '../../parts/problem.tsx'
import { StateBadge } from '../../parts/state-badge.tsx'
import { useTexts } from '../../texts/index.ts'

/** An alarm as the API tells it. */
export type Alarm = Operations['alarms.list']['result']['items'][number]

/** One alarm: what happened, who must act and how, who was told, and where it happened. */
export function AlarmCard({ alarm }: { readonly alarm: Alarm }): ReactElement {
  const { alarms: texts } = useTexts()
  const id = useId()
  const { kind, severity, title, since, recovered_at: recoveredAt } = alarm
  return (
    <Paper withBorder p="md" component="article" aria-labelledby={id}>
      <Group justify="space-between" gap="xs" mb={6} align="flex-start">
        <Group gap="xs">
          <StateBadge state={recoveredAt === null ? severity : 'recovered'} />
          <Title order={2} fz="md" id={id}>
            {title}
          </Title>
        </Group>
        <Text size="sm" c="dimmed" component="div">
          {texts.since} <Instant at={since} />
          {recoveredAt !== null && (
            <>
              {' · '}
              {texts.recovered} <Instant at={recoveredAt} />
            </>
          )}
        </Text>
      </Group>
      <TroubleText trouble={{ ...alarm, code: kind }} />
      <Group justify="space-between" gap="xs" mt="sm">
        <AlarmPlace kind={kind} subject={alarm.subject} />
        <Deliveries deliveries={alarm.deliveries} />
      </Group>
    </Paper>
  )
}

function AlarmPlace({ kind, subject }: Pick<Alarm, 'kind' | 'subject'>): ReactElement {
  const { alarms: texts } = useTexts()
  if (kind.startsWith('import_')) {
    return (
      <PageLink to="/imports" search={{ name: subject }} size="sm">
        {texts.toImport(subject)}
      </PageLink>
    )
  }
  if (kind.startsWith('issuer_')) {
    return (
      <PageLink to="/issuers" size="sm">
        {texts.toIssuer(subject)}
      </PageLink>
    )
  }
  return (
    <PageLink to="/connections/$address" params={{ address: subject }} size="sm">
      {texts.toConnection(subject)}
    </PageLink>
  )
}

function Deliveries({ deliveries }: Pick<Alarm, 'deliveries'>): ReactElement {
  const { alarms: texts } = useTexts()
  const { delivered, waiting, dead } = deliveries
  const parts = [
    ...(delivered > 0 ? [texts.delivered(delivered)] : []),
    ...(waiting > 0 ? [texts.waiting(waiting)] : []),
    ...(dead > 0 ? [texts.dead(dead)] : []),
  ]
  return (
    <Text size="sm" c="dimmed">
      {parts.length === 0 ? texts.toldNobody : parts.join(', ')}
    </Text>
  )
}
