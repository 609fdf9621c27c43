import type { ImportJob } from './import-side.ts'

/** What a walk under a throttle is asked for. */
export interface ThrottledJob extends Pick<ImportJob, 'simulator' | 'columns' | 'pageSize'> {
  readonly cursors: number
  /** Whether a cursor waits as long as its own answer says. */
  readonly waits: boolean
}

/** What came of it. */
export interface ThrottledOutcome {
  readonly elapsedMs: number
  /** Distinct rows. */
  readonly rows: number
}
