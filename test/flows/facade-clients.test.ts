import { OAuth2Client, generateCodeVerifier } from '@badgateway/oauth2-client'
import ClientOAuth2 from 'client-oauth2'
import * as oauth from 'oauth4webapi'
import * as openid from 'openid-client'
import OAuth2Strategy from 'passport-oauth2'
import { AuthorizationCode } from 'simple-oauth2'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { FacadeClientDraft } from '../../src/gateway/index.ts'
import { startFacade, type FacadeService } from '../support/facade-service.ts'

const redirectUri = 'https://app.example/callback'

let service: FacadeService
beforeAll(async () => {
  service = await startFacade()
})
afterAll(() => service.close())

interface Client {
  readonly id: string
  readonly secret: string
}

let number = 0
async function register(draft: Partial<FacadeClientDraft> = {}): Promise<Client> {
  const { client, secret } = await service.facade.desk.add({
    name: `client-${++number}`,
    connection: 'contoso-graph',
    redirectUris: [redirectUri],
    ...draft,
  })
  return { id: client.id, secret: secret?.reveal() ?? '' }
}

/** Where the browser is sent from an authorization address. */
async function visit(address: URL | string): Promise<URL> {
  const answer = await fetch(address, { redirect: 'manual' })
  expect(answer.status).toBe(302)
  const location = new URL(answer.headers.get('location') ?? '')
  expect(`${location.origin}${location.pathname}`).toBe(redirectUri)
  return location
}

/** Who a token is for, as the UserInfo endpoint tells. */
async function whoHas(token: string): Promise<string> {
  const answer = await fetch(`${service.issuer}/userinfo?access_token=${token}`)
  return ((await answer.json()) as { readonly sub: string }).sub
}

const ours = /^egf_[\w-]{43}$/

