import { newId, type Clock, type RandomBytes } from '../kernel/index.ts'
import type { Outbox } from './outbox.ts'
import { leaseMs } from './plan-exchange.ts'
import type { ExchangeClaim, ExchangeStart, GrantStore } from './ports.ts'
import type { StoreAccess } from './store-access.ts'

/** What holding an exchange takes. */
export interface HoldContext {
  readonly store: GrantStore
  readonly access: StoreAccess
  readonly outbox: Outbox
  readonly clock: Clock
  readonly random: RandomBytes
  readonly fetch: typeof fetch
}

/** An exchange that this process alone may send. */
export interface HeldExchange {
  readonly attemptId: string
  readonly startedAt: number
  /**
   * Sends under the lease alone: shortly before its end it is lengthened first, and once another
   * process has taken the exchange over nothing is sent any more.
   */
  readonly fetch: typeof fetch
  /**
   * True when a request was held back: the exchange is another process’s by now, or it was too
   * late.
   */
  wasHeldBack(): boolean
  /** True when the lease is over, or another process has taken the exchange over. */
  isOver(): boolean
  /** True when something may have reached the provider’s token endpoint. */
  hasSent(): boolean
  /** Lets the lease run out. Idempotent. */
  release(): void
}

/** What became of asking for an exchange. */
export type HoldStart =
  | { readonly kind: 'held'; readonly held: HeldExchange }
  | { readonly kind: 'elsewhere'; readonly start: Exclude<ExchangeStart, { kind: 'begun' }> }
  /** The store did not say; should it have taken the claim nevertheless, the claim is given up. */
  | { readonly kind: 'store_away' }

/** How often the lease is lengthened while an exchange lasts (ms). */
const renewEveryMs = 5_000

/** After this long nobody waits for the exchange any more, so its lease is left to end (ms). */
const longestHoldMs = 30_000

/** A request takes up to this long (ms): the lease must not end sooner when it is sent. */
const longestRequestMs = 10_000

/**
 * Claims an exchange, and keeps its lease alive until it is released.
 *
 * @param sendBy After this instant (epoch ms) nothing is sent any more; never by default.
 */
export async function holdExchange(
  context: HoldContext,
  wanted: Omit<ExchangeClaim, 'attemptId' | 'leaseMs' | 'now'>,
  sendBy = Number.POSITIVE_INFINITY,
): Promise<HoldStart> {
  const { store, access, outbox, clock, random } = context
  const now = clock.now()
  const startTick = clock.monotonic()
  const attemptId = newId('att', now, random)
  const claim = { ...wanted, attemptId, leaseMs, now }
  const beginning = store.beginExchange(claim)
  beginning.catch(() => {})
  const begun = await access.attempt(() => beginning)
  if (begun === undefined) {
    void outbox.deliver(wanted.slot.grantId, async () => {
      // Not before the claim has come through or failed, else it could outlive its withdrawal.
      await beginning.catch(() => {})
      await store.abandonExchange(wanted.slot, attemptId)
    })
    return { kind: 'store_away' }
  }
  const start = begun.value
  if (start.kind !== 'begun') return { kind: 'elsewhere', start }
  return { kind: 'held', held: hold(context, claim, startTick, sendBy) }
}

function hold(
  { store, access, clock, fetch }: HoldContext,
  { slot, attemptId, now }: ExchangeClaim,
  startTick: number,
  sendBy: number,
): HeldExchange {
  // The lease by whichever clock went further: a stalled process must notice that it is over.
  let from = { wall: now, tick: startTick }
  let isTaken = false
  let wasHeldBack = false
  let hasSent = false
  let isReleased = false
  let cancel = (): void => {}
  const leftMs = (): number =>
    leaseMs - Math.max(clock.now() - from.wall, clock.monotonic() - from.tick)

  const renew = async (): Promise<boolean> => {
    if (clock.monotonic() - startTick >= longestHoldMs) return false
    const next = { wall: clock.now(), tick: clock.monotonic() }
    const renewed = await access.attempt(() =>
      store.renewLease(slot, attemptId, next.wall + leaseMs),
    )
    if (renewed?.value === true) from = next
    else if (renewed?.value === false) isTaken = true
    return !isTaken && leftMs() > 0
  }
  const keep = (): void => {
    cancel = clock.schedule(renewEveryMs, () => {
      const again = (): void => {
        const isLasting = clock.monotonic() - startTick < longestHoldMs
        if (!isReleased && !isTaken && isLasting) keep()
      }
      // A fault of the store shows where its answer is needed.
      renew().then(again, again)
    })
  }
  keep()

  return {
    attemptId,
    startedAt: now,
    fetch: async (input, init) => {
      if (isTaken || (leftMs() < longestRequestMs && !(await renew()))) {
        wasHeldBack = true
        throw new Error('another process has taken this exchange over')
      }
      if (init?.method !== undefined && init.method !== 'GET') {
        if (clock.now() > sendBy) {
          wasHeldBack = true
          throw new Error('it is too late to send this')
        }
        hasSent = true
      }
      return fetch(input, init)
    },
    wasHeldBack: () => wasHeldBack,
    isOver: () => isTaken || leftMs() <= 0,
    hasSent: () => hasSent,
    release: () => {
      isReleased = true
      cancel()
    },
  }
}
