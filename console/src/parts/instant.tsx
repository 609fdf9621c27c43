import { Text, Tooltip } from '@mantine/core'
import { useEffect, useState, type ReactElement } from 'react'
import { useTexts } from '../texts/index.ts'

const units = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
] as const

const relative = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto', style: 'long' })
const absolute = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' })

const day = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' })

/** A span of time in the largest unit that it fills. */
export function describeSpan(ms: number): string {
  const seconds = Math.round(ms / 1_000)
  for (const [unit, size] of units) {
    if (Math.abs(seconds) >= size) return relative.format(Math.trunc(seconds / size), unit)
  }
  return relative.format(seconds, 'second')
}

/** An instant as an absolute time of this browser's zone. */
export function describeInstant(at: string): string {
  return absolute.format(new Date(at))
}

/** The day of an instant, in this browser’s zone. */
export function describeDay(at: string): string {
  return day.format(new Date(at))
}

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' })

/** The time of day of an instant, in this browser’s zone. */
export function describeClock(at: string): string {
  return clock.format(new Date(at))
}

/** The time now, told again every so often while something on screen counts by it. */
export function useNow(everyMs: number): number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs)
    return () => clearInterval(timer)
  }, [everyMs])
  return now
}

/** An instant relative to now, with the absolute one beside it for whoever asks. */
export function Instant({ at }: { readonly at: string | null | undefined }): ReactElement {
  const { common } = useTexts()
  const now = useNow(15_000)
  if (at === null || at === undefined) return <Text span>{common.none}</Text>
  const full = describeInstant(at)
  return (
    <Tooltip label={full} events={{ hover: true, focus: true, touch: true }}>
      <time dateTime={at} title={full}>
        {describeSpan(new Date(at).getTime() - now)}
      </time>
    </Tooltip>
  )
}
