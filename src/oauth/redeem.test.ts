import { inspect } from 'node:util'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fakeJwt } from '../../test/support/fake-jwt.ts'
import {
  entraError,
  json,
  startScriptedServer,
  type ScriptedServer,
} from '../../test/support/scripted-server.ts'
import { createManualClock, Secret, type Result } from '../kernel/index.ts'
import { clientSecretPost, noAuthentication } from './client-authentication.ts'
import { createEntraProvider } from './entra.ts'
import { createOAuth2Provider } from './oauth2.ts'
import {
  redeemAuthorizationCode,
  redeemRefreshToken,
  type AuthorizationCodeRedemption,
  type RefreshTokenRedemption,
} from './obtain-token.ts'
import type { ProviderProfile } from './provider.ts'
import type { TokenAnswer } from './token-answer.ts'
import type { TokenFailure } from './token-failure.ts'

type Claims = Readonly<Record<string, unknown>>

const tenant = '11111111-2222-3333-4444-555555555555'
const objectId = '99999999-0000-0000-0000-000000000001'
const graph = { resource: 'https://graph.microsoft.com' }
const tokens = {
  token_type: 'Bearer',
  scope: 'User.Read',
  expires_in: 3_599,
  access_token: 'tok',
  refresh_token: 'rt-2',
}

let server: ScriptedServer
let clock: ReturnType<typeof createManualClock>
let provider: ProviderProfile

beforeEach(async () => {
  server = await startScriptedServer(json(200, tokens))
  clock = createManualClock()
  provider = createEntraProvider({ tenant, authority: server.url })
})

afterEach(async () => {
  await server[Symbol.asyncDispose]()
})

function refresh(
  change: Partial<RefreshTokenRedemption> = {},
): Promise<Result<TokenAnswer, TokenFailure>> {
  const request = {
    provider,
    clientId: 'client-1',
    authentication: clientSecretPost(new Secret('the client secret')),
    target: graph,
    declaresCp1: false,
    refreshToken: new Secret('pl4nted-rt-1'),
    ...change,
  }
  return redeemRefreshToken(request, { fetch, clock })
}

function redeem(
  change: Partial<AuthorizationCodeRedemption> = {},
  how: 'with a nonce' | 'without a nonce' = 'with a nonce',
): Promise<Result<TokenAnswer, TokenFailure>> {
  const request = {
    provider,
    clientId: 'client-1',
    authentication: clientSecretPost(new Secret('the client secret')),
    target: graph,
    declaresCp1: false,
    code: new Secret('pl4nted-code'),
    codeVerifier: new Secret('pl4nted-verifier'),
    redirectUri: 'http://localhost:8420/consent/callback',
    ...(how === 'with a nonce' ? { nonce: 'n-1' } : {}),
    ...change,
  }
  return redeemAuthorizationCode(request, { fetch, clock })
}

/** An ID token as Entra would issue it now, changed. */
function idToken(change: Claims = {}, header?: Claims): string {
  const now = Math.floor(clock.now() / 1_000)
  const claims = {
    iss: `${server.url}/${tenant}/v2.0`,
    aud: 'client-1',
    sub: 'pairwise-subject',
    iat: now,
    nbf: now,
    exp: now + 3_600,
    tid: tenant,
    oid: objectId,
    preferred_username: 'anna@contoso.example',
    nonce: 'n-1',
    ...change,
  }
  return fakeJwt(claims, header)
}

/** Answers with an ID token, at the time of the test’s clock. */
function answerWith(id_token: unknown, more: Claims = {}): void {
  const date = new Date(clock.now()).toUTCString()
  server.answer(json(200, { ...tokens, ...more, id_token }, { date }))
}

const formOf = (position = 0): Claims => Object.fromEntries(server.requests[position]?.form ?? [])

type NamedToken = readonly [what: string, make: () => unknown]

const broken: readonly NamedToken[] = [
  ['is no JWT', () => 'garbage'],
  ['is of another issuer', () => idToken({ iss: 'https://login.example/x/v2.0' })],
  ['is of another tenant', () => idToken({ tid: '22222222-2222-3333-4444-555555555555' })],
  ['names no tenant', () => idToken({ tid: undefined })],
  ['is for another client', () => idToken({ aud: 'client-2' })],
  ['is for others too, and not by us', () => idToken({ aud: ['client-1', 'x'], azp: 'x' })],
  ['has expired', () => idToken({ exp: Math.floor(clock.now() / 1_000) - 301 })],
  ['is not valid yet', () => idToken({ nbf: Math.floor(clock.now() / 1_000) + 302 })],
  ['never expires', () => idToken({ exp: undefined })],
  ['has no subject', () => idToken({ sub: undefined })],
  ['is not signed', () => idToken({}, { alg: 'none' })],
]

