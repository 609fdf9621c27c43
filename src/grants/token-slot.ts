import {
  EvergrantError,
  err,
  ok,
  wholeLifeMs,
  type AccessToken,
  type Clock,
  type Result,
} from '../kernel/index.ts'
import { canonicalTarget, type TokenTarget } from '../oauth/index.ts'
import { untilAborted } from './bounded.ts'
import { classifyRejection, type RejectionReport } from './classify-rejection.ts'
import type {
  ConnectionHandle,
  GetTokenOptions,
  Rejection,
  TokenGrant,
} from './connection-handle.ts'
import type { ConnectionDefinition } from './connection.ts'
import type { EngineContext } from './context.ts'
import { decide, lifeTooShort, plainAsk, type Ask } from './decide.ts'
import type { DropReason } from './events.ts'
import type { RenewalOutcome, RenewalPurpose } from './purpose.ts'
import { reduce, type SlotEvent } from './reduce.ts'
import { pausedError } from './pauses.ts'
import { createRenewal, type Renewal } from './renewal.ts'
import { fruitlessBudget, pausedUntil } from './ruling-budget.ts'
import { emptySlot, isRefused, usableToken, type Slot } from './slot.ts'

/** The tokens of one connection for one target, with what the engine alone needs. */
export interface TokenSlot extends ConnectionHandle {
  readonly renewal: Renewal
  /** Obtains a new token whatever failed before; `mayResend` as an operator decided. */
  refresh(options: { readonly mayResend: boolean }): Promise<Result<TokenGrant, EvergrantError>>
  /** Renews because the grant’s own time has come; pauses after failures are kept. */
  renewDue(): Promise<RenewalOutcome>
  /** Forgets the token in memory: its grant is not what it was. */
  drop(reason: DropReason): void
  /** Lets the next caller look at the store again, whatever failed for good before. */
  reconsider(): void
  /** Hands out nothing while the engine knows of a pause of its connection. */
  pauseAsKnown(): void
  slot(): Slot
  /** The instant that the slot lives in (epoch ms). */
  instant(): number
  isRenewing(): boolean
  /** Lets no further renewal start and resolves when the running one has ended. */
  close(): Promise<void>
}

/** A renewal under way, and what it was started for. */
interface Flight {
  readonly purpose: RenewalPurpose
  readonly outcome: Promise<RenewalOutcome>
}

type Answer = Result<TokenGrant, EvergrantError>

/** The newest token as the hot path needs it; every figure precomputed, nothing allocated per call. */
interface Fresh {
  readonly answer: Promise<Answer>
  readonly token: AccessToken
  readonly halfLifeMs: number
  readonly softInMs: number
  readonly lifeMs: number
  /** Monotonic instant of issue, so that a turned-back clock cannot stretch the life. */
  readonly issuedTick: number
}

