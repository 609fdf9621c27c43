import { err, EvergrantError, type ChallengeFacts, type ErrorCode } from '../kernel/index.ts'

/** What a bearer token passes through, in order; nothing of a later stage is told before it. */
export const stages = [
  'transport',
  'parse',
  'issuer',
  'key',
  'signature',
  'time',
  'audience',
  'tenant',
  'token_kind',
  'claim_source',
  'mapping',
  'account_state',
  'scope',
] as const

/** A stage of verification. */
export type Stage = (typeof stages)[number]

/** Why a token was refused: the first stage that did not hold, and what would have. */
export interface Refusal {
  readonly stage: Stage
  readonly code: ErrorCode
  /** What would have passed. */
  readonly expected: string
  /** What was there; never the token, a signature or a secret. */
  readonly seen: string
  /** More exact than the registry’s. */
  readonly remedy?: string
  readonly retryAfterMs?: number
}

/** A refusal as a result. */
export function refuse(
  stage: Stage,
  code: ErrorCode,
  expected: string,
  seen: string,
  more: Pick<Refusal, 'remedy' | 'retryAfterMs'> = {},
): { readonly ok: false; readonly error: Refusal } {
  return err({ stage, code, expected, seen, ...more })
}

/** A refusal as the error that ends a request. */
export function errorOf(
  { stage, code, expected, seen, remedy, retryAfterMs }: Refusal,
  challenge?: ChallengeFacts,
): EvergrantError {
  return new EvergrantError(code, `${words(stage)}: expected ${expected}, but saw ${seen}`, {
    judgement: { stage, expected, seen },
    ...(remedy === undefined ? {} : { remedy }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(challenge === undefined ? {} : { challenge }),
  })
}

function words(stage: Stage): string {
  return stage.replaceAll('_', ' ')
}
