import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  entraError,
  json,
  startScriptedServer,
  text,
  type Script,
  type ScriptedServer,
} from '../../test/support/scripted-server.ts'
import { makeClientCertificate } from '../../test/support/client-certificate.ts'
import { fakeJwt } from '../../test/support/fake-jwt.ts'
import { createManualClock, Secret, type Result } from '../kernel/index.ts'
import { certificateAssertion } from './certificate-assertion.ts'
import { clientSecretBasic, clientSecretPost } from './client-authentication.ts'
import { createEntraProvider } from './entra.ts'
import { federatedAssertion } from './federated-assertion.ts'
import { readJwt } from './jwt.ts'
import { createOAuth2Provider } from './oauth2.ts'
import { obtainApplicationToken, type ApplicationTokenRequest } from './obtain-token.ts'
import { createOidcProvider } from './oidc.ts'
import type { ProviderProfile } from './provider.ts'
import type { TokenAnswer } from './token-answer.ts'
import type { TokenFailure } from './token-failure.ts'
import { requestDeadlineMs } from './transport.ts'

const tenant = '11111111-2222-3333-4444-555555555555'
const planted = 'pl4nted~sEcret/with+odd=chars&"quotes"'
const success = {
  token_type: 'Bearer',
  expires_in: 3599,
  ext_expires_in: 3599,
  access_token: 'tok',
}

let server: ScriptedServer
let clock: ReturnType<typeof createManualClock>

beforeEach(async () => {
  server = await startScriptedServer(json(200, success))
  clock = createManualClock()
})

afterEach(async () => {
  await server[Symbol.asyncDispose]()
})

function obtain(
  change: Partial<ApplicationTokenRequest> = {},
): Promise<Result<TokenAnswer, TokenFailure>> {
  const request = {
    provider: createEntraProvider({ tenant, authority: server.url }),
    clientId: 'client-1',
    authentication: clientSecretPost(new Secret(planted)),
    target: { resource: 'https://graph.microsoft.com' },
    declaresCp1: false,
    ...change,
  }
  return obtainApplicationToken(request, { fetch, clock })
}

async function failure(script: Script): Promise<TokenFailure> {
  server.answer(script)
  const result = await obtain()
  if (result.ok) throw new Error('expected a failure')
  return result.error
}

