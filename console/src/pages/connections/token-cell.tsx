import { Text } from '@mantine/core'
import type { ReactElement } from 'react'
import { Instant } from '../../parts/instant.tsx'
import { useTexts } from '../../texts/index.ts'
import type { Connection } from './connection.ts'

/** When the token of a connection ends, and when it is renewed. */
export function TokenCell({ connection }: { readonly connection: Connection }): ReactElement {
  const { connections: texts } = useTexts()
  const { token_expires_at: ends, renew_at: renewed, next_attempt_at: attempt } = connection
  const [label, next] =
    attempt === null || attempt === undefined
      ? [texts.renewed, renewed]
      : [texts.nextAttempt, attempt]
  return (
    <div>
      {typeof ends === 'string' && <Instant at={ends} />}
      {typeof next === 'string' && (
        <Text size="xs" c="dimmed">
          {label} <Instant at={next} />
        </Text>
      )}
    </div>
  )
}
