import { readProviderTime } from './provider-time.ts'

/** How long to stay away when a throttled answer does not say (milliseconds). */
export const fallbackRetryAfterMs = 60_000

/** The longest wait that a provider is believed (milliseconds). */
export const longestRetryAfterMs = 3_600_000

const shortestRetryAfterMs = 1_000

/**
 * Reads `Retry-After` as milliseconds between one second and one hour; undefined when it is absent
 * or unreadable. A date is measured against the answer's own `Date` where there is one, so that a
 * wrong clock here does not stretch the wait.
 *
 * @param now The instant of the answer (epoch ms).
 * @see RFC 9110 section 10.2.3
 */
export function readRetryAfter(headers: Headers, now: number): number | undefined {
  const text = headers.get('retry-after')?.trim()
  if (text === undefined || text === '') return undefined
  if (/^\d+(?:\.\d+)?$/.test(text)) return clamp(Number(text) * 1_000)
  const until = Date.parse(text)
  if (Number.isNaN(until)) return undefined
  return clamp(until - (readProviderTime(headers) ?? now))
}

function clamp(milliseconds: number): number {
  return Math.round(Math.min(Math.max(milliseconds, shortestRetryAfterMs), longestRetryAfterMs))
}
