import type { Operations } from '../../../../src/client/index.ts'

/** How often what happened, over time, as the API tells it. */
export type Activity = Operations['activity.show']['result']

/** A kind of thing that happens. */
export type ActivityKind = Activity['series'][number]['kind']

/** One step of time and how often each kind happened in it. */
export type ActivityRow = { readonly at: string } & Readonly<Partial<Record<ActivityKind, number>>>

/** The steps of time in order, each with a number for every kind that is asked for. */
export function rowsOf(
  { from, step_seconds: step, series }: Activity,
  kinds: readonly ActivityKind[],
): readonly ActivityRow[] {
  const wanted = series.filter(
    ({ kind, connection }) => connection === null && kinds.includes(kind),
  )
  const length = Math.max(0, ...wanted.map(({ points }) => points.length))
  const begin = new Date(from).getTime()
  return Array.from({ length }, (_, index) => ({
    at: new Date(begin + index * step * 1_000).toISOString(),
    ...Object.fromEntries(
      kinds.map((kind) => [kind, wanted.find((one) => one.kind === kind)?.points[index] ?? 0]),
    ),
  }))
}

/** How often a kind happened in all the time. */
export function totalOf(rows: readonly ActivityRow[], kind: ActivityKind): number {
  return rows.reduce((sum, row) => sum + (row[kind] ?? 0), 0)
}
