import type { ReactElement } from 'react'
import { Deadline } from '../../parts/deadline.tsx'
import { Facts } from '../../parts/facts.tsx'
import { Instant } from '../../parts/instant.tsx'
import { Section } from '../../parts/section.tsx'
import { useTexts } from '../../texts/index.ts'
import type { Connection } from './connection.ts'

/** The access token that serves now, and when there will be another one. */
export function TokenSection({ connection }: { readonly connection: Connection }): ReactElement {
  const { connection: texts } = useTexts()
  const {
    token_expires_at: ends,
    token_issued_at: issued,
    renew_at: renewed,
    next_attempt_at: attempt,
    last_refreshed_at: last,
    refresh_count: count,
  } = connection
  return (
    <Section title={texts.token}>
      <Facts
        facts={[
          [texts.tokenEnds, typeof ends === 'string' ? <Deadline at={ends} /> : null],
          [texts.tokenIssued, <Instant key="issued" at={issued} />],
          typeof attempt === 'string'
            ? [texts.nextAttempt, <Deadline key="attempt" at={attempt} />]
            : [texts.tokenRenewed, <Instant key="renewed" at={renewed} />],
          [texts.lastRefreshed, <Instant key="last" at={last} />],
          [texts.refreshes, String(count ?? 0)],
        ]}
      />
    </Section>
  )
}