/** Makes the slot of a connection’s tokens for one target. */
export function createTokenSlot(
  definition: ConnectionDefinition,
  address: string,
  target: TokenTarget,
  context: EngineContext,
): TokenSlot {
  const { clock } = context
  const about = {
    connection: definition.name,
    tenant: definition.provider.tenant,
    target: canonicalTarget(target),
  }
  let slot: Slot = emptySlot
  let newest: Fresh | undefined
  /** The newest token, unless the connection is paused: all that the hot path looks at. */
  let fresh: Fresh | undefined
  let pause: EvergrantError | undefined
  let flight: Flight | undefined
  let isClosed = false
  let cancelResend = (): void => {}

  /** Age of the newest token by whichever clock went further. */
  const ageOf = (token: AccessToken, issuedTick: number): number =>
    Math.max(clock.now() - token.issuedAt, clock.monotonic() - issuedTick)

  const instant = (): number =>
    newest === undefined
      ? clock.now()
      : newest.token.issuedAt + Math.floor(ageOf(newest.token, newest.issuedTick))

  const dispatch = (event: SlotEvent): void => {
    const before = slot.held
    slot = reduce(slot, event)
    if (slot.held === before) return
    newest = freshen(slot, clock)
    fresh = pause === undefined ? newest : undefined
  }

  const pauseAsKnown = (): void => {
    const known = context.pauses.of(about.connection)
    pause = known === undefined ? undefined : pausedError(known)
    fresh = pause === undefined ? newest : undefined
  }
  pauseAsKnown()
  // Read anew after a wait, which the compiler does not see.
  const isPaused = (): boolean => pause !== undefined

  const jitter = fractionOf(`${about.connection}|${about.tenant}|${about.target}`)
  const renewal = createRenewal({
    ...context,
    definition,
    address,
    target,
    jitter,
    slot: () => slot,
    dispatch,
    instant,
  })

  function fly(purpose: RenewalPurpose): Flight {
    if (flight !== undefined) return flight
    if (isClosed) {
      const outcome: RenewalOutcome = { kind: 'failed', error: closedError(address) }
      return { purpose, outcome: Promise.resolve(outcome) }
    }
    const outcome = renewal.run(purpose).then((ended) => {
      flight = undefined
      if (ended.kind === 'failed' && ended.resendInMs !== undefined) resendIn(ended.resendInMs)
      return ended
    })
    flight = { purpose, outcome }
    return flight
  }

  /** A refresh token within its grace must not wait for the next caller. */
  function resendIn(milliseconds: number): void {
    cancelResend()
    cancelResend = clock.schedule(milliseconds, () => {
      void fly({ reason: 'expiring', needMs: 0 })
    })
  }

  function purposeOf(ask: Ask): RenewalPurpose {
    const reason = ask.isForced ? 'asked' : slot.held === undefined ? 'first' : 'expiring'
    const { minRemainingMs, renewBelowMs, isForced, isOverride, mayResend = false } = ask
    return {
      reason,
      needMs: Math.max(minRemainingMs, Math.min(renewBelowMs, newest?.halfLifeMs ?? 0)),
      isOverride,
      mayResend,
      ...(isForced ? { issuedAfter: instant() } : {}),
    }
  }

  async function acquire(ask: Ask, signal: AbortSignal | undefined): Promise<Answer> {
    let pending = ask
    for (let round = 0; round < 3; round++) {
      if (pause !== undefined) return err(pause)
      const decision = decide(slot, instant(), pending)
      if (decision.kind === 'refuse') return err(decision.error)
      if (decision.kind === 'serve') {
        if (decision.renew !== 'nothing') void fly({ reason: 'expiring', needMs: 0 })
        return ok(grant(decision.held.token, 'cache', decision.warning))
      }
      signal?.throwIfAborted()
      const outcome = await untilAborted(fly(purposeOf(pending)).outcome, signal)
      // It may have been paused while the renewal was under way.
      if (isPaused()) break
      const answer = settle(outcome, pending)
      if (answer !== undefined) return answer
      // The token was refused meanwhile, or another process’s does not live long enough: once more.
      pending = { ...pending, isForced: false }
    }
    if (pause !== undefined) return err(pause)
    const remaining = Math.max(0, (slot.held?.token.expiresAt ?? 0) - instant())
    return err(lifeTooShort(remaining, ask.minRemainingMs))
  }

  /** What a renewal’s outcome means for one ask; undefined when it has to be decided anew. */
  function settle(outcome: RenewalOutcome, ask: Ask): Answer | undefined {
    const now = instant()
    const held = usableToken(slot, now)
    const remaining = held === undefined ? 0 : held.token.expiresAt - now
    const serves = held !== undefined && remaining >= ask.minRemainingMs
    switch (outcome.kind) {
      case 'issued':
        if (held === undefined) return undefined
        if (!serves) return err(lifeTooShort(remaining, ask.minRemainingMs))
        return ok(grant(held.token, 'issued'))
      case 'adopted': {
        // Its life was unknown until now: one that is short of what the caller wants is renewed.
        const isLongEnough = serves && isContent(ask, remaining, wholeLifeMs(held.token) / 2)
        return isLongEnough ? ok(grant(held.token, 'adopted')) : undefined
      }
      case 'failed':
        return serves ? ok(grant(held.token, 'cache', outcome.error)) : err(outcome.error)
      case 'fault':
        break
    }
    if (!serves) throw outcome.fault
    return ok(grant(held.token, 'cache', slot.failure?.error))
  }

  function getToken(options?: GetTokenOptions): Promise<Answer> {
    if (fresh !== undefined) {
      const age = ageOf(fresh.token, fresh.issuedTick)
      if (age < fresh.softInMs) {
        if (options === undefined || isContent(options, fresh.lifeMs - age, fresh.halfLifeMs)) {
          return fresh.answer
        }
      }
    }
    const { minRemainingMs = 0, renewBelowMs = 0, forceRenewal = false, signal } = options ?? {}
    const ask = { minRemainingMs, renewBelowMs, isForced: forceRenewal, isOverride: false }
    return acquire(ask, signal)
  }

  async function reportRejection(
    report: RejectionReport,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<Rejection> {
    const { token, status, ruling } = report
    const now = instant()
    const newer = newerThan(token, now)
    const judged = classifyRejection(report)
    const isNew =
      judged.kind !== 'not_about_token' && newer === undefined && !isRefused(slot, token)
    const pauseUntil =
      isNew && ruling !== undefined ? pausedUntil(slot.rulings, ruling, now) : undefined
    const verdict = pauseUntil === undefined ? judged : paused(judged.detail, pauseUntil)
    context.emit({
      type: 'grant.rejected',
      at: clock.now(),
      ...about,
      verdict: verdict.kind,
      status,
      ...(ruling === undefined ? {} : { upstream: ruling.upstream, rule: ruling.rule }),
      detail: verdict.detail,
      tokenAgeMs: Math.max(0, now - token.issuedAt),
    })
    if (pause !== undefined) return { kind: 'renewal_failed', error: pause }
    if (verdict.kind === 'not_about_token') return verdict
    if (newer !== undefined) return { kind: 'newer_token_exists', token: newer }
    if (isNew) {
      dispatch({ type: 'refused', token, at: now, ...(ruling === undefined ? {} : { ruling }) })
    }
    for (let round = 0; round < 2; round++) {
      const { purpose, outcome: pending } = fly({
        issuedAfter: token.issuedAt,
        needMs: 0,
        ...(verdict.kind === 'claims_challenge'
          ? { reason: 'claims_challenge', claims: verdict.claims }
          : { reason: 'rejected' }),
      })
      const outcome = await untilAborted(pending, options.signal)
      if (outcome.kind === 'fault') throw outcome.fault
      const renewed = usableToken(slot, instant())?.token
      // A renewal that was under way already knew nothing of the claims.
      const isMissing = verdict.kind === 'claims_challenge' && purpose.claims !== verdict.claims
      if (renewed !== undefined && !(isMissing && round === 0)) {
        return describeRenewal(outcome, purpose, renewed)
      }
      if (outcome.kind === 'failed') return { kind: 'renewal_failed', error: outcome.error }
      // The renewal that was under way brought a token that is refused by now: once more.
    }
    return { kind: 'renewal_failed', error: refusedMeanwhile() }
  }

  /** The token in use, where it is not the one that was refused but one as new or newer. */
  function newerThan(token: AccessToken, now: number): AccessToken | undefined {
    const held = usableToken(slot, now)
    if (held === undefined || held.token.issuedAt < token.issuedAt) return undefined
    return isSameToken(held.token, token) ? undefined : held.token
  }

  return {
    definition,
    address,
    target,
    renewal,
    getToken,
    reportRejection,
    peek: () => {
      if (fresh === undefined) return undefined
      const age = ageOf(fresh.token, fresh.issuedTick)
      return age < fresh.lifeMs ? fresh.token : undefined
    },
    take: () => {
      if (fresh === undefined) return undefined
      return ageOf(fresh.token, fresh.issuedTick) < fresh.softInMs ? fresh.token : undefined
    },
    refresh: async ({ mayResend }) => {
      // What is under way was not asked for by an operator, and may not send what he permits.
      await flight?.outcome
      return acquire({ ...plainAsk, isForced: true, isOverride: true, mayResend }, undefined)
    },
    renewDue: async () => {
      const now = instant()
      const isIdle = definition.refresh?.keepWarm !== true
      const { outcome } = fly({
        reason: 'keep_alive',
        needMs: 0,
        isDue: true,
        ...(isIdle ? { issuedAfter: now } : {}),
      })
      return outcome
    },
    drop: (reason) => {
      if (slot.held === undefined) return
      dispatch({ type: 'dropped' })
      context.emit({ type: 'grant.dropped', at: clock.now(), ...about, reason })
    },
    pauseAsKnown,
    reconsider: () => dispatch({ type: 'reconsidered', at: instant() }),
    slot: () => slot,
    instant,
    isRenewing: () => flight !== undefined,
    close: async () => {
      isClosed = true
      cancelResend()
      await flight?.outcome
    },
  }
}

function isContent(
  options: Pick<GetTokenOptions, 'minRemainingMs' | 'renewBelowMs' | 'forceRenewal'>,
  remainingMs: number,
  halfLifeMs: number,
): boolean {
  const { minRemainingMs = 0, renewBelowMs = 0, forceRenewal = false } = options
  if (forceRenewal || remainingMs < minRemainingMs) return false
  return remainingMs >= Math.min(renewBelowMs, halfLifeMs)
}

function freshen(slot: Slot, clock: Clock): Fresh | undefined {
  const { held } = slot
  if (held === undefined) return undefined
  const { token } = held
  const lifeMs = token.expiresAt - token.issuedAt
  return {
    answer: Promise.resolve(ok({ token, origin: 'cache' })),
    token,
    halfLifeMs: lifeMs / 2,
    softInMs: held.softAt - token.issuedAt,
    lifeMs,
    issuedTick: clock.monotonic() - Math.max(0, clock.now() - token.issuedAt),
  }
}

function grant(
  token: AccessToken,
  origin: TokenGrant['origin'],
  warning?: EvergrantError,
): TokenGrant {
  return { token, origin, ...(warning === undefined ? {} : { warning }) }
}

function describeRenewal(
  outcome: RenewalOutcome,
  purpose: RenewalPurpose,
  token: AccessToken,
): Rejection {
  if (outcome.kind !== 'issued') return { kind: 'newer_token_exists', token }
  return { kind: purpose.claims === undefined ? 'renewed' : 'renewed_with_claims', token }
}

function paused(
  detail: string,
  until: number,
): Extract<Rejection, { readonly kind: 'not_about_token' }> {
  const when = new Date(until).toISOString()
  const why = `${fruitlessBudget} new tokens were refused alike; none is renewed for this until ${when}`
  return { kind: 'not_about_token', reason: 'budget', detail: `${detail}; ${why}` }
}

function isSameToken(a: AccessToken, b: AccessToken): boolean {
  return a === b || a.secret.equals(b.secret)
}

function closedError(address: string): EvergrantError {
  return new EvergrantError('engine_closed', `no token of "${address}" can be renewed any more`)
}

function refusedMeanwhile(): EvergrantError {
  return new EvergrantError('token_refused', 'the renewed token was refused as well')
}

/** A stable fraction between 0 and 1 for a name (FNV-1a). */
function fractionOf(name: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < name.length; i++) {
    hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193) >>> 0
  }
  return hash / 0xffffffff
}
