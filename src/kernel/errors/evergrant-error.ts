import { errorDefinition, type ErrorCode } from './registry.ts'
import type { ErrorDefinition } from './definition.ts'

/** What the other side (provider or API) said, for support tickets. Never holds a secret. */
export interface UpstreamEvidence {
  readonly status?: number
  readonly error?: string
  readonly suberror?: string
  readonly errorCodes?: readonly number[]
  readonly message?: string
  readonly traceId?: string
  readonly correlationId?: string
  readonly requestId?: string
}

/** What an error carries besides its code and detail. */
export interface EvergrantErrorOptions {
  /** A remedy more exact than the registry's. */
  readonly remedy?: string
  /** How long to wait before trying again makes sense, in milliseconds. */
  readonly retryAfterMs?: number
  readonly upstream?: UpstreamEvidence
  readonly cause?: unknown
}

/** The body of RFC 9457 with our members; also what `--json` prints for a failed command. */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: ErrorCode
  readonly remedy: string
  readonly retry_after?: number
  readonly request_id?: string
  readonly upstream?: Readonly<Record<string, unknown>>
}

/** When to ask again for what is away and nobody knows for how long. */
const usualRetrySeconds = 5

/**
 * The one error class of Evergrant. Tell errors apart by `code`; `detail` says what was expected
 * and what was seen; `remedy` says what to do. It never contains a secret.
 */
export class EvergrantError extends Error {
  override readonly name = 'EvergrantError'
  readonly code: ErrorCode
  readonly detail: string
  readonly remedy: string
  readonly retryAfterMs: number | undefined
  readonly upstream: UpstreamEvidence | undefined

  constructor(code: ErrorCode, detail: string, options: EvergrantErrorOptions = {}) {
    const definition = errorDefinition(code)
    super(
      `${definition.title}: ${detail}`,
      options.cause === undefined ? {} : { cause: options.cause },
    )
    this.code = code
    this.detail = detail
    this.remedy = options.remedy ?? definition.remedy
    this.retryAfterMs = options.retryAfterMs
    this.upstream = options.upstream
  }

  /** The registry's entry of this code. */
  get definition(): ErrorDefinition {
    return errorDefinition(this.code)
  }

  /**
   * Whole seconds after which to try again: as was said, or a few where something is away that
   * comes back by itself (503).
   */
  get retryAfterSeconds(): number | undefined {
    if (this.retryAfterMs !== undefined) return Math.ceil(this.retryAfterMs / 1_000)
    const { status, retry } = this.definition
    return status === 503 && retry === 'later' ? usualRetrySeconds : undefined
  }

  /** The error as problem+json. */
  toProblem(requestId?: string): Problem {
    const { upstream, retryAfterSeconds } = this
    return {
      type: `https://evergrant.dev/errors/${this.code}`,
      title: this.definition.title,
      status: this.definition.status,
      detail: this.detail,
      code: this.code,
      remedy: this.remedy,
      ...(retryAfterSeconds === undefined ? {} : { retry_after: retryAfterSeconds }),
      ...(requestId === undefined ? {} : { request_id: requestId }),
      ...(upstream === undefined ? {} : { upstream: upstreamOnTheWire(upstream) }),
    }
  }
}

function upstreamOnTheWire(upstream: UpstreamEvidence): Record<string, unknown> {
  const wire = {
    status: upstream.status,
    error: upstream.error,
    suberror: upstream.suberror,
    error_codes: upstream.errorCodes,
    message: upstream.message,
    trace_id: upstream.traceId,
    correlation_id: upstream.correlationId,
    request_id: upstream.requestId,
  }
  return Object.fromEntries(Object.entries(wire).filter(([, value]) => value !== undefined))
}

/** Tells an Evergrant error from any other, across copies of the package. */
export function isEvergrantError(error: unknown): error is EvergrantError {
  return error instanceof Error && error.name === 'EvergrantError' && 'code' in error
}
