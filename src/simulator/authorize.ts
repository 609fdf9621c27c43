import { err, ok, type Result } from '../kernel/index.ts'
import type { Account } from './accounts.ts'
import type { Answer, SimulatedRequest } from './answer.ts'
import type { EntraRefusal } from './entra-refusal.ts'
import { grantRefusals, refusalByCode } from './grant-refusals.ts'
import { oidcIssuerOf } from './issuers.ts'
import { findApplication, type Application, type Realm } from './realms.ts'
import { readScopes } from './scopes.ts'
import { errorPage, formPostPage, signInPage } from './sign-in-page.ts'
import { findTenant } from './tenants.ts'
import { hasConsent } from './user-grants.ts'
import type { World } from './world.ts'

/** An authorization request whose client and redirect URI are known good. */
interface AuthorizationAsk {
  readonly world: World
  readonly request: SimulatedRequest
  readonly realm: Realm
  readonly application: Application
  readonly redirectUri: string
}

/**
 * Answers an authorization endpoint: a plain sign-in page, its form, or at once for `prompt=none`
 * and where the control says who is signed in. Errors come by redirect, unless client or redirect
 * URI are not known.
 *
 * @see RFC 6749 section 4.1.1; OpenID Connect Core section 3.1.2
 */
export function answerAuthorize(world: World, request: SimulatedRequest): Answer {
  const read = readAsk(world, request)
  if (!read.ok) return errorPage(read.error)
  const ask = read.value
  const refusal = refusalOf(ask)
  if (refusal !== undefined) return redirect(ask, errorFields(refusal))
  if (request.method === 'POST') return answerForm(ask)
  const { query } = request
  const hint = query.get('login_hint') ?? undefined
  const { autoSignIn } = ask.realm.policy
  const automatic = hint ?? (autoSignIn === 'hint' ? undefined : autoSignIn)
  if (query.get('prompt') === 'none') return answerSilently(ask, automatic)
  if (autoSignIn !== undefined && automatic !== undefined) return signIn(ask, automatic, true)
  return signInPage(request, ask.application.id, hint)
}

/** Redirects with a refusal, as a scripted fault wants it. */
export function redirectRefusal(
  world: World,
  request: SimulatedRequest,
  refusal: EntraRefusal,
): Answer {
  const read = readAsk(world, request)
  return read.ok ? redirect(read.value, errorFields(refusal)) : errorPage(read.error)
}

function readAsk(world: World, request: SimulatedRequest): Result<AuthorizationAsk, string> {
  const [, first = ''] = request.path.split('/')
  const realm = oidcIssuerOf(world.issuers, request.path) ?? findTenant(world.tenants, first)
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
  return ok({ world, request, realm, application, redirectUri })
}

function isRegistered({ redirectUris }: Application, uri: string): boolean {
  if (redirectUris !== undefined) return redirectUris.includes(uri)
  return /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?(\/|$)/.test(uri)
}

function refusalOf({ request, realm }: AuthorizationAsk): EntraRefusal | undefined {
  const { query } = request
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

/** The form of the sign-in page: who, with a second factor or not, accepted or cancelled. */
function answerForm(ask: AuthorizationAsk): Answer {
  const form = new URLSearchParams(ask.request.body)
  if (form.get('action') === 'cancel') return redirect(ask, errorFields(refusalByCode(65004)))
  return signIn(ask, form.get('username') ?? '', form.has('mfa'))
}

function answerSilently(ask: AuthorizationAsk, name: string | undefined): Answer {
  const { realm, application } = ask
  const account = name === undefined ? undefined : realm.accounts.find(name)
  if (account === undefined) return redirect(ask, errorFields(refusalByCode(50058)))
  if (realm.accounts.state(account.id).isMfaRequired) {
    const refusal = { ...refusalByCode(50076), error: 'interaction_required' }
    return redirect(ask, errorFields(refusal))
  }
  if (!hasConsent(application, targetOf(ask))) {
    const refusal = { ...refusalByCode(65001), error: 'consent_required' }
    return redirect(ask, errorFields(refusal))
  }
  return begin(ask, account, false)
}

/** Signs in and consents, as someone at the page would; undoes an earlier withdrawal of consent. */
function signIn(ask: AuthorizationAsk, name: string, hasMfa: boolean): Answer {
  const { realm, request, application } = ask
  const account = realm.accounts.find(name)
  if (account === undefined) {
    if (request.method === 'GET') return redirect(ask, errorFields(refusalByCode(50058)))
    return signInPage(request, application.id, name, `There is no account "${name}".`)
  }
  if (!hasMfa && realm.accounts.state(account.id).isMfaRequired) {
    const refusal = 'This account needs a second factor.'
    return signInPage(request, application.id, name, refusal)
  }
  restoreConsent(application, targetOf(ask))
  return begin(ask, account, hasMfa)
}

function restoreConsent(application: Application, target: string): void {
  const { withdrawn } = application
  application.withdrawn =
    withdrawn === 'everything'
      ? new Set()
      : new Set([...withdrawn].filter((resource) => resource !== target))
}

function targetOf({ request }: AuthorizationAsk): string {
  return request.query.get('resource') ?? readScopes(request.query.get('scope') ?? '').resource
}

function begin(ask: AuthorizationAsk, account: Account, hasMfa: boolean): Answer {
  const { world, request, realm, application, redirectUri } = ask
  const state = realm.accounts.state(account.id)
  const refused = (refusal: EntraRefusal): Answer =>
    redirect(ask, errorFields({ ...refusal, error: 'access_denied' }))
  if (state.isDisabled) return refused(grantRefusals.disabledUser)
  if (state.isDeleted) {
    return refused(grantRefusals.unknownUser(account.userPrincipalName, realm.id))
  }
  if (state.isBlocked) return refused(grantRefusals.blocked)
  const { query } = request
  const session = world.sessions.begin({
    realm: realm.id,
    clientId: application.id,
    account,
    scopes: (query.get('scope') ?? '').split(/\s+/).filter(Boolean),
    resource: query.get('resource') ?? undefined,
    authenticatedAt: request.receivedAt,
    hasMfa,
  })
  const grant = {
    session,
    redirectUri,
    nonce: query.get('nonce') ?? undefined,
    challenge: query.get('code_challenge') ?? undefined,
  }
  return redirect(ask, { code: world.codes.mint(grant, request.receivedAt) })
}

function errorFields(refusal: EntraRefusal): Record<string, string> {
  const { error, code, message, claims } = refusal
  return {
    error,
    error_description: `AADSTS${code}: ${message}`,
    ...(claims === undefined ? {} : { claims }),
  }
}

function redirect(ask: AuthorizationAsk, fields: Readonly<Record<string, string>>): Answer {
  const { request, realm, redirectUri } = ask
  const state = request.query.get('state')
  const answer = new URLSearchParams({
    ...fields,
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
