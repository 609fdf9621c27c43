import { isEvergrantError } from '../kernel/index.ts'
import type { ConnectionDefinition } from './connection.ts'
import type { EngineContext } from './context.ts'
import { exchangeGate } from './exchange-gate.ts'
import type { Handles } from './handles.ts'
import { longestIdleMs } from './keep-alive.ts'
import type { GrantRecord } from './ports.ts'
import { targetsOf, type ConnectionRegistry } from './registry.ts'
import { standingCodes } from './standing.ts'
import type { TokenSlot } from './token-slot.ts'

/** How a run over due grants is bounded. */
export interface RunDueOptions {
  /** Most grants taken in all (1,000 by default). */
  readonly limit?: number
  /** How many are renewed at once (16 by default). */
  readonly concurrency?: number
  /** Takes no further grants; those taken are finished. */
  readonly signal?: AbortSignal
}

/** What a run did; `failed` grants come up again by themselves when it can help. */
export interface DueReport {
  readonly taken: number
  readonly renewed: number
  readonly failed: number
  readonly orphaned: number
  /** Of a paused connection that shall not be kept alive either. */
  readonly paused: number
}

/** What a run works with. */
export interface RunDueContext extends EngineContext {
  readonly registry: ConnectionRegistry
  readonly handles: Handles
}

/** Grants taken from the store at a time. */
const pageSize = 100

/** For how long others leave a taken grant alone (ms). */
const takenForMs = 10 * 60_000

/** When a grant comes up again that is not kept alive while its connection is paused (ms). */
const pausedMs = 3_600_000

/** When a grant comes up again whose failure only someone’s action here can end (ms). */
const slowestMs = 24 * 3_600_000

/**
 * Renews the grants whose time has come, the most overdue first, in pages, so that a million grants
 * take no more memory than one page. A grant whose connection is gone becomes `orphaned`, and is
 * looked at again after a week, should the connection be back by then.
 *
 * @throws `store_*` when no due grants can be taken
 */
export async function runDue(
  context: RunDueContext,
  { limit = 1_000, concurrency = 16, signal }: RunDueOptions,
): Promise<DueReport> {
  const { store, clock } = context
  const report = { taken: 0, renewed: 0, failed: 0, orphaned: 0, paused: 0 }
  const waiting: GrantRecord[] = []
  let isDry = false
  let taking: Promise<void> | undefined

  const take = async (): Promise<void> => {
    const wanted = Math.min(pageSize, limit - report.taken)
    if (wanted <= 0 || signal?.aborted === true) {
      isDry = true
      return
    }
    try {
      const page = await store.takeDue(clock.now(), wanted, takenForMs)
      report.taken += page.length
      waiting.push(...page)
      if (page.length < wanted) isDry = true
    } catch (error) {
      isDry = true
      throw error
    }
  }
  const refill = (): Promise<void> => {
    taking ??= take().finally(() => {
      taking = undefined
    })
    return taking
  }
  const work = async (): Promise<void> => {
    for (;;) {
      const next = waiting.shift()
      // The next page is taken while this one is worked on, so that nobody waits for the slowest.
      const more = isDry || waiting.length >= concurrency ? undefined : refill()
      if (next !== undefined) {
        const [outcome] = await Promise.all([renewOne(context, next), more])
        report[outcome]++
      } else if (more === undefined) return
      else await more
    }
  }
  const workers = await Promise.allSettled(Array.from({ length: concurrency }, work))
  const failed = workers.find((worker) => worker.status === 'rejected')
  if (failed !== undefined) throw failed.reason
  return report
}

async function renewOne(
  context: RunDueContext,
  grant: GrantRecord,
): Promise<keyof Omit<DueReport, 'taken'>> {
  const definition = definitionOf(context.registry, grant)
  if (definition === undefined) {
    await orphan(context, grant)
    return 'orphaned'
  }
  if (context.pauses.of(grant.connection)?.keepsAlive === false) {
    // Looked at again, so that it is kept alive soon after it was resumed.
    await schedule(context, grant.id, context.clock.now() + pausedMs)
    return 'paused'
  }
  const isWarm = definition.refresh?.keepWarm === true
  if (definition.grant === 'client_credentials' && !isWarm) {
    // It was kept warm once; nothing of it can go stale.
    await schedule(context, grant.id, undefined)
    return 'renewed'
  }
  const targets = isWarm ? targetsOf(definition) : [definition.target]
  const nexts: number[] = []
  let failure: { readonly at: number | undefined } | undefined
  let isSettledByCommit = true
  for (const target of targets) {
    const slot = context.handles.borrow(definition, target)
    const outcome = await slot.renewDue()
    if (outcome.kind === 'issued' || outcome.kind === 'adopted') {
      if (outcome.kind === 'adopted') isSettledByCommit = false
      nexts.push(slot.slot().held?.softAt ?? context.clock.now())
    } else failure = { at: nextTry(slot) }
  }
  if (failure !== undefined) {
    await schedule(context, grant.id, earliest(failure.at, nexts))
    return 'failed'
  }
  // What one commit wrote stands, unless several targets share the grant or nothing was committed.
  if (targets.length > 1 || !isSettledByCommit) {
    await schedule(context, grant.id, earliest(undefined, nexts))
  }
  const { connection, tenant } = grant
  context.emit({ type: 'grant.kept_alive', at: context.clock.now(), connection, tenant })
  return 'renewed'
}

function definitionOf(
  registry: ConnectionRegistry,
  { connection, tenant }: GrantRecord,
): ConnectionDefinition | undefined {
  try {
    return registry.resolve(connection, tenant)
  } catch (error) {
    if (isEvergrantError(error)) return undefined
    throw error
  }
}

/** When a failed grant may be tried again; undefined when it must not be by itself. */
function nextTry(slot: TokenSlot): number | undefined {
  const now = slot.instant()
  const { failure } = slot.slot()
  const gate = exchangeGate(slot.slot(), now)
  if (!gate.isOpen && gate.until !== undefined) return gate.until
  if (failure === undefined || failure.retry === 'backoff') return failure?.retryAt ?? now
  const isOver = standingCodes.has(failure.error.code) || failure.error.code === 'grant_lapsed'
  return isOver ? undefined : now + slowestMs
}

async function orphan(context: RunDueContext, grant: GrantRecord): Promise<void> {
  const { store, access, clock, emit, handles } = context
  const { id, connection, tenant } = grant
  // It comes up again: the node that sweeps may have an older configuration than others, and an idle
  // grant that nobody asks for would never be found once its connection is back.
  await schedule(context, id, clock.now() + longestIdleMs)
  if (grant.state === 'orphaned') return
  await access.attempt(() => store.setGrantState(id, 'orphaned', clock.now()))
  for (const slot of handles.slots()) {
    if (slot.renewal.grantId() === id) slot.drop('orphaned')
  }
  emit({ type: 'grant.orphaned', at: clock.now(), connection, tenant, grantId: id })
}

async function schedule(
  { store, access }: RunDueContext,
  grantId: string,
  at: number | undefined,
): Promise<void> {
  await access.attempt(() => store.scheduleKeepAlive(grantId, at))
}

function earliest(first: number | undefined, others: readonly number[]): number | undefined {
  const all = [...(first === undefined ? [] : [first]), ...others]
  return all.length === 0 ? undefined : Math.min(...all)
}
