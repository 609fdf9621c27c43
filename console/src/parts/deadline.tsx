import { Text } from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'
import type { ReactElement } from 'react'
import { useTexts } from '../texts/index.ts'
import { describeDay, describeInstant, describeSpan, useNow } from './instant.tsx'

const dayMs = 86_400_000

/**
 * A time ahead as a countdown with its date. It turns into a warning when it is near; screen
 * readers are not told of its ticks.
 */
export function Deadline({
  at,
  nearDays = 0,
}: {
  readonly at: string | null | undefined
  /** From so many days before on it is a warning. */
  readonly nearDays?: number
}): ReactElement {
  const { common } = useTexts()
  const now = useNow(1_000)
  if (at === null || at === undefined) return <>{common.none}</>
  const left = new Date(at).getTime() - now
  const isNear = left < nearDays * dayMs
  return (
    <span className="deadline" data-near={isNear || undefined}>
      <time dateTime={at} title={describeInstant(at)}>
        {isNear && <IconAlertTriangle size={14} role="img" aria-label={common.soon} />}
        {describeSpan(left)}
      </time>
      <Text span size="xs" c="dimmed">
        {Math.abs(left) > dayMs ? describeDay(at) : describeInstant(at)}
      </Text>
    </span>
  )
}
