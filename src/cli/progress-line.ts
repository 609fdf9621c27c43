import { formatDuration } from '../kernel/index.ts'
import { counted } from './table.ts'

/** What a progress line shows. */
export interface Progress {
  readonly collection: string
  /** What `rows` and `expectedRows` are: `groups` of members, else `rows`. */
  readonly counted: string
  readonly rows: number
  /** As `$count` said; undefined while unknown. */
  readonly expectedRows?: number
  /**
   * `waiting`: it is being counted and planned; `read`: what came is being checked; `publishing`:
   * it is being written into its place, of which `rows` are the rows.
   */
  readonly phase: 'waiting' | 'reading' | 'changes' | 'read' | 'publishing'
  /** Rows that were handed over to their place, where none is visible before all are. */
  readonly published?: number
  /** Cursors that read. */
  readonly cursors: number
  /** Objects that have changed since, and were read anew. */
  readonly changed: number
  /** Of what is counted, since the collection was first seen. */
  readonly rowsPerSecond: number
  /** Remaining life of the token, when the last page came. */
  readonly tokenLifeMs?: number
  readonly refreshes: number
  /** What the run waits for, while it does. */
  readonly waitingFor?: string
}

const barWidth = 24

/** Writes progress in one line, at most `columns` wide; with a bar where that is more than 0. */
export function formatProgress(progress: Progress, columns: number): string {
  const { expectedRows, phase, published = 0, refreshes, rows, tokenLifeMs } = progress
  const [done, all] = phase === 'publishing' ? [published, rows] : [rows, expectedRows]
  const bar = columns > 0 && all !== undefined ? `${barOf(done, all)} ` : ''
  const parts = [
    ...phaseOf(progress),
    ...(tokenLifeMs === undefined ? [] : [`token ${roughly(Math.max(tokenLifeMs, 0))}`]),
    ...(refreshes === 0 ? [] : [counted(refreshes, 'refresh', 'refreshes')]),
  ]
  const line = `${progress.collection}: ${bar}${parts.join(', ')}`
  return columns > 1 && line.length >= columns ? `${line.slice(0, columns - 2)}…` : line
}

function phaseOf(progress: Progress): readonly string[] {
  const {
    changed,
    counted: unit,
    cursors,
    published = 0,
    expectedRows,
    phase,
    rows,
    waitingFor,
  } = progress
  const kind = unit === 'rows' ? '' : ` ${unit}`
  const amount =
    expectedRows === undefined
      ? `${number(rows)} ${unit}`
      : `${number(rows)} of ${number(expectedRows)}${kind}`
  if (waitingFor !== undefined) return [amount, `waiting: ${waitingFor}`]
  if (phase === 'waiting') return ['counting and planning']
  if (phase === 'changes') return [`changes: ${number(changed)} read anew`]
  if (phase === 'read') return [amount, 'checking']
  if (phase === 'publishing') {
    return [`publishing ${number(published)} of ${number(rows)} rows`, 'none visible yet']
  }
  return [
    amount,
    ...(cursors > 1 ? [`${cursors} cursors`] : []),
    `${number(Math.round(progress.rowsPerSecond))} ${unit}/s`,
    ...timeLeft(progress),
  ]
}

function timeLeft({ rows, expectedRows = 0, rowsPerSecond }: Progress): readonly string[] {
  if (rowsPerSecond <= 0 || expectedRows <= rows) return []
  const leftMs = ((expectedRows - rows) / rowsPerSecond) * 1_000
  return [`${roughly(leftMs)} left`]
}

function barOf(rows: number, expected: number): string {
  const share = expected === 0 ? 1 : Math.min(rows / expected, 1)
  const filled = Math.round(share * barWidth)
  return `${'█'.repeat(filled)}${'░'.repeat(barWidth - filled)}`
}

/** What changes with every look is told in whole seconds, and minutes where it is many. */
function roughly(ms: number): string {
  const seconds = Math.ceil(ms / 1_000)
  return seconds < 60 ? `${seconds} s` : formatDuration(seconds * 1_000)
}

function number(value: number): string {
  return value.toLocaleString('en-US')
}
