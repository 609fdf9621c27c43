import { type Clock, type RandomBytes, type Result } from '../kernel/index.ts'
import type { KeyFailure } from './fetch-keys.ts'
import type { KeySet, SkippedKey, VerificationKey } from './key-set.ts'

/** Keys are fetched again in the background once they are so old (ms). */
const freshMs = 3_600_000
/** Keys that could not be fetched again serve for so long (ms). */
const usableMs = 24 * 3_600_000
/** Between two fetches because of keys nobody knows (ms). */
const unknownEveryMs = 30_000
/** Names of keys that are remembered as unknown, and for how long (ms): until asking may help. */
const mostUnknown = 1_000
const unknownMs = 30_000
/** After fetches that failed (ms): doubled each time, up to the longest. */
const firstBackoffMs = 1_000
const longestBackoffMs = 60_000

/** What came of looking for a key. */
export type KeySearch =
  | { readonly kind: 'found'; readonly key: VerificationKey }
  /** The issuer publishes none of that name: asked after the name was first seen. */
  | { readonly kind: 'unknown' }
  /** It cannot be told now: there are no keys, or the issuer may not be asked yet again. */
  | { readonly kind: 'unavailable'; readonly detail: string; readonly retryAfterMs: number }

/** How the keys of an issuer are. */
export interface KeyHealth {
  /** Names of the keys; `''` for one without. */
  readonly keyIds: readonly string[]
  readonly skipped: readonly SkippedKey[]
  /** Instants; undefined: never. */
  readonly fetchedAt?: number
  readonly failedAt?: number
  /** Why the last fetch failed, unless one succeeded since. */
  readonly failure?: string
  /** From then on the next use fetches them again. */
  readonly freshUntil?: number
  /** From then on the keys serve nobody. */
  readonly usableUntil?: number
  /** No fetch before that, as the last one failed. */
  readonly notBefore?: number
  readonly fetches: number
  readonly failures: number
}

/** What a cache is made of. */
export interface KeyCacheOptions {
  readonly clock: Clock
  readonly random: RandomBytes
  readonly fetchKeys: () => Promise<Result<KeySet, KeyFailure>>
  /** Told when fetching fails and when it succeeds again, once each. */
  readonly onTrouble?: (detail: string) => void
  readonly onRecovery?: () => void
}

/** The keys of one issuer, kept so that its troubles are nobody’s. */
export interface KeyCache {
  /** A key that is there now and may serve; never waits. */
  peek(keyId: string | undefined, algorithm: string): VerificationKey | undefined
  /** Looks for a key; the issuer is asked when that can help. Never rejects. */
  find(keyId: string | undefined, algorithm: string): Promise<KeySearch>
  /** Moves whenever a key came or went: what was concluded from the keys before holds no more. */
  readonly generation: number
  health(): KeyHealth
  /** Fetches now, whatever was before; for an operator. */
  refresh(): Promise<Result<KeySet, KeyFailure>>
}

/**
 * Keeps the keys of an issuer: fetched at first use, again every hour in the background, and at
 * once when a token names a key nobody knows (at most every 30 seconds, so that made-up names cost
 * the issuer nothing and known keys never wait). While it cannot be reached its keys serve for a
 * day. However many ask, one fetch is under way.
 */
