import { err, ok, type Result } from './result.ts'

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/**
 * Reads a duration such as `250ms`, `90s`, `5m`, `1h30m` or `7d` as milliseconds. A bare number is
 * refused, because `5` could mean anything.
 */
export function parseDuration(text: string): Result<number, string> {
  const parts = [...text.trim().matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/gy)]
  const isWhole = parts.length > 0 && parts.map((part) => part[0]).join('') === text.trim()
  if (!isWhole) {
    return err(
      `expected a duration such as "90s", "5m" or "1h30m", but saw ${JSON.stringify(text)}`,
    )
  }
  let total = 0
  for (const [, amount, unit] of parts) total += Number(amount) * (unitMs[unit ?? ''] ?? 0)
  const rounded = Math.round(total)
  if (!Number.isSafeInteger(rounded)) {
    return err(`expected a duration of less than 285,000 years, but saw ${JSON.stringify(text)}`)
  }
  return ok(rounded)
}

/** Writes milliseconds for people: `820 ms`, `4.2 s`, `59 m 58 s`, `2 h 5 m`, `3 d 4 h`. */
export function formatDuration(milliseconds: number): string {
  const sign = milliseconds < 0 ? '-' : ''
  const ms = Math.abs(milliseconds)
  if (ms < 999.5) return `${sign}${Math.round(ms)} ms`
  if (ms < 59_950) return `${sign}${(ms / 1_000).toFixed(1)} s`
  const seconds = Math.round(ms / 1_000)
  if (seconds < 3_600) return `${sign}${Math.floor(seconds / 60)} m ${seconds % 60} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 1_440) return `${sign}${Math.floor(minutes / 60)} h ${minutes % 60} m`
  const hours = Math.round(minutes / 60)
  return `${sign}${Math.floor(hours / 24)} d ${hours % 24} h`
}
