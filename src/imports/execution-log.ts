import type { LoweredPace } from './pacer.ts'
import type { ReadChanges } from './read-changes.ts'

/** Why a run met another token than before. */
export type TokenChangeReason = 'first' | 'expiring' | 'rejected' | 'claims_challenge' | 'adopted'

/** What can stand in the job execution log. `type` is never renamed. */
export type LogBody =
  | {
      readonly type: 'run_started'
      readonly collections: readonly string[]
      readonly destination: string
      readonly pageSize: number
      readonly refreshBeforeMs: number
    }
  | {
      readonly type: 'run_resumed'
      readonly collection?: string
      readonly page: number
      readonly rows: number
      readonly after: string
    }
  | {
      readonly type: 'counted'
      readonly collection: string
      readonly moment: 'before' | 'after'
      readonly count: number | null
      readonly detail?: string
    }
  | {
      readonly type: 'collection_planned'
      readonly collection: string
      readonly cursors: number
      /** Parts the collection is cut into. */
      readonly shards: number
      readonly detail: string
    }
  | {
      readonly type: 'page_committed'
      readonly collection: string
      /** Which of several cursors; its label. */
      readonly shard?: string
      readonly page: number
      readonly rows: number
      readonly totalRows: number
      readonly fetchMs: number
      readonly bytes: number
      readonly tokenLifeMs: number
      /** Members: how many pages this line is about, and groups read to the end so far. */
      readonly pages?: number
      readonly groups?: number
    }
  | {
      /** How a giant is read. */
      readonly type: 'group_planned'
      readonly collection: string
      readonly groupId: string
      readonly cursors: number
      /** Parts it is cut into. */
      readonly shards: number
      readonly detail: string
    }
  | {
      /** What the parts of a giant brought, against Graph's counts. */
      readonly type: 'group_compared'
      readonly collection: string
      readonly groupId: string
      /** `again`: some parts are read again. `fails`: all of it is read by one cursor. */
      readonly outcome: 'agrees' | 'again' | 'fails'
      readonly rows: number
      /** Null where Graph would not say. */
      readonly count: number | null
      readonly detail?: string
    }
  | { readonly type: 'group_vanished'; readonly collection: string; readonly groupId: string }
  | { readonly type: 'group_hidden'; readonly collection: string; readonly groupId: string }
  | {
      readonly type: 'token_changed'
      readonly reason: TokenChangeReason
      readonly oldExpiresAt: number | null
      readonly newExpiresAt: number
      readonly collection: string
      /** The page that was next when the token changed; 0 before the first. */
      readonly page: number
      readonly durationMs: number
    }
  | {
      readonly type: 'token_refresh_failed'
      readonly code: string
      readonly detail: string
      readonly remedy: string
      readonly remainingLifeMs: number
      readonly retryInMs: number
    }
  | {
      readonly type: 'request_retried'
      readonly collection: string
      readonly page: number
      readonly attempt: number
      readonly code: string
      readonly detail: string
      readonly waitMs: number
    }
  | ({ readonly type: 'pace_lowered' } & LoweredPace)
  | {
      readonly type: 'host_slow'
      /** How long answers waited on average until they were taken in. */
      readonly lateMs: number
    }
  | { readonly type: 'waiting_started'; readonly code: string; readonly detail: string }
  | { readonly type: 'waiting_ended'; readonly code: string; readonly waitedMs: number }
  | {
      readonly type: 'walk_restarted'
      readonly collection: string
      readonly shard?: string
      readonly restart: number
      readonly page: number
      readonly detail: string
    }
  | {
      readonly type: 'column_dropped'
      readonly collection: string
      readonly column: string
      readonly code: string
      readonly detail: string
      readonly remedy: string
    }
  | {
      readonly type: 'page_size_lowered'
      readonly collection: string
      readonly from: number
      readonly to: number
      readonly detail: string
    }
  | {
      readonly type: 'walk_finished'
      readonly collection: string
      readonly shard?: string
      readonly rows: number
      readonly pages: number
    }
  | {
      readonly type: 'collection_judged'
      readonly collection: string
      readonly verdict: string
      readonly detail: string
    }
  | {
      readonly type: 'changes_noted'
      readonly collection: string
      /** Why Graph gave no link; absent when it did. */
      readonly detail?: string
      /** Columns whose changes it does not tell. */
      readonly without?: readonly string[]
    }
  | {
      readonly type: 'changes_begun'
      readonly collection: string
      /** Since when, in epoch ms. */
      readonly since: number
      readonly purpose: 'bracket' | 'since'
      /** Brackets: they begin where an earlier run had ended, not where the cursors began. */
      readonly isEarlier?: boolean
    }
  | {
      readonly type: 'changes_committed'
      readonly collection: string
      readonly page: number
      /** Objects the page named, those read anew, and those confirmed to be gone. */
      readonly named: number
      readonly changed: number
      readonly gone: number
      readonly fetchMs: number
      readonly bytes: number
      readonly tokenLifeMs: number
    }
  | {
      readonly type: 'changes_applied'
      readonly collection: string
      readonly pages: number
      readonly changed: number
      readonly gone: number
      /** Objects that Graph says are there, but does not list. */
      readonly unlisted?: number
    }
  | {
      readonly type: 'changes_awaited'
      readonly collection: string
      /** Distinct rows here, and what Graph counts. */
      readonly distinct: number
      readonly count: number
      readonly waitMs: number
    }
  | { readonly type: 'changes_lost'; readonly collection: string; readonly detail: string }
  | {
      /** Graph does not say of many ids at once whether they are there. */
      readonly type: 'bulk_check_refused'
      readonly collection: string
      readonly detail: string
    }
  | {
      readonly type: 'rows_found_again'
      readonly collection: string
      /** Rows that no page held, read by their ids and kept. */
      readonly found: number
      /** Rows that Graph says are there, but does not list; kept as they were. */
      readonly unlisted: number
    }
  | {
      readonly type: 'rows_deleted'
      readonly collection: string
      /** Rows marked as deleted. */
      readonly deleted: number
      /** Live rows left. */
      readonly left: number
    }
  | {
      readonly type: 'deletion_withheld'
      readonly collection: string
      readonly unseen: number
      readonly known: number
      /** How many of them were marked before, when a delta told that they are gone. */
      readonly marked?: number
      /** The greatest share that may be deleted at once, 0 to 1. */
      readonly atMost: number
    }
  | { readonly type: 'published'; readonly collection: string; readonly path: string }
  | {
      readonly type: 'publish_failed'
      readonly code: string
      readonly detail: string
      readonly remedy: string
    }
  | { readonly type: 'run_interrupted'; readonly detail: string }
  | {
      readonly type: 'run_taken_over'
      /** Which process left it, for people. */
      readonly from: string
      /** How many died of it in a row, no page having been committed in between. */
      readonly times: number
    }
  | {
      readonly type: 'run_not_taken_over'
      /** Which process cannot go on with it, for people. */
      readonly by: string
      readonly detail: string
      readonly remedy: string
    }
  | { readonly type: 'run_given_up'; readonly from: string; readonly times: number }
  | { readonly type: 'run_cancelled'; readonly detail: string }
  | {
      readonly type: 'run_failed'
      readonly code: string
      readonly detail: string
      readonly remedy: string
    }
  | {
      readonly type: 'run_completed'
      readonly verdict: string
      readonly rows: number
      readonly pages: number
      readonly requests: number
      readonly refreshes: number
      readonly wallMs: number
      /** What was read of changes alone; absent where everything was read. */
      readonly changes?: ReadChanges
      readonly detail: string
    }

/** A line before it has its number. */
export interface LogEntry {
  readonly at: number
  readonly level: 'info' | 'warn' | 'error'
  readonly body: LogBody
}

/** A line as stored. */
export interface LogLine extends LogEntry {
  readonly seq: number
}
