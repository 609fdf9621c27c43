import {
  EvergrantError,
  err,
  ok,
  wholeLifeMs,
  type AccessToken,
  type Clock,
  type RandomBytes,
  type Result,
} from '../kernel/index.ts'
import { canonicalTarget } from '../oauth/index.ts'
import { untilAborted } from './bounded.ts'
import { classifyRejection, type RejectionReport } from './classify-rejection.ts'
import type { ConnectionDefinition } from './connection.ts'
import { decide, lifeTooShort, type Ask } from './decide.ts'
import type { GrantEvent } from './events.ts'
import type { GrantStore } from './ports.ts'
import { reduce, type SlotEvent } from './reduce.ts'
import { createRenewal, type Renewal, type RenewalOutcome, type RenewalPurpose } from './renewal.ts'
import { emptySlot, isRefused, usableToken, type Slot } from './slot.ts'
import type { StoreAccess } from './store-access.ts'

/** A token handed out. */
export interface TokenGrant {
  readonly token: AccessToken
  /** From memory, just issued to us, or found in the store where another process had put it. */
  readonly origin: 'cache' | 'issued' | 'adopted'
  /** The renewal that was due failed; this token still lives. */
  readonly warning?: EvergrantError
}

/** What a caller may wish of a token. Durations in milliseconds. */
export interface GetTokenOptions {
  /** Hard: less life than this is of no use (0 by default). */
  readonly minRemainingMs?: number
  /**
   * A token with less life than this is renewed first, and the caller waits; at most half of the
   * newest token’s life counts (0 by default). When that fails the old token comes with a warning.
   */
  readonly renewBelowMs?: number
  /** Renews whatever the old token’s life; pauses after failures are kept (false by default). */
  readonly forceRenewal?: boolean
  /** Ends this caller’s wait, never the renewal that others wait for. */
  readonly signal?: AbortSignal
}

/** What came of a reported rejection. */
export type Rejection =
  /** The refused token was not the newest: use this one. */
  | { readonly kind: 'newer_token_exists'; readonly token: AccessToken }
  | { readonly kind: 'renewed'; readonly token: AccessToken }
  /** As asked for by a claims challenge. */
  | { readonly kind: 'renewed_with_claims'; readonly token: AccessToken }
  /** A new token would be refused alike: permission, audience, or another matter altogether. */
  | {
      readonly kind: 'not_about_token'
      readonly reason: 'permission' | 'audience' | 'other_scheme' | 'status'
      readonly detail: string
    }
  /** No usable token; `token_refused` when fresh ones were refused three times in five minutes. */
  | { readonly kind: 'renewal_failed'; readonly error: EvergrantError }

/** One connection, as its users hold it. */
export interface ConnectionHandle {
  readonly definition: ConnectionDefinition
  /**
   * Resolves with a token that lives and that no API has refused. A fresh one comes from memory
   * within a microsecond; otherwise every caller shares one renewal, its success, its failure and
   * its Retry-After. Errors: every code of a provider’s refusal, `token_life_too_short`,
   * `token_refused`, `token_wait_timeout`, `secret_unavailable`, `engine_closed`. Rejects only with
   * the signal’s reason, or with a fault.
   */
  getToken(options?: GetTokenOptions): Promise<Result<TokenGrant, EvergrantError>>
  /** Returns the token in memory while it lives; starts nothing. */
  peek(): AccessToken | undefined
  /**
   * Tells that an API refused a token. The refused token is never handed out again; a token newer
   * than it is returned at once, otherwise one renewal is shared by all who report.
   */
  reportRejection(
    report: RejectionReport,
    options?: { readonly signal?: AbortSignal },
  ): Promise<Rejection>
}

/** The handle with what the engine alone needs. */
export interface ManagedConnection extends ConnectionHandle {
  readonly renewal: Renewal
  refresh(): Promise<Result<TokenGrant, EvergrantError>>
  slot(): Slot
  /** The instant that the slot lives in (epoch ms). */
  instant(): number
  isRenewing(): boolean
  /** Lets no further renewal start and resolves when the running one has ended. */
  close(): Promise<void>
}

