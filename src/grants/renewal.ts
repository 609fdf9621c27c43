import {
  EvergrantError,
  isEvergrantError,
  remainingLifeMs,
  type AccessToken,
  type Clock,
  type RandomBytes,
  type Result,
} from '../kernel/index.ts'
import {
  canonicalTarget,
  obtainApplicationToken,
  type RetryClass,
  type TokenFailure,
} from '../oauth/index.ts'
import { bounded } from './bounded.ts'
import type { ConnectionDefinition, RefreshPolicy } from './connection.ts'
import { loadCredentials, type LoadedCredentials } from './credentials.ts'
import type { GrantEvent, RenewalReason } from './events.ts'
import { exchangeGate } from './exchange-gate.ts'
import type { GrantKey, GrantStore, TokenSlotKey, TokenSlotRecord } from './ports.ts'
import type { SlotEvent } from './reduce.ts'
import {
  capLife,
  futureToleranceMs,
  hardMarginMs,
  holdToken,
  isRefused,
  usableToken,
  type Slot,
} from './slot.ts'
import type { StoreAccess } from './store-access.ts'

/** What a renewal is for. */
export interface RenewalPurpose {
  readonly reason: RenewalReason
  /** A stored token must live at least this long to be adopted (ms). */
  readonly needMs: number
  /** Only a stored token issued later than this is adopted (epoch ms). */
  readonly issuedAfter?: number
  /** Claims (JSON text) of a challenge. */
  readonly claims?: string
  /** An operator asks: always exchanges, unless the provider asked to stay away. */
  readonly isOverride?: boolean
}

/** How a renewal ended; the slot is up to date by then. */
export type RenewalOutcome =
  | { readonly kind: 'issued' }
  | { readonly kind: 'adopted' }
  | { readonly kind: 'failed'; readonly error: EvergrantError }
  /** A bug; thrown to callers that have no token to fall back on. */
  | { readonly kind: 'fault'; readonly fault: unknown }

/** What a renewal works with. */
export interface RenewalContext {
  readonly definition: ConnectionDefinition
  readonly jitter: number
  readonly store: GrantStore
  readonly access: StoreAccess
  readonly clock: Clock
  readonly fetch: typeof fetch
  readonly random: RandomBytes
  readonly slot: () => Slot
  readonly dispatch: (event: SlotEvent) => void
  /** The instant that the slot lives in (epoch ms). */
  readonly instant: () => number
  readonly emit: (event: GrantEvent) => void
}

/** How long a renewal may take in all, so that no flight is unbounded (ms). */
export const renewalDeadlineMs = 30_000

/** How long after a change a rejection may come from replication only (ms). */
const settlingMs = 60_000

/** Renews the tokens of one connection; the caller sees to it that one runs at a time. */
export interface Renewal {
  run(purpose: RenewalPurpose): Promise<RenewalOutcome>
  /** The slot in the store as this process addresses it; undefined when it cannot be known now. */
  slotKey(): Promise<TokenSlotKey | undefined>
}

/**
 * Makes the renewal of a connection: read credentials → read the store → adopt what another process
 * renewed, else exchange → save by compare-and-swap. Never rejects.
 */
