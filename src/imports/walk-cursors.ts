import { commitStep, openCollection, saver, type WalkDependencies } from './commit-step.ts'
import type { LogBody, Progress, WalkRecord } from './ports.ts'
import { portionsOf } from './portions.ts'
import { createCursorPool, type CursorReader, type CursorStep } from './read-cursors.ts'
import { takeBack } from './take-back.ts'
import { finishedLine } from './walk-lines.ts'

/** How many steps are committed at once. */
export interface StepLimits {
  /** Steps taken at once at most. */
  readonly steps: number
  /** A commit ends behind the step that brings it to so many rows. */
  readonly rows: number
  /** Steps that may wait to be taken; each cursor may come with one more, and waits with it. */
  readonly ahead: number
  /** Walks read at the same time besides those of the plan: the ones that steps begin or wake. */
  readonly begun?: number
}

/**
 * Walks a collection with all of its cursors to their last pages. Many read, one writes: whatever
 * has come of all cursors is committed together, rows and cursors at once. Memory holds a few pages
 * a cursor, never more.
 */
export async function walkCursors(
  deps: WalkDependencies,
  start: Progress,
  limits: StepLimits,
  readerOf: (progress: Progress) => CursorReader,
): Promise<Progress> {
  const { clock, control, destination } = deps
  const opened = await openCollection(deps, start)
  let { collection } = opened
  const walks = new Map(opened.walks.map((walk) => [walk.shard, walk]))
  const unfinished = opened.walks.filter(({ state }) => state === 'walking')
  const planned = Math.min(collection.plan?.cursors ?? 1, unfinished.length)
  const cursors = planned + (limits.begun ?? 0)
  const { ahead } = limits
  const pool = createCursorPool(unfinished, { cursors, ahead }, readerOf(opened))
  let left = unfinished.length
  let lastShard = opened.walks.reduce((last, { shard }) => Math.max(last, shard), -1)
  let committedAt = Number.NEGATIVE_INFINITY
  while (left > 0) {
    const pauseMs = committedAt + (destination.pauseMs ?? 0) - clock.monotonic()
    if (pauseMs > 0) await clock.sleep(pauseMs)
    const taken = await pool.take(limits.steps)
    if (taken === undefined) break
    for (const portion of portions(taken, limits.rows)) {
      await (portion[0]?.isRestart === true ? startOver(portion[0]) : commit(portion))
      committedAt = clock.monotonic()
      for (const step of portion) {
        pool.committed(step, at(step.shard))
        step.rows?.release?.()
      }
      control.checkpoint()
    }
  }
  return { collection, walks: [...walks.values()] }

  function at(shard: number): WalkRecord {
    const walk = walks.get(shard)
    if (walk === undefined) throw new RangeError(`there is no walk ${shard}`)
    return walk
  }

  async function commit(steps: readonly CursorStep[]): Promise<void> {
    const from = new Map<number, WalkRecord>()
    const added: WalkRecord[] = []
    const woken: number[] = []
    const lines: LogBody[] = []
    for (const step of steps) {
      const before = at(step.shard)
      if (!from.has(step.shard)) from.set(step.shard, before)
      const next = step.advance(before)
      walks.set(step.shard, next.walk)
      for (const begun of next.begins ?? []) {
        const walk = { ...begun, shard: ++lastShard }
        left++
        walks.set(walk.shard, walk)
        from.set(walk.shard, walk)
        added.push(walk)
      }
      woken.push(...(next.wakes ?? []))
      lines.push(...next.lines)
      if (next.walk.state !== 'finished') continue
      lines.push(finishedLine(next.walk))
      left--
    }
    const moves = [...from.values()].map((walk) => ({ from: walk, to: at(walk.shard) }))
    const batch = steps.flatMap(({ rows }) => (rows === undefined ? [] : [rows]))
    const gone = steps.flatMap((step) => step.gone ?? [])
    const taken = gone.length === 0 ? { collection } : await takeBack(deps, collection, gone)
    collection = await commitStep(deps, { ...taken, moves, batch }, lines)
    for (const walk of [...added, ...woken.map(at)]) pool.add(walk)
  }

  /** A walk begins again; only that of a collection's single cursor takes back what it has brought. */
  async function startOver(step: CursorStep): Promise<void> {
    const { walk, lines } = step.advance(at(step.shard))
    walks.set(step.shard, walk)
    collection = step.change?.(collection) ?? collection
    for (const line of lines) deps.journal.note(line, 'warn')
    const isAll = walks.size === 1 && walk.rows === 0
    if (isAll) collection = { ...collection, segmentBytes: 0, writtenRows: 0 }
    // The record first: what it does not count is cut off when the process dies in between.
    await saver(deps)({ collection, walks: [walk] })
    if (isAll) await deps.destination.restart({ collection, walks: [walk] })
  }
}

/** Cuts steps into what one commit takes; a restart stands alone, and what takes rows back. */
export function portions(
  steps: readonly CursorStep[],
  rowsPerCommit: number,
): Generator<readonly CursorStep[]> {
  return portionsOf(steps, {
    rows: rowsPerCommit,
    rowsOf: ({ rows }) => rows?.length ?? 0,
    standsAlone: ({ gone, isRestart }) => isRestart === true || gone !== undefined,
  })
}
