import { err, ok, type Result } from '../kernel/index.ts'
import type { Account } from './accounts.ts'
import type { Answer, SimulatedRequest } from './answer.ts'
import { challengeClaims, checkBearer, unusualRejection, type BearerFault } from './bearer-check.ts'
import { graphError, graphHeaders, graphUnauthorized } from './graph-errors.ts'
import { isGraphAudience } from './resources.ts'
import { findTenant, type Tenant } from './tenants.ts'
import type { World } from './world.ts'

/** Who calls Graph, as its token says. */
export interface GraphCaller {
  readonly tenant: Tenant
  readonly applicationId: string
  /** The permissions in the token, application's or delegated. */
  readonly roles: readonly string[]
  /** The user, when the token is one's. */
  readonly user: Account | undefined
  /** `sub` of the token. */
  readonly subject: string
}

/**
 * Judges the bearer token of a Graph request: presence, shape, signature, audience, life,
 * revocation; the refusal is the 401 Graph would send.
 */
export function authorizeGraph(
  world: World,
  request: SimulatedRequest,
): Result<GraphCaller, Answer> {
  const checked = checkBearer(world, request, (audience) =>
    isGraphAudience(audience, request.origin),
  )
  if (!checked.ok) {
    const unusual = unusualRejection(world, 'graph', checked.error, graphHeaders(request))
    return err(unusual ?? refusalOf(request, checked.error))
  }
  const { appid, tid, roles = [], scp, oid, sub } = checked.value
  const tenant = findTenant(world.tenants, tid)
  if (tenant === undefined) {
    return err(graphUnauthorized(request, 'Access token validation failure.'))
  }
  const delegated = typeof scp === 'string' ? scp.split(' ') : []
  const user = typeof scp === 'string' ? tenant.accounts.find(String(oid)) : undefined
  const all = [...roles, ...delegated]
  return ok({ tenant, applicationId: appid, roles: all, user, subject: String(sub) })
}

function refusalOf(request: SimulatedRequest, fault: BearerFault): Answer {
  if (fault.kind === 'challenged') return challenge(request, fault.notBefore)
  return graphUnauthorized(request, refusalMessages[fault.kind])
}

const refusalMessages = {
  absent: 'Access token is empty.',
  malformed: 'CompactToken parsing failed with error code: 80049217',
  bad_signature: 'Access token validation failure. Invalid signature.',
  wrong_audience: 'Access token validation failure. Invalid audience.',
  expired: 'Lifetime validation failed, the token is expired.',
  not_yet_valid: 'Access token has expired or is not yet valid.',
  revoked: 'CompactToken validation failed with reason code: 80049228.',
} as const

/** The 401 of continuous access evaluation, with the claims to ask the next token with. */
function challenge(request: SimulatedRequest, notBefore: number): Answer {
  const encoded = challengeClaims(notBefore)
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
