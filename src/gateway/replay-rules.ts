import type { AnswerVerdict } from './rejection-rules.ts'

const idempotent = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'QUERY'])

/** Whether sending a request twice does what sending it once does (RFC 9110 section 9.2.2). */
export function isIdempotent(method: string): boolean {
  return idempotent.has(method)
}

/** Why a call is not sent again. */
export type ReplaySkip = 'not_idempotent' | 'body_not_kept'

/** What decides whether a call may be sent again. */
export interface ReplayFacts {
  readonly status: number
  readonly method: string
  readonly hasIdempotencyKey: boolean
  readonly mayReplayUnsafe: boolean
  readonly isBodyKept: boolean
}

/**
 * Says why a refused call must not be sent again; undefined when it may. A 4xx answer tells that
 * nothing was executed; after a success, a redirect or a fault something may have been.
 */
export function whyNotReplay(facts: ReplayFacts): ReplaySkip | undefined {
  const { status, method, hasIdempotencyKey, mayReplayUnsafe, isBodyKept } = facts
  const wasNotExecuted = status >= 400 && status < 500
  if (!wasNotExecuted && !isIdempotent(method) && !hasIdempotencyKey && !mayReplayUnsafe) {
    return 'not_idempotent'
  }
  return isBodyKept ? undefined : 'body_not_kept'
}

/** A verdict that refuses the token. */
export type Refusal = Exclude<AnswerVerdict, { readonly kind: 'not_about_token' }>
