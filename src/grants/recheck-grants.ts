import type { EngineContext } from './context.ts'
import type { DropReason } from './events.ts'
import type { Handles } from './handles.ts'
import type { GrantRecord } from './ports.ts'
import type { TokenSlot } from './token-slot.ts'

/** How many grants are looked at at once. */
const concurrency = 8

/** When a look is repeated that the store did not answer (ms). */
const againAfterMs = 1_000

/**
 * Makes the look at every grant whose token is in memory: tokens of a grant that is revoked,
 * replaced or orphaned are forgotten, and where a failure was final the next caller looks again.
 * Calls while one runs share one further run. What the store did not tell is asked again until it
 * does: a revoked token must not live on because the store was away for a moment. Never rejects.
 */
export function createRecheck(handles: Handles, context: EngineContext): () => Promise<void> {
  let running: Promise<void> | undefined
  let next: Promise<void> | undefined
  let cancelAgain = (): void => {}
  const once = async (): Promise<void> => {
    cancelAgain()
    const isComplete = await recheck(handles, context)
    if (isComplete || context.bell.isClosed) return
    cancelAgain = context.clock.schedule(againAfterMs, () => {
      if (!context.bell.isClosed) void look()
    })
  }
  const start = (): Promise<void> => {
    running = once().finally(() => {
      running = undefined
    })
    return running
  }
  const look = (): Promise<void> => {
    if (running === undefined) return start()
    next ??= running.then(() => {
      next = undefined
      return start()
    })
    return next
  }
  return look
}

/** Looks once; false when the store did not tell of every grant. */
async function recheck(handles: Handles, context: EngineContext): Promise<boolean> {
  const byGrant = new Map<string, TokenSlot[]>()
  for (const slot of handles.slots()) {
    // What lapsed or was revoked may be back: whoever asks next looks.
    if (slot.slot().failure !== undefined) slot.reconsider()
    const id = slot.slot().held === undefined ? undefined : slot.renewal.grantId()
    if (id !== undefined) byGrant.set(id, [...(byGrant.get(id) ?? []), slot])
  }
  const waiting = [...byGrant]
  let isComplete = true
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [id, slots] = next
      const seen = await context.access
        .attempt(() => context.store.getGrant(id))
        .catch(() => undefined)
      if (seen === undefined) isComplete = false
      const reason = seen === undefined ? undefined : dropReason(seen.value)
      if (reason !== undefined) for (const slot of slots) slot.drop(reason)
    }
  }
  await Promise.all(Array.from({ length: concurrency }, work))
  return isComplete
}

function dropReason(grant: GrantRecord | undefined): DropReason | undefined {
  if (grant === undefined || grant.standing !== 'current') return 'superseded'
  return grant.state === 'revoked' || grant.state === 'orphaned' ? grant.state : undefined
}
