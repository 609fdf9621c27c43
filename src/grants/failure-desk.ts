import type { EvergrantError } from '../kernel/index.ts'
import type { RetryClass, TokenFailure } from '../oauth/index.ts'
import type { EngineContext } from './context.ts'
import { evidence, shareFailure } from './evidence.ts'
import type { GrantEvent } from './events.ts'
import { exchangeGate } from './exchange-gate.ts'
import type { HeldExchange } from './held-exchange.ts'
import type { ExchangeFailure, TokenSlotKey } from './ports.ts'
import type { RenewalPurpose } from './purpose.ts'
import type { SlotEvent } from './reduce.ts'
import { usableToken, type Slot } from './slot.ts'

/** A failure with what it means for the grant. */
export interface JudgedFailure {
  readonly error: EvergrantError
  readonly retry: RetryClass
  readonly retryAfterMs?: number
  /** Whether the provider’s verdict ends the grant until someone acts. */
  readonly isLapse: boolean
}

/** The exchange that failed, where there was one. */
export interface FailedExchange {
  readonly held: HeldExchange
  readonly slot: TokenSlotKey
  readonly redemption?: NonNullable<ExchangeFailure['redemption']>
}

/** What failures are recorded with. */
export interface DeskContext extends EngineContext {
  readonly about: { readonly connection: string; readonly tenant: string; readonly target: string }
  /** Its failures are no evidence against the grant. */
  readonly isOfCustomer: boolean
  readonly slot: () => Slot
  readonly dispatch: (event: SlotEvent) => void
  readonly instant: () => number
  readonly grantId: () => string | undefined
}

/** Keeps failures: in the slot, in the store for everyone, as events for people. */
export interface FailureDesk {
  /**
   * Records a failure. That of an exchange also ends the exchange, for every process; should the
   * store be away, it learns of it as soon as it is back.
   */
  fail(
    purpose: RenewalPurpose,
    failure: JudgedFailure,
    exchange?: FailedExchange,
  ): Promise<EvergrantError>
  /** Records that the grant as stored gives no token; told once, however often it is met. */
  refuse(purpose: RenewalPurpose, error: EvergrantError): void
  /** Lapses the grant once, when a verdict said so and no token is left by now. */
  lapseWhenDead(): Promise<void>
  /** The verdict no longer holds. */
  forget(): void
}

/** Evidence that is about us, not about the grant. */
const unrecorded = /^(?:store_|token_wait_timeout$|engine_closed$)/

/** Makes the desk of one slot. */
export function createFailureDesk(context: DeskContext): FailureDesk {
  const { store, access, outbox, clock, random, emit, about, slot, dispatch, instant } = context
  /** A verdict that lapses the grant as soon as no token lives any more. */
  let verdict: { readonly error: EvergrantError; isTold: boolean } | undefined

  const nextAttemptAt = (): number | null => {
    const gate = exchangeGate(slot(), instant())
    return gate.isOpen ? instant() : (gate.until ?? null)
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

  /** Tells that the grant lapsed, once per verdict; true when it is to be recorded now. */
  function lapse(): boolean {
    if (verdict === undefined || verdict.isTold) return false
    if (usableToken(slot(), instant()) !== undefined) return false
    verdict.isTold = true
    const { code, detail, remedy } = verdict.error
    const probeAt = nextAttemptAt()
    const lapsed: GrantEvent = {
      type: 'grant.lapsed',
      at: clock.now(),
      ...about,
      code,
      detail,
      remedy,
      probeAt,
    }
    emit(lapsed)
    return true
  }

  async function record(error: EvergrantError, isLapse: boolean): Promise<void> {
    const id = context.grantId()
    if (id === undefined || context.isOfCustomer || unrecorded.test(error.code)) return
    const kept = evidence(error, clock.now())
    await access.attempt(() => store.recordFailure(id, kept, { lapse: isLapse }))
  }

  async function settle(
    { held, slot: key, redemption }: FailedExchange,
    isLapse: boolean,
    isBlocking: boolean,
  ): Promise<void> {
    const { failure, block } = slot()
    if (failure === undefined) return
    const shiftMs = instant() - clock.now()
    const told: ExchangeFailure = {
      slot: key,
      attemptId: held.attemptId,
      failure: shareFailure(failure, shiftMs),
      now: clock.now(),
      lapse: isLapse,
      ...(context.isOfCustomer ? { isOfCustomer: true } : {}),
      ...(isBlocking && block !== undefined ? { blockedUntil: block.until - shiftMs } : {}),
      ...(redemption === undefined ? {} : { redemption }),
    }
    await outbox.deliver(key.grantId, () => store.failExchange(told))
  }

  return {
    fail: async (purpose, failure, exchange) => {
      const { error, retry, retryAfterMs, isLapse } = failure
      const at = instant()
      const wait = retryAfterMs === undefined ? {} : { retryAfterMs }
      dispatch({ type: 'failed', error, retry, at, chance: chance(random), ...wait })
      verdict = isLapse ? { error, isTold: verdict?.isTold ?? false } : undefined
      announce(purpose, error)
      const isLapsing = lapse()
      if (exchange === undefined) await record(error, isLapsing)
      else await settle(exchange, isLapsing, retryAfterMs !== undefined)
      return slot().failure?.error ?? error
    },
    refuse: (purpose, error) => {
      const { failure } = slot()
      const at = instant()
      if (failure?.error.code === error.code && failure.retry === 'never') {
        dispatch({ type: 'rechecked', at })
        return
      }
      dispatch({ type: 'failed', error, retry: 'never', at, chance: 0 })
      announce(purpose, error)
    },
    lapseWhenDead: async () => {
      const error = verdict?.error
      if (lapse() && error !== undefined) await record(error, true)
    },
    forget: () => {
      verdict = undefined
    },
  }
}

/** Says what a provider’s refusal means for the grant. */
export function judge(
  failure: TokenFailure,
  facts: {
    /** A credential was changed so recently that the provider may not know it yet. */
    readonly isSettling: boolean
    /** The refusal was of the connection’s own target, not of one among several. */
    readonly isDefaultTarget: boolean
    /** It came from a customer’s tenant, and ends nothing but that customer’s tokens. */
    readonly isOfCustomer: boolean
  },
): JudgedFailure {
  const { error, kind, retryAfterMs, settlesAfterChange = false } = failure
  const retry = settlesAfterChange && facts.isSettling ? 'backoff' : failure.retry
  const isOfGrant = facts.isDefaultTarget || kind === 'grant_lapsed' || kind === 'client_rejected'
  return {
    error,
    retry,
    isLapse: retry !== 'backoff' && isOfGrant && !facts.isOfCustomer,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  }
}

function chance(random: EngineContext['random']): number {
  const [high = 0, low = 0] = random(2)
  return (high * 256 + low) / 65_535
}
