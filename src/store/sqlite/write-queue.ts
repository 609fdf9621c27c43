import type Database from 'better-sqlite3'
import { EvergrantError, type Clock } from '../../kernel/index.ts'
import { isBusy, toStoreError } from './errors.ts'

/** What a queue of writes works with. */
export interface WriteQueueOptions {
  readonly database: Database.Database
  /** Runs a statement without parameters, prepared once. */
  readonly run: (sql: string) => void
  readonly path: string
  readonly clock: Clock
  /** How long a write may wait for the lock before `store_busy` (ms). */
  readonly busyDeadlineMs: number
  /** Waits before a transaction begins, so that more writes can join it. */
  readonly gather: () => Promise<void>
  /** Called after each commit. */
  readonly onCommit: () => void
}

/** The writes of one connection, in order. */
export interface WriteQueue {
  /**
   * Runs `work` in a transaction that holds the write lock from its first statement, and resolves
   * when it is committed. Writes that wait at the same time share a transaction, and so its sync to
   * disk, each in a savepoint of its own: one that throws is undone alone. When the commit itself
   * fails, all of them fail and nothing has happened. `work` runs at most once, without
   * interruption.
   */
  write<T>(work: () => T): Promise<T>
  /** Runs what is waiting now, and refuses what cannot be run: the connection is being closed. */
  end(): void
}

/** A write that waits. */
interface Job {
  /** Does the work, and returns what tells the result. */
  readonly run: () => () => void
  readonly reject: (error: unknown) => void
  /** Monotonic instant at which waiting for the lock ends. */
  readonly deadline: number
}

/** Most writes that share a transaction, so that neither thread nor lock is held for long. */
const longestBatch = 64
/** No further write joins a transaction that has taken so long (ms). */
const batchMs = 8
const firstRetryMs = 1
/** Shorter than the gap that a bulk writer leaves after each commit: no wait goes past one. */
const longestRetryMs = 4

/** Makes the queue of one connection. */
export function createWriteQueue(options: WriteQueueOptions): WriteQueue {
  const { database, run, path, clock, busyDeadlineMs, gather, onCommit } = options
  let waiting: Job[] = []
  let isDraining = false

  const refuse = (jobs: readonly Job[], error: unknown): void => {
    for (const job of jobs) job.reject(toStoreError(error, path))
  }

  /** Takes the lock; refuses what will not wait for it any longer. */
  const begin = (): boolean => {
    try {
      run('BEGIN IMMEDIATE')
      return true
    } catch (error) {
      const now = clock.monotonic()
      const waitsOn = (job: Job): boolean => isBusy(error) && now < job.deadline
      const ended = waiting.filter((job) => !waitsOn(job))
      waiting = waiting.filter(waitsOn)
      refuse(ended, error)
      return false
    }
  }

  /** Ends a transaction that failed, unless SQLite has ended it by itself, as on a full disk. */
  const rollBack = (): void => {
    try {
      if (database.inTransaction) run('ROLLBACK')
    } catch {
      // The file is broken. Whoever waited has been told why; the next transaction will be, too.
    }
  }

  /** Runs a job in the transaction that was begun; undefined when it was refused and undone. */
  const runJob = (job: Job, isShared: boolean): (() => void) | undefined => {
    try {
      if (isShared) run('SAVEPOINT work')
      const tell = job.run()
      if (isShared) run('RELEASE work')
      return tell
    } catch (error) {
      refuse([job], error)
      if (!isShared || !database.inTransaction) throw error
      run('ROLLBACK TO work')
      run('RELEASE work')
      return undefined
    }
  }

  /** Runs what is waiting in the transaction that was begun, and commits it. */
  const runBatch = (): void => {
    const until = clock.monotonic() + batchMs
    const most = Math.min(waiting.length, longestBatch)
    const done: { readonly job: Job; readonly tell: () => void }[] = []
    try {
      for (let taken = 0; taken < most; taken++) {
        const job = waiting.shift()
        if (job === undefined) break
        const tell = runJob(job, most > 1)
        if (tell !== undefined) done.push({ job, tell })
        if (clock.monotonic() >= until) break
      }
      run('COMMIT')
    } catch (error) {
      refuse(
        done.map(({ job }) => job),
        error,
      )
      rollBack()
      return
    }
    for (const { tell } of done) tell()
    onCommit()
  }

  const drain = async (): Promise<void> => {
    while (waiting.length > 0) {
      await gather()
      for (let waitMs = firstRetryMs; waiting.length > 0;) {
        if (begin()) {
          runBatch()
          break
        }
        if (waiting.length > 0) await clock.sleep(waitMs)
        waitMs = Math.min(waitMs * 2, longestRetryMs)
      }
    }
    isDraining = false
  }

  return {
    write: async <T>(work: () => T): Promise<T> =>
      await new Promise<T>((resolve, reject) => {
        const runWork = (): (() => void) => {
          const result = work()
          return () => resolve(result)
        }
        waiting.push({ run: runWork, reject, deadline: clock.monotonic() + busyDeadlineMs })
        if (isDraining) return
        isDraining = true
        void drain()
      }),
    end: () => {
      while (waiting.length > 0 && begin()) runBatch()
      const closed = new EvergrantError('store_unavailable', 'the store was closed')
      refuse(waiting.splice(0), closed)
    },
  }
}