describe('a refused token request', () => {
  it.each([
    ['client_rejected', 'never', entraError(401, 'invalid_client', 7000222)],
    ['client_rejected', 'never', entraError(401, 'invalid_client', 7000215)],
    ['client_rejected', 'never', entraError(401, 'invalid_client', 700027)],
    ['client_rejected', 'never', entraError(401, 'invalid_client', 7000274)],
    ['client_rejected', 'never', entraError(401, 'invalid_client', 1000502)],
    ['client_rejected', 'never', entraError(401, 'invalid_client', 7000214)],
    ['client_rejected', 'never', entraError(401, 'invalid_client', 7000277)],
    ['client_rejected', 'probe', entraError(401, 'invalid_client', 700024)],
    ['client_rejected', 'never', entraError(401, 'invalid_client', 700211)],
    ['request_rejected', 'probe', entraError(400, 'unauthorized_client', 700016)],
    ['request_rejected', 'probe', entraError(401, 'unauthorized_client', 700016)],
    ['request_rejected', 'never', entraError(400, 'invalid_request', 90002)],
    ['request_rejected', 'never', entraError(400, 'invalid_scope', 70011)],
    ['request_rejected', 'probe', entraError(400, 'invalid_resource', 500011)],
    [
      'consent_required',
      'probe',
      entraError(400, 'invalid_grant', 65001, { suberror: 'consent_required' }),
    ],
    [
      'interaction_required',
      'probe',
      entraError(400, 'invalid_grant', 53003, { suberror: 'message_only', claims: '{}' }),
    ],
    ['interaction_required', 'never', entraError(400, 'interaction_required', 50076)],
    ['grant_lapsed', 'never', entraError(400, 'invalid_grant', 700082, { suberror: 'bad_token' })],
    ['throttled', 'backoff', entraError(400, 'invalid_request', 50196)],
    ['unavailable', 'backoff', entraError(400, 'invalid_request', 90033)],
    ['unavailable', 'backoff', entraError(503, 'temporarily_unavailable', 90006)],
    [
      'unavailable',
      'backoff',
      text(502, '<html>Bad Gateway</html>', { 'content-type': 'text/html' }),
    ],
    ['client_rejected', 'probe', json(401, { error: 'invalid_client' })],
    [
      'invalid_answer',
      'backoff',
      text(200, '<!doctype html><p>Sign in to the hotel wifi', { 'content-type': 'text/html' }),
    ],
    [
      'invalid_answer',
      'backoff',
      text(200, '{"access_token": "to', { 'content-type': 'application/json' }),
    ],
    ['invalid_answer', 'backoff', json(200, { error: 'invalid_client' })],
    ['invalid_answer', 'backoff', json(200, { token_type: 'Bearer', expires_in: 3599 })],
    ['invalid_answer', 'backoff', json(200, { ...success, expires_in: -1 })],
    ['invalid_answer', 'backoff', json(200, { ...success, expires_in: 0 })],
    ['invalid_answer', 'backoff', json(200, { ...success, expires_in: 'soon' })],
    ['invalid_answer', 'backoff', json(200, { ...success, expires_in: 1e300 })],
    ['invalid_answer', 'backoff', json(200, { ...success, token_type: 'pop' })],
    ['invalid_answer', 'backoff', json(200, [])],
    ['invalid_answer', 'backoff', text(302, '', { location: 'https://elsewhere.example/' })],
    ['invalid_answer', 'backoff', text(404, 'not here')],
  ] as const)('is %s, retried %s', async (kind, retry, script) => {
    const error = await failure(script)
    expect(error.kind).toBe(kind)
    expect(error.retry).toBe(retry)
    expect(error.error.detail).toContain('127.0.0.1')
  })

  it.each([
    ['none', entraError(400, 'invalid_grant', 70000)],
    ['none', entraError(401, 'invalid_client', 7000215)],
    ['none', json(403, { error: 'access_denied' })],
    ['none', entraError(400, 'invalid_request', 90033)],
    ['none', text(429, 'Too Many Requests')],
    ['none', entraError(503, 'temporarily_unavailable', 90006)],
    ['none', text(503, '<html>', { 'content-type': 'text/html' })],
    ['none', text(400, 'AADSTS90055: The server or STS is too busy.')],
    ['unknown', json(500, { error: 'server_error' })],
    ['unknown', text(502, '<html>Bad Gateway', { 'content-type': 'text/html' })],
    ['unknown', text(504, '')],
    ['unknown', text(408, '')],
    ['unknown', text(403, '<html>Blocked', { 'content-type': 'text/html' })],
    ['unknown', text(404, 'not here')],
    ['unknown', json(401, {})],
    ['unknown', text(302, '', { location: 'https://elsewhere.example/' })],
    ['unknown', text(200, '<html>', { 'content-type': 'text/html' })],
    ['unknown', json(200, { error: 'invalid_grant' })],
    ['unknown', json(200, { token_type: 'Bearer' })],
    ['unknown', json(200, { ...success, expires_in: 'soon' })],
  ] as const)('may have spent: %s', async (effect, script) => {
    expect((await failure(script)).effect).toBe(effect)
  })

  it('may have spent what it carried when the connection breaks after it was sent', async () => {
    const error = await failure((_request, response) => void response.destroy())
    expect(error).toMatchObject({ kind: 'unreachable', effect: 'unknown' })
  })

  it('spends nothing while the server is looked for', async () => {
    server.answer(text(500, ''))
    const provider = createOidcProvider({ issuer: server.url })
    expect(await obtain({ provider })).toMatchObject({
      ok: false,
      error: { kind: 'unavailable', effect: 'none' },
    })
  })

  it('refuses an endpoint that is not https, and spends nothing', async () => {
    const provider: ProviderProfile = {
      ...createOAuth2Provider({ tokenEndpoint: `${server.url}/token` }),
      server: async () => ({
        ok: true,
        value: { issuer: 'https://idp.example', token_endpoint: 'http://idp.example/token' },
      }),
    }
    expect(await obtain({ provider })).toMatchObject({
      ok: false,
      error: { kind: 'misconfigured', effect: 'none' },
    })
  })

  it('never leaves with a certificate that has expired', async () => {
    const { certificatePem, keyPem } = makeClientCertificate()
    clock.set(Date.UTC(2050, 0, 1))
    const authentication = certificateAssertion(new Secret(certificatePem + keyPem))
    expect(await obtain({ authentication })).toMatchObject({
      ok: false,
      error: {
        kind: 'client_rejected',
        retry: 'probe',
        effect: 'none',
        error: { code: 'certificate_invalid' },
      },
    })
    expect(server.requests).toHaveLength(0)
  })

  it('never leaves with an assertion that has expired; a fresh one may come any moment', async () => {
    const jwt = fakeJwt({ exp: clock.now() / 1_000 - 1 })
    const authentication = federatedAssertion(new Secret(jwt))
    expect(await obtain({ authentication })).toMatchObject({
      ok: false,
      error: {
        kind: 'client_rejected',
        retry: 'backoff',
        effect: 'none',
        error: { code: 'assertion_invalid' },
      },
    })
    expect(server.requests).toHaveLength(0)
  })

  it.each([
    entraError(401, 'invalid_client', 700024),
    json(401, {
      error: 'invalid_client',
      error_description: 'The client assertion has expired',
    }),
    json(400, { error: 'invalid_client', error_description: 'JWT is not yet valid' }),
  ])('tells how far the clocks differ when an assertion is outside its time', async (script) => {
    const ahead = 600_000
    const date = new Date(clock.now() + ahead).toUTCString()
    const error = await failure((request, response) => {
      response.setHeader('date', date)
      script(request, response)
    })
    expect(error.clockOffsetMs).toBe(ahead)
  })

  it('tells nothing of clocks when the refusal is about something else', async () => {
    expect((await failure(entraError(401, 'invalid_client', 7000222))).clockOffsetMs).toBe(
      undefined,
    )
  })

  it('makes the next assertion by the provider’s clock when told the offset', async () => {
    const { certificatePem, keyPem } = makeClientCertificate()
    const authentication = certificateAssertion(new Secret(certificatePem + keyPem))
    const result = await obtain({ authentication, clockOffsetMs: -600_000 })
    expect(result.ok).toBe(true)
    const sent = readJwt(server.requests[0]?.form.get('client_assertion') ?? '')
    expect(sent?.claims).toMatchObject({
      iat: Math.floor(clock.now() / 1_000) - 600,
      aud: `${server.url}/${tenant}/oauth2/v2.0/token`,
    })
  })

  it('brings the claims that a refusal asks for, unless they are endless', async () => {
    const claims = '{"access_token":{"capolids":{"essential":true,"values":["1"]}}}'
    const asked = entraError(400, 'interaction_required', 53003, { claims })
    expect((await failure(asked)).claims).toBe(claims)
    const endless = entraError(400, 'invalid_grant', 53003, { claims: 'x'.repeat(10_000) })
    expect((await failure(endless)).claims).toBe(undefined)
  })

  it('is throttled by plain text that holds Entra’s number', async () => {
    const error = await failure(
      text(400, 'AADSTS90055: Too busy.', { 'content-type': 'text/plain', 'retry-after': '60' }),
    )
    expect(error).toMatchObject({ kind: 'throttled', retryAfterMs: 60_000 })
  })

  it('waits as long as a plain-text 429 asks', async () => {
    const error = await failure(
      text(429, 'Too Many Requests', { 'content-type': 'text/plain', 'retry-after': '17' }),
    )
    expect(error).toMatchObject({ kind: 'throttled', retryAfterMs: 17_000 })
    expect(error.error.retryAfterMs).toBe(17_000)
  })

  it('waits a minute when a 429 does not say', async () => {
    expect((await failure(text(429, 'Too Many Requests'))).retryAfterMs).toBe(60_000)
  })

  it.each([
    [7000215, true],
    [700027, true],
    [700213, true],
    [7000222, undefined],
    [1000502, undefined],
  ])('%d may settle by itself after a change: %s', async (code, settles) => {
    const error = await failure(entraError(401, 'invalid_client', code))
    expect(error.settlesAfterChange).toBe(settles)
  })

  it('carries the remedy and the ids a support ticket needs', async () => {
    const { error } = await failure(entraError(401, 'invalid_client', 7000222))
    expect(error.code).toBe('client_rejected')
    expect(error.remedy).toContain('new client secret')
    expect(error.detail).toMatch(/invalid_client: AADSTS7000222: Something about 7000222\.$/)
    expect(error.upstream).toMatchObject({
      status: 401,
      errorCodes: [7000222],
      traceId: '11111111-0000-0000-0000-000000000000',
      correlationId: '22222222-0000-0000-0000-000000000000',
    })
  })

  it('keeps nothing of a secret that the provider echoes in any spelling', async () => {
    const echo = [
      planted,
      encodeURIComponent(planted),
      new URLSearchParams({ a: planted }).toString(),
      Buffer.from(planted).toString('base64'),
    ].join(' | ')
    const { error } = await failure(
      json(
        401,
        { error: 'invalid_client', error_description: echo, suberror: planted, trace_id: echo },
        { 'x-ms-request-id': encodeURIComponent(planted) },
      ),
    )
    const kept = inspect(error, { depth: 10, showHidden: true }) + JSON.stringify(error.toProblem())
    for (const part of ['pl4nted', 'cGw0bnRl']) expect(kept).not.toContain(part)
  })

  it('says which host could not be reached and why', async () => {
    await server[Symbol.asyncDispose]()
    const result = await obtain()
    if (result.ok) throw new Error('expected a failure')
    expect(result.error).toMatchObject({ kind: 'unreachable', effect: 'none' })
    expect(result.error.error.detail).toMatch(
      /^127\.0\.0\.1:\d+ could not be reached: .*\(ECONNREFUSED\)$/,
    )
  })

  it('is unreachable when the connection breaks inside the body', async () => {
    const error = await failure((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '500' })
      response.write('{"access_token":"x"')
      setImmediate(() => response.destroy())
    })
    expect(error.kind).toBe('unreachable')
  })

  it.each(['before the headers', 'inside the body'])('times out %s', async (moment) => {
    const arrived = Promise.withResolvers<void>()
    server.answer((_request, response) => {
      if (moment === 'inside the body') {
        response.writeHead(200, { 'content-type': 'application/json' })
        response.write('{')
      }
      arrived.resolve()
    })
    const result = obtain()
    await arrived.promise
    await clock.advance(requestDeadlineMs)
    expect(await result).toMatchObject({
      ok: false,
      error: { kind: 'timeout', effect: 'unknown' },
    })
    expect(clock.pending()).toBe(0)
  })
})

