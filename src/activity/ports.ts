/** What is counted; never renamed. */
export const activityKinds = [
  'refreshed',
  'refresh_failed',
  'lapsed',
  'calls',
  'calls_failed',
  'replayed',
] as const

/** One of `activityKinds`. */
export type ActivityKind = (typeof activityKinds)[number]

/** How often something happened within an hour. */
export interface ActivityCount {
  /** Hours since the epoch. */
  readonly hour: number
  readonly kind: ActivityKind
  /** A connection’s name without tenant; empty for calls that named none there is. */
  readonly connection: string
  readonly count: number
}

/**
 * Where counts live. Every method is one atomic step, safe to call from many processes at once.
 * `store_unavailable`, `store_busy` and `store_full` are thrown.
 */
export interface ActivityStore {
  /** Adds counts to those there are: all of them or, when it throws, none. */
  addActivity(counts: readonly ActivityCount[]): Promise<void>
  /** Counts of all connections together from an hour on, before another. */
  totalActivity(from: number, until: number): Promise<readonly Omit<ActivityCount, 'connection'>[]>
  /** Counts of the `limit` connections that had most of them, from an hour on, before another. */
  busiestActivity(from: number, until: number, limit: number): Promise<readonly ActivityCount[]>
  /** Forgets up to `limit` counts of before an hour; how many there were. */
  sweepActivity(before: number, limit: number): Promise<number>
}
