import { err, ok, type Result } from '../kernel/index.ts'
import type { TokenClaims } from './access-tokens.ts'
import { declaredRolesOf } from './accounts.ts'
import { headerOf, type SimulatedRequest } from './answer.ts'
import { partnerFailure, type ApiAnswer } from './api-answer.ts'
import { answerConsents } from './partner-consents.ts'
import { findTenant, type Tenant } from './tenants.ts'
import type { World } from './world.ts'

/** Most customers on a page. */
const maximumPage = 500

/**
 * Partner Center: profiles, customers, and the consents of a customer to applications of the
 * partner. Every other tenant of the simulator is a customer.
 *
 * A user's token must tell of a second factor (401, code 900421), unless the control lifts that.
 * Profiles and consents want a user in AdminAgents; customers do where anything was declared of the
 * user's roles.
 *
 * @see learn.microsoft.com/partner-center/developer: partner-center-authentication,
 *   control-panel-vendor-apis
 */
export function answerPartner(
  world: World,
  request: SimulatedRequest,
  claims: TokenClaims,
): ApiAnswer {
  const answer = answerFor(world, request, claims)
  const isAsked = headerOf(request, 'validatemfa')?.toLowerCase() === 'true'
  if (!isAsked || isApplication(claims)) return answer
  // Its name is not confirmed against the real one.
  const headers = { ...answer.headers, isMfaCompliant: String(hasMfa(claims)) }
  return { ...answer, headers }
}

function answerFor(world: World, request: SimulatedRequest, claims: TokenClaims): ApiAnswer {
  if (world.settings.isPartnerMfaEnforced && !isApplication(claims) && !hasMfa(claims)) {
    const description = 'The access token carries no evidence of multi-factor authentication.'
    return partnerFailure(401, 900421, description)
  }
  const path = request.path.replace(/^\/partner\/v1/, '').replace(/\/$/, '')
  const partner = findTenant(world.tenants, claims.tid)
  if (partner === undefined) return partnerFailure(403, 403, 'The account is no partner.')
  const [, collection, name = '', part, id] = path.split('/')
  if (collection === 'profiles' && part === undefined) {
    return readOnly(request) ?? profileOf(request, partner, claims, name)
  }
  if (collection !== 'customers') return partnerFailure(404, 404, 'The resource was not found.')
  if (name === '') return readOnly(request) ?? customers(world, request, partner, claims)
  const customer = findTenant(world.tenants, name)
  if (customer === undefined || customer === partner) {
    return partnerFailure(404, 2001, `The customer ${name} was not found.`)
  }
  if (part === undefined) return readOnly(request) ?? { status: 200, body: customerOf(customer) }
  if (part !== 'applicationconsents') return partnerFailure(404, 404, 'Not found.')
  const agent = agentOf(partner, claims)
  return agent.ok ? answerConsents(request, partner, customer, id) : agent.error
}

function isApplication(claims: TokenClaims): boolean {
  return claims['idtyp'] === 'app'
}

function hasMfa(claims: TokenClaims): boolean {
  const amr = claims['amr']
  return Array.isArray(amr) && amr.includes('mfa')
}

function readOnly(request: SimulatedRequest): ApiAnswer | undefined {
  if (request.method === 'GET') return undefined
  return partnerFailure(405, 405, `The method ${request.method} is not allowed.`)
}

/** A user in AdminAgents, or the refusal. */
function agentOf(partner: Tenant, claims: TokenClaims): Result<true, ApiAnswer> {
  if (isApplication(claims)) {
    return err(partnerFailure(403, 403, 'This API needs the token of an application and a user.'))
  }
  const account = partner.accounts.find(String(claims['oid']))
  const declared = account && declaredRolesOf(account, partner.accounts.state(account.id))
  if (declared === undefined || declared.groups.includes('AdminAgents')) return ok(true)
  return err(partnerFailure(403, 403, 'The user is not a member of AdminAgents.'))
}

function profileOf(
  request: SimulatedRequest,
  partner: Tenant,
  claims: TokenClaims,
  name: string,
): ApiAnswer {
  const { id, domain } = partner
  if (name === 'organization') {
    const agent = agentOf(partner, claims)
    if (!agent.ok) return agent.error
    const body = {
      id,
      companyName: domain,
      domain,
      email: `admin@${domain}`,
      culture: 'en-US',
      defaultAddress: addressOf(domain),
      ...linked(request, 'OrganizationProfile'),
    }
    return { status: 200, body }
  }
  if (name === 'legalbusiness' || name === 'legalBusiness') {
    const body = {
      companyName: domain,
      address: addressOf(domain),
      vettingStatus: 'Authorized',
      profileType: 'legal_business_profile',
      ...linked(request, 'LegalBusinessProfile'),
    }
    return { status: 200, body }
  }
  return partnerFailure(404, 404, 'The resource was not found.')
}

function addressOf(domain: string): unknown {
  return { country: 'DE', city: 'Berlin', addressLine1: domain, postalCode: '10115' }
}

function linked(request: SimulatedRequest, objectType: string): object {
  const uri = request.path.replace(/^\/partner\/v1/, '')
  return { links: { self: { uri, method: 'GET', headers: [] } }, attributes: { objectType } }
}

function customers(
  world: World,
  request: SimulatedRequest,
  partner: Tenant,
  claims: TokenClaims,
): ApiAnswer {
  const agent = isApplication(claims) ? ok(true) : agentOf(partner, claims)
  if (!agent.ok) return agent.error
  const size = request.query.get('size') ?? String(maximumPage)
  if (!/^[1-9]\d{0,2}$/.test(size) || Number(size) > maximumPage) {
    return partnerFailure(400, 2000, `"size" must be a number from 1 to ${maximumPage}.`)
  }
  const isNext = request.query.get('seekOperation') === 'Next'
  const token = headerOf(request, 'ms-continuationtoken') ?? ''
  if (isNext && !/^\d{1,9}$/.test(token)) {
    return partnerFailure(400, 2000, '"MS-ContinuationToken" must be that of the page before.')
  }
  const all = world.tenants.filter((tenant) => tenant !== partner)
  const from = isNext ? Number(token) : 0
  const to = from + Number(size)
  const items = all.slice(from, to).map(customerOf)
  const headers = [{ key: 'MS-ContinuationToken', value: String(to) }]
  const uri = `/customers?size=${size}&seekOperation=Next`
  const links = to < all.length ? { next: { uri, method: 'GET', headers } } : {}
  // The count of the page, not of all: the real one has no total either.
  const attributes = { objectType: 'Collection' }
  return { status: 200, body: { totalCount: items.length, items, links, attributes } }
}

function customerOf({ id, domain }: Tenant): unknown {
  return {
    id,
    companyProfile: { tenantId: id, domain, companyName: domain },
    relationshipToPartner: 'reseller',
    allowDelegatedAccess: true,
    attributes: { objectType: 'Customer' },
  }
}
