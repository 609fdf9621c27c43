import { err, ok, type Result } from '../kernel/index.ts'
import type { TokenClaims } from './access-tokens.ts'
import { headerOf, type Answer, type SimulatedRequest } from './answer.ts'
import { rejectionIn, type ResourceName } from './rejection-styles.ts'
import type { World } from './world.ts'

/** Why a bearer token is no good. */
export type BearerFault =
  | { readonly kind: 'absent' | 'malformed' | 'bad_signature' | 'wrong_audience' }
  | { readonly kind: 'expired' | 'not_yet_valid' | 'revoked' }
  | { readonly kind: 'challenged'; readonly notBefore: number }

/** Judges the bearer token of a request to an API; counts a rejection. */
export function checkBearer(
  world: World,
  request: SimulatedRequest,
  isForUs: (audience: string) => boolean,
): Result<TokenClaims, BearerFault> {
  const header = headerOf(request, 'authorization') ?? ''
  const token = /^bearer +(\S+)$/i.exec(header)?.[1]
  if (token === undefined) return err({ kind: 'absent' })
  const read = world.signer.read(token)
  const fault = read.ok ? faultOf(world, request, read.value, isForUs) : { kind: read.error }
  if (fault === undefined && read.ok) return ok(read.value)
  world.counters.tokenRejections++
  world.counters.rejectedTokens.add(read.ok ? read.value.uti : '')
  return err(fault ?? { kind: 'malformed' })
}

function faultOf(
  world: World,
  request: SimulatedRequest,
  claims: TokenClaims,
  isForUs: (audience: string) => boolean,
): BearerFault | undefined {
  if (!isForUs(claims.aud)) return { kind: 'wrong_audience' }
  const verdict = world.ledger.judge(claims, request.receivedAt)
  return verdict.kind === 'alive' ? undefined : verdict
}

/** The refusal in the style set for the API, where a dead token is refused unusually there. */
export function unusualRejection(
  world: World,
  resource: ResourceName,
  fault: BearerFault,
  headers: Readonly<Record<string, string>>,
): Answer | undefined {
  const isDead = fault.kind === 'expired' || fault.kind === 'revoked'
  return isDead ? rejectionIn(world.settings.rejectionStyles[resource], headers) : undefined
}

/** The claims a challenge of continuous access evaluation asks for, in base64. */
export function challengeClaims(notBefore: number): string {
  const claims = {
    access_token: {
      nbf: { essential: true, value: String(notBefore) },
      xms_caeerror: { value: '10012' },
    },
  }
  return Buffer.from(JSON.stringify(claims)).toString('base64')
}
