import { err, ok, type Result } from '../kernel/index.ts'
import type { Answer, SimulatedRequest } from './answer.ts'
import { authenticateClient } from './client-authentication.ts'
import { readForm } from './token-form.ts'
import { clientRefusals } from './client-refusals.ts'
import type { EntraRefusal } from './entra-refusal.ts'
import { refreshInOf } from './entra-issue.ts'
import type { Issuer } from './issuers.ts'
import { oauthError, oauthHeaders } from './oauth-errors.ts'
import type { Application } from './realms.ts'
import { fingerprintOf } from './sessions.ts'
import { conditionRefusal, proveCode, proveRefreshToken, type ProvenGrant } from './user-grants.ts'
import type { World } from './world.ts'

interface TokenAsk {
  readonly world: World
  readonly request: SimulatedRequest
  readonly issuer: Issuer
  readonly form: URLSearchParams
  readonly application: Application
}

/** Address of an issuer, as its tokens and metadata name it. */
export function issuerUrl(issuer: Issuer, origin: string): string {
  return `${origin}/oidc/${issuer.id}`
}

/** The `aud` values a client assertion may carry at an issuer (RFC 7523 section 3). */
export function oidcAudiences(issuer: Issuer, origin: string): readonly string[] {
  const url = issuerUrl(issuer, origin)
  return [url, `${url}/token`, `${url}/revoke`, `${url}/introspect`]
}

/** Answers an issuer's token endpoint for client credentials, codes and refresh tokens. */
export function answerOidcToken(world: World, request: SimulatedRequest, issuer: Issuer): Answer {
  const answer = judge(world, request, issuer)
  return answer.ok ? answer.value : oauthError(request, answer.error)
}

function judge(
  world: World,
  request: SimulatedRequest,
  issuer: Issuer,
): Result<Answer, EntraRefusal> {
  if (request.method !== 'POST') return err(refuse('invalid_request', 'Only POST is served.'))
  const form = readForm(request)
  const grantType = form.get('grant_type')
  if (!grantType) return err(clientRefusals.missing('grant_type'))
  const audiences = oidcAudiences(issuer, request.origin)
  const client = authenticateClient(world, issuer, request, form, audiences)
  if (!client.ok) return client
  const { application, method } = client.value
  if (request.tokenRequest !== undefined) request.tokenRequest.authentication = method
  const ask = { world, request, issuer, form, application }
  const { receivedAt: now, tokenRequest: record } = request
  if (grantType === 'client_credentials') {
    if (method === 'none') {
      return err(refuse('unauthorized_client', 'A public client has no grant of its own.'))
    }
    return ok(issue(ask, undefined, form.get('scope') ?? ''))
  }
  if (grantType === 'authorization_code') {
    if (!form.get('code')) return err(clientRefusals.missing('code'))
    const grant = proveCode(world, issuer, application, form, now)
    return grant.ok ? answerForUser(ask, grant.value, false) : grant
  }
  if (grantType === 'refresh_token') {
    const token = form.get('refresh_token')
    if (!token) return err(clientRefusals.missing('refresh_token'))
    const grant = proveRefreshToken(world, issuer, application, token, record, now)
    return grant.ok ? answerForUser(ask, grant.value, true) : grant
  }
  return err(refuse('unsupported_grant_type', `The grant type "${grantType}" is not served.`))
}

function answerForUser(
  ask: TokenAsk,
  grant: ProvenGrant,
  isRefresh: boolean,
): Result<Answer, EntraRefusal> {
  const { issuer, application, request, form } = ask
  const { session } = grant
  const scopes = (form.get('scope') ?? session.scopes.join(' ')).split(/\s+/).filter(Boolean)
  const excess = isRefresh ? scopes.find((scope) => !session.scopes.includes(scope)) : undefined
  if (excess !== undefined) {
    return err(refuse('invalid_scope', `The scope "${excess}" was not granted.`))
  }
  const audience = audienceOf(ask, session.resource)
  const refusal = conditionRefusal(issuer, application, session, audience, request.receivedAt)
  if (refusal !== undefined) return err(refusal)
  return ok(issue(ask, grant, scopes.join(' '), isRefresh))
}

function audienceOf({ issuer, form, request }: TokenAsk, granted?: string): string {
  return form.get('resource') ?? granted ?? issuer.audience ?? issuerUrl(issuer, request.origin)
}

function issue(
  ask: TokenAsk,
  grant: ProvenGrant | undefined,
  scope: string,
  isRefresh = false,
): Answer {
  const { world, request, issuer, application } = ask
  const session = grant?.session
  const isOffline = isRefresh || session?.scopes.includes('offline_access') === true
  const refreshToken = isOffline ? grant?.spend() : undefined
  const lifetime = Math.max(0, Math.round(world.draw(world.settings.tokenLifetimeSeconds)))
  // Rounded to both sides: valid at once, and not dead before its client expects it.
  const now = Math.floor(request.receivedAt / 1_000)
  const expiresAt = Math.ceil(request.receivedAt / 1_000) + lifetime
  const uti = world.ledger.book(expiresAt * 1_000, session?.number)
  const subject = session?.account.id ?? application.principalId
  const iss = issuerUrl(issuer, request.origin)
  const accessToken = world.signer.sign({
    iss,
    aud: audienceOf(ask, session?.resource),
    sub: subject,
    client_id: application.id,
    scope,
    iat: now,
    nbf: now,
    exp: expiresAt,
    jti: uti,
    uti,
    ...(session === undefined ? {} : { sim_session: session.number }),
  })
  world.counters.tokensIssued++
  const record = request.tokenRequest
  if (record !== undefined && refreshToken !== undefined) {
    record.issuedRefreshToken = fingerprintOf(refreshToken)
  }
  const refreshIn = refreshInOf(world, lifetime)
  const wantsIdToken = session !== undefined && scope.split(' ').includes('openid')
  const body = {
    token_type: 'Bearer',
    access_token: accessToken,
    expires_in: lifetime,
    scope,
    ...(refreshIn === undefined ? {} : { refresh_in: refreshIn }),
    ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }),
    ...(refreshToken !== undefined && issuer.policy.announcesRefreshLife
      ? { refresh_token_expires_in: issuer.policy.refreshIdleMs / 1_000 }
      : {}),
    ...(wantsIdToken
      ? {
          id_token: world.signer.sign({
            iss,
            aud: application.id,
            sub: subject,
            iat: now,
            exp: Math.max(expiresAt, now + 1),
            auth_time: Math.floor(session.authenticatedAt / 1_000),
            preferred_username: session.account.userPrincipalName,
            name: session.account.displayName,
            ...(grant?.nonce === undefined ? {} : { nonce: grant.nonce }),
          }),
        }
      : {}),
  }
  return { status: 200, headers: oauthHeaders, body: JSON.stringify(body) }
}

function refuse(error: string, message: string): EntraRefusal {
  return { status: 400, error, code: 0, message }
}
