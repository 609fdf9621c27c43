import { EvergrantError } from '../kernel/index.ts'

/** Why no token could be had, as an answer: 503, always with a time to come back. */
export function tokenUnavailable(cause: EvergrantError): EvergrantError {
  const { definition, retryAfterMs } = cause
  if (definition.status === 503 && retryAfterMs !== undefined) return cause
  return new EvergrantError('token_unavailable', cause.message, {
    cause,
    remedy: cause.remedy,
    retryAfterMs: retryAfterMs ?? 30_000,
    ...(cause.upstream === undefined ? {} : { upstream: cause.upstream }),
  })
}
