import type { Rejection } from '../grants/index.ts'
import type { AccessToken } from '../kernel/index.ts'
import type { AnswerVerdict } from './rejection-rules.ts'
import type { TraceStep } from './trace.ts'

/** A verdict for a trace: every rule that was looked at, and why it did or did not match. */
export function describeVerdict(verdict: AnswerVerdict): TraceStep['detail'] {
  const { kind, detail } = verdict
  const more =
    kind !== 'not_about_token'
      ? { rule: verdict.rule }
      : verdict.hint === undefined
        ? {}
        : { hint: verdict.hint.message, entry: verdict.hint.entry }
  return { verdict: kind, detail, ...more, looks: describeLooks(verdict) }
}

/** Bounded by `mostLooks`. */
function describeLooks({ looks }: AnswerVerdict): string {
  return looks
    .map(
      ({ rule, isMatch, because }) =>
        `${rule} ${isMatch ? 'matched' : 'did not match'}: ${because}`,
    )
    .join('; ')
}

/** Why no newer token came, for a trace. */
export function describeRejection(
  rejection: Exclude<Rejection, { readonly token: AccessToken }>,
): TraceStep['detail'] {
  if (rejection.kind === 'renewal_failed') return { code: rejection.error.code }
  return { reason: rejection.reason }
}