const brokenAtSignIn: readonly NamedToken[] = [
  ...broken,
  ['has another nonce', () => idToken({ nonce: 'n-2' })],
  ['has no nonce', () => idToken({ nonce: undefined })],
  ['is not there', (): unknown => undefined],
  ['is null', (): unknown => null],
]

describe('a refused redemption of a refresh token', () => {
  it('has lapsed when the token is dead', async () => {
    server.answer(entraError(400, 'invalid_grant', 700082, { suberror: 'bad_token' }))
    expect(await refresh()).toMatchObject({
      ok: false,
      error: { kind: 'grant_lapsed', effect: 'none', retry: 'never' },
    })
  })

  it('keeps nothing of the refresh token, sent or brought', async () => {
    server.answer(
      json(400, {
        error: 'invalid_grant',
        error_description: 'no pl4nted-rt-1',
        refresh_token: 'n',
      }),
    )
    const result = await refresh()
    if (result.ok) throw new Error('expected a failure')
    expect(inspect(result, { depth: 10, showHidden: true })).not.toContain('pl4nted')
    expect(result.error.error.detail).toContain('no [redacted]')
  })
})

describe('a redeemed refresh token', () => {
  it('brings the next one and its life', async () => {
    server.answer(json(200, { ...tokens, refresh_token_expires_in: '86399', refresh_in: '1800' }))
    const result = await refresh()
    if (!result.ok) throw result.error.error
    expect(result.value.refreshToken?.reveal()).toBe('rt-2')
    expect(result.value).toMatchObject({
      token: {
        expiresAt: clock.now() + 3_599_000,
        refreshAt: clock.now() + 1_800_000,
        scope: 'User.Read',
      },
      refreshExpiresAt: clock.now() + 86_399_000,
    })
    expect(result.value.subject).toBeUndefined()
  })

  it.each([null, '', undefined])('brings no other when the answer has %j', async (value) => {
    server.answer(json(200, { ...tokens, refresh_token: value, scope: null, id_token: null }))
    const result = await refresh()
    if (!result.ok) throw result.error.error
    expect(Object.keys(result.value)).toEqual(['token'])
  })

  it('is asked of Entra with the scopes that bring the next one', async () => {
    await refresh()
    await refresh({ target: { scope: 'openid https://graph.microsoft.com/User.Read' } })
    expect(formOf()).toEqual({
      grant_type: 'refresh_token',
      refresh_token: 'pl4nted-rt-1',
      client_id: 'client-1',
      client_secret: 'the client secret',
      scope: 'https://graph.microsoft.com/.default offline_access openid profile',
    })
    expect(formOf(1)['scope']).toBe(
      'openid https://graph.microsoft.com/User.Read offline_access profile',
    )
  })

  it('is asked of others by resource or scope, and of public clients without a proof', async () => {
    const others = {
      provider: createOAuth2Provider({ tokenEndpoint: `${server.url}/token?x=1` }),
      authentication: noAuthentication(),
    }
    await refresh({ ...others, target: { resource: 'https://api.example' } })
    await refresh({ ...others, target: { scope: 'read' } })
    const asked = {
      grant_type: 'refresh_token',
      refresh_token: 'pl4nted-rt-1',
      client_id: 'client-1',
    }
    expect(formOf()).toEqual({ ...asked, resource: 'https://api.example' })
    expect(formOf(1)).toEqual({ ...asked, scope: 'read' })
    expect(server.requests[0]?.path).toBe('/token?x=1')
  })

  it('carries the claims of a challenge beside cp1', async () => {
    await refresh({ declaresCp1: true, claims: '{"access_token":{"acrs":{"value":"c1"}}}' })
    expect(JSON.parse(String(formOf()['claims']))).toEqual({
      access_token: { acrs: { value: 'c1' }, xms_cc: { values: ['cp1'] } },
    })
  })

  it('tells whose it is when the ID token proves it, whatever nonce it has', async () => {
    answerWith(idToken({ tid: tenant.toUpperCase() }))
    expect(await refresh()).toMatchObject({
      ok: true,
      value: {
        subject: { subject: objectId, tenantId: tenant, userName: 'anna@contoso.example' },
      },
    })
  })

  it.each<NamedToken>([...broken, ['is a number', (): unknown => 7]])(
    'is not lost with an ID token that %s',
    async (_what, make) => {
      answerWith(make())
      const result = await refresh()
      if (!result.ok) throw result.error.error
      expect(result.value.refreshToken?.reveal()).toBe('rt-2')
      expect(result.value.subject).toBeUndefined()
      expect(result.value.idToken).toBeUndefined()
    },
  )

  it('is not lost with any ID token at all', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.jsonValue(), fc.string()), async (value) => {
        answerWith(typeof value === 'string' ? value : fakeJwt({ claims: value }))
        const result = await refresh()
        expect(result.ok && result.value.refreshToken?.reveal()).toBe('rt-2')
      }),
      { numRuns: 30 },
    )
  })
})

