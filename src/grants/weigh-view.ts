import type { EvergrantError } from '../kernel/index.ts'
import { errorOf } from './evidence.ts'
import { exchangeGate } from './exchange-gate.ts'
import type { GrantFailure, GrantRecord, RenewalView, TokenSlotRecord } from './ports.ts'
import type { RenewalOutcome, RenewalPurpose } from './purpose.ts'
import { recheckAfterMs } from './reduce.ts'
import { versionOf, type RenewalParts, type Run } from './renewal-parts.ts'
import { refusalOf, standingCodes, unknownError } from './standing.ts'
import { adoptable, fallback } from './stored-token.ts'

/** What the store’s view of a grant settles without any exchange. */
export interface Weighing {
  /** The outcome when none is needed, or none may be; undefined when one is to be made. */
  weigh(view: RenewalView, run: Run): Promise<RenewalOutcome | undefined>
  /** Takes a stored token over when it serves the purpose better than the one we have. */
  adopt(stored: TokenSlotRecord | undefined, purpose: RenewalPurpose): boolean
  /** Marks the refresh token as perhaps spent; nobody sends it again by himself. */
  giveUpUnknown(view: RenewalView, purpose: RenewalPurpose): Promise<RenewalOutcome>
  /** Tells once that the fate of the refresh token is unknown. */
  tellUnknown(grant: GrantRecord): void
}

