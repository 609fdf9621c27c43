import { redact, type UpstreamEvidence } from '../kernel/index.ts'
import { findAadstsHint } from './aadsts.ts'
import { readEvidence } from './classify-failure.ts'

/** Why a sign-in ended without a code. Holds no secret. */
export interface AuthorizationError {
  /** `error` as sent, such as `access_denied`. */
  readonly error: string
  /** What happened, in the provider’s words where it has some. */
  readonly message: string
  /** What to do about it, where that is known. */
  readonly remedy?: string
  readonly upstream: UpstreamEvidence
}

/**
 * Reads the error that an authorization endpoint sent back; undefined when it sent none. AADSTS
 * numbers choose the remedy. RFC 6749 section 4.1.2.1.
 */
export function readAuthorizationError(
  parameters: URLSearchParams,
): AuthorizationError | undefined {
  const error = parameters.get('error')
  if (error === null || error === '') return undefined
  const json = Object.fromEntries(
    ['error', 'error_description', 'trace_id', 'correlation_id'].flatMap((name) => {
      const value = parameters.get(name)
      return value === null ? [] : [[name, value]]
    }),
  )
  const { status: _none, ...upstream } = readEvidence(
    { status: 0, headers: new Headers(), text: '', json, isCut: false },
    [],
  )
  const hint = findAadstsHint(upstream.errorCodes ?? [])
  return {
    error: redact(error, []).slice(0, 100),
    message: upstream.message ?? hint?.title ?? 'the provider gave no reason',
    ...(hint === undefined ? {} : { remedy: hint.remedy }),
    upstream,
  }
}
