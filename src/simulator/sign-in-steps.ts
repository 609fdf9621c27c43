import type { Account } from './accounts.ts'
import { mayConsentForAll, totpSecretOf } from './accounts.ts'
import type { Answer } from './answer.ts'
import {
  cookieNameOf,
  errorFields,
  redirect,
  targetOf,
  wantsMfa,
  type AuthorizationAsk,
} from './authorization-ask.ts'
import type { EntraRefusal } from './entra-refusal.ts'
import { accountRefusal, grantRefusals, refusalByCode } from './grant-refusals.ts'
import { judgePolicies, withoutConsentPolicies } from './policies.ts'
import { readScopes } from './scopes.ts'
import type { AwaitedStep, BrowserSession, SignInProgress } from './sign-in-ledger.ts'
import { accountPage, codePage, consentPage, passwordPage, refusalPage } from './sign-in-page.ts'
import { isTotpRight } from './totp.ts'
import { hasConsent } from './user-grants.ts'

/** What is known of somebody who signs in. */
interface SignInEvidence {
  readonly account: Account
  readonly hasMfa: boolean
  readonly authenticatedAt: number
}

/** What stands between somebody who signs in and the code. */
interface SignInNeeds {
  readonly refusal: EntraRefusal | undefined
  /** The number that asks for a second factor. */
  readonly mfa: number | undefined
  /** The number that asks for consent. */
  readonly consent: number | undefined
}

/** How far a sign-in has come, before its next page. */
type SignInSoFar = Omit<SignInProgress, 'awaits'>

/** Wrong passwords in a row that lock an account. */
const mostWrongPasswords = 10

/** Tells what stands against a sign-in: the account's state, and the policies of its authority. */
export function needsOf(ask: AuthorizationAsk, evidence: SignInEvidence): SignInNeeds {
  const { realm, application, request } = ask
  const { account, hasMfa, authenticatedAt } = evidence
  const state = realm.accounts.state(account.id)
  const audience = targetOf(ask)
  const verdict = judgePolicies(realm.policy.policies, {
    at: 'sign_in',
    account,
    clientId: application.id,
    audience,
    hasMfa,
    authenticatedAt,
    now: request.receivedAt,
  })
  const scripted = verdict.refusal === undefined ? undefined : refusalByCode(verdict.refusal)
  return {
    refusal:
      accountRefusal(realm.id, account, state) ??
      (state.isBlocked ? grantRefusals.blocked : scripted),
    mfa: verdict.mfa ?? (state.isMfaRequired && !hasMfa ? 50076 : undefined),
    consent: verdict.consent ?? (hasConsent(application, audience) ? undefined : 65001),
  }
}

/** Goes on with somebody whose browser is signed in already. */
export function resumeSignIn(ask: AuthorizationAsk, browser: BrowserSession): Answer {
  const { account, hasMfa, authenticatedAt } = browser
  return advance(ask, {
    url: ask.request.url,
    realm: ask.realm.id,
    account,
    hasMfa,
    authenticatedAt,
    hasPassword: true,
    hasConsented: false,
  })
}

/** Answers a form of the pages: name, password, code or consent; then what is still needed. */
export function answerStep(ask: AuthorizationAsk, form: URLSearchParams): Answer {
  const step = form.get('step')
  if (step === 'account') return answerName(ask, form.get('username') ?? '')
  const progress = ask.world.signIns.take(form.get('handle') ?? '')
  const isNext = progress?.url === ask.request.url && progress.awaits === step
  if (progress === undefined || !isNext) return startAgain(ask)
  if (step === 'refused') {
    const { refusal = refusalByCode(adminNumber(ask, progress) ?? 65004) } = stopOf(ask, progress)
    return redirect(ask, errorFields({ ...refusal, error: 'access_denied' }))
  }
  if (step === 'password') return answerPassword(ask, progress, form.get('password') ?? '')
  if (step === 'code') return answerCode(ask, progress, form.get('otc') ?? '')
  return form.get('action') === 'accept'
    ? advance(ask, { ...progress, hasConsented: true })
    : startAgain(ask)
}

function startAgain({ request, application }: AuthorizationAsk): Answer {
  const complaint = 'This page was used or is too old. Please sign in again.'
  return accountPage({ request, complaint }, application.displayName)
}

