import { EvergrantError, type AccessToken } from '../kernel/index.ts'
import { longestRetryAfterMs, type RetryClass } from '../oauth/index.ts'
import {
  budgetWindowMs,
  fruitlessBudget,
  pausedUntil,
  spend,
  type Ruling,
} from './ruling-budget.ts'
import { isRefused, type HeldToken, type Slot, type SlotFailure } from './slot.ts'
import { withWait } from './with-wait.ts'

/** What can happen to a slot. Instants are epoch ms. */
export type SlotEvent =
  /** The provider issued a token to us. */
  | { readonly type: 'issued'; readonly held: HeldToken }
  /** Another process’s token was found in the store. */
  | { readonly type: 'adopted'; readonly held: HeldToken }
  /** A token in the store still lives; nothing changed about what the provider said. */
  | { readonly type: 'found'; readonly held: HeldToken }
  | {
      readonly type: 'failed'
      readonly error: EvergrantError
      readonly retry: RetryClass
      readonly at: number
      /** The provider’s Retry-After. */
      readonly retryAfterMs?: number
      /** Chance, 0 to 1, for the jitter of the backoff. */
      readonly chance: number
    }
  /** Another process failed, and told how; `failure` is in the instants of this slot. */
  | { readonly type: 'shared'; readonly failure: Omit<SlotFailure, 'recheckAt'> }
  /** Another process learnt that the provider wants to be left alone. */
  | { readonly type: 'blocked'; readonly until: number; readonly at: number }
  /** An API refused this token; a ruling that is paused changes nothing. */
  | {
      readonly type: 'refused'
      readonly token: AccessToken
      readonly at: number
      readonly ruling?: Ruling
    }
  /** The client’s credentials are others than before. */
  | { readonly type: 'credentials_changed' }
  /** What the last failure was about has changed. */
  | { readonly type: 'cured' }
  /** The grant behind the token is revoked or replaced: the token must not be handed out again. */
  | { readonly type: 'dropped' }
  /** The store has news that may be about a terminal failure: the next caller looks. */
  | { readonly type: 'reconsidered'; readonly at: number }
  /** Neither credentials nor store had news about a terminal failure. */
  | { readonly type: 'rechecked'; readonly at: number }

/** The longest pause between two attempts after passing failures (ms). */
export const longestBackoffMs = 5 * 60_000

/**
 * How long a terminal failure is answered from memory before credentials and store are re-read
 * (ms).
 */
export const recheckAfterMs = 60_000

/** Pauses between slow probes of a terminal failure that an administrator may mend (ms). */
export const probePausesMs: readonly number[] = [3_600_000, 6 * 3_600_000, 24 * 3_600_000]

const refusedKept = 8

/** Computes the slot after an event; pure. */
export function reduce(slot: Slot, event: SlotEvent): Slot {
  switch (event.type) {
    case 'issued':
      return isRefused(slot, event.held.token) ? slot : holding(slot, event.held)
    case 'adopted': {
      if (isRefused(slot, event.held.token)) return slot
      const current = slot.held?.token.expiresAt ?? Number.NEGATIVE_INFINITY
      return event.held.token.expiresAt > current ? holding(slot, event.held) : slot
    }
    case 'found':
      return isRefused(slot, event.held.token) ? slot : { ...slot, held: event.held }
    case 'failed':
      return failed(slot, event)
    case 'blocked':
      return blocked(slot, event.until, event.at, stayAway(event.until))
    case 'refused':
      return refused(slot, event)
    case 'credentials_changed': {
      const { failure: _cured, ...rest } = slot
      return { ...rest, fruitlessAt: [], rulings: [] }
    }
    case 'shared':
      return shared(slot, event.failure)
    case 'cured': {
      const { failure: _cured, ...rest } = slot
      return rest
    }
    case 'dropped': {
      const { held: _dropped, ...rest } = slot
      return rest
    }
    case 'reconsidered':
      return recheckAt(slot, event.at)
    case 'rechecked':
      return recheckAt(slot, event.at + recheckAfterMs)
  }
}

