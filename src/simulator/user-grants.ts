import { err, ok, type Result } from '../kernel/index.ts'
import type { EntraRefusal } from './entra-refusal.ts'
import { accountRefusal, grantRefusals, refusalByCode } from './grant-refusals.ts'
import { judgePolicies } from './policies.ts'
import { rotationOf, type Application, type Realm } from './realms.ts'
import type { RefreshTerms, Session } from './sessions.ts'
import type { OpenTokenRequest } from './token-request.ts'
import type { World } from './world.ts'

/** A user's grant that was proven; nothing is spent yet but the code, if it was one. */
export interface ProvenGrant {
  readonly session: Session
  /** Of the authorization request; goes into the ID token. */
  readonly nonce?: string
  /** Spends the refresh token and returns the one to answer with, if any. */
  spend(): string | undefined
}

/** Proves an authorization code: single use, ten minutes, exact redirect URI, PKCE. */
export function proveCode(
  world: World,
  realm: Realm,
  application: Application,
  form: URLSearchParams,
  now: number,
): Result<ProvenGrant, EntraRefusal> {
  const redeemed = world.codes.redeem(form.get('code') ?? '', {
    realm: realm.id,
    clientId: application.id,
    redirectUri: form.get('redirect_uri') ?? '',
    verifier: form.get('code_verifier') ?? undefined,
    now,
  })
  if (redeemed.ok) {
    const { session, nonce } = redeemed.value
    const mint = (): string => world.sessions.mint(session, now)
    return ok({ session, spend: mint, ...(nonce === undefined ? {} : { nonce }) })
  }
  const { error: refusal } = redeemed
  if (refusal.kind === 'used') {
    // RFC 6749 section 4.1.2: what the first use brought should be revoked. Entra does not.
    if (realm.kind === 'oidc') endSession(world, refusal.session)
    return err(grantRefusals.usedCode)
  }
  return err(codeRefusals[refusal.kind])
}

const codeRefusals = {
  unknown: grantRefusals.unknownCode,
  expired: grantRefusals.expiredCode,
  wrong_realm: refusalByCode(700005),
  wrong_redirect: grantRefusals.wrongRedirect,
  wrong_verifier: grantRefusals.wrongVerifier,
} as const

/** Proves a refresh token by the rotation that holds for the application. */
export function proveRefreshToken(
  world: World,
  realm: Realm,
  application: Application,
  token: string,
  record: OpenTokenRequest | undefined,
  now: number,
): Result<ProvenGrant, EntraRefusal> {
  const rotation = rotationOf(realm, application)
  const { refreshIdleMs: idleMs } = realm.policy
  const terms = { realm: realm.id, clientId: application.id, rotation, idleMs, now }
  const isReuse = world.sessions.isUsed(token)
  if (isReuse) world.counters.refreshTokensReused++
  if (record !== undefined) record.isReuse = isReuse
  const judged = world.sessions.judge(token, terms)
  if (judged.ok) {
    const session = judged.value
    return ok({ session, spend: () => spend(world, session, token, terms) })
  }
  const { error: refusal } = judged
  if (refusal.kind === 'unknown') return err(grantRefusals.unknownRefreshToken)
  if (refusal.kind === 'idle') return err(grantRefusals.idleRefreshToken(refusal.issuedAt, idleMs))
  if (refusal.kind === 'reused') {
    world.counters.reuseDetected++
    if (record !== undefined) record.isReuseDetected = true
    const spares = rotation.model === 'strict' && rotation.killsAccessTokens === 'never'
    if (!spares) world.ledger.killSession(refusal.session.number)
  }
  return err(grantRefusals.endedRefreshToken)
}

function spend(
  world: World,
  session: Session,
  token: string,
  terms: RefreshTerms,
): string | undefined {
  const { rotation } = terms
  if (rotation.model === 'strict' && rotation.killsAccessTokens === 'on_refresh') {
    world.ledger.killSession(session.number)
  }
  return world.sessions.rotate(token, terms)
}

/** Ends a session: its refresh tokens and its access tokens. */
export function endSession(world: World, session: Session): void {
  world.sessions.end(session)
  world.ledger.killSession(session.number)
}

/** What stands against a token for this user and resource by now; undefined when nothing does. */
export function conditionRefusal(
  realm: Realm,
  application: Application,
  session: Session,
  resource: string,
  now: number,
): EntraRefusal | undefined {
  const { account, authenticatedAt } = session
  const state = realm.accounts.state(account.id)
  const refused = accountRefusal(realm.id, account, state)
  if (refused !== undefined) return refused
  if (session.number <= state.revokedUpTo) {
    return grantRefusals.revokedSessions(authenticatedAt, state.revokedAt)
  }
  const { signInFrequencySeconds: frequency } = realm.policy
  if (frequency !== undefined && now - authenticatedAt > frequency * 1_000) {
    return grantRefusals.signInFrequency(authenticatedAt, frequency)
  }
  const lacksMfa = session.number <= state.mfaUpTo || (state.isMfaRequired && !session.hasMfa)
  if (lacksMfa) return grantRefusals.mfaRequired(resource)
  if (state.isBlocked) return grantRefusals.blocked
  const { refusal, mfa, consent } = judgePolicies(realm.policy.policies, {
    at: 'token',
    account,
    clientId: application.id,
    audience: resource,
    hasMfa: session.hasMfa,
    authenticatedAt,
    now,
  })
  const scripted = refusal ?? mfa ?? consent
  if (scripted !== undefined) return refusalByCode(scripted)
  const isConsented = hasConsent(application, resource)
  return isConsented ? undefined : grantRefusals.notConsented(application.id)
}

/** Whether the application may have tokens for the resource. */
export function hasConsent(application: Application, resource: string): boolean {
  const { withdrawn } = application
  return withdrawn !== 'everything' && !withdrawn.has(resource)
}