function answerName(ask: AuthorizationAsk, typed: string): Answer {
  const { world, realm, request, application } = ask
  const name = typed.trim()
  const account = realm.accounts.find(name)
  if (account === undefined || realm.accounts.state(account.id).isDeleted) {
    const isElsewhere = world.tenants.some(({ accounts }) => accounts.find(name) !== undefined)
    const complaint =
      isElsewhere && account === undefined
        ? `AADSTS50020: The account "${name}" is of another directory, and does not exist in this one.`
        : `AADSTS50034: There is no account "${name}".`
    return accountPage({ request, complaint }, application.displayName, name)
  }
  return advance(ask, {
    url: request.url,
    realm: realm.id,
    account,
    hasPassword: account.password === undefined,
    hasMfa: false,
    hasConsented: false,
    authenticatedAt: request.receivedAt,
  })
}

function answerPassword(ask: AuthorizationAsk, progress: SignInSoFar, typed: string): Answer {
  const { realm, request } = ask
  const { account } = progress
  const state = realm.accounts.state(account.id)
  if (state.isLocked) return refuse(ask, progress, refusalByCode(50053))
  if (typed === account.password) {
    state.wrongPasswords = 0
    return advance(ask, { ...progress, hasPassword: true, authenticatedAt: request.receivedAt })
  }
  state.wrongPasswords++
  state.isLocked = state.wrongPasswords >= mostWrongPasswords
  const complaint = `AADSTS50126: Your account or password is incorrect.`
  return passwordPage(frameOf(ask, progress, 'password', complaint), account.userPrincipalName)
}

function answerCode(ask: AuthorizationAsk, progress: SignInSoFar, typed: string): Answer {
  const { realm, request } = ask
  const { account } = progress
  const secret = totpSecretOf(account, realm.accounts.state(account.id))
  if (secret === undefined) return startAgain(ask)
  if (isTotpRight(secret, typed, request.receivedAt)) {
    return advance(ask, { ...progress, hasMfa: true, authenticatedAt: request.receivedAt })
  }
  const complaint = 'AADSTS500121: You didn’t enter the expected code. Please try again.'
  return codePage(frameOf(ask, progress, 'code', complaint), account.userPrincipalName)
}

/** The next page that is needed, or the code. */
function advance(ask: AuthorizationAsk, progress: SignInSoFar): Answer {
  const { request } = ask
  const { account, hasPassword, hasMfa, hasConsented } = progress
  if (!hasPassword)
    return passwordPage(frameOf(ask, progress, 'password'), account.userPrincipalName)
  const needs = needsOf(ask, progress)
  const { refusal } = stopOf(ask, progress)
  if (refusal !== undefined) return refuse(ask, progress, refusal)
  const isMfaNeeded = needs.mfa !== undefined || (wantsMfa(ask) && !hasMfa)
  if (isMfaNeeded) return codePage(frameOf(ask, progress, 'code'), account.userPrincipalName)
  if (ask.isAdminConsent) return administer(ask, progress)
  const prompts = request.query.get('prompt')?.split(' ') ?? []
  const isConsentNeeded = needs.consent !== undefined || prompts.includes('consent')
  const onlyAdmin = isConsentNeeded ? adminNumber(ask, progress) : undefined
  if (onlyAdmin !== undefined) return needAdmin(ask, progress, onlyAdmin)
  if (isConsentNeeded && !hasConsented) return askConsent(ask, progress)
  if (hasConsented) giveConsent(ask, account)
  return withCookie(ask, progress, beginSession(ask, progress))
}

/** Consent for everybody: only who may give it is asked, and always. */
function administer(ask: AuthorizationAsk, progress: SignInSoFar): Answer {
  const { request, realm } = ask
  const { account, hasConsented } = progress
  if (!mayConsentForAll(account, realm.accounts.state(account.id))) {
    return needAdmin(ask, progress, 90094)
  }
  if (!hasConsented) return askConsent(ask, progress)
  const scope = request.query.get('scope')
  giveConsent(ask, account)
  const granted = redirect(ask, scope === null ? {} : { scope })
  return withCookie(ask, progress, granted)
}

function needAdmin(ask: AuthorizationAsk, progress: SignInSoFar, code: number): Answer {
  const text = `AADSTS${code}: ${ask.application.displayName} needs permission to access resources in your organization that only an admin can grant. Please ask an admin to grant permission to this app before you can use it.`
  return refusalPage(frameOf(ask, progress, 'refused'), 'Need admin approval', text)
}

