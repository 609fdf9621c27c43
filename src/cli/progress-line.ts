import { formatDuration } from '../kernel/index.ts'

/** What a progress line shows. */
export interface Progress {
  readonly collection: string
  readonly rows: number
  /** As `$count` said; undefined while unknown. */
  readonly expectedRows?: number
  /** Rows per second, since this session of the run began. */
  readonly rowsPerSecond: number
  /** Remaining life of the token, when the last page came. */
  readonly tokenLifeMs?: number
  readonly refreshes: number
  /** What the run waits for, while it does. */
  readonly waitingFor?: string
}

const barWidth = 24

/** Writes progress in one line, at most `columns` wide. */
export function formatProgress(progress: Progress, columns: number): string {
  const { collection, rows, expectedRows, rowsPerSecond, tokenLifeMs, refreshes, waitingFor } =
    progress
  const parts = [collection]
  if (expectedRows !== undefined && expectedRows > 0) {
    const share = Math.min(rows / expectedRows, 1)
    const filled = Math.round(share * barWidth)
    parts.push(`${'█'.repeat(filled)}${'░'.repeat(barWidth - filled)}`)
    parts.push(`${number(rows)} of ${number(expectedRows)}`)
  } else parts.push(`${number(rows)} rows`)
  if (waitingFor !== undefined) parts.push(`waiting: ${waitingFor}`)
  else {
    parts.push(`${number(Math.round(rowsPerSecond))} rows/s`)
    if (expectedRows !== undefined && rowsPerSecond > 0 && expectedRows > rows) {
      parts.push(`${formatDuration(((expectedRows - rows) / rowsPerSecond) * 1_000)} left`)
    }
  }
  if (tokenLifeMs !== undefined) parts.push(`token ${formatDuration(Math.max(tokenLifeMs, 0))}`)
  parts.push(`${refreshes} ${refreshes === 1 ? 'refresh' : 'refreshes'}`)
  const line = parts.join('  ')
  return columns > 1 && line.length >= columns ? `${line.slice(0, columns - 2)}…` : line
}

function number(value: number): string {
  return value.toLocaleString('en-US')
}
