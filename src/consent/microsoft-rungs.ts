import type { ConnectionDefinition, Proof } from '../grants/index.ts'
import { EvergrantError } from '../kernel/index.ts'
import { canonicalTarget, type TokenTarget, type Transport } from '../oauth/index.ts'
import type { ApiAnswer } from './call-api.ts'
import { isPartnerCenter, signInTargets } from './context.ts'

/** Where upstreams answer. */
export interface UpstreamUrls {
  readonly upstreamUrl: (connection: string, upstream: string) => string | undefined
}

/** What test calls are made with. */
export interface RungContext extends Transport, UpstreamUrls {}

/** One test call, and what its answer shows. */
export interface Rung {
  readonly proof: string
  /** Undefined where nobody said where the API answers. */
  readonly url: string | undefined
  readonly headers?: Readonly<Record<string, string>>
  /** On trial, the API itself must have said yes. */
  readonly isRequired: boolean
  /** What a refusal without 401 means: the account lacks something, or the call proves nothing. */
  readonly on403: 'failed' | 'unverified'
  /** Reads a good answer. */
  readonly read: (answer: ApiAnswer) => Pick<Proof, 'outcome' | 'detail' | 'error'>
}

/** What is known of the account that a token is of. */
interface Known {
  readonly subject?: string | undefined
  readonly wids?: unknown
}

/** The calls that prove a token of Microsoft’s, in order; none for an API that is not known. */
export function rungsOf(
  definition: ConnectionDefinition,
  target: TokenTarget,
  known: Known,
  context: RungContext,
): readonly Rung[] {
  const { provider } = definition
  if (provider.type !== 'entra') return []
  const isOfCustomer = definition.grantTenant !== undefined
  if (isPartnerCenter(target)) return isOfCustomer ? [] : partnerRungs(definition, context)
  if (provider.expectsClaimsChallenges(target) && provider.graphUrl !== undefined) {
    const isPartner = isPartnerCenter(signInTargets(definition)[0])
    // The account of a partner is nobody in the tenant of a customer.
    if (isOfCustomer) {
      const root = `${provider.graphUrl}/v1.0`
      return [organizationRung('Graph organization', root, provider.tenant)]
    }
    return graphRungs(`${provider.graphUrl}/v1.0`, provider.tenant, isPartner, known)
  }
  return isResourceManager(target) ? managerRungs(definition, target, context) : []
}

/** Where Partner Center answers, up to `/v1`; undefined where nobody said so. */
export function partnerCenterUrl(
  definition: ConnectionDefinition,
  context: UpstreamUrls,
): string | undefined {
  const target = signInTargets(definition).find(isPartnerCenter)
  if (target === undefined) return undefined
  const base = urlOf(definition, target, 'https://api.partnercenter.microsoft.com', context)
  return base && `${base.replace(/\/v1$/, '')}/v1`
}

/**
 * The profile of an organization wants an application and a user, so that it proves the user.
 *
 * @see https://learn.microsoft.com/en-us/partner-center/developer/partner-center-authentication
 */
function partnerRungs(definition: ConnectionDefinition, context: RungContext): readonly Rung[] {
  const base = partnerCenterUrl(definition, context)
  // Asks it to say whether it takes the sign-in for one with a second factor.
  const headers = { ValidateMfa: 'true' }
  return [
    {
      proof: 'Partner Center profile',
      url: base && `${base}/profiles/organization`,
      headers,
      isRequired: true,
      on403: 'failed',
      read: ({ json }) =>
        typeof json?.['id'] === 'string' || typeof json?.['companyName'] === 'string'
          ? { outcome: 'passed' }
          : somethingElse('Partner Center profile'),
    },
    {
      proof: 'Partner Center customers',
      url: base && `${base}/customers?size=${customersShown(definition)}`,
      headers,
      isRequired: true,
      on403: 'failed',
      read: (answer) => {
        const found = customersIn(answer)
        if (found === undefined) return somethingElse('Partner Center customers')
        const detail = found.length === 0 ? 'there are none' : `${found.length} seen`
        return { outcome: 'passed', detail }
      },
    },
  ]
}

function customersShown({ customers }: ConnectionDefinition): number {
  return Math.max(1, customers?.first ?? 1)
}

/** Customers on a page of Partner Center’s list; undefined for anything else. */
export function customersIn({ json }: ApiAnswer): readonly string[] | undefined {
  const items = json?.['items']
  if (!Array.isArray(items)) return undefined
  return (items as readonly unknown[]).flatMap((item) => {
    const id: unknown = typeof item === 'object' && item !== null && 'id' in item ? item.id : ''
    return typeof id === 'string' && id !== '' ? [id] : []
  })
}

/**
 * Whether Partner Center takes the sign-in for one with a second factor: in a header or in the
 * body, since neither is documented; undefined where it does not say so.
 */
export function mfaComplianceIn({ headers, json }: ApiAnswer): boolean | undefined {
  const said = headers.get('ismfacompliant') ?? json?.['isMfaCompliant']
  const text = String(said).toLowerCase()
  return text === 'true' ? true : text === 'false' ? false : undefined
}

