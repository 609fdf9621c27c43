import { Alert, Text } from '@mantine/core'
import { IconPlayerPause } from '@tabler/icons-react'
import type { ReactElement } from 'react'
import { Instant } from '../../parts/instant.tsx'
import { useTexts } from '../../texts/index.ts'
import type { Connection } from './connection.ts'

/** Who paused a connection and why, and what becomes of its refresh token. */
export function PausedNote({
  paused,
}: {
  readonly paused: NonNullable<Connection['paused']>
}): ReactElement {
  const { connection: texts } = useTexts()
  return (
    <Alert
      role="note"
      color="gray"
      variant="light"
      icon={<IconPlayerPause aria-hidden />}
      title={
        <>
          {texts.pausedBy(paused.by)} <Instant at={paused.at} />
        </>
      }
    >
      {paused.reason !== null && <Text size="sm">{paused.reason}</Text>}
      <Text size="sm">{paused.keeps_alive ? texts.keptAliveToo : texts.notKeptAlive}</Text>
    </Alert>
  )
}