describe('a refused sign-in', () => {
  it.each(brokenAtSignIn)('has an ID token that %s', async (_what, make) => {
    answerWith(make())
    const result = await redeem()
    if (result.ok) throw new Error('expected a failure')
    const { kind, retry, effect, error } = result.error
    expect({ kind, retry, effect }).toEqual({
      kind: 'invalid_answer',
      retry: 'never',
      effect: 'unknown',
    })
    expect(error.code).toBe('id_token_invalid')
    expect(inspect(result, { depth: 10, showHidden: true })).not.toMatch(/pl4nted|eyJ|anna/)
  })

  it('has a nonce that nobody asked for', async () => {
    answerWith(idToken())
    expect(await redeem({}, 'without a nonce')).toMatchObject({
      ok: false,
      error: { error: { code: 'id_token_invalid' } },
    })
  })

  it('has no nonce to be checked where the issuer is not known', async () => {
    answerWith(idToken())
    const other = createOAuth2Provider({ tokenEndpoint: `${server.url}/token` })
    expect(await redeem({ provider: other })).toMatchObject({
      ok: false,
      error: { error: { code: 'id_token_invalid' } },
    })
  })

  it('has lapsed when the code was used before', async () => {
    server.answer(entraError(400, 'invalid_grant', 54005))
    expect(await redeem()).toMatchObject({
      ok: false,
      error: { kind: 'grant_lapsed', effect: 'none' },
    })
  })
})

describe('a sign-in', () => {
  it('sends code, verifier and redirect URI, and asks for what it needs', async () => {
    answerWith(idToken())
    await redeem({ declaresCp1: true })
    expect(formOf()).toEqual({
      grant_type: 'authorization_code',
      code: 'pl4nted-code',
      code_verifier: 'pl4nted-verifier',
      redirect_uri: 'http://localhost:8420/consent/callback',
      client_id: 'client-1',
      client_secret: 'the client secret',
      scope: 'https://graph.microsoft.com/.default offline_access openid profile',
      claims: '{"access_token":{"xms_cc":{"values":["cp1"]}}}',
    })
  })

  it('tells who signed in, and keeps the ID token', async () => {
    const proof = idToken()
    answerWith(proof)
    const result = await redeem()
    if (!result.ok) throw result.error.error
    expect(result.value.subject).toEqual({
      subject: objectId,
      tenantId: tenant,
      userName: 'anna@contoso.example',
    })
    expect(result.value.idToken?.reveal()).toBe(proof)
    expect(result.value.refreshToken?.reveal()).toBe('rt-2')
  })

  it.each([
    [{ oid: undefined }, { subject: 'pairwise-subject', userName: 'anna@contoso.example' }],
    [
      { preferred_username: undefined, upn: 'a@b' },
      { subject: objectId, userName: 'a@b' },
    ],
    [
      { preferred_username: 7, email: 'a@c' },
      { subject: objectId, userName: 'a@c' },
    ],
    [{ preferred_username: 'x'.repeat(400) }, { subject: objectId }],
  ])('reads %j as %j', async (claims, subject) => {
    answerWith(idToken(claims))
    const result = await redeem()
    expect(result.ok && result.value.subject).toEqual({ ...subject, tenantId: tenant })
  })

  it('trusts the provider’s own clock about its ID token, not ours', async () => {
    const date = new Date(clock.now()).toUTCString()
    server.answer(json(200, { ...tokens, id_token: idToken() }, { date }))
    clock.set(clock.now() + 7_200_000)
    expect((await redeem()).ok).toBe(true)
  })

  it('takes a tenant known by its domain at its word', async () => {
    provider = createEntraProvider({ tenant: 'contoso.example', authority: server.url })
    answerWith(idToken())
    expect((await redeem()).ok).toBe(true)
  })

  it('passes an ID token over where no issuer is known to check it against', async () => {
    answerWith(idToken())
    provider = createOAuth2Provider({ tokenEndpoint: `${server.url}/token` })
    const result = await redeem({}, 'without a nonce')
    if (!result.ok) throw result.error.error
    expect(Object.keys(result.value)).toEqual(['token', 'refreshToken'])
  })
})
