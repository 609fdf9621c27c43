import { err, ok, type Result } from '../kernel/index.ts'
import { headerOf, type Answer, type SimulatedRequest } from './answer.ts'
import type { EntraRefusal } from './entra-refusal.ts'
import { refusalByCode } from './grant-refusals.ts'
import { oidcIssuerOf } from './issuers.ts'
import { findApplication, type Application, type Realm } from './realms.ts'
import { readScopes } from './scopes.ts'
import { formPostPage } from './sign-in-page.ts'
import { findTenant } from './tenants.ts'
import type { World } from './world.ts'

/** An authorization request whose client and redirect URI are known good. */
export interface AuthorizationAsk {
  readonly world: World
  readonly request: SimulatedRequest
  readonly realm: Realm
  readonly application: Application
  readonly redirectUri: string
  /** An administrator consents for everybody; there is no code at the end. */
  readonly isAdminConsent: boolean
}

/** Reads an authorization request as far as it must be right before anything is redirected. */
export function readAsk(world: World, request: SimulatedRequest): Result<AuthorizationAsk, string> {
  const [, first = ''] = request.path.split('/')
  const isAdminConsent = request.kind === 'adminConsent'
  const realm =
    oidcIssuerOf(world.issuers, request.path) ??
    findTenant(world.tenants, first) ??
    (isAdminConsent && first === 'organizations' ? homeOf(world, request) : undefined)
  if (realm === undefined) return err(`AADSTS90002: Tenant '${first}' not found.`)
  const clientId = request.query.get('client_id') ?? ''
  const application = findApplication(realm, clientId)
  if (application === undefined) {
    return err(`AADSTS700016: Application with identifier '${clientId}' was not found.`)
  }
  const redirectUri = request.query.get('redirect_uri') ?? ''
  if (!isRegistered(application, redirectUri)) {
    return err(
      `AADSTS50011: The redirect URI '${redirectUri}' specified in the request does not match the redirect URIs configured for the application '${clientId}'.`,
    )
  }
  return ok({ world, request, realm, application, redirectUri, isAdminConsent })
}

/** Under `organizations`: the tenant of who signs in, else the first with the application. */
function homeOf(world: World, request: SimulatedRequest): Realm | undefined {
  const form = new URLSearchParams(request.body)
  const name = form.get('username') ?? ''
  const underWay = world.signIns.look(form.get('handle') ?? '')?.realm
  const clientId = request.query.get('client_id') ?? ''
  const tenants = world.tenants.filter((tenant) => findApplication(tenant, clientId))
  return (
    tenants.find(({ id }) => id === underWay) ??
    tenants.find(({ accounts }) => name !== '' && accounts.find(name)) ??
    tenants[0]
  )
}

/** Whether an application may be answered at a redirect URI. */
export function isRegistered({ redirectUris }: Application, uri: string): boolean {
  if (redirectUris !== undefined) return redirectUris.includes(uri)
  return /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?(\/|$)/.test(uri)
}

/** What stands against the request itself, whoever signs in. */
export function requestRefusal(ask: AuthorizationAsk): EntraRefusal | undefined {
  const { request, realm, isAdminConsent } = ask
  const { query } = request
  if (isAdminConsent) {
    const isV2 = request.path.includes('/v2.0/')
    return isV2 && !query.get('scope') ? refusalByCode(900144) : undefined
  }
  const refuse = (error: string, code: number, message: string): EntraRefusal => ({
    status: 400,
    error,
    code,
    message,
  })
  if (query.get('response_type') !== 'code') {
    return refuse('unsupported_response_type', 700054, "The simulator serves response_type 'code'.")
  }
  const method = query.get('code_challenge_method')
  if (query.has('code_challenge') && method !== 'S256') {
    return refuse('invalid_request', 501491, "'code_challenge_method' must be 'S256'.")
  }
  if (realm.policy.pkce === 'required' && !query.has('code_challenge')) {
    return refuse('invalid_request', 9002325, 'Proof Key for Code Exchange is required.')
  }
  if (!query.get('scope') && realm.kind === 'entra') {
    return refuse('invalid_request', 900144, "The request must contain the parameter 'scope'.")
  }
  return undefined
}

/** The resource that consent is asked for: the one a code brings a token for. */
export function targetOf({ request }: AuthorizationAsk): string {
  return request.query.get('resource') ?? readScopes(request.query.get('scope') ?? '').resource
}

/**
 * Whether the request wants evidence of a second factor: by `amr_values`, by the claim `amr`, or by
 * the claims of a refusal that named a policy.
 */
export function wantsMfa({ request }: AuthorizationAsk): boolean {
  const values = request.query.get('amr_values')?.split(/\s+/) ?? []
  if (values.includes('mfa') || values.includes('ngcmfa')) return true
  const claims = request.query.get('claims') ?? ''
  try {
    const asked = JSON.parse(claims) as Readonly<Record<string, Readonly<Record<string, unknown>>>>
    const { id_token: idToken, access_token: accessToken } = asked
    if (accessToken?.['polids'] !== undefined) return true
    return [idToken, accessToken].some((part) =>
      JSON.stringify(part?.['amr'] ?? '').includes('mfa'),
    )
  } catch {
    return false
  }
}

/** Whether a sign-in of then is too old for the request, or it wants a fresh one. */
export function wantsFreshSignIn({ request }: AuthorizationAsk, authenticatedAt: number): boolean {
  const prompts = request.query.get('prompt')?.split(' ') ?? []
  if (prompts.includes('login') || prompts.includes('select_account')) return true
  const maxAge = request.query.get('max_age')
  if (maxAge === null || !/^\d+$/.test(maxAge)) return false
  return request.receivedAt - authenticatedAt > Number(maxAge) * 1_000
}

/** The name of the cookie that tells who a browser is signed in as. */
export function cookieNameOf(realm: Realm): string {
  return `sim_signed_in_${realm.id}`
}

/** The cookie of a browser that signed in here before. */
export function cookieOf({ request, realm }: AuthorizationAsk): string | undefined {
  const name = cookieNameOf(realm)
  const cookies = (headerOf(request, 'cookie') ?? '').split(/; */)
  return cookies.find((cookie) => cookie.startsWith(`${name}=`))?.slice(name.length + 1)
}

/** The members of an error as the application gets it. */
export function errorFields(refusal: EntraRefusal): Record<string, string> {
  const { error, code, message, claims } = refusal
  return {
    error,
    error_description: `AADSTS${code}: ${message}`,
    ...(claims === undefined ? {} : { claims }),
  }
}

/** Answers the application at its redirect URI, the way it asked for. */
export function redirect(ask: AuthorizationAsk, fields: Readonly<Record<string, string>>): Answer {
  const { request, realm, redirectUri } = ask
  const state = request.query.get('state')
  const answer = new URLSearchParams({
    ...fields,
    ...(ask.isAdminConsent ? { admin_consent: 'True', tenant: realm.id } : {}),
    ...(state === null ? {} : { state }),
    // RFC 9207; Entra does not send it.
    ...(realm.kind === 'oidc' ? { iss: `${request.origin}/oidc/${realm.id}` } : {}),
  })
  const mode = request.query.get('response_mode') ?? 'query'
  if (mode === 'form_post') return formPostPage(redirectUri, answer)
  const mark = mode === 'fragment' ? '#' : redirectUri.includes('?') ? '&' : '?'
  const headers = {
    Location: `${redirectUri}${mark}${answer.toString()}`,
    'Cache-Control': 'no-store',
  }
  return { status: 302, headers, body: '' }
}
