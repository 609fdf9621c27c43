import type { TokenClaims } from './access-tokens.ts'
import type { SimulatedRequest } from './answer.ts'
import type { ApiAnswer } from './api-answer.ts'
import { findTenant } from './tenants.ts'
import type { World } from './world.ts'

/**
 * Azure Resource Manager, as far as it tells what a token reaches: subscriptions, tenants, and 403
 * for what lies in a subscription of somebody else.
 */
export function answerArm(world: World, request: SimulatedRequest, claims: TokenClaims): ApiAnswer {
  if (!request.query.get('api-version')) {
    const message = 'The api-version query parameter (?api-version=) is required for all requests.'
    return failure(400, 'MissingApiVersionParameter', message)
  }
  if (request.method !== 'GET') return failure(405, 'MethodNotAllowed', 'Not allowed.')
  const subscriptionId = claims.tid.replace(/^.{8}/, '5ub5c21b')
  const path = request.path.replace(/^\/arm/, '').replace(/\/$/, '')
  if (path === '/subscriptions') {
    const value = [subscriptionOf(claims.tid, subscriptionId)]
    return { status: 200, body: { value, count: { type: 'Total', value: 1 } } }
  }
  if (path === '/tenants') return { status: 200, body: { value: [tenantOf(world, claims.tid)] } }
  const [, collection, asked, rest] = path.split('/')
  if (collection !== 'subscriptions' || asked === undefined) {
    return failure(404, 'ResourceNotFound', 'Not found.')
  }
  if (asked !== subscriptionId) {
    const [object, name] = [textOf(claims['oid']), textOf(claims['upn'] ?? claims['oid'])]
    const message = `The client '${name}' with object id '${object}' does not have authorization to perform action 'Microsoft.Resources/subscriptions/read' over scope '/subscriptions/${asked}' or the scope is invalid. If access was recently granted, please refresh your credentials.`
    return failure(403, 'AuthorizationFailed', message)
  }
  if (rest === undefined) return { status: 200, body: subscriptionOf(claims.tid, subscriptionId) }
  if (rest.toLowerCase() === 'resourcegroups') return { status: 200, body: { value: [] } }
  return failure(404, 'ResourceNotFound', 'Not found.')
}

function textOf(claim: unknown): string {
  return typeof claim === 'string' ? claim : ''
}

function subscriptionOf(tenantId: string, subscriptionId: string): unknown {
  return {
    id: `/subscriptions/${subscriptionId}`,
    subscriptionId,
    tenantId,
    displayName: 'Simulated subscription',
    state: 'Enabled',
  }
}

function tenantOf(world: World, tenantId: string): unknown {
  const domain = findTenant(world.tenants, tenantId)?.domain ?? ''
  return {
    id: `/tenants/${tenantId}`,
    tenantId,
    countryCode: 'DE',
    displayName: domain,
    domains: [domain],
    defaultDomain: domain,
    tenantCategory: 'Home',
    tenantType: 'AAD',
  }
}

function failure(status: number, code: string, message: string): ApiAnswer {
  return { status, body: { error: { code, message } } }
}