export function createKeyCache(options: KeyCacheOptions): KeyCache {
  const { clock, random, fetchKeys, onTrouble, onRecovery } = options
  let keys: readonly VerificationKey[] = []
  let byId = new Map<string, readonly VerificationKey[]>()
  let skipped: readonly SkippedKey[] = []
  let generation = 0
  let fetchedAt: number | undefined
  let fetchedTick = 0
  let failedAt: number | undefined
  let failure: KeyFailure | undefined
  let failuresInARow = 0
  let fetches = 0
  let failures = 0
  /** No fetch before that tick, for whatever reason. */
  let notBefore = -Infinity
  /** When the issuer was last asked because of an unknown name. */
  let askedForUnknown = -Infinity
  let pending: Promise<Result<KeySet, KeyFailure>> | undefined
  /** Names that were not among the keys, with the tick until which that is believed. */
  const unknown = new Map<string, number>()

  // A machine that sleeps does not count the time, and a clock that is set tells it wrongly: the
  // longer of both is how old the keys may be.
  const age = (): number =>
    Math.max(clock.monotonic() - fetchedTick, clock.now() - (fetchedAt ?? clock.now()))
  const isUsable = (): boolean => fetchedAt !== undefined && age() < usableMs

  async function fetchNow(): Promise<Result<KeySet, KeyFailure>> {
    fetches++
    const fetched = await fetchKeys()
    if (fetched.ok) take(fetched.value)
    else fail(fetched.error)
    return fetched
  }

  function refresh(): Promise<Result<KeySet, KeyFailure>> {
    pending ??= fetchNow().finally(() => {
      pending = undefined
    })
    return pending
  }

  function take(fetched: KeySet): void {
    const before = fingerprint(keys)
    keys = fetched.keys
    skipped = fetched.skipped
    byId = Map.groupBy(keys, ({ keyId }) => keyId ?? '')
    fetchedAt = clock.now()
    fetchedTick = clock.monotonic()
    notBefore = -Infinity
    if (failuresInARow > 0) onRecovery?.()
    failuresInARow = 0
    failure = undefined
    for (const name of byId.keys()) unknown.delete(name)
    if (fingerprint(keys) !== before) generation++
  }

  function fail(error: KeyFailure): void {
    failures++
    failedAt = clock.now()
    failure = error
    const chance = random(2)
    const share = ((chance[0] ?? 0) * 256 + (chance[1] ?? 0)) / 65_535
    const backoff = Math.min(firstBackoffMs * 2 ** failuresInARow, longestBackoffMs)
    // Half of it is certain, so that many processes do not come again at once.
    const pause = error.retryAfterMs ?? backoff * (0.5 + share / 2)
    notBefore = clock.monotonic() + pause
    if (failuresInARow++ === 0) onTrouble?.(error.detail)
  }

  function refreshWhenOld(): void {
    if (age() < freshMs || pending !== undefined || clock.monotonic() < notBefore) return
    void refresh()
  }

  function match(keyId: string | undefined, algorithm: string): VerificationKey | undefined {
    const fitting = (key: VerificationKey): boolean =>
      key.algorithms.some(({ name }) => name === algorithm)
    if (keyId !== undefined) return byId.get(keyId)?.find(fitting)
    // Without a name only one key can be meant.
    const candidates = keys.filter(fitting)
    return candidates.length === 1 ? candidates[0] : undefined
  }

  function peek(keyId: string | undefined, algorithm: string): VerificationKey | undefined {
    if (!isUsable()) return undefined
    refreshWhenOld()
    return match(keyId, algorithm)
  }

  function isKnownUnknown(keyId: string): boolean {
    const until = unknown.get(keyId)
    if (until === undefined) return false
    if (until > clock.monotonic()) return true
    unknown.delete(keyId)
    return false
  }

  function remember(keyId: string): void {
    if (unknown.size >= mostUnknown) {
      for (const oldest of unknown.keys()) {
        unknown.delete(oldest)
        break
      }
    }
    unknown.set(keyId, clock.monotonic() + unknownMs)
  }

  function unavailable(detail: string, untilTick: number): KeySearch {
    const retryAfterMs = Math.max(1_000, untilTick - clock.monotonic())
    return { kind: 'unavailable', detail, retryAfterMs }
  }

  async function find(keyId: string | undefined, algorithm: string): Promise<KeySearch> {
    const known = peek(keyId, algorithm)
    if (known !== undefined) return { kind: 'found', key: known }
    const name = keyId ?? ''
    // The key is there and does not fit the algorithm: asking again changes nothing.
    if (isUsable() && (byId.has(name) || isKnownUnknown(name))) return { kind: 'unknown' }
    if (pending === undefined) {
      const now = clock.monotonic()
      if (now < notBefore) {
        const why = failure?.detail ?? 'its keys could not be fetched'
        return unavailable(why, notBefore)
      }
      if (isUsable()) {
        const next = askedForUnknown + unknownEveryMs
        if (now < next) {
          return unavailable('the key is not known, and the issuer was asked just now', next)
        }
        askedForUnknown = now
      }
    }
    const beganAt = fetches
    const isOwn = pending === undefined
    await refresh()
    // A fetch that was under way already may have begun before the key was published.
    if (!isOwn && match(keyId, algorithm) === undefined && fetches === beganAt) {
      return find(keyId, algorithm)
    }
    if (!isUsable()) {
      return unavailable(failure?.detail ?? 'its keys could not be fetched', notBefore)
    }
    const found = match(keyId, algorithm)
    if (found !== undefined) return { kind: 'found', key: found }
    if (failure !== undefined) return unavailable(failure.detail, notBefore)
    remember(name)
    return { kind: 'unknown' }
  }

  return {
    peek,
    find,
    refresh,
    get generation() {
      return generation
    },
    health: () => ({
      keyIds: keys.map(({ keyId }) => keyId ?? ''),
      skipped,
      fetches,
      failures,
      ...(fetchedAt === undefined
        ? {}
        : { fetchedAt, freshUntil: fetchedAt + freshMs, usableUntil: fetchedAt + usableMs }),
      ...(notBefore === -Infinity
        ? {}
        : { notBefore: Math.round(clock.now() + notBefore - clock.monotonic()) }),
      ...(failedAt === undefined ? {} : { failedAt }),
      ...(failure === undefined ? {} : { failure: failure.detail }),
    }),
  }
}

function fingerprint(keys: readonly VerificationKey[]): string {
  return keys
    .map(({ keyId, key, algorithms, issuer }) =>
      [
        keyId ?? '',
        issuer ?? '',
        algorithms.map(({ name }) => name).join('+'),
        key.export({ format: 'der', type: 'spki' }).toString('base64'),
      ].join(' '),
    )
    .toSorted()
    .join('\n')
}
