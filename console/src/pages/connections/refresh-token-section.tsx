import { Text } from '@mantine/core'
import type { ReactElement } from 'react'
import { Deadline } from '../../parts/deadline.tsx'
import { Facts, type Fact } from '../../parts/facts.tsx'
import { Instant } from '../../parts/instant.tsx'
import { Section } from '../../parts/section.tsx'
import { useTexts } from '../../texts/index.ts'
import { soonDays, type Connection } from './connection.ts'

/** How long the refresh token lives, and when it is kept alive next. */
export function RefreshTokenSection({
  connection,
}: {
  readonly connection: Connection
}): ReactElement {
  const { connection: texts } = useTexts()
  const { refresh_token: token, keep_alive_at: keptAlive } = connection
  if (token === null || token === undefined) {
    return (
      <Section title={texts.refreshToken}>
        <Text size="sm">{texts.noRefreshToken}</Text>
      </Section>
    )
  }
  const facts: readonly Fact[] = [
    [texts.idleEnds, <Deadline key="idle" at={token.idle_expires_at} nearDays={soonDays.idle} />],
    [texts.keptAlive, <Deadline key="kept" at={keptAlive} />],
    [texts.lastUsed, <Instant key="used" at={token.last_used_at} />],
    [texts.obtained, <Instant key="obtained" at={token.obtained_at} />],
    [texts.generation, String(token.version)],
    ...(token.expires_at === null
      ? []
      : [
          [
            texts.hardEnds,
            <Deadline key="hard" at={token.expires_at} nearDays={soonDays.idle} />,
          ] as const,
        ]),
    ...(token.unknown_since === null
      ? []
      : [[texts.unknownSince, <Instant key="unknown" at={token.unknown_since} />] as const]),
  ]
  return (
    <Section title={texts.refreshToken}>
      <Facts facts={facts} />
    </Section>
  )
}