function managerRungs(
  definition: ConnectionDefinition,
  target: TokenTarget,
  context: RungContext,
): readonly Rung[] {
  const base = urlOf(definition, target, 'https://management.azure.com', context)
  return (['subscriptions', 'tenants'] as const).map((list) => ({
    proof: `Resource Manager ${list}`,
    url: base && `${base}/${list}?api-version=2022-12-01`,
    isRequired: false,
    on403: 'failed',
    read: ({ json }) => {
      const value = json?.['value']
      return Array.isArray(value)
        ? {
            outcome: 'passed',
            detail: `${value.length} ${value.length === 1 ? list.slice(0, -1) : list}`,
          }
        : somethingElse(`Resource Manager ${list}`)
    },
  }))
}

/** The organization of the tenant that a Graph token is for. */
export function organizationRung(proof: string, root: string, tenant: string): Rung {
  return {
    proof,
    url: `${root}/organization?$select=id,displayName`,
    isRequired: false,
    on403: 'unverified',
    read: ({ json }) => {
      const value = json?.['value']
      const [first] = Array.isArray(value) ? (value as readonly unknown[]) : []
      const { id, displayName } = Object(first) as Readonly<Record<string, unknown>>
      if (typeof id !== 'string') return somethingElse(proof)
      const isGuid = /^[\da-f-]{36}$/i.test(tenant)
      if (isGuid && id.toLowerCase() !== tenant.toLowerCase()) {
        const detail = `${proof}: Graph answered for another tenant than ${tenant}`
        return { outcome: 'failed', error: new EvergrantError('candidate_refused', detail) }
      }
      return { outcome: 'passed', detail: typeof displayName === 'string' ? displayName : id }
    },
  }
}

function graphRungs(
  root: string,
  tenant: string,
  isPartner: boolean,
  { subject, wids }: Known,
): readonly Rung[] {
  const me: Rung = {
    proof: 'Graph account',
    url: `${root}/me?$select=id`,
    isRequired: false,
    on403: 'unverified',
    read: ({ json }) => {
      const id = json?.['id']
      if (typeof id !== 'string' || subject === undefined) return { outcome: 'unverified' }
      if (id.toLowerCase() === subject.toLowerCase()) return { outcome: 'passed' }
      const detail = 'Graph says that the token is of another account than signed in'
      return { outcome: 'failed', error: new EvergrantError('candidate_refused', detail) }
    },
  }
  const roles: Rung = {
    proof: 'partner roles',
    url: `${root}/me/memberOf?$select=id,displayName,roleTemplateId&$top=999`,
    isRequired: false,
    on403: 'unverified',
    read: ({ json }) => {
      const found = rolesIn(json, wids)
      if (found.length > 0) return { outcome: 'passed', detail: found.join(', ') }
      const detail =
        'neither Global Administrator nor AdminAgents was seen; names want the permission Directory.Read.All'
      return { outcome: 'unverified', detail }
    },
  }
  const organization = organizationRung('Graph organization', root, tenant)
  return isPartner ? [me, roles, organization] : [me, organization]
}

const globalAdministrator = '62e90394-69f5-4237-9190-012177145e10'

/**
 * What makes an account act for a partner, of all that Graph says it is a member of, or the token
 * itself: Graph names nothing that the application may not read.
 */
function rolesIn(
  json: Readonly<Record<string, unknown>> | undefined,
  wids: unknown,
): readonly string[] {
  const value: unknown = json?.['value']
  const members = (Array.isArray(value) ? value : []).filter(
    (one): one is Record<string, unknown> => typeof one === 'object' && one !== null,
  )
  const isAdministrator =
    members.some((one) => one['roleTemplateId'] === globalAdministrator) ||
    (Array.isArray(wids) && wids.includes(globalAdministrator))
  const isAgent = members.some((one) => one['displayName'] === 'AdminAgents')
  return [...(isAdministrator ? ['Global Administrator'] : []), ...(isAgent ? ['AdminAgents'] : [])]
}

/** Tells whether a target is Azure Resource Manager. */
export function isResourceManager(target: TokenTarget): boolean {
  const text = 'resource' in target ? target.resource : target.scope
  return /https:\/\/management\.(?:azure|core\.windows)\.(?:com|net)(?:\/|\s|$)/.test(text)
}

/**
 * Where the upstream that tokens of this target are for answers, without a slash at the end: as
 * configured, else the public address. Tokens of another authority never go to the latter.
 */
function urlOf(
  { name, targets, provider }: ConnectionDefinition,
  target: TokenTarget,
  publicUrl: string,
  { upstreamUrl }: UpstreamUrls,
): string | undefined {
  for (const [upstream, one] of targets ?? []) {
    if (canonicalTarget(one) !== canonicalTarget(target)) continue
    const url = upstreamUrl(name, upstream)
    if (url !== undefined) return url.replace(/\/+$/, '')
  }
  return provider.host === 'login.microsoftonline.com' ? publicUrl : undefined
}

/** A page of a proxy or portal in between answers 200 as well, and proves nothing. */
function somethingElse(proof: string): Pick<Proof, 'outcome' | 'error'> {
  const detail = `${proof}: it was answered 200, but not with what this API answers`
  const remedy = 'See what answers at that address: a proxy, a sign-in page, another API?'
  return {
    outcome: 'unverified',
    error: new EvergrantError('provider_answer_invalid', detail, { remedy }),
  }
}
