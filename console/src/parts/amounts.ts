const counts = new Intl.NumberFormat()
const fractions = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 })
const byteUnits = ['B', 'kB', 'MB', 'GB', 'TB'] as const

/** A count with its thousands apart. */
export function describeCount(value: number): string {
  return counts.format(value)
}

/** Bytes in the largest unit that they fill. */
export function describeBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 1_000 && unit < byteUnits.length - 1) {
    value /= 1_000
    unit++
  }
  return `${fractions.format(value)}\u00a0${byteUnits[unit]}`
}

/** How long something took: `350 ms`, `4.2 s`, `3 min 5 s`, `2 h 10 min`. */
export function describeDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)}\u00a0ms`
  const seconds = ms / 1_000
  if (seconds < 60) return `${fractions.format(seconds)}\u00a0s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes}\u00a0min ${Math.floor(seconds % 60)}\u00a0s`
  return `${Math.floor(minutes / 60)}\u00a0h ${minutes % 60}\u00a0min`
}