function askConsent(ask: AuthorizationAsk, progress: SignInSoFar): Answer {
  const { realm, application, request } = ask
  const { query } = request
  return consentPage(frameOf(ask, progress, 'consent'), progress.account.userPrincipalName, {
    application: application.displayName,
    clientId: application.id,
    tenant: 'domain' in realm ? String(realm.domain) : realm.id,
    scopes: (query.get('scope') ?? '').split(/\s+/).filter(Boolean),
    isForAll: ask.isAdminConsent,
  })
}

/** What nothing at the page can change; a second factor that nobody enrolled as well. */
function stopOf(ask: AuthorizationAsk, progress: SignInSoFar): { readonly refusal?: EntraRefusal } {
  const { account, hasMfa } = progress
  const { refusal, mfa } = needsOf(ask, progress)
  if (refusal !== undefined) return { refusal }
  const isEnrolled = totpSecretOf(account, ask.realm.accounts.state(account.id)) !== undefined
  const isMfaNeeded = mfa !== undefined || (wantsMfa(ask) && !hasMfa)
  if (!isMfaNeeded || isEnrolled) return {}
  return { refusal: refusalByCode(mfa === 50072 ? 50072 : 50079) }
}

/** The number that says only an administrator may consent, where that holds. */
function adminNumber(ask: AuthorizationAsk, progress: SignInSoFar): number | undefined {
  const { consent } = needsOf(ask, progress)
  const state = ask.realm.accounts.state(progress.account.id)
  if (mayConsentForAll(progress.account, state)) return undefined
  if (consent === 90094 || consent === 90095) return consent
  return ask.isAdminConsent || state.needsAdminApproval ? 90094 : undefined
}

function refuse(ask: AuthorizationAsk, progress: SignInSoFar, refusal: EntraRefusal): Answer {
  const text = `AADSTS${refusal.code}: ${refusal.message}`
  return refusalPage(frameOf(ask, progress, 'refused'), 'You cannot access this right now', text)
}

function frameOf(
  { world, request }: AuthorizationAsk,
  progress: SignInSoFar,
  awaits: AwaitedStep,
  complaint?: string,
): { readonly request: AuthorizationAsk['request']; readonly handle: string } {
  const handle = world.signIns.keep({ ...progress, awaits })
  return { request, handle, ...(complaint === undefined ? {} : { complaint }) }
}

/**
 * Consents to everything the request names: undoes withdrawals, and lifts the policies that asked
 * for it. Without a scope (admin consent, v1) that is everything registered.
 */
export function giveConsent(ask: AuthorizationAsk, account: Account): void {
  const { application, realm, request } = ask
  const { withdrawn } = application
  const scopes = (request.query.get('scope') ?? '').split(/\s+/).filter(Boolean)
  const resources = new Set([targetOf(ask), ...scopes.map((scope) => readScopes(scope).resource)])
  const isEverything = withdrawn === 'everything' || scopes.length === 0
  application.withdrawn = isEverything
    ? new Set()
    : new Set([...withdrawn].filter((resource) => !resources.has(resource)))
  realm.policy.policies = withoutConsentPolicies(realm.policy.policies, account, application.id)
}

/** Begins the session and hands its code to the application. */
export function beginSession(ask: AuthorizationAsk, evidence: SignInEvidence): Answer {
  const { world, request, realm, application, redirectUri } = ask
  const { account, hasMfa, authenticatedAt } = evidence
  const { query } = request
  const session = world.sessions.begin({
    realm: realm.id,
    clientId: application.id,
    account,
    scopes: (query.get('scope') ?? '').split(/\s+/).filter(Boolean),
    resource: query.get('resource') ?? undefined,
    authenticatedAt,
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

function withCookie(ask: AuthorizationAsk, progress: SignInSoFar, answer: Answer): Answer {
  const { account, hasMfa, authenticatedAt } = progress
  const { world, realm } = ask
  const cookie = world.signIns.signIn({ realm: realm.id, account, hasMfa, authenticatedAt })
  const value = `${cookieNameOf(realm)}=${cookie}; Path=/; HttpOnly; SameSite=Lax`
  return { ...answer, headers: { ...answer.headers, 'Set-Cookie': value } }
}