describe('clients nobody here wrote get tokens at the façade', () => {
  it.each(['ClientSecretBasic', 'ClientSecretPost'] as const)('openid-client by %s', async (by) => {
    const { id, secret } = await register({ requiresPkce: true })
    const authentication =
      by === 'ClientSecretBasic'
        ? openid.ClientSecretBasic(secret)
        : openid.ClientSecretPost(secret)
    const config = await openid.discovery(new URL(service.issuer), id, {}, authentication, {
      execute: [openid.allowInsecureRequests],
    })
    const pkceCodeVerifier = openid.randomPKCECodeVerifier()
    const expectedState = openid.randomState()
    const back = await visit(
      openid.buildAuthorizationUrl(config, {
        redirect_uri: redirectUri,
        scope: 'api',
        state: expectedState,
        code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
        code_challenge_method: 'S256',
      }),
    )
    const checks = { pkceCodeVerifier, expectedState }
    const given = await openid.authorizationCodeGrant(config, back, checks)
    expect(given.access_token).toMatch(ours)
    expect(given.expiresIn()).toBeGreaterThan(3_500)
    const who = await openid.fetchUserInfo(config, given.access_token, 'contoso-graph')
    expect(who.sub).toBe('contoso-graph')
    const renewed = await openid.refreshTokenGrant(config, given.refresh_token ?? '')
    expect(renewed.access_token).toMatch(ours)
    await openid.tokenRevocation(config, given.refresh_token ?? '')
    await expect(openid.refreshTokenGrant(config, given.refresh_token ?? '')).rejects.toMatchObject(
      {
        error: 'invalid_grant',
      },
    )
  })

  it('oauth4webapi, by the address of RFC 8414, with the answer’s issuer checked', async () => {
    const { id, secret } = await register({ rotates: true })
    const issuer = new URL(service.issuer)
    const insecure = { [oauth.allowInsecureRequests]: true }
    const found = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure })
    const as = await oauth.processDiscoveryResponse(issuer, found)
    const client = { client_id: id }
    const authentication = oauth.ClientSecretBasic(secret)
    const verifier = oauth.generateRandomCodeVerifier()
    const address = new URL(as.authorization_endpoint ?? '')
    const state = oauth.generateRandomState()
    for (const [name, value] of Object.entries({
      client_id: id,
      response_type: 'code',
      redirect_uri: redirectUri,
      state,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    })) {
      address.searchParams.set(name, value)
    }
    const parameters = oauth.validateAuthResponse(as, client, await visit(address), state)
    const redeemed = await oauth.authorizationCodeGrantRequest(
      as,
      client,
      authentication,
      parameters,
      redirectUri,
      verifier,
      insecure,
    )
    const given = await oauth.processAuthorizationCodeResponse(as, client, redeemed)
    const asked = await oauth.userInfoRequest(as, client, given.access_token, insecure)
    const who = await oauth.processUserInfoResponse(as, client, oauth.skipSubjectCheck, asked)
    expect(who.sub).toBe('contoso-graph')
    const refreshed = await oauth.refreshTokenGrantRequest(
      as,
      client,
      authentication,
      given.refresh_token ?? '',
      insecure,
    )
    const renewed = await oauth.processRefreshTokenResponse(as, client, refreshed)
    expect(renewed.access_token).toMatch(ours)
    expect(renewed.refresh_token).not.toBe(given.refresh_token)
  })

  it.each(['header', 'body'] as const)(
    'simple-oauth2 with credentials in the %s',
    async (method) => {
      const { id, secret } = await register()
      const path = new URL(service.issuer).pathname
      const client = new AuthorizationCode({
        client: { id, secret },
        auth: {
          tokenHost: service.url,
          tokenPath: `${path}/token`,
          authorizePath: `${path}/authorize`,
          revokePath: `${path}/revoke`,
        },
        options: { authorizationMethod: method },
      })
      const state = 'a state & more'
      const back = await visit(client.authorizeURL({ redirect_uri: redirectUri, state }))
      expect(back.searchParams.get('state')).toBe(state)
      const code = back.searchParams.get('code') ?? ''
      const given = await client.getToken({ code, redirect_uri: redirectUri })
      expect(await whoHas(String(given.token['access_token']))).toBe('contoso-graph')
      const renewed = await given.refresh()
      expect(renewed.token['access_token']).toMatch(ours)
      expect(renewed.expired(60)).toBe(false)
      await renewed.revokeAll()
      await expect(renewed.refresh()).rejects.toThrow(/400|Bad Request/)
    },
  )

  it('@badgateway/oauth2-client, finding everything by discovery', async () => {
    const { id, secret } = await register()
    const client = new OAuth2Client({
      server: service.issuer,
      discoveryEndpoint: `${service.issuer}/.well-known/oauth-authorization-server`,
      clientId: id,
      clientSecret: secret,
    })
    const codeVerifier = await generateCodeVerifier()
    const state = 'st'
    const there = { redirectUri, state, codeVerifier }
    const back = await visit(await client.authorizationCode.getAuthorizeUri(there))
    const given = await client.authorizationCode.getTokenFromCodeRedirect(back, there)
    expect(await whoHas(given.accessToken)).toBe('contoso-graph')
    const renewed = await client.refreshToken(given)
    expect(renewed.accessToken).toMatch(ours)
    await client.revoke(renewed)
  })

  it('client-oauth2', async () => {
    const { id, secret } = await register()
    const client = new ClientOAuth2({
      clientId: id,
      clientSecret: secret,
      accessTokenUri: `${service.issuer}/token`,
      authorizationUri: `${service.issuer}/authorize`,
      redirectUri,
      scopes: ['api'],
      state: 'xyz',
    })
    const given = await client.code.getToken((await visit(client.code.getUri())).href)
    expect(await whoHas(given.accessToken)).toBe('contoso-graph')
    expect((await given.refresh()).accessToken).toMatch(ours)
  })

  it('passport-oauth2, with PKCE and a profile', async () => {
    const { id, secret } = await register({ requiresPkce: true })
    let kept: string | undefined
    /** One turn of the strategy, as passport makes it. */
    const turn = async (request: object): Promise<Record<string, unknown>> =>
      await new Promise((resolve, reject) => {
        const strategy = new OAuth2Strategy(
          {
            authorizationURL: `${service.issuer}/authorize`,
            tokenURL: `${service.issuer}/token`,
            clientID: id,
            clientSecret: secret,
            callbackURL: redirectUri,
            pkce: true,
            store: {
              store: (
                _request: unknown,
                verifier: string,
                _state: unknown,
                _meta: unknown,
                done: (error: null, state: string) => void,
              ) => {
                kept = verifier
                done(null, 'kept-state')
              },
              verify: (
                _request: unknown,
                state: string,
                done: (error: null, verifier: unknown, state: string) => void,
              ) => done(null, state === 'kept-state' ? kept : false, state),
            } as never,
          },
          ((
            access: string,
            refresh: string,
            _profile: unknown,
            done: (error: null, user: object) => void,
          ) => done(null, { access, refresh })) as never,
        )
        const attempt = Object.assign(Object.create(strategy) as typeof strategy, {
          redirect: (url: string) => resolve({ url }),
          success: (user: Record<string, unknown>) => resolve(user),
          fail: (info: unknown) => reject(new Error(`refused: ${JSON.stringify(info)}`)),
          error: reject,
        })
        attempt.authenticate(request as never, {})
      })
    const { url } = await turn({ query: {} })
    const back = await visit(String(url))
    const user = await turn({ query: Object.fromEntries(back.searchParams) })
    expect(await whoHas(String(user['access']))).toBe('contoso-graph')
    expect(user['refresh']).toMatch(/^egr_/)
  })
})

