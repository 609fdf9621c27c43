import { Skeleton, Text } from '@mantine/core'
import type { ReactElement } from 'react'
import { Deadline } from '../../parts/deadline.tsx'
import { Instant, useNow } from '../../parts/instant.tsx'
import { PageLink } from '../../parts/link.tsx'
import { Section } from '../../parts/section.tsx'
import { useTexts } from '../../texts/index.ts'
import { soonDays, type Connection } from '../connections/connection.ts'
import { endingsOf } from './ahead.ts'

const most = 8

/** What ends next: idle refresh tokens and client credentials, on one line of time. */
export function AheadSection({
  connections,
  isLoading,
}: {
  readonly connections: readonly Connection[]
  readonly isLoading: boolean
}): ReactElement {
  const { overview } = useTexts()
  const endings = endingsOf(connections, useNow(60_000)).slice(0, most)
  return (
    <Section title={overview.ahead} hint={overview.aheadHint}>
      {isLoading && <Skeleton height={120} />}
      {!isLoading && endings.length === 0 && <Text size="sm">{overview.nothingAhead}</Text>}
      <ol className="timeline">
        {endings.map(({ key, kind, connection, at, renewedAt }) => (
          <li key={key} data-kind={kind}>
            <Deadline
              at={at}
              nearDays={kind === 'credential' ? soonDays.credential : soonDays.idle}
            />
            <div>
              <PageLink to="/connections/$address" params={{ address: connection }} size="sm">
                {connection}
              </PageLink>
              <Text size="xs" c="dimmed">
                {overview.aheadKinds[kind]}
                {renewedAt !== undefined && (
                  <>
                    ; {overview.keptAlive}, <Instant at={renewedAt} />
                  </>
                )}
              </Text>
            </div>
          </li>
        ))}
      </ol>
    </Section>
  )
}
