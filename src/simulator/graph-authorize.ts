import { err, ok, type Result } from '../kernel/index.ts'
import { headerOf, type Answer, type SimulatedRequest } from './answer.ts'
import type { TokenClaims } from './access-tokens.ts'
import { graphError, graphUnauthorized } from './graph-errors.ts'
import { isGraphAudience } from './resources.ts'
import { findTenant, type Tenant } from './tenants.ts'
import type { World } from './world.ts'

/** Who calls Graph, as its token says. */
export interface GraphCaller {
  readonly tenant: Tenant
  readonly applicationId: string
  /** The application permissions in the token. */
  readonly roles: readonly string[]
}

/**
 * Judges the bearer token of a Graph request: presence, shape, signature, audience, life,
 * revocation; the refusal is the 401 Graph would send.
 */
export function authorizeGraph(
  world: World,
  request: SimulatedRequest,
): Result<GraphCaller, Answer> {
  const header = headerOf(request, 'authorization') ?? ''
  const token = /^bearer +(\S+)$/i.exec(header)?.[1]
  if (token === undefined) return err(graphUnauthorized(request, 'Access token is empty.'))
  const read = world.signer.read(token)
  const refusal = read.ok
    ? refusalOf(world, request, read.value)
    : graphUnauthorized(
        request,
        read.error === 'malformed'
          ? 'CompactToken parsing failed with error code: 80049217'
          : 'Access token validation failure. Invalid signature.',
      )
  if (read.ok && refusal === undefined) {
    const tenant = findTenant(world.tenants, read.value.tid)
    if (tenant !== undefined) {
      const { appid, roles = [] } = read.value
      return ok({ tenant, applicationId: appid, roles })
    }
  }
  world.counters.tokenRejections++
  world.counters.rejectedTokens.add(read.ok ? read.value.uti : '')
  return err(refusal ?? graphUnauthorized(request, 'Access token validation failure.'))
}

function refusalOf(
  world: World,
  request: SimulatedRequest,
  claims: TokenClaims,
): Answer | undefined {
  if (!isGraphAudience(claims.aud, request.origin)) {
    return graphUnauthorized(request, 'Access token validation failure. Invalid audience.')
  }
  const verdict = world.ledger.judge(claims, request.receivedAt)
  if (verdict.kind === 'alive') return undefined
  if (verdict.kind === 'challenged') return challenge(request, verdict.notBefore)
  return graphUnauthorized(request, deadTokenMessages[verdict.kind])
}

const deadTokenMessages = {
  expired: 'Lifetime validation failed, the token is expired.',
  not_yet_valid: 'Access token has expired or is not yet valid.',
  revoked: 'CompactToken validation failed with reason code: 80049228.',
} as const

/** The 401 of continuous access evaluation, with the claims to ask the next token with. */
function challenge(request: SimulatedRequest, notBefore: number): Answer {
  const claims = {
    access_token: {
      nbf: { essential: true, value: String(notBefore) },
      xms_caeerror: { value: '10012' },
    },
  }
  const encoded = Buffer.from(JSON.stringify(claims)).toString('base64')
  const message =
    'Continuous access evaluation resulted in challenge with result: InteractionRequired and code: TokenIssuedBeforeRevocationTimestamp'
  return graphUnauthorized(request, message, {
    parameters: [
      'error="insufficient_claims"',
      `error_description="${message}"`,
      `claims="${encoded}"`,
    ],
  })
}

/** Refuses with 403 when the token carries none of `permissions`. */
export function requirePermission(
  request: SimulatedRequest,
  caller: GraphCaller,
  permissions: readonly string[],
): Answer | undefined {
  if (permissions.some((permission) => caller.roles.includes(permission))) return undefined
  return graphError(
    request,
    403,
    'Authorization_RequestDenied',
    'Insufficient privileges to complete the operation.',
  )
}