describe('the façade on the wire', () => {
  it('shows a page that runs nothing for an address that is not registered', async () => {
    const { id } = await register()
    const evil = '"><script>alert(1)</script>'
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: id,
      redirect_uri: `https://evil.example/${evil}`,
    })
    const answer = await fetch(`${service.issuer}/authorize?${query.toString()}`, {
      redirect: 'manual',
    })
    const page = await answer.text()
    expect(answer.status).toBe(400)
    expect(answer.headers.get('location')).toBeNull()
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(page).toContain(answer.headers.get('evergrant-trace') ?? 'no trace')
    expect(page).toContain('not registered')
    expect(page).not.toContain('<script')
  })

  it('publishes no metadata for connections without clients, and no ID tokens', async () => {
    const at = (path: string): Promise<Response> => fetch(`${service.url}${path}`)
    expect((await at('/oauth/nothing/.well-known/openid-configuration')).status).toBe(404)
    await register()
    const answer = await at('/.well-known/oauth-authorization-server/oauth/contoso-graph')
    expect(await answer.json()).not.toHaveProperty('jwks_uri')
  })

  it('answers in the words of OAuth, never to be cached, with a trace', async () => {
    const answer = await fetch(`${service.issuer}/token`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'authorization_code', code: 'x' }),
    })
    expect(answer.status).toBe(401)
    expect(await answer.json()).toMatchObject({
      error: 'invalid_client',
      code: 'facade_client_refused',
    })
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.headers.get('evergrant-trace')).toMatch(/^trc_/)
  })

  it.each(['application/json', 'text/plain'])(
    'reads no body of %s as anything else',
    async (type) => {
      const answer = await fetch(`${service.issuer}/token`, {
        method: 'POST',
        headers: { 'content-type': type },
        body: '{"grant_type":"refresh_token"}',
      })
      expect(await answer.json()).toMatchObject({ error: 'invalid_request' })
    },
  )

  it('leaves a trace of every hand-out and of every refusal', async () => {
    const kinds = new Set(service.traces().map(({ kind, outcome }) => `${kind} ${outcome}`))
    expect(kinds).toEqual(new Set(['facade served', 'facade refused']))
  })

  it('notices within a second what another process revokes', async () => {
    const { id, secret } = await register({ name: 'elsewhere' })
    const back = await visit(
      `${service.issuer}/authorize?response_type=code&client_id=${id}&redirect_uri=${encodeURIComponent(redirectUri)}`,
    )
    const answer = await fetch(`${service.issuer}/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        code: back.searchParams.get('code') ?? '',
        redirect_uri: redirectUri,
        client_id: id,
        client_secret: secret,
      }),
    })
    const { access_token: token } = (await answer.json()) as { readonly access_token: string }
    await service.facade.authenticate(token)
    expect(service.facade.authenticate(token)).toMatchObject({ value: { id } })
    const noticed = service.noticed('facades')
    await service.elsewhere((store) => store.facades.revokeFacadeClient(id, Date.now()))
    await noticed
    expect(await service.facade.authenticate(token)).toMatchObject({ ok: false })
  })
})
