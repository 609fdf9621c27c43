import type { ConnectionDefinition, Proof } from '../grants/index.ts'
import { EvergrantError, type AccessToken } from '../kernel/index.ts'
import { canonicalTarget, type TokenTarget, type Transport } from '../oauth/index.ts'
import { callApi, type ApiAnswer } from './call-api.ts'
import { isPartnerCenter, signInTargets } from './context.ts'
import { claimsOf } from './token-claims.ts'

/** What test calls are made with. */
export interface RungContext extends Transport {
  readonly upstreamUrl: (connection: string, upstream: string) => string | undefined
}

/** One test call, and what its answer shows. */
interface Rung {
  readonly proof: string
  /** Undefined where nobody said where the API answers. */
  readonly url: string | undefined
  /** On trial, the API itself must have said yes. */
  readonly isRequired: boolean
  /** What a refusal without 401 means: the account lacks something, or the call proves nothing. */
  readonly on403: 'failed' | 'unverified'
  /** Reads a good answer. */
  readonly read: (answer: ApiAnswer) => Pick<Proof, 'outcome' | 'detail' | 'error'>
}

/**
 * Calls the API that a token of Microsoft’s is for, as far as we know a call that proves it:
 * Microsoft Graph, Partner Center, Azure Resource Manager. Nothing is retried. On trial, Partner
 * Center must say yes to a partner’s connection, or the proof has failed.
 */
export async function climb(
  definition: ConnectionDefinition,
  target: TokenTarget,
  token: AccessToken,
  {
    subject,
    isTrial,
    begins,
  }: {
    readonly subject: string | undefined
    readonly isTrial: boolean
    /** Told of each call before it is made. */
    readonly begins?: (proof: string) => void
  },
  context: RungContext,
): Promise<readonly Proof[]> {
  const proofs: Proof[] = []
  const wids = claimsOf(token.secret)?.['wids']
  for (const rung of rungsOf(definition, target, { subject, wids }, context)) {
    const isRequired = rung.isRequired && isTrial
    begins?.(rung.proof)
    proofs.push(await tryRung({ ...rung, isRequired }, token, context))
  }
  return proofs
}

/** What `climb` will show of a target, in order. */
export function plannedCalls(
  definition: ConnectionDefinition,
  target: TokenTarget,
  context: RungContext,
): readonly string[] {
  return rungsOf(definition, target, {}, context).map(({ proof }) => proof)
}

async function tryRung(
  { proof, url, isRequired, on403, read }: Rung,
  token: AccessToken,
  transport: Transport,
): Promise<Proof> {
  const unproven = isRequired ? 'failed' : 'unverified'
  if (url === undefined) return { proof, outcome: unproven, error: withoutAddress(proof) }
  const answer = await callApi(new URL(url), token, transport)
  if (!answer.ok) return { proof, outcome: unproven, error: answer.error }
  const { status, requestId } = answer.value
  const about = { proof, ...(requestId === undefined ? {} : { requestId }) }
  if (status === 200) {
    const seen = read(answer.value)
    // Absence of evidence is not enough where a yes is wanted.
    const outcome = seen.outcome === 'unverified' ? unproven : seen.outcome
    return { ...about, ...seen, outcome }
  }
  const isRefused = status === 401 || (status === 403 && on403 === 'failed')
  const error = refusalOf(proof, answer.value)
  return { ...about, outcome: isRefused ? 'failed' : unproven, error }
}

function withoutAddress(proof: string): EvergrantError {
  const detail = `${proof}: the connection does not say where this API answers`
  const remedy = 'Give its upstream a `url`: only the global cloud’s addresses are known here.'
  return new EvergrantError('candidate_refused', detail, { remedy })
}

/** What Partner Center answers with when the sign-in had no second factor. */
const partnerWantsMfa = 900421

function refusalOf(proof: string, { status, json, requestId }: ApiAnswer): EvergrantError {
  const upstream = { status, ...(requestId === undefined ? {} : { requestId }) }
  if (json?.['code'] === partnerWantsMfa || json?.['code'] === String(partnerWantsMfa)) {
    const detail = `${proof}: Partner Center wants a sign-in with multi-factor authentication (${partnerWantsMfa})`
    const remedy =
      'Enrol the account in multi-factor authentication, then obtain consent again and use it.'
    return new EvergrantError('interaction_required', detail, { remedy, upstream })
  }
  const code = status >= 500 || status === 429 ? 'provider_unavailable' : 'token_refused'
  return new EvergrantError(code, `${proof}: it was answered ${status}`, {
    upstream,
    ...(code === 'token_refused'
      ? {
          remedy:
            'See that the account has the roles, and the application the permissions, that this API wants.',
        }
      : {}),
  })
}

function rungsOf(
  definition: ConnectionDefinition,
  target: TokenTarget,
  { subject, wids }: { readonly subject?: string | undefined; readonly wids?: unknown },
  context: RungContext,
): readonly Rung[] {
  const { provider } = definition
  if (provider.type !== 'entra') return []
  const isPartner = isPartnerCenter(signInTargets(definition)[0])
  if (isPartnerCenter(target)) {
    const base = urlOf(definition, target, 'https://api.partnercenter.microsoft.com', context)
    return [
      {
        proof: 'Partner Center profile',
        url: base && `${base.replace(/\/v1$/, '')}/v1/profiles/organization`,
        isRequired: true,
        on403: 'failed',
        read: ({ json }) =>
          typeof json?.['id'] === 'string' || typeof json?.['companyName'] === 'string'
            ? { outcome: 'passed' }
            : somethingElse('Partner Center profile'),
      },
    ]
  }
  if (provider.expectsClaimsChallenges(target) && provider.graphUrl !== undefined) {
    return graphRungs(`${provider.graphUrl}/v1.0`, subject, isPartner, wids)
  }
  if (isResourceManager(target)) {
    const base = urlOf(definition, target, 'https://management.azure.com', context)
    return [
      {
        proof: 'Resource Manager subscriptions',
        url: base && `${base}/subscriptions?api-version=2022-12-01`,
        isRequired: false,
        on403: 'failed',
        read: ({ json }) => {
          const list = json?.['value']
          return Array.isArray(list)
            ? { outcome: 'passed', detail: `${list.length} subscriptions` }
            : somethingElse('Resource Manager subscriptions')
        },
      },
    ]
  }
  return []
}

function graphRungs(
  root: string,
  subject: string | undefined,
  isPartner: boolean,
  wids: unknown,
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
  return isPartner ? [me, roles] : [me]
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

function isResourceManager(target: TokenTarget): boolean {
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
  { upstreamUrl }: RungContext,
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