describe('a granted token request', () => {
  it('brings the token with its life and hints', async () => {
    server.answer(json(200, { ...success, expires_in: 86_399, refresh_in: 43_199 }))
    const result = await obtain()
    const now = clock.now()
    expect(result).toMatchObject({
      ok: true,
      value: {
        token: {
          tokenType: 'Bearer',
          issuedAt: now,
          expiresAt: now + 86_399_000,
          refreshAt: now + 43_199_000,
        },
      },
    })
    expect(result.ok && result.value.token.secret.reveal()).toBe('tok')
  })

  it('reads numbers that come as text', async () => {
    server.answer(json(200, { ...success, expires_in: '3599', refresh_in: '1800' }))
    expect(await obtain()).toMatchObject({
      ok: true,
      value: {
        token: { expiresAt: clock.now() + 3_599_000, refreshAt: clock.now() + 1_800_000 },
      },
    })
  })

  it('counts `expires_on` against the provider’s own clock', async () => {
    const { expires_in: _none, ...rest } = success
    const date = new Date(1_800_000_000_000).toUTCString()
    server.answer(json(200, { ...rest, expires_on: '1800001000' }, { date }))
    expect(await obtain()).toMatchObject({
      ok: true,
      value: { token: { expiresAt: clock.now() + 1_000_000 } },
    })
  })

  it('assumes an hour when the provider does not say', async () => {
    server.answer(json(200, { token_type: 'Bearer', access_token: 'tok' }))
    expect(await obtain()).toMatchObject({
      ok: true,
      value: { token: { expiresAt: clock.now() + 3_600_000 } },
    })
  })

  it('sends the secret in the body when told post', async () => {
    await obtain()
    const [request] = server.requests
    expect(request?.path).toBe(`/${tenant}/oauth2/v2.0/token`)
    expect(Object.fromEntries(request?.form ?? [])).toEqual({
      grant_type: 'client_credentials',
      client_id: 'client-1',
      client_secret: planted,
      scope: 'https://graph.microsoft.com/.default',
    })
  })

  it('sends the secret in the header alone when told basic', async () => {
    await obtain({ authentication: clientSecretBasic(new Secret(planted)) })
    const [request] = server.requests
    const sent = Buffer.from(
      request?.headers.authorization?.split(' ')[1] ?? '',
      'base64',
    ).toString()
    expect(new URLSearchParams(`v=${sent.split(':')[1]}`).get('v')).toBe(planted)
    expect(request?.form.has('client_secret')).toBe(false)
  })

  it('declares cp1 beside the claims of a challenge', async () => {
    const claims = '{"access_token":{"nbf":{"essential":true,"value":"1700000000"}}}'
    await obtain({ declaresCp1: true, claims })
    expect(JSON.parse(server.requests[0]?.form.get('claims') ?? '')).toEqual({
      access_token: { nbf: { essential: true, value: '1700000000' }, xms_cc: { values: ['cp1'] } },
    })
  })
})
