import type { ImportedRows } from './imported-rows.ts'
import type { CollectionRecord, LogBody, WalkRecord } from './ports.ts'

/** Something that was read for a walk, in the order it has to be committed. */
export interface CursorStep {
  readonly shard: number
  readonly rows?: ImportedRows
  /** True for the step with which a walk starts over. */
  readonly isRestart?: boolean
  /** Sources of edges that are confirmed to be gone: what the run has brought of them is void. */
  readonly gone?: readonly string[]
  /** What it changes of the collection as a whole; only with a walk that starts over. */
  readonly change?: (collection: CollectionRecord) => CollectionRecord
  /** Where the walk stands behind this step, and what the log tells of it. Called once, in order. */
  advance(walk: WalkRecord): AdvancedWalk
}

/** What a step makes of its walk. */
export interface AdvancedWalk {
  readonly walk: WalkRecord
  readonly lines: readonly LogBody[]
  /** Walks that begin with this step, without their numbers. */
  readonly begins?: readonly Omit<WalkRecord, 'shard'>[]
  /** Unfinished walks that nobody reads at the moment, and that go on behind this step. */
  readonly wakes?: readonly number[]
}

/** Where a reader hands its steps on. */
export interface StepSink {
  /** Resolves when there is room for another, or when this one was taken. */
  push(step: CursorStep): Promise<void>
  /** Resolves with the walk once the step, and all before it, are committed. */
  settle(step: CursorStep): Promise<WalkRecord>
}

/** Reads one walk from its cursor to its end. */
export type CursorReader = (walk: WalkRecord, sink: StepSink) => Promise<void>

/** The steps of several cursors as they come. */
export interface CursorPool {
  /**
   * Resolves with what has come: at least one step, at most `limit`; undefined when every walk was
   * read to its end. What made a reader fail is thrown after the steps that were read before it.
   */
  take(limit: number): Promise<readonly CursorStep[] | undefined>
  /** Tells that a step is committed. */
  committed(step: CursorStep, walk: WalkRecord): void
  /** Has one more walk read. */
  add(walk: WalkRecord): void
}

/**
 * Begins to read walks, `cursors` of them at a time in the given order, and pauses while `ahead`
 * steps wait to be taken. Of each walk the steps come in order. When one reader fails the others
 * hand nothing on any more.
 */
export function createCursorPool(
  walks: readonly WalkRecord[],
  options: { readonly cursors: number; readonly ahead: number },
  read: CursorReader,
): CursorPool {
  const ready: CursorStep[] = []
  const waiting = [...walks]
  const settling = new Map<CursorStep, (walk: WalkRecord) => void>()
  /** Readers that wait: each until its step is taken, all of them until there is room. */
  const pausing = new Map<CursorStep, () => void>()
  let failure: { readonly error: unknown } | undefined
  let working = 0
  let news = Promise.withResolvers<void>()
  const tell = (): void => {
    news.resolve()
    news = Promise.withResolvers()
  }
  const hand = (step: CursorStep): void => {
    // What comes after a failure has no place to go: the session ends with what came before it.
    if (failure !== undefined) return
    ready.push(step)
    tell()
  }
  const sink: StepSink = {
    push: async (step) => {
      hand(step)
      if (ready.length >= options.ahead && failure === undefined) {
        await new Promise<void>((resolve) => pausing.set(step, resolve))
      }
      if (failure !== undefined) throw new PoolEnded()
    },
    settle: (step) =>
      new Promise((resolve) => {
        settling.set(step, resolve)
        hand(step)
      }),
  }
  const work = async (): Promise<void> => {
    for (let walk = waiting.shift(); walk !== undefined; walk = waiting.shift()) {
      await read(walk, sink)
    }
  }
  const resume = (steps: Iterable<CursorStep>): void => {
    for (const step of steps) {
      pausing.get(step)?.()
      pausing.delete(step)
    }
  }
  const fail = (error: unknown): void => {
    if (!(error instanceof PoolEnded)) failure ??= { error }
    resume([...pausing.keys()])
  }
  const begin = (): void => {
    if (working >= options.cursors || waiting.length === 0) return
    working++
    void (async () => {
      await work().catch(fail)
      working--
      tell()
    })()
    begin()
  }
  begin()
  return {
    take: async (limit) => {
      while (ready.length === 0) {
        if (failure !== undefined) throw failure.error
        if (working === 0) return undefined
        await news.promise
      }
      const steps = ready.splice(0, limit)
      // One whose step is on its way asks for its next page: waiting for those of the others, too,
      // all of them would ask at once and then wait at once.
      resume(ready.length < options.ahead ? [...pausing.keys()] : steps)
      return steps
    },
    committed: (step, walk) => {
      settling.get(step)?.(walk)
      settling.delete(step)
    },
    add: (walk) => {
      waiting.push(walk)
      begin()
    },
  }
}

/** Ends a reader whose pool has failed. */
class PoolEnded extends Error {}
