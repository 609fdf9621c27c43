import { isEvergrantError } from '../kernel/index.ts'
import { bounded } from './bounded.ts'
import type { LoadedCredentials } from './credentials.ts'
import { createPerforming } from './perform-exchange.ts'
import type { RenewalView, TokenSlotKey } from './ports.ts'
import { renewalDeadlineMs, type RenewalOutcome, type RenewalPurpose } from './purpose.ts'
import {
  closedError,
  createParts,
  fault,
  tooSlow,
  type RenewalContext,
  type Run,
  type Step,
} from './renewal-parts.ts'
import { createWeighing } from './weigh-view.ts'

/** Renews the tokens of one slot; the caller sees to it that one runs at a time. */
export interface Renewal {
  /** Never rejects. */
  run(purpose: RenewalPurpose): Promise<RenewalOutcome>
  /** The slot in the store as this process addresses it; undefined when it cannot be known now. */
  slotKey(): Promise<TokenSlotKey | undefined>
  /** The grant that the token in memory belongs to, as far as it is known. */
  grantId(): string | undefined
  /** The credentials, as far as they were read. */
  credentials(): LoadedCredentials | undefined
}

/** Pauses between two looks at what another process is doing (ms). */
const firstPauseMs = 25
const longestPauseMs = 250

/**
 * Makes the renewal of a slot: read credentials → look at the store → adopt what another process
 * renewed → see whether the grant may be used → wait for who is at it, or claim the exchange → send
 * it → commit → hand out. Every step that finds the world changed looks again, until the deadline.
 */
export function createRenewal(context: RenewalContext): Renewal {
  const parts = createParts(context)
  const { address, store, access, bell, clock, emit, slot, dispatch } = parts
  const { about, grantAddress, isRedemption, isExclusive, desk, client, memory } = parts
  const weighing = createWeighing(parts)
  const performing = createPerforming(parts, weighing)

  async function renew(purpose: RenewalPurpose): Promise<RenewalOutcome> {
    const isForced = purpose.reason === 'rejected' || purpose.reason === 'claims_challenge'
    const replaced = slot().held?.token ?? (isForced ? slot().refused.at(-1) : undefined)
    const run: Run = {
      purpose,
      startedTick: clock.monotonic(),
      oldExpiresAt: replaced?.expiresAt ?? null,
      isForced,
    }
    if (!isExclusive) return pursue(run)
    const endTurn = await parts.turns.take(JSON.stringify(grantAddress))
    try {
      return await pursue(run)
    } finally {
      endTurn()
    }
  }

  /** Tells how a renewal ended that had to wait for another process. */
  function tellWaited(run: Run, outcome: RenewalOutcome['kind']): void {
    if (run.waitedFor === undefined) return
    const durationMs = Math.round(clock.monotonic() - run.startedTick)
    emit({ type: 'grant.waited', at: clock.now(), ...about, outcome, durationMs })
  }

  /** Looks, and does the next step, until there is an outcome. */
  async function pursue(run: Run): Promise<RenewalOutcome> {
    const failedBefore = slot().failure?.error.code
    const wasAboutCredentials =
      failedBefore === 'client_rejected' || failedBefore === 'secret_unavailable'
    await client.credentials(run.purpose.isOverride === true || wasAboutCredentials)
    let pauseMs = firstPauseMs
    try {
      let outcome = await step(run)
      while (typeof outcome === 'string') {
        if (outcome === 'wait') {
          leaveCrowd(run)
          await bell.pause(pauseMs)
          pauseMs = Math.min(pauseMs * 2, longestPauseMs)
        }
        if (bell.isClosed) throw closedError(address)
        outcome = await step(run)
      }
      tellWaited(run, outcome.kind)
      return outcome
    } catch (thrown) {
      tellWaited(run, 'failed')
      throw thrown
    } finally {
      leaveCrowd(run)
    }
  }

  async function step(run: Run): Promise<Step> {
    // Nobody waits any more, be it that the turn or another process took that long.
    if (clock.monotonic() - run.startedTick >= renewalDeadlineMs) throw tooSlow(address)
    const credentials = await client.credentials(false)
    const view = await look(credentials.version)
    if (view === undefined) {
      if (!isRedemption && (await enterCrowd(run))) return 'look_again'
      return performing.withoutStore(credentials, run)
    }
    const settled = await weighing.weigh(view, run)
    if (settled !== undefined) return settled
    const plan = performing.planOf(view, run.purpose)
    switch (plan.kind) {
      case 'wait':
        run.waitedFor = plan.flight
        return 'wait'
      case 'unknown':
        return weighing.giveUpUnknown(view, run.purpose)
      case 'send':
        if (await enterCrowd(run)) return 'look_again'
        return performing.exchange(plan, view, credentials, run)
    }
  }

  /** Makes sure that this run may send; true when that took a while. */
  async function enterCrowd(run: Run): Promise<boolean> {
    if (run.ticket !== undefined) return false
    run.ticket = await parts.crowd.enter(parts.definition.provider.host)
    return run.ticket.hasWaited
  }

  function leaveCrowd(run: Run): void {
    run.ticket?.leave()
    delete run.ticket
  }

  /** Grant, slot, refresh token and journal as of now; undefined while the store is away. */
  async function look(credentialVersion: string): Promise<RenewalView | undefined> {
    for (let round = 0; round < 3; round++) {
      const before = memory.grantId
      if (before === undefined) {
        const made = await access.attempt(() => store.ensureGrant(grantAddress, clock.now()))
        if (made === undefined) return undefined
        memory.grantId = made.value.id
      }
      const key = parts.slotKeyOf(memory.grantId ?? '', credentialVersion)
      memory.unseen = undefined
      const seen = await access.attempt(
        () => store.viewForRenewal(key),
        (error) => {
          memory.unseen = error
        },
      )
      if (seen === undefined) return undefined
      if (seen.value?.grant.standing === 'current') return seen.value
      memory.grantId = undefined
      if (before !== undefined && slot().held !== undefined) {
        dispatch({ type: 'dropped' })
        emit({ type: 'grant.dropped', at: clock.now(), ...about, reason: 'superseded' })
      }
    }
    throw new Error('a grant that was just made is not there')
  }

  return {
    run: async (purpose) => {
      try {
        return await bounded(clock, renewalDeadlineMs, renew(purpose), () => tooSlow(address))
      } catch (thrown) {
        const error = isEvergrantError(thrown) ? thrown : fault(thrown)
        if (error.code === 'engine_closed') return { kind: 'failed', error }
        const isPassing = error.code === 'token_wait_timeout' || error.code === 'internal'
        const retry = isPassing ? 'backoff' : 'never'
        const failure = { error, retry, isLapse: false } as const
        const failed = await desk.fail(purpose, failure).catch(() => undefined)
        if (error.code === 'internal') return { kind: 'fault', fault: thrown }
        return { kind: 'failed', error: failed ?? error }
      }
    },
    slotKey: async () => {
      const credentials = await client.credentials(false).catch(() => undefined)
      const grant = await access.attempt(() => store.findGrant(grantAddress))
      if (credentials === undefined || grant?.value === undefined) return undefined
      return parts.slotKeyOf(grant.value.id, credentials.version)
    },
    grantId: () => memory.grantId,
    credentials: client.known,
  }
}
