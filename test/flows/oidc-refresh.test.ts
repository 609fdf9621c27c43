import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Provider, type Context } from 'oidc-provider'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createManualClock, Secret, systemClock, type Result } from '../../src/kernel/index.ts'
import {
  certificateAssertion,
  clientSecretPost,
  createOidcProvider,
  introspectToken,
  noAuthentication,
  redeemAuthorizationCode,
  redeemRefreshToken,
  revokeToken,
  type ClientAuthentication,
  type ProviderProfile,
  type TokenAnswer,
  type TokenFailure,
  type TokenTarget,
  type Transport,
} from '../../src/oauth/index.ts'
import { makeClientCertificate } from '../support/client-certificate.ts'
import { signInByHand, type SignIn } from '../support/sign-in.ts'

const clientSecret = 'a secret with + and / and %'
const resource = 'https://api.example'
const redirectUri = 'http://localhost:8420/consent/callback'
const scope: TokenTarget = { scope: 'openid offline_access' }
const certificate = makeClientCertificate()

let server: Server
let issuer: string
let provider: ProviderProfile
let transport: Transport

beforeEach(async () => {
  let handle: RequestListener | undefined
  server = createServer((request, response) => handle?.(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const idp = makeProvider(issuer)
  const answer = idp.callback()
  // Anna signs in and consents to everything without being asked.
  handle = (request, response) => {
    if (request.url?.startsWith('/interaction/') !== true) return answer(request, response)
    void idp.interactionFinished(request, response, { login: { accountId: 'anna' }, consent: {} })
  }
  provider = createOidcProvider({ issuer })
  transport = { fetch, clock: systemClock }
})

afterEach(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

function makeProvider(url: string): Provider {
  const client = {
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    redirect_uris: [redirectUri],
    application_type: 'native',
  }
  const keys = [certificate.keys.publicKey.export({ format: 'jwk' })]
  const idp = new Provider(url, {
    clients: [
      {
        ...client,
        client_id: 'secret',
        client_secret: clientSecret,
        token_endpoint_auth_method: 'client_secret_post',
      },
      { ...client, client_id: 'public', token_endpoint_auth_method: 'none' },
      {
        ...client,
        client_id: 'certificate',
        token_endpoint_auth_method: 'private_key_jwt',
        jwks: { keys },
      },
    ],
    scopes: ['openid', 'offline_access', 'read'],
    claims: { openid: ['sub', 'preferred_username'] },
    conformIdTokenClaims: false,
    features: {
      devInteractions: { enabled: false },
      introspection: { enabled: true },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({
          scope: 'read',
          accessTokenTTL: 900,
          accessTokenFormat: 'opaque',
        }),
      },
    },
    findAccount: (_context, id) => ({
      accountId: id,
      claims: () => ({ sub: id, preferred_username: `${id}@contoso.example` }),
    }),
    interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
    loadExistingGrant: async ({ oidc }: Context) => {
      const { clientId } = oidc.client
      const grant = new idp.Grant({ clientId, accountId: oidc.session.accountId })
      grant.addOIDCScope('openid offline_access read')
      grant.addResourceScope(resource, 'read')
      await grant.save()
      return grant
    },
    rotateRefreshToken: true,
    issueRefreshToken: () => true,
    ttl: { AccessToken: (_context, { resourceServer }) => resourceServer?.accessTokenTTL ?? 600 },
  })
  return idp
}

interface Client {
  readonly clientId: string
  readonly authentication: ClientAuthentication
}

const secretClient: Client = {
  clientId: 'secret',
  authentication: clientSecretPost(new Secret(clientSecret)),
}

const pem = new Secret(certificate.keyPem + certificate.certificatePem)

function signIn(clientId: string, more: Readonly<Record<string, string>> = {}): Promise<SignIn> {
  return signInByHand(`${issuer}/auth`, { client_id: clientId, redirect_uri: redirectUri, ...more })
}

/** Redeems the code of a sign-in, changed. */
function redeem(
  client: Client,
  { code, codeVerifier, nonce }: SignIn,
  target = scope,
): Promise<Result<TokenAnswer, TokenFailure>> {
  const request = { provider, ...client, target, declaresCp1: false }
  return redeemAuthorizationCode({ ...request, code, codeVerifier, redirectUri, nonce }, transport)
}

function refresh(
  client: Client,
  refreshToken: Secret | undefined,
  target = scope,
): Promise<Result<TokenAnswer, TokenFailure>> {
  if (refreshToken === undefined) throw new Error('there is no refresh token')
  const request = { provider, ...client, target, declaresCp1: false, refreshToken }
  return redeemRefreshToken(request, transport)
}

function granted<T>(result: Result<T, TokenFailure>): T {
  if (!result.ok) throw result.error.error
  return result.value
}

describe('a real OpenID provider', () => {
  it('takes no code with a wrong verifier, and no code twice', async () => {
    const session = await signIn('secret')
    const stranger = { ...session, codeVerifier: new Secret('v'.repeat(43)) }
    const lapsed = { ok: false, error: { kind: 'grant_lapsed', effect: 'none' } }
    expect(await redeem(secretClient, stranger)).toMatchObject(lapsed)
    const another = await signIn('secret')
    granted(await redeem(secretClient, another))
    expect(await redeem(secretClient, another)).toMatchObject(lapsed)
  })

  it('proves nobody to a sign-in with another nonce', async () => {
    const session = await signIn('secret')
    expect(await redeem(secretClient, { ...session, nonce: 'another' })).toMatchObject({
      ok: false,
      error: { error: { code: 'id_token_invalid', detail: expect.stringContaining('"nonce"') } },
    })
  })

  it('rejects the assertion of a certificate it does not know', async () => {
    const strange = makeClientCertificate()
    const stranger = {
      clientId: 'certificate',
      authentication: certificateAssertion(new Secret(strange.keyPem + strange.certificatePem)),
    }
    expect(await redeem(stranger, await signIn('certificate'))).toMatchObject({
      ok: false,
      error: { kind: 'client_rejected', effect: 'none' },
    })
  })

  it('ends the whole grant when a spent refresh token comes again', async () => {
    const first = granted(await redeem(secretClient, await signIn('secret')))
    const second = granted(await refresh(secretClient, first.refreshToken))
    const lapsed = {
      ok: false,
      error: { kind: 'grant_lapsed', effect: 'none', error: { code: 'grant_lapsed' } },
    }
    expect(await refresh(secretClient, first.refreshToken)).toMatchObject(lapsed)
    expect(await refresh(secretClient, second.refreshToken)).toMatchObject(lapsed)
  })

  it('spends no refresh token on a client that does not prove itself', async () => {
    const first = granted(await redeem(secretClient, await signIn('secret')))
    const impostor = { ...secretClient, authentication: clientSecretPost(new Secret('wrong')) }
    expect(await refresh(impostor, first.refreshToken)).toMatchObject({
      ok: false,
      error: { kind: 'client_rejected', effect: 'none' },
    })
    granted(await refresh(secretClient, first.refreshToken))
  })

  it('tells who signed in, also by a clock of ours that is years behind', async () => {
    transport = { fetch, clock: createManualClock() }
    const answer = granted(await redeem(secretClient, await signIn('secret')))
    expect(answer.subject).toEqual({ subject: 'anna', userName: 'anna@contoso.example' })
    expect(answer.token.expiresAt - transport.clock.now()).toBe(600_000)
  })

  it('rotates the refresh token each time and goes on saying whose it is', async () => {
    let answer = granted(await redeem(secretClient, await signIn('secret')))
    const seen = new Set([answer.refreshToken?.reveal()])
    for (let i = 0; i < 3; i++) {
      answer = granted(await refresh(secretClient, answer.refreshToken))
      expect(answer.subject?.subject).toBe('anna')
      seen.add(answer.refreshToken?.reveal())
    }
    expect(seen.size).toBe(4)
  })

  it('issues a token for a resource out of the same refresh token', async () => {
    const session = await signIn('secret', { resource, scope: 'openid offline_access read' })
    const first = granted(await redeem(secretClient, session, { resource }))
    expect(first.token.scope).toContain('read')
    const second = granted(await refresh(secretClient, first.refreshToken, { resource }))
    expect(second.token.expiresAt - second.token.issuedAt).toBeGreaterThan(890_000)
  })

  it.each<[string, Client]>([
    ['no proof at all', { clientId: 'public', authentication: noAuthentication() }],
    [
      'a PS256 assertion',
      {
        clientId: 'certificate',
        authentication: certificateAssertion(pem, { algorithm: 'PS256' }),
      },
    ],
    [
      'an RS256 assertion',
      {
        clientId: 'certificate',
        authentication: certificateAssertion(pem, { algorithm: 'RS256' }),
      },
    ],
  ])('takes code, refresh, introspection and revocation with %s', async (_how, client) => {
    const first = granted(await redeem(client, await signIn(client.clientId)))
    const { token, refreshToken } = granted(await refresh(client, first.refreshToken))
    if (refreshToken === undefined) throw new Error('there is no refresh token')
    const operation = { provider, ...client }
    const asked = { ...operation, token: token.secret }
    expect(granted(await introspectToken(asked, transport))).toMatchObject({
      kind: 'active',
      claims: { sub: 'anna', client_id: client.clientId },
    })
    const revoked = { ...operation, token: refreshToken, tokenTypeHint: 'refresh_token' } as const
    expect(granted(await revokeToken(revoked, transport))).toBe('revoked')
    expect(granted(await introspectToken(asked, transport))).toEqual({ kind: 'inactive' })
    expect(await refresh(client, refreshToken)).toMatchObject({
      ok: false,
      error: { kind: 'grant_lapsed' },
    })
  })
})
