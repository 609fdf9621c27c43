import type { AcceptedIssuer } from '../identity/index.ts'

/** How the keys of one `iss` stand. */
export interface IssuerHealth {
  /** Name of the issuer in the configuration. */
  readonly issuer: string
  readonly iss: string
  /**
   * `unasked`: no token of it came yet. `fresh`; `idle`: older than an hour, and nobody needed
   * them. `failing`: the last fetch failed, the keys are fresh still. `stale`: it fails for so long
   * that they are older than an hour. `unusable`: there are none that may serve.
   */
  readonly state: 'unasked' | 'fresh' | 'idle' | 'failing' | 'stale' | 'unusable'
  readonly keyIds: readonly string[]
  readonly skippedKeys: readonly string[]
  readonly ageMs?: number
  readonly fetchedAt?: number
  /** When they are fetched next, at the earliest; at the first use after that. */
  readonly nextFetchAt?: number
  readonly usableUntil?: number
  readonly staleSince?: number
  readonly failedAt?: number
  readonly failure?: string
  readonly fetches: number
  readonly failures: number
}

/** Tells how the keys of an issuer stand. */
export function healthOf({ iss, settings, keys }: AcceptedIssuer, now: number): IssuerHealth {
  const { keyIds, skipped, fetches, failures, ...told } = keys.health()
  const { fetchedAt, failedAt, failure, freshUntil, usableUntil, notBefore } = told
  const nextFetchAt = notBefore ?? freshUntil
  const state = stateOf(told, now)
  return {
    issuer: settings.name,
    iss,
    state,
    keyIds,
    skippedKeys: skipped.map(
      ({ keyId, because }) => `${keyId === '' ? 'without a name' : keyId}: ${because}`,
    ),
    fetches,
    failures,
    ...(fetchedAt === undefined ? {} : { fetchedAt, ageMs: Math.max(0, now - fetchedAt) }),
    ...(nextFetchAt === undefined ? {} : { nextFetchAt }),
    ...(usableUntil === undefined ? {} : { usableUntil }),
    ...(state === 'stale' && freshUntil !== undefined ? { staleSince: freshUntil } : {}),
    ...(failedAt === undefined ? {} : { failedAt }),
    ...(failure === undefined ? {} : { failure }),
  }
}

function stateOf(
  {
    failure,
    freshUntil,
    usableUntil,
  }: { readonly failure?: string; readonly freshUntil?: number; readonly usableUntil?: number },
  now: number,
): IssuerHealth['state'] {
  if (freshUntil === undefined || usableUntil === undefined) {
    return failure === undefined ? 'unasked' : 'unusable'
  }
  if (now >= usableUntil && failure !== undefined) return 'unusable'
  if (now < freshUntil) return failure === undefined ? 'fresh' : 'failing'
  return failure === undefined ? 'idle' : 'stale'
}
