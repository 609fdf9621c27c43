import type { ErrorCode, EvergrantEvent } from '../kernel/index.ts'
import type { Stage } from './refusal.ts'

/** What happens to bearer tokens and the keys they rest on. No event holds a token. */
export type IdentityEvent =
  | (EvergrantEvent & {
      readonly type: 'identity.refused'
      /** Name of the issuer, once it is known. */
      readonly issuer?: string
      readonly stage: Stage
      readonly code: ErrorCode
      readonly expected: string
      /** Local parts of addresses masked. */
      readonly seen: string
      /** Beginning of the token’s SHA-256. */
      readonly fingerprint: string
      readonly keyId?: string
      readonly tokenId?: string
      /** As the caller was told it. */
      readonly requestId?: string
      /** Refusals since the event before that are only counted. */
      readonly unreported: number
    })
  | (EvergrantEvent & {
      readonly type: 'identity.keys_unavailable'
      readonly issuer: string
      readonly iss: string
      readonly detail: string
    })
  | (EvergrantEvent & {
      readonly type: 'identity.keys_recovered'
      readonly issuer: string
      readonly iss: string
    })

/** What each event means, in one sentence; the source of the reference page. */
export const identityEventTypes: Readonly<Record<IdentityEvent['type'], string>> = {
  'identity.refused':
    'A bearer token was refused, or nobody was found behind it; at most ten a second are told, the rest is counted.',
  'identity.keys_unavailable':
    'The keys of an issuer could not be fetched; those that are known serve for a day.',
  'identity.keys_recovered': 'The keys of an issuer were fetched again.',
}
