import type { Summary } from './statistics.ts'

/** One line of the results. */
export interface Row {
  readonly what: string
  readonly measured: string
  /** Least and most of all rounds. */
  readonly spread: string
  /** Ours to a peer's of the same round. */
  readonly ratio?: string
  /** What the project asks of itself; peers and floors have none. */
  readonly bar?: string
  readonly isMet?: boolean
}

/** The rows of one part of the benchmark. */
export interface Part {
  readonly title: string
  readonly rows: readonly Row[]
  /** How it was measured, for readers who doubt it; one paragraph each. */
  readonly notes: readonly string[]
}

const small = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 3 })
const large = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })

/** A number as shown: three digits that mean something, thousands parted. */
export function show(value: number): string {
  return (Math.abs(value) < 1_000 ? small : large).format(value)
}

/** The two columns of a summary in some unit. */
export function inUnit(summary: Summary, unit: string): Pick<Row, 'measured' | 'spread'> {
  return {
    measured: `${show(summary.median)} ${unit}`,
    spread: `${show(summary.least)} – ${show(summary.most)}`,
  }
}

/** A ratio with its spread. */
export function showRatio({ median, least, most }: Summary): string {
  return `${show(median)} × (${show(least)} – ${show(most)})`
}

/** A part as a Markdown section. @param surroundings Where, when and of what it was measured. */
export function formatPart(
  { title, rows, notes }: Part,
  surroundings: readonly string[] = [],
): string {
  const cells = rows.map(({ what, measured, spread, ratio = '', bar = '', isMet }) => [
    what,
    bar,
    measured,
    spread,
    ratio,
    isMet === undefined ? '' : isMet ? 'met' : '**MISSED**',
  ])
  const table = [
    ['', 'bar', 'median', 'least – most', 'ratio', ''],
    ['---', '---', '---', '---', '---', '---'],
    ...cells,
  ]
  const where = surroundings.length === 0 ? [] : [`Measured: ${surroundings.join('; ')}.`]
  return [`## ${title}`, ...where, formatTable(table), ...notes].join('\n\n')
}

function formatTable(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  )
  return lines
    .map((line) => {
      const isRule = line[0] === '---'
      return `| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0, isRule ? '-' : ' ')).join(' | ')} |`
    })
    .join('\n')
}