/** Makes the weighing of one slot. */
export function createWeighing(parts: RenewalParts): Weighing {
  const { definition, address, store, access, clock, emit } = parts
  const { slot, dispatch, instant, about, isRedemption, desk, memory, judgedBy } = parts

  /** What the view settles without any exchange; undefined when one is needed. */
  async function weigh(view: RenewalView, run: Run): Promise<RenewalOutcome | undefined> {
    const { purpose } = run
    const stored = view.slot
    if (stored?.blockedUntil !== undefined && stored.blockedUntil > instant()) {
      dispatch({ type: 'blocked', until: stored.blockedUntil, at: instant() })
    }
    if (adopt(stored, purpose)) {
      desk.forget()
      await reclaim(view.grant)
      const newExpiresAt = slot().held?.token.expiresAt ?? 0
      const { oldExpiresAt } = run
      emit({ type: 'grant.adopted', at: clock.now(), ...about, oldExpiresAt, newExpiresAt })
      return { kind: 'adopted' }
    }
    const spare = fallback(stored, judgedBy(purpose))
    if (spare !== undefined) dispatch({ type: 'found', held: spare })
    const refusal = await admit(view, purpose)
    if (refusal !== undefined) {
      desk.refuse(purpose, refusal)
      return { kind: 'failed', error: slot().failure?.error ?? refusal }
    }
    cure(view)
    const shared = share(view, run)
    if (shared !== undefined) return { kind: 'failed', error: shared }
    const gate = exchangeGate(slot(), instant())
    if (gate.isOpen || (purpose.isOverride === true && gate.why !== 'blocked')) return undefined
    dispatch({ type: 'rechecked', at: instant() })
    await desk.lapseWhenDead()
    return { kind: 'failed', error: gate.error }
  }

  function adopt(stored: TokenSlotRecord | undefined, purpose: RenewalPurpose): boolean {
    const held = adoptable(stored, judgedBy(purpose))
    if (held === undefined) return false
    dispatch({ type: 'adopted', held })
    return slot().held === held
  }

  /** Says why the grant may not be used; one that may come back comes back here. */
  async function admit(
    view: RenewalView,
    purpose: RenewalPurpose,
  ): Promise<EvergrantError | undefined> {
    const { grant } = view
    const isOperators = purpose.isOverride === true && !isRedemption
    if (grant.state === 'revoked' && isOperators) {
      await reinstate(grant, 'pending')
      return undefined
    }
    const refusal = refusalOf(view, definition.grant, address)
    if (refusal?.code === 'grant_revoked' && slot().held !== undefined) {
      dispatch({ type: 'dropped' })
      emit({ type: 'grant.dropped', at: clock.now(), ...about, reason: 'revoked' })
    }
    if (refusal === undefined) await reclaim(grant)
    return refusal
  }

  /** An orphan whose connection is back serves again, be it with a token that outlived it. */
  async function reclaim(grant: GrantRecord): Promise<void> {
    if (grant.state !== 'orphaned') return
    await reinstate(grant, grant.lastRefreshedAt === undefined ? 'pending' : 'active')
  }

  async function reinstate(grant: GrantRecord, state: 'pending' | 'active'): Promise<void> {
    await access.attempt(() => store.setGrantState(grant.id, state, clock.now()))
    const from = grant.state === 'revoked' ? 'revoked' : 'orphaned'
    emit({ type: 'grant.reinstated', at: clock.now(), ...about, from })
  }

  /** Forgets a failure that was about something else than what is there now. */
  function cure({ grant }: RenewalView): void {
    const { failure } = slot()
    if (failure === undefined) return
    const isOfStanding = standingCodes.has(failure.error.code)
    if (!isOfStanding && memory.failedWith === versionOf(grant)) return
    const isUnknown = grant.refreshToken?.unknownSince !== undefined && !isKnownDead(grant)
    if (isOfStanding && isUnknown) return
    if (isOfStanding || (memory.failedWith !== undefined && failure.retry !== 'backoff')) {
      desk.forget()
      dispatch({ type: 'cured' })
    }
  }

  /** Takes another process’s failure as one’s own; returns it when that answers this run. */
  function share(view: RenewalView, { waitedFor, purpose }: Run): EvergrantError | undefined {
    const failure = view.slot?.failure
    if (failure === undefined || purpose.isOverride === true) return undefined
    const ageMs = clock.now() - failure.at
    const shiftMs = instant() - clock.now()
    const isTaken = failure.retry === 'backoff' || (ageMs < recheckAfterMs && ageMs >= 0)
    if (isTaken) {
      const { retry, attempts, at, retryAt } = failure
      memory.failedWith = versionOf(view.grant)
      dispatch({
        type: 'shared',
        failure: {
          error: errorOf(failure),
          retry,
          attempts,
          at: at + shiftMs,
          ...(retryAt === undefined ? {} : { retryAt: retryAt + shiftMs }),
        },
      })
    }
    if (waitedFor === undefined || failure.at < waitedFor.startedAt) return undefined
    if (view.slot?.flight?.attemptId === waitedFor.attemptId) return undefined
    return slot().failure?.error
  }

  async function giveUpUnknown(
    { grant }: RenewalView,
    purpose: RenewalPurpose,
  ): Promise<RenewalOutcome> {
    if (isKnownDead(grant)) {
      const lapsed = errorOf(grant.lastFailure)
      memory.failedWith = versionOf(grant)
      desk.refuse(purpose, lapsed)
      return { kind: 'failed', error: slot().failure?.error ?? lapsed }
    }
    const error = unknownError(address)
    const facts = grant.refreshToken
    if (facts !== undefined && facts.unknownSince === undefined) {
      const now = clock.now()
      await access.attempt(() => store.markRefreshUnknown(grant.id, facts.version, now))
    }
    if (facts !== undefined) tellUnknown(grant)
    const { code, detail, remedy } = error
    const isTold = slot().failure?.error.code === code
    desk.refuse(purpose, error)
    if (!isTold) {
      const kept = { code, detail, remedy, at: clock.now() }
      await access.attempt(() => store.recordFailure(grant.id, kept, { lapse: false }))
    }
    return { kind: 'failed', error: slot().failure?.error ?? error }
  }

  function tellUnknown(grant: GrantRecord): void {
    if (memory.toldUnknown === versionOf(grant)) return
    memory.toldUnknown = versionOf(grant)
    const refreshVersion = grant.refreshToken?.version ?? 0
    emit({ type: 'grant.refresh_unknown', at: clock.now(), ...about, refreshVersion })
  }

  return { weigh, adopt, giveUpUnknown, tellUnknown }
}

/** Its token was sent again by an operator’s decision, and the provider has said that it is dead. */
function isKnownDead(
  grant: GrantRecord,
): grant is GrantRecord & { readonly lastFailure: GrantFailure } {
  return grant.state === 'lapsed' && grant.lastFailure?.code === 'grant_lapsed'
}
