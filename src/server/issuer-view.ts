import type { z } from 'zod'
import { errorOf } from '../identity/index.ts'
import { formatDuration } from '../kernel/index.ts'
import type { issuerHealthSchema, refusalSchema } from './api/issuer-schema.ts'
import type { IssuerHealth } from './issuer-health.ts'
import type { RefusalRecord } from './issuer-refusals.ts'

const time = (epochMs: number | undefined): string | null =>
  epochMs === undefined ? null : new Date(epochMs).toISOString()

/** How keys stand, as the API sends it. */
export function issuerHealthToJson(
  health: IssuerHealth,
  now: number,
): z.input<typeof issuerHealthSchema> {
  return {
    issuer: health.issuer,
    iss: health.iss,
    state: health.state,
    warning: warningOf(health, now),
    keys: [...health.keyIds],
    skipped_keys: [...health.skippedKeys],
    age_seconds: health.ageMs === undefined ? null : Math.floor(health.ageMs / 1_000),
    fetched_at: time(health.fetchedAt),
    next_fetch_at: time(health.nextFetchAt),
    usable_until: time(health.usableUntil),
    stale_since: time(health.staleSince),
    failed_at: time(health.failedAt),
    failure: health.failure ?? null,
    fetches: health.fetches,
    failures: health.failures,
  }
}

/** What an operator has to know now; null where all is well. */
function warningOf(
  { state, failure = 'unknown', staleSince, usableUntil }: IssuerHealth,
  now: number,
): string | null {
  if (state === 'unusable') return `no token of it can be accepted: ${failure}`
  if (state !== 'stale' || staleSince === undefined || usableUntil === undefined) return null
  const since = formatDuration(now - staleSince)
  const left = formatDuration(Math.max(0, usableUntil - now))
  return `its keys could not be fetched again for ${since} and serve for another ${left}: ${failure}`
}

/** A refusal, as the API sends it. */
export function refusalToJson({
  at,
  refusal,
  requestId,
}: RefusalRecord): z.input<typeof refusalSchema> {
  const { issuer, stage, code, expected, seen, fingerprint, keyId, tokenId } = refusal
  return {
    at: new Date(at).toISOString(),
    issuer: issuer ?? null,
    stage,
    code,
    expected,
    seen,
    remedy: errorOf(refusal).remedy,
    fingerprint,
    key_id: keyId ?? null,
    token_id: tokenId ?? null,
    request_id: requestId ?? null,
  }
}
