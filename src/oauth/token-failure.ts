import { EvergrantError, type ErrorCode, type EvergrantErrorOptions } from '../kernel/index.ts'

/** Everything a token request can end in, apart from a token. */
export type TokenFailureKind =
  | 'client_rejected'
  | 'request_rejected'
  | 'consent_required'
  | 'interaction_required'
  | 'grant_lapsed'
  | 'misconfigured'
  | 'throttled'
  | 'unavailable'
  | 'unreachable'
  | 'invalid_answer'
  | 'timeout'

/**
 * Whether asking again can help: `backoff` soon, `probe` slowly because someone may mend it at the
 * provider, `never` until something changes here.
 */
export type RetryClass = 'backoff' | 'probe' | 'never'

/** A token request that brought no token. Holds no secret. */
export interface TokenFailure {
  readonly kind: TokenFailureKind
  readonly retry: RetryClass
  /** How long everyone must stay away, in milliseconds (1 s to 1 h); always set when throttled. */
  readonly retryAfterMs?: number
  /** True when the same request may pass within a minute after a credential was changed. */
  readonly settlesAfterChange?: boolean
  /**
   * Whether a secret that was sent to be spent (refresh token, code) may have been: `none` when it
   * certainly was not, since nothing left this host or the provider said no; `unknown` otherwise.
   */
  readonly effect: 'none' | 'unknown'
  /**
   * How far the provider’s clock is ahead of ours (ms), when it refused an assertion as outside its
   * time: the same request with that offset may pass once.
   */
  readonly clockOffsetMs?: number
  /** Claims (JSON text) that the provider wants in the next request. */
  readonly claims?: string
  /** The failure for people, with the provider's evidence. */
  readonly error: EvergrantError
}

const codes: Readonly<Record<TokenFailureKind, ErrorCode>> = {
  client_rejected: 'client_rejected',
  request_rejected: 'request_rejected',
  consent_required: 'consent_required',
  interaction_required: 'interaction_required',
  grant_lapsed: 'grant_lapsed',
  misconfigured: 'provider_misconfigured',
  throttled: 'provider_throttled',
  unavailable: 'provider_unavailable',
  unreachable: 'provider_unreachable',
  invalid_answer: 'provider_answer_invalid',
  timeout: 'provider_timeout',
}

/**
 * Makes a failure. Its error has the code that belongs to its kind, unless `code` names a more
 * exact one; `retry` is `backoff` for what passes by itself, else `probe`, unless said otherwise.
 */
export function tokenFailure(
  kind: TokenFailureKind,
  detail: string,
  facts: Omit<TokenFailure, 'kind' | 'error' | 'retry'> & {
    readonly retry?: RetryClass
    readonly code?: ErrorCode
    readonly remedy?: string
    readonly upstream?: EvergrantErrorOptions['upstream']
  },
): TokenFailure {
  const { code, remedy, upstream, retry, ...rest } = facts
  return {
    ...rest,
    kind,
    retry: retry ?? (isTransient(kind) ? 'backoff' : 'probe'),
    error: new EvergrantError(code ?? codes[kind], detail, {
      ...(remedy === undefined ? {} : { remedy }),
      ...(upstream === undefined ? {} : { upstream }),
      ...(rest.retryAfterMs === undefined ? {} : { retryAfterMs: rest.retryAfterMs }),
    }),
  }
}

/** The same failure under another code of the registry, with everything it told. */
export function recodeFailure(failure: TokenFailure, code: ErrorCode): TokenFailure {
  const { error } = failure
  const { detail, remedy, retryAfterMs, upstream } = error
  const isGeneral = remedy === error.definition.remedy
  return {
    ...failure,
    error: new EvergrantError(code, detail, {
      ...(isGeneral ? {} : { remedy }),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      ...(upstream === undefined ? {} : { upstream }),
    }),
  }
}

/** Tells whether a failure of that kind passes by itself. */
export function isTransient(kind: TokenFailureKind): boolean {
  return passesByItself[kind]
}

const passesByItself: Readonly<Record<TokenFailureKind, boolean>> = {
  throttled: true,
  unavailable: true,
  unreachable: true,
  invalid_answer: true,
  timeout: true,
  client_rejected: false,
  request_rejected: false,
  consent_required: false,
  interaction_required: false,
  grant_lapsed: false,
  misconfigured: false,
}
