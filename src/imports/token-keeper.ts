import type { AccessToken, Clock, EvergrantError } from '../kernel/index.ts'
import { err, ok, remainingLifeMs, type Result } from '../kernel/index.ts'
import type { TokenChangeReason } from './execution-log.ts'
import type { Journal } from './journal.ts'
import type { TokenSource } from './ports.ts'
import type { TransportAnswer } from './transport.ts'

/** Where in a run a request stands, for the log. */
export interface Place {
  readonly collection: string
  /** The page about to be read, from 1; 0 for requests outside the walk. */
  readonly page: number
}

/** What became of a refused token. */
export type Recovery =
  | { readonly kind: 'replay'; readonly token: AccessToken }
  | { readonly kind: 'hopeless'; readonly detail: string }
  | { readonly kind: 'failed'; readonly error: EvergrantError }

/** Stands before every request of a run: no request leaves with a token about to die. */
export interface TokenKeeper {
  /**
   * Checks the token's remaining life against the threshold and waits for a new one when it is
   * short. Every change of token is a line of the execution log, whoever caused it.
   */
  beforeRequest(place: Place, signal: AbortSignal): Promise<Result<AccessToken, EvergrantError>>
  /** Takes a refused token back and tells whether the same request is worth replaying. */
  afterRefusal(
    answer: TransportAnswer,
    token: AccessToken,
    place: Place,
    signal: AbortSignal,
  ): Promise<Recovery>
}

/** Makes the keeper of one run. */
export function createTokenKeeper(
  source: TokenSource,
  journal: Journal,
  clock: Clock,
  refreshBeforeMs: number,
): TokenKeeper {
  let last: AccessToken | undefined
  /** Refusals being settled; they say best why the token that comes of them is another. */
  let refusals = 0
  /** Until when the failure last told explains why the old token still serves. */
  let warnedUntil = Number.NEGATIVE_INFINITY

  const changed = (
    token: AccessToken,
    reason: TokenChangeReason,
    place: Place,
    startedAt: number,
  ): void => {
    // Cursors that met the end of a token together share the next one: it changed once.
    if (isSame(token, last)) return
    journal.note({
      type: 'token_changed',
      reason,
      oldExpiresAt: last?.expiresAt ?? null,
      newExpiresAt: token.expiresAt,
      collection: place.collection,
      page: place.page,
      durationMs: Math.round(clock.monotonic() - startedAt),
    })
    if (last !== undefined) journal.count({ refreshes: 1 })
    last = token
  }

  const noteWarning = (warning: EvergrantError, token: AccessToken): void => {
    if (clock.monotonic() < warnedUntil) return
    warnedUntil = clock.monotonic() + (warning.retryAfterMs ?? 0)
    const { code, detail, remedy, retryAfterMs = 0 } = warning
    const remaining = remainingLifeMs(token, clock.now())
    journal.note(
      {
        type: 'token_refresh_failed',
        code,
        detail,
        remedy,
        remainingLifeMs: remaining,
        retryInMs: retryAfterMs,
      },
      'warn',
    )
  }

  return {
    beforeRequest: async (place, signal) => {
      const startedAt = clock.monotonic()
      const got = await source.getToken({ renewBelowMs: refreshBeforeMs, signal })
      if (!got.ok) return err(got.error)
      const { token, origin, warning } = got.value
      const isFirst = last === undefined
      const reason = isFirst ? 'first' : origin === 'issued' ? 'expiring' : 'adopted'
      if (refusals === 0) changed(token, reason, place, startedAt)
      if (warning !== undefined) noteWarning(warning, token)
      return ok(token)
    },
    afterRefusal: async (answer, token, place, signal) => {
      const startedAt = clock.monotonic()
      const refusal = {
        status: answer.status,
        headers: answer.headers,
        body: answer.body.toString('utf8', 0, 65_536),
        token,
      }
      refusals += 1
      const outcome = await source.reportRefusal(refusal, { signal }).finally(() => {
        refusals -= 1
      })
      switch (outcome.kind) {
        case 'renewed':
          changed(outcome.token, 'rejected', place, startedAt)
          return { kind: 'replay', token: outcome.token }
        case 'renewed_with_claims':
          changed(outcome.token, 'claims_challenge', place, startedAt)
          return { kind: 'replay', token: outcome.token }
        case 'newer_token_exists':
          if (refusals === 0) changed(outcome.token, 'adopted', place, startedAt)
          return { kind: 'replay', token: outcome.token }
        case 'not_about_token':
          return { kind: 'hopeless', detail: outcome.detail }
        case 'renewal_failed':
          return { kind: 'failed', error: outcome.error }
      }
    },
  }
}

function isSame(token: AccessToken, other: AccessToken | undefined): boolean {
  return token === other || (other !== undefined && token.secret.equals(other.secret))
}