function recheckAt(slot: Slot, at: number): Slot {
  const { failure } = slot
  return failure?.recheckAt === undefined
    ? slot
    : { ...slot, failure: { ...failure, recheckAt: at } }
}

function holding(slot: Slot, held: HeldToken): Slot {
  const { refused: kept, fruitlessAt, rulings } = slot
  return { held, refused: kept, fruitlessAt, rulings }
}

function failed(slot: Slot, event: Extract<SlotEvent, { type: 'failed' }>): Slot {
  const { at, retry, retryAfterMs } = event
  const isRepeated = slot.failure?.retry === retry
  const attempts = isRepeated ? (slot.failure?.attempts ?? 0) + 1 : 1
  const next = nextAttempt(retry, attempts, event)
  const pause = next.retryAt === undefined ? undefined : next.retryAt - at
  const error = withWait(event.error, retryAfterMs ?? pause)
  const failure: SlotFailure = { error, retry, attempts, at, ...next }
  const after = { ...slot, failure }
  return retryAfterMs === undefined ? after : blocked(after, at + retryAfterMs, at, error)
}

/** The newer failure counts; attempts go on from there, whoever made them. */
function shared(slot: Slot, failure: Omit<SlotFailure, 'recheckAt'>): Slot {
  if ((slot.failure?.at ?? Number.NEGATIVE_INFINITY) >= failure.at) return slot
  if (failure.retry === 'backoff') return { ...slot, failure }
  return { ...slot, failure: { ...failure, recheckAt: failure.at + recheckAfterMs } }
}

/** The longer wait wins, unless it is longer than any: then the clock was turned back since. */
function blocked(slot: Slot, until: number, at: number, error: EvergrantError): Slot {
  const known = slot.block?.until ?? 0
  if (until <= known && known - at <= longestRetryAfterMs) return slot
  return { ...slot, block: { until, error } }
}

function stayAway(until: number): EvergrantError {
  return new EvergrantError(
    'provider_throttled',
    `the provider asked every process to stay away until ${new Date(until).toISOString()}`,
  )
}

function nextAttempt(
  retry: RetryClass,
  attempts: number,
  { at, chance }: { readonly at: number; readonly chance: number },
): Pick<SlotFailure, 'retryAt' | 'recheckAt'> {
  switch (retry) {
    case 'backoff':
      return { retryAt: at + backoffMs(attempts, chance) }
    case 'probe': {
      const pause = probePausesMs[Math.min(attempts, probePausesMs.length) - 1] ?? 0
      return { retryAt: at + pause, recheckAt: at + recheckAfterMs }
    }
    case 'never':
      break
  }
  return { recheckAt: at + recheckAfterMs }
}

/**
 * The pause after the n-th passing failure in a row: 1, 2, 4, 8 … seconds up to five minutes with
 * full jitter, of which a tenth is always kept so that chance cannot turn it into hammering.
 */
export function backoffMs(attempts: number, chance: number): number {
  const longest = Math.min(1_000 * 2 ** Math.min(attempts - 1, 20), longestBackoffMs)
  return Math.round(longest * (0.1 + 0.9 * chance))
}

function refused(slot: Slot, event: Extract<SlotEvent, { type: 'refused' }>): Slot {
  const { token, at, ruling } = event
  if (isRefused(slot, token)) return slot
  if (ruling !== undefined && pausedUntil(slot.rulings, ruling, at) !== undefined) return slot
  const { held, ...rest } = slot
  const isHeld = held !== undefined && held.token.secret.equals(token.secret)
  const recent = slot.fruitlessAt.filter((instant) => at - instant < budgetWindowMs)
  const isFruitless = ruling === undefined && isHeld && held.isForced
  const fruitlessAt = isFruitless ? [...recent, at].slice(-fruitlessBudget) : recent
  const rulings = ruling === undefined ? slot.rulings : spend(slot.rulings, ruling, at)
  const without = isHeld || held === undefined ? rest : { ...rest, held }
  return {
    ...without,
    refused: [...slot.refused, token].slice(-refusedKept),
    fruitlessAt,
    rulings,
  }
}
