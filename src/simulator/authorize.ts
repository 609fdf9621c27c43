import type { Account } from './accounts.ts'
import type { Answer, SimulatedRequest } from './answer.ts'
import {
  cookieOf,
  errorFields,
  readAsk,
  redirect,
  requestRefusal,
  wantsFreshSignIn,
  wantsMfa,
  type AuthorizationAsk,
} from './authorization-ask.ts'
import type { EntraRefusal } from './entra-refusal.ts'
import { refusalByCode } from './grant-refusals.ts'
import { accountPage, errorPage } from './sign-in-page.ts'
import { answerStep, beginSession, giveConsent, needsOf, resumeSignIn } from './sign-in-steps.ts'
import type { BrowserSession } from './sign-in-ledger.ts'
import type { World } from './world.ts'

/**
 * Answers an authorization or admin consent endpoint: the pages of a sign-in, their forms, or at
 * once for `prompt=none`, where the control says who is signed in, and for a browser that signed in
 * before. Errors come by redirect, unless client or redirect URI are not known.
 *
 * @see RFC 6749 section 4.1.1; OpenID Connect Core section 3.1.2
 */
export function answerAuthorize(world: World, request: SimulatedRequest): Answer {
  const read = readAsk(world, request)
  if (!read.ok) return errorPage(read.error)
  const ask = read.value
  const refusal = requestRefusal(ask)
  if (refusal !== undefined) return redirect(ask, errorFields(refusal))
  if (request.method === 'POST') return answerForm(ask)
  // Automatic sign-in is no automatic consent for everybody.
  if (ask.isAdminConsent) return accountPage({ request }, ask.application.displayName)
  const { query } = request
  const hint = query.get('login_hint') ?? undefined
  const { autoSignIn } = ask.realm.policy
  const automatic = hint ?? (autoSignIn === 'hint' ? undefined : autoSignIn)
  const browser = browserOf(ask, hint)
  if (query.get('prompt') === 'none') return answerSilently(ask, automatic, browser)
  if (autoSignIn !== undefined && automatic !== undefined) return signIn(ask, automatic, true)
  if (browser !== undefined) return resumeSignIn(ask, browser)
  return accountPage({ request }, ask.application.displayName, hint)
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

/** Who the browser is signed in as, if that will do for the request. */
function browserOf(ask: AuthorizationAsk, hint: string | undefined): BrowserSession | undefined {
  const { world, realm } = ask
  const browser = world.signIns.signedIn(cookieOf(ask) ?? '', realm.id)
  if (browser === undefined || wantsFreshSignIn(ask, browser.authenticatedAt)) return undefined
  const isTheirs = hint === undefined || realm.accounts.find(hint)?.id === browser.account.id
  return isTheirs ? browser : undefined
}

/**
 * A form of the pages, or the short one: a name, with a second factor or not, accepted or cancelled
 * at once. The short one is for accounts without a password only.
 */
function answerForm(ask: AuthorizationAsk): Answer {
  const form = new URLSearchParams(ask.request.body)
  if (form.get('action') === 'cancel') return redirect(ask, errorFields(refusalByCode(65004)))
  if (form.has('step') || ask.isAdminConsent) return answerStep(ask, form)
  return signIn(ask, form.get('username') ?? '', form.has('mfa'))
}

function answerSilently(
  ask: AuthorizationAsk,
  name: string | undefined,
  browser: BrowserSession | undefined,
): Answer {
  const { realm, request } = ask
  const named = name === undefined ? undefined : realm.accounts.find(name)
  const account = named ?? browser?.account
  // A password cannot be typed in silence.
  const isKnown = browser !== undefined || account?.password === undefined
  if (account === undefined || !isKnown) return redirect(ask, errorFields(refusalByCode(50058)))
  const evidence = {
    account,
    hasMfa: browser?.hasMfa ?? false,
    authenticatedAt: browser?.authenticatedAt ?? request.receivedAt,
  }
  const needs = needsOf(ask, evidence)
  const lacksMfa = realm.accounts.state(account.id).isMfaRequired || wantsMfa(ask)
  if (!evidence.hasMfa && (lacksMfa || needs.mfa !== undefined)) {
    const refusal = { ...refusalByCode(needs.mfa ?? 50076), error: 'interaction_required' }
    return redirect(ask, errorFields(refusal))
  }
  if (needs.consent !== undefined) {
    const refusal = { ...refusalByCode(needs.consent), error: 'consent_required' }
    return redirect(ask, errorFields(refusal))
  }
  return begin(ask, account, evidence.hasMfa, evidence.authenticatedAt)
}

/** Signs in and consents, as someone at the page would; undoes an earlier withdrawal of consent. */
function signIn(ask: AuthorizationAsk, name: string, hasMfa: boolean): Answer {
  const { realm, request, application } = ask
  const account = realm.accounts.find(name)
  if (account === undefined) {
    if (request.method === 'GET') return redirect(ask, errorFields(refusalByCode(50058)))
    const complaint = `There is no account "${name}".`
    return accountPage({ request, complaint }, application.displayName, name)
  }
  if (request.method === 'POST' && account.password !== undefined) {
    return answerStep(ask, new URLSearchParams({ step: 'account', username: name }))
  }
  if (!hasMfa && realm.accounts.state(account.id).isMfaRequired) {
    const complaint = 'This account needs a second factor.'
    return accountPage({ request, complaint }, application.displayName, name)
  }
  giveConsent(ask, account)
  return begin(ask, account, hasMfa, request.receivedAt)
}

function begin(
  ask: AuthorizationAsk,
  account: Account,
  hasMfa: boolean,
  authenticatedAt: number,
): Answer {
  const evidence = { account, hasMfa, authenticatedAt }
  const { refusal } = needsOf(ask, evidence)
  if (refusal !== undefined)
    return redirect(ask, errorFields({ ...refusal, error: 'access_denied' }))
  return beginSession(ask, evidence)
}