/** What a connection shares with the others of its engine. */
export interface ConnectionContext {
  readonly store: GrantStore
  readonly access: StoreAccess
  readonly clock: Clock
  readonly fetch: typeof fetch
  readonly random: RandomBytes
  readonly emit: (event: GrantEvent) => void
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

/** Makes the handle of one connection. */
export function createConnection(
  definition: ConnectionDefinition,
  context: ConnectionContext,
): ManagedConnection {
  const { clock } = context
  const about = { connection: definition.name, tenant: definition.provider.tenant }
  let slot: Slot = emptySlot
  let fresh: Fresh | undefined
  let flight: Flight | undefined
  let isClosed = false

  /** Age of the newest token by whichever clock went further. */
  const ageOf = (token: AccessToken, issuedTick: number): number =>
    Math.max(clock.now() - token.issuedAt, clock.monotonic() - issuedTick)

  const instant = (): number =>
    fresh === undefined
      ? clock.now()
      : fresh.token.issuedAt + Math.floor(ageOf(fresh.token, fresh.issuedTick))

  const dispatch = (event: SlotEvent): void => {
    const before = slot.held
    slot = reduce(slot, event)
    if (slot.held !== before) fresh = freshen(slot, clock)
  }

  const jitter = fractionOf(
    `${about.connection}|${about.tenant}|${canonicalTarget(definition.target)}`,
  )
  const renewal = createRenewal({
    ...context,
    definition,
    jitter,
    slot: () => slot,
    dispatch,
    instant,
  })

  function fly(purpose: RenewalPurpose): Flight {
    if (flight !== undefined) return flight
    if (isClosed) {
      const outcome: RenewalOutcome = { kind: 'failed', error: closedError(definition.name) }
      return { purpose, outcome: Promise.resolve(outcome) }
    }
    const outcome = renewal.run(purpose).finally(() => {
      flight = undefined
    })
    flight = { purpose, outcome }
    return flight
  }

  function purposeOf(ask: Ask): RenewalPurpose {
    const reason = ask.isForced ? 'asked' : slot.held === undefined ? 'first' : 'expiring'
    const { minRemainingMs, renewBelowMs, isForced, isOverride } = ask
    return {
      reason,
      needMs: Math.max(minRemainingMs, Math.min(renewBelowMs, fresh?.halfLifeMs ?? 0)),
      isOverride,
      ...(isForced ? { issuedAfter: instant() } : {}),
    }
  }

  async function acquire(ask: Ask, signal: AbortSignal | undefined): Promise<Answer> {
    let pending = ask
    for (let round = 0; round < 3; round++) {
      const decision = decide(slot, instant(), pending)
      if (decision.kind === 'refuse') return err(decision.error)
      if (decision.kind === 'serve') {
        if (decision.renew !== 'nothing') void fly({ reason: 'expiring', needMs: 0 })
        return ok(grant(decision.held.token, 'cache', decision.warning))
      }
      signal?.throwIfAborted()
      const outcome = await untilAborted(fly(purposeOf(pending)).outcome, signal)
      const answer = settle(outcome, pending)
      if (answer !== undefined) return answer
      // The token was refused meanwhile, or another process’s does not live long enough: once more.
      pending = { ...pending, isForced: false }
    }
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
    const verdict = classifyRejection(report)
    const { token, status } = report
    const { detail } = verdict
    const tokenAgeMs = Math.max(0, instant() - token.issuedAt)
    context.emit({
      type: 'grant.rejected',
      at: clock.now(),
      ...about,
      verdict: verdict.kind,
      status,
      detail,
      tokenAgeMs,
    })
    if (verdict.kind === 'not_about_token') return verdict
    const held = usableToken(slot, instant())
    const isNewer = held !== undefined && held.token.issuedAt >= token.issuedAt
    if (isNewer && !isSameToken(held.token, token)) {
      return { kind: 'newer_token_exists', token: held.token }
    }
    if (!isRefused(slot, token)) dispatch({ type: 'refused', token, at: instant() })
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
      if (renewed !== undefined) return describeRenewal(outcome, purpose, renewed)
      if (outcome.kind === 'failed') return { kind: 'renewal_failed', error: outcome.error }
      // The renewal that was under way brought a token that is refused by now: once more.
    }
    return { kind: 'renewal_failed', error: refusedMeanwhile() }
  }

  return {
    definition,
    renewal,
    getToken,
    reportRejection,
    peek: () => {
      if (fresh === undefined) return undefined
      const age = ageOf(fresh.token, fresh.issuedTick)
      return age < fresh.lifeMs ? fresh.token : undefined
    },
    refresh: () =>
      acquire({ minRemainingMs: 0, renewBelowMs: 0, isForced: true, isOverride: true }, undefined),
    slot: () => slot,
    instant,
    isRenewing: () => flight !== undefined,
    close: async () => {
      isClosed = true
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

function isSameToken(a: AccessToken, b: AccessToken): boolean {
  return a === b || a.secret.equals(b.secret)
}

function closedError(name: string): EvergrantError {
  return new EvergrantError('engine_closed', `no token of "${name}" can be renewed any more`)
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
