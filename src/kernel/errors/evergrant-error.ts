import { maskOwnSecrets } from '../mask-own-secrets.ts'
import { errorDefinition, type ErrorCode } from './registry.ts'
import type { ErrorDefinition } from './definition.ts'
import { guidanceOf } from '../remedies/catalogue.ts'
import type { Guidance, RemedyActor } from '../remedies/remedy.ts'

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

/** How a credential was judged: where it stopped, what would have passed, what was there. */
export interface Judgement {
  readonly stage: string
  readonly expected: string
  readonly seen: string
}

/** What the challenge of an answer says besides the error itself (RFC 6750 section 3). */
export interface ChallengeFacts {
  /** No credential came at all: then no error is named, as nothing was wrong with any. */
  readonly isBare?: boolean
  /** Scopes that would be enough, separated by blanks. */
  readonly scope?: string
  /** Where it is told whose tokens are accepted (RFC 9728 section 5.1). */
  readonly resourceMetadata?: string
}

/** What an error carries besides its code and detail. */
export interface EvergrantErrorOptions {
  /** A remedy more exact than the registry's. */
  readonly remedy?: string
  /** How long to wait before trying again makes sense, in milliseconds. */
  readonly retryAfterMs?: number
  readonly upstream?: UpstreamEvidence
  readonly judgement?: Judgement
  readonly challenge?: ChallengeFacts
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
  /** What a number of the provider’s means, plainly. */
  readonly meaning: string | null
  /** What to do, in this order; at least one. */
  readonly steps: string[]
  /** Where the other side says more. */
  readonly link: string | null
  /** Who must act. */
  readonly actor: RemedyActor
  readonly retry_after?: number
  readonly request_id?: string
  /** Of a credential that was judged in stages. */
  readonly stage?: string
  readonly expected?: string
  readonly seen?: string
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
  readonly judgement: Judgement | undefined
  readonly challenge: ChallengeFacts | undefined

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
    this.judgement = options.judgement
    this.challenge = options.challenge
  }

  /** The registry's entry of this code. */
  get definition(): ErrorDefinition {
    return errorDefinition(this.code)
  }

  /** What is to be done, step by step, and by whom. */
  get guidance(): Guidance {
    return guidanceOf({
      code: this.code,
      remedy: this.remedy,
      errorCodes: this.upstream?.errorCodes,
    })
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

  /** The error as problem+json; a key or token that somebody put in a path or a field is masked. */
  toProblem(requestId?: string): Problem {
    const { upstream, judgement, retryAfterSeconds, guidance } = this
    return {
      type: `https://evergrant.dev/errors/${this.code}`,
      title: this.definition.title,
      status: this.definition.status,
      detail: maskOwnSecrets(this.detail),
      code: this.code,
      remedy: this.remedy,
      ...guidance,
      steps: [...guidance.steps],
      ...(retryAfterSeconds === undefined ? {} : { retry_after: retryAfterSeconds }),
      ...(requestId === undefined ? {} : { request_id: requestId }),
      ...(judgement === undefined
        ? {}
        : {
            stage: judgement.stage,
            expected: maskOwnSecrets(judgement.expected),
            seen: maskOwnSecrets(judgement.seen),
          }),
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
