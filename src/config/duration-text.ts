const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
] as const

/** Writes milliseconds as the schema reads them, in the greatest units that fit: `1h30m`. */
export function durationText(milliseconds: number): string {
  let rest = milliseconds
  let written = ''
  for (const [unit, length] of units) {
    const amount = Math.floor(rest / length)
    if (amount > 0) written += `${amount}${unit}`
    rest -= amount * length
  }
  return written === '' ? '0s' : written
}
