import type { Clock } from '../kernel/index.ts'
import type { StoreAccess } from './store-access.ts'

/** What became of a delivery, as far as its caller waits. */
export type Delivery<T> =
  | { readonly kind: 'done'; readonly value: T }
  /** The store is away; the delivery goes on by itself and `later` settles with it. */
  | { readonly kind: 'pending'; readonly later: Promise<T> }

/** Brings outcomes of exchanges into the store, however long it is away. */
export interface Outbox {
  /**
   * Runs `task` until the store took it, first now, then in the background with growing pauses
   * until the engine closes. The task may run again after it was applied, so it must be
   * idempotent.
   *
   * @param grantId Whose redemptions have to wait for it.
   */
  deliver<T>(grantId: string, task: () => Promise<T>): Promise<Delivery<T>>
  /** Tells whether an outcome of this grant has not reached the store yet. */
  isPending(grantId: string): boolean
  /** True when no more can be kept: nothing may be sent whose outcome must not be lost. */
  readonly isFull: boolean
  /** Tries everything pending once more and gives up what the store still does not take. */
  close(): Promise<void>
}

/** How many outcomes are kept at most while the store is away. */
export const outboxLimit = 10_000

/** The pause before the first repetition (ms); doubles up to `longestPauseMs`. */
const firstPauseMs = 100
const longestPauseMs = 2_000

interface Parcel {
  readonly grantId: string
  readonly attempt: () => Promise<boolean>
  cancel: () => void
}

/** Makes the outbox of one engine. */
export function createOutbox(clock: Clock, access: StoreAccess): Outbox {
  const parcels = new Set<Parcel>()
  let isClosed = false

  const keepTrying = (parcel: Parcel, pauseMs: number): void => {
    parcel.cancel = clock.schedule(pauseMs, () => {
      void (async () => {
        const isOver = await parcel.attempt()
        if (!isOver && !isClosed) keepTrying(parcel, Math.min(pauseMs * 2, longestPauseMs))
      })()
    })
  }

  function post<T>(grantId: string, task: () => Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const parcel: Parcel = {
      grantId,
      cancel: () => {},
      attempt: async () => {
        try {
          const taken = await access.attempt(task)
          if (taken === undefined) return false
          resolve(taken.value)
        } catch (error) {
          reject(error)
        }
        parcels.delete(parcel)
        return true
      },
    }
    promise.catch(() => {})
    parcels.add(parcel)
    keepTrying(parcel, firstPauseMs)
    return promise
  }

  return {
    deliver: async (grantId, task) => {
      const taken = await access.attempt(task)
      if (taken !== undefined) return { kind: 'done', value: taken.value }
      return { kind: 'pending', later: post(grantId, task) }
    },
    isPending: (grantId) => [...parcels].some((parcel) => parcel.grantId === grantId),
    get isFull() {
      return parcels.size >= outboxLimit
    },
    close: async () => {
      isClosed = true
      const left = [...parcels]
      for (const parcel of left) parcel.cancel()
      await Promise.all(left.map((parcel) => parcel.attempt()))
    },
  }
}