export function createRenewal(context: RenewalContext): Renewal {
  const { definition, store, access, clock, slot, dispatch, instant, emit } = context
  const { name, provider, target } = definition
  const policy: RefreshPolicy = definition.refresh ?? {}
  const grantKey: GrantKey = { connection: name, tenant: provider.tenant, subject: '' }
  const declaresCp1 = definition.declaresCp1 ?? provider.expectsClaimsChallenges(target)
  const about = { connection: name, tenant: provider.tenant }
  let loaded: LoadedCredentials | undefined
  let changedAt: number | undefined
  let grantId: string | undefined
  let slotKey: TokenSlotKey | undefined
  /** A verdict that lapses the grant as soon as no token lives any more. */
  let verdict: { readonly error: EvergrantError; isTold: boolean } | undefined
  /** The credential that worked last is tried first. */
  let preferred = 0

  async function credentials(reread: boolean): Promise<LoadedCredentials> {
    if (loaded !== undefined && !reread) return loaded
    const fresh = await loadCredentials(definition).catch((error: unknown) => {
      if (loaded === undefined || !isEvergrantError(error)) throw error
      return loaded
    })
    if (loaded !== undefined && loaded.version !== fresh.version) {
      changedAt = instant()
      preferred = 0
      verdict = undefined
      dispatch({ type: 'credentials_changed' })
      emit({ type: 'grant.credentials_changed', at: clock.now(), ...about })
    }
    loaded = fresh
    return fresh
  }

  async function knownGrantId(): Promise<string | undefined> {
    if (grantId !== undefined) return grantId
    const grant = await access.attempt(() => store.ensureGrant(grantKey, clock.now()))
    grantId = grant?.value.id
    return grantId
  }

  async function addressSlot(credentialVersion: string): Promise<TokenSlotKey | undefined> {
    const id = await knownGrantId()
    if (id === undefined) return undefined
    return { grantId: id, target: canonicalTarget(target), credentialVersion }
  }

  async function renew(purpose: RenewalPurpose, isSecondTry = false): Promise<RenewalOutcome> {
    const startedAt = clock.monotonic()
    const isForced = purpose.reason === 'rejected' || purpose.reason === 'claims_challenge'
    const replaced = slot().held?.token ?? (isForced ? slot().refused.at(-1) : undefined)
    const oldExpiresAt = replaced?.expiresAt ?? null
    const failedBefore = slot().failure?.error.code
    const wasAboutCredentials =
      failedBefore === 'client_rejected' || failedBefore === 'secret_unavailable'
    const client = await credentials(purpose.isOverride === true || wasAboutCredentials)
    const key = await addressSlot(client.version)
    slotKey = key
    const stored = key && (await access.attempt(() => store.readSlot(key)))?.value
    if (stored?.blockedUntil !== undefined && stored.blockedUntil > instant()) {
      dispatch({ type: 'blocked', until: stored.blockedUntil, at: instant() })
    }
    if (adopt(stored, purpose)) {
      verdict = undefined
      const newExpiresAt = slot().held?.token.expiresAt ?? 0
      emit({ type: 'grant.adopted', at: clock.now(), ...about, oldExpiresAt, newExpiresAt })
      return { kind: 'adopted' }
    }
    fallBackOn(stored, purpose)
    const gate = exchangeGate(slot(), instant())
    if (!gate.isOpen && !(purpose.isOverride === true && gate.why !== 'blocked')) {
      dispatch({ type: 'rechecked', at: instant() })
      await lapse()
      return { kind: 'failed', error: gate.error }
    }

    const answer = await exchange(client, purpose)
    if (!answer.ok) {
      if (answer.error.kind === 'client_rejected' && !isSecondTry) {
        const reread = await credentials(true)
        if (reread.version !== client.version) return renew(purpose, true)
      }
      return fail(purpose, judge(answer.error))
    }
    const token = answer.value
    if (isRefused(slot(), token)) {
      const error = new EvergrantError(
        'token_refused',
        `${provider.host} issued the very token again that was refused`,
      )
      return fail(purpose, { error, retry: 'backoff', isLapse: false })
    }
    const held = holdToken(capLife(token, policy), policy, context.jitter, isForced)
    if (remainingLifeMs(held.token, clock.now()) <= 0) {
      const error = new EvergrantError(
        'token_life_too_short',
        `the token of ${provider.host} was dead before it arrived`,
      )
      return fail(purpose, { error, retry: 'backoff', isLapse: false })
    }
    verdict = undefined
    dispatch({ type: 'issued', held })
    const saving =
      key === undefined ? 'lost' : await save(key, stored?.version ?? 0, token, purpose)
    emit({
      type: 'grant.refreshed',
      at: clock.now(),
      ...about,
      reason: purpose.reason,
      oldExpiresAt,
      newExpiresAt: held.token.expiresAt,
      durationMs: Math.round(clock.monotonic() - startedAt),
      isPersisted: saving === 'saved',
    })
    return { kind: saving === 'adopted' ? 'adopted' : 'issued' }
  }

  /** Takes a stored token over when it serves the purpose better than the one we have. */
  function adopt(stored: TokenSlotRecord | undefined, purpose: RenewalPurpose): boolean {
    if (stored?.token === undefined || purpose.isOverride === true) return false
    if (purpose.claims !== undefined && stored.claims !== purpose.claims) return false
    const now = instant()
    const token = capLife(stored.token, policy)
    if (token.issuedAt > clock.now() + futureToleranceMs) return false
    if (token.issuedAt <= (purpose.issuedAfter ?? Number.NEGATIVE_INFINITY)) return false
    if (remainingLifeMs(token, now) <= Math.max(purpose.needMs, hardMarginMs(token))) return false
    const held = holdToken(token, policy, context.jitter)
    if (slot().held !== undefined && now >= held.softAt) return false
    dispatch({ type: 'adopted', held })
    return slot().held === held
  }

  /**
   * Keeps a stored token at hand that lives, though not long enough to be adopted: it serves should
   * the provider give no better one.
   */
  function fallBackOn(stored: TokenSlotRecord | undefined, purpose: RenewalPurpose): void {
    if (stored?.token === undefined || usableToken(slot(), instant()) !== undefined) return
    const { reason, issuedAfter = Number.NEGATIVE_INFINITY } = purpose
    if (reason === 'claims_challenge') return
    const token = capLife(stored.token, policy)
    if (reason === 'rejected' && token.issuedAt <= issuedAfter) return
    const now = Math.max(instant(), clock.now())
    if (token.issuedAt > clock.now() + futureToleranceMs || remainingLifeMs(token, now) <= 0) return
    dispatch({ type: 'found', held: holdToken(token, policy, context.jitter) })
  }

  /** One request per credential until one is not rejected. */
  async function exchange(
    client: LoadedCredentials,
    purpose: RenewalPurpose,
  ): Promise<Result<AccessToken, TokenFailure>> {
    const { proofs } = client
    let answer: Result<AccessToken, TokenFailure> | undefined
    for (let i = 0; i < proofs.length; i++) {
      const index = (preferred + i) % proofs.length
      const proof = proofs[index]
      if (proof === undefined) continue
      answer = await obtainApplicationToken(
        {
          provider,
          clientId: definition.clientId,
          authentication: proof.authentication,
          target,
          declaresCp1,
          ...(purpose.claims === undefined ? {} : { claims: purpose.claims }),
        },
        { fetch: context.fetch, clock },
      )
      if (answer.ok) preferred = index
      if (answer.ok || answer.error.kind !== 'client_rejected') return answer
      const { code, detail } = answer.error.error
      const { position } = proof
      emit({ type: 'grant.credential_rejected', at: clock.now(), ...about, position, code, detail })
    }
    if (answer === undefined) throw new Error('credentials are loaded, so there is at least one')
    return answer
  }

  function judge(failure: TokenFailure): JudgedFailure {
    const { error, retryAfterMs, settlesAfterChange = false } = failure
    const isSettling =
      settlesAfterChange && changedAt !== undefined && instant() - changedAt < settlingMs
    const retry = isSettling ? 'backoff' : failure.retry
    const isLapse = retry !== 'backoff'
    return { error, retry, isLapse, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }
  }

  async function fail(purpose: RenewalPurpose, failure: JudgedFailure): Promise<RenewalOutcome> {
    const { error, retry, retryAfterMs, isLapse } = failure
    const at = instant()
    const wait = retryAfterMs === undefined ? {} : { retryAfterMs }
    dispatch({ type: 'failed', error, retry, at, chance: chance(context.random), ...wait })
    if (!isLapse) verdict = undefined
    else verdict = { error, isTold: verdict?.isTold ?? false }
    announce(purpose, error)
    if (!(await lapse())) await record(error, false)
    const key = slotKey
    const { block, failure: current } = slot()
    if (key !== undefined && retryAfterMs !== undefined && block !== undefined) {
      await access.attempt(() => store.blockSlot(key, block.until, clock.now()))
    }
    return { kind: 'failed', error: current?.error ?? error }
  }

  function announce(purpose: RenewalPurpose, error: EvergrantError): void {
    const { code, detail, remedy, upstream } = error
    const state = slot()
    emit({
      type: 'grant.refresh_failed',
      at: clock.now(),
      ...about,
      reason: purpose.reason,
      code,
      detail,
      remedy,
      attempt: state.failure?.attempts ?? 1,
      retryAt: nextAttemptAt(),
      remainingLifeMs: Math.max(0, (state.held?.token.expiresAt ?? 0) - instant()),
      ...(upstream === undefined ? {} : { upstream }),
    })
  }

  function nextAttemptAt(): number | null {
    const gate = exchangeGate(slot(), instant())
    return gate.isOpen ? instant() : (gate.until ?? null)
  }

  /** Lapses the grant once, when the verdict says so and no token is left; tells whether it did. */
  async function lapse(): Promise<boolean> {
    if (verdict === undefined || verdict.isTold) return false
    if (usableToken(slot(), instant()) !== undefined) return false
    verdict.isTold = true
    const { error } = verdict
    const { code, detail, remedy } = error
    const probeAt = nextAttemptAt()
    emit({ type: 'grant.lapsed', at: clock.now(), ...about, code, detail, remedy, probeAt })
    await record(error, true)
    return true
  }

  async function record(error: EvergrantError, isLapse: boolean): Promise<void> {
    const id = await knownGrantId()
    if (id === undefined) return
    const kept = evidence(error, clock.now())
    await access.attempt(() => store.recordFailure(id, kept, { lapse: isLapse }))
  }

  /** Compare-and-swap; the loser takes the winner’s token when that one lives longer. */
  async function save(
    key: TokenSlotKey,
    expectedVersion: number,
    token: AccessToken,
    purpose: RenewalPurpose,
  ): Promise<'saved' | 'adopted' | 'lost'> {
    const details = {
      now: clock.now(),
      ...(purpose.claims === undefined ? {} : { claims: purpose.claims }),
    }
    let version = expectedVersion
    for (let round = 0; round < 2; round++) {
      const expected = version
      const saving = await access.attempt(() => store.saveToken(key, expected, token, details))
      if (saving === undefined) return 'lost'
      if (saving.value.saved) return 'saved'
      const { current } = saving.value
      if (adopt(current, purpose)) return 'adopted'
      version = current.version
    }
    return 'lost'
  }

  return {
    run: async (purpose) => {
      try {
        return await bounded(clock, renewalDeadlineMs, renew(purpose), () => tooSlow(name))
      } catch (thrown) {
        const error = isEvergrantError(thrown) ? thrown : fault(thrown)
        const isPassing = error.code === 'token_wait_timeout' || error.code === 'internal'
        const retry = isPassing ? 'backoff' : 'never'
        const failure = { error, retry, isLapse: false } as const
        const outcome = await fail(purpose, failure).catch(() => undefined)
        if (error.code === 'internal') return { kind: 'fault', fault: thrown }
        return outcome ?? { kind: 'failed', error }
      }
    },
    slotKey: async () => {
      const client = await credentials(false).catch(() => undefined)
      const grant = await access.attempt(() => store.findGrant(grantKey))
      if (client === undefined || grant?.value === undefined) return undefined
      return {
        grantId: grant.value.id,
        target: canonicalTarget(target),
        credentialVersion: client.version,
      }
    },
  }
}

interface JudgedFailure {
  readonly error: EvergrantError
  readonly retry: RetryClass
  readonly retryAfterMs?: number
  /** Whether the provider’s verdict ends the grant until someone acts. */
  readonly isLapse: boolean
}

function evidence(error: EvergrantError, at: number): Parameters<GrantStore['recordFailure']>[1] {
  const { code, detail, remedy, upstream } = error
  return { code, detail, remedy, at, ...(upstream === undefined ? {} : { upstream }) }
}

function tooSlow(name: string): EvergrantError {
  return new EvergrantError(
    'token_wait_timeout',
    `renewing the token of "${name}" took longer than ${renewalDeadlineMs / 1_000} seconds`,
  )
}

function fault(thrown: unknown): EvergrantError {
  const kind = thrown instanceof Error ? thrown.name : typeof thrown
  return new EvergrantError('internal', `renewing a token ended in an unexpected ${kind}`, {
    cause: thrown,
  })
}

function chance(random: RandomBytes): number {
  const [high = 0, low = 0] = random(2)
  return (high * 256 + low) / 65_535
}
