import { Alert, Button, Group, Text } from '@mantine/core'
import { IconClock } from '@tabler/icons-react'
import type { ReactElement } from 'react'
import { useNow } from '../parts/instant.tsx'
import { useTexts } from '../texts/index.ts'
import { useSession } from './session.ts'

/** So long before its end it is said (ms). */
const noticeMs = 120_000

/** Says that the session is about to end, and lets whoever is there go on. */
export function SessionEnd(): ReactElement | null {
  const { shell } = useTexts()
  const session = useSession()
  const now = useNow(5_000)
  if (session.data === undefined) return null
  const { idle_expires_at: idle, expires_at: last } = session.data
  const isIdle = idle < last
  const leftMs = new Date(isIdle ? idle : last).getTime() - now
  if (leftMs > noticeMs || leftMs <= 0) return null
  return (
    <Alert
      role="alert"
      color="yellow"
      variant="light"
      icon={<IconClock aria-hidden />}
      title={shell.sessionEnds}
      mb="md"
    >
      <Group justify="space-between">
        <Text size="sm">{isIdle ? shell.sessionEndsIdle : shell.sessionEndsForGood}</Text>
        {isIdle && (
          <Button size="xs" onClick={() => void session.refetch()} loading={session.isFetching}>
            {shell.staySignedIn}
          </Button>
        )}
      </Group>
    </Alert>
  )
}
