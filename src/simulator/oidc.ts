import type { TokenClaims } from './access-tokens.ts'
import { headerOf, type Answer, type SimulatedRequest } from './answer.ts'
import { answerAuthorize } from './authorize.ts'
import { authenticateClient } from './client-authentication.ts'
import { readForm } from './token-form.ts'
import type { Issuer } from './issuers.ts'
import { oidcIssuerOf } from './issuers.ts'
import { oauthError, oauthHeaders } from './oauth-errors.ts'
import { answerOidcToken, issuerUrl, oidcAudiences } from './oidc-token.ts'
import type { Application } from './realms.ts'
import { endSession } from './user-grants.ts'
import type { World } from './world.ts'

/** Answers everything under `/oidc/<name>`: a plain OpenID provider. */
export function answerOidc(world: World, request: SimulatedRequest): Answer {
  const issuer = oidcIssuerOf(world.issuers, request.path)
  if (issuer === undefined) {
    return { status: 404, headers: { 'Content-Type': 'text/plain' }, body: 'No such issuer' }
  }
  if (request.kind === 'metadata') return json(metadataOf(issuer, request.origin))
  if (request.kind === 'keys') return json({ keys: [world.signer.jwk] })
  if (request.kind === 'authorize') return answerAuthorize(world, request)
  if (request.kind === 'token') return answerOidcToken(world, request, issuer)
  if (request.kind === 'revoke') return withClient(world, request, issuer, revoke)
  if (request.kind === 'introspect') return withClient(world, request, issuer, introspect)
  if (request.kind === 'userinfo') return answerUserInfo(world, request, issuer)
  return { status: 404, headers: { 'Content-Type': 'text/plain' }, body: 'Not found' }
}

/** OpenID Connect Discovery section 3, RFC 8414 section 2. */
function metadataOf(issuer: Issuer, origin: string): Record<string, unknown> {
  const url = issuerUrl(issuer, origin)
  const methods = ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none']
  const algorithms = ['RS256', 'PS256', 'ES256']
  return {
    issuer: url,
    authorization_endpoint: `${url}/authorize`,
    token_endpoint: `${url}/token`,
    revocation_endpoint: `${url}/revoke`,
    introspection_endpoint: `${url}/introspect`,
    userinfo_endpoint: `${url}/userinfo`,
    jwks_uri: `${url}/jwks`,
    scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
    response_types_supported: ['code'],
    response_modes_supported: ['query', 'fragment', 'form_post'],
    grant_types_supported: ['authorization_code', 'refresh_token', 'client_credentials'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
    token_endpoint_auth_methods_supported: methods,
    token_endpoint_auth_signing_alg_values_supported: algorithms,
    revocation_endpoint_auth_methods_supported: methods,
    revocation_endpoint_auth_signing_alg_values_supported: algorithms,
    introspection_endpoint_auth_methods_supported: methods.slice(0, 3),
    introspection_endpoint_auth_signing_alg_values_supported: algorithms,
  }
}

type ClientAnswer = (
  world: World,
  request: SimulatedRequest,
  issuer: Issuer,
  client: { readonly application: Application; readonly token: string },
) => Answer

function withClient(
  world: World,
  request: SimulatedRequest,
  issuer: Issuer,
  answer: ClientAnswer,
): Answer {
  const form = readForm(request)
  const audiences = oidcAudiences(issuer, request.origin)
  const client = authenticateClient(world, issuer, request, form, audiences)
  if (!client.ok) return oauthError(request, client.error)
  const token = form.get('token')
  if (request.method !== 'POST' || !token) return refused(request, 'invalid_request', 'No token.')
  return answer(world, request, issuer, { application: client.value.application, token })
}

/**
 * Revokes: a refresh token with its whole family, an access token alone. What is unknown is revoked
 * already; what belongs to another client is refused.
 *
 * @see RFC 7009 section 2
 */
const revoke: ClientAnswer = (world, request, issuer, { application, token }) => {
  const found = world.sessions.look(token)
  const claims = found === undefined ? ownClaims(world, issuer, request, token) : undefined
  const owner = found?.session.clientId ?? claims?.['client_id']
  if (found !== undefined && found.session.realm !== issuer.id) return done()
  if (owner !== undefined && owner !== application.id) {
    return refused(request, 'unauthorized_client', 'The token belongs to another client.')
  }
  if (found !== undefined) endSession(world, found.session)
  if (claims !== undefined) world.ledger.killToken(claims)
  world.counters.revocations++
  return done()
}

/** RFC 7662 section 2.2; tokens of other issuers, dead and spent ones are not active. */
const introspect: ClientAnswer = (world, request, issuer, { token }) => {
  const now = request.receivedAt
  const found = world.sessions.look(token)
  if (found !== undefined) {
    const { session, expiresIdleFrom } = found
    const expiresAt = expiresIdleFrom + issuer.policy.refreshIdleMs
    const isOurs = session.realm === issuer.id && session.ended === undefined
    const isSpent = world.sessions.isUsed(token) && issuer.policy.rotation.model === 'strict'
    if (!isOurs || isSpent || expiresAt <= now) return json({ active: false })
    return json({
      active: true,
      scope: session.scopes.join(' '),
      client_id: session.clientId,
      username: session.account.userPrincipalName,
      sub: session.account.id,
      exp: Math.floor(expiresAt / 1_000),
      iss: issuerUrl(issuer, request.origin),
      token_type: 'refresh_token',
    })
  }
  const claims = ownClaims(world, issuer, request, token)
  if (claims === undefined || world.ledger.judge(claims, now).kind !== 'alive') {
    return json({ active: false })
  }
  const { iss, aud, sub, client_id, scope, iat, nbf, exp, jti } = claims
  const username = issuer.accounts.find(String(sub))?.userPrincipalName
  const facts = { iss, aud, sub, client_id, scope, iat, nbf, exp, jti, username }
  return json({ active: true, token_type: 'Bearer', ...facts })
}

function answerUserInfo(world: World, request: SimulatedRequest, issuer: Issuer): Answer {
  const token = /^bearer +(\S+)$/i.exec(headerOf(request, 'authorization') ?? '')?.[1] ?? ''
  const claims = ownClaims(world, issuer, request, token)
  const isAlive =
    claims !== undefined && world.ledger.judge(claims, request.receivedAt).kind === 'alive'
  const account = isAlive ? issuer.accounts.find(String(claims['sub'])) : undefined
  if (account === undefined) {
    const headers = { ...oauthHeaders, 'WWW-Authenticate': 'Bearer error="invalid_token"' }
    return { status: 401, headers, body: JSON.stringify({ error: 'invalid_token' }) }
  }
  const { id: sub, userPrincipalName: preferred_username, displayName: name } = account
  return json({ sub, preferred_username, name })
}

/** The claims of an access token this issuer made; its life is not judged. */
function ownClaims(
  world: World,
  issuer: Issuer,
  request: SimulatedRequest,
  token: string,
): TokenClaims | undefined {
  const read = world.signer.read(token)
  const isOurs = read.ok && read.value.iss === issuerUrl(issuer, request.origin)
  return isOurs ? read.value : undefined
}

function refused(request: SimulatedRequest, error: string, message: string): Answer {
  return oauthError(request, { status: 400, error, code: 0, message })
}

function json(body: unknown): Answer {
  return { status: 200, headers: oauthHeaders, body: JSON.stringify(body) }
}

function done(): Answer {
  return { status: 200, headers: { 'Cache-Control': 'no-store' }, body: '' }
}
