import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  entraError,
  json,
  startScriptedServer,
  text,
  type ScriptedServer,
} from '../../test/support/scripted-server.ts'
import { createManualClock, Secret } from '../kernel/index.ts'
import { clientSecretBasic } from './client-authentication.ts'
import { createEntraProvider } from './entra.ts'
import { introspectToken } from './introspect-token.ts'
import { createOAuth2Provider } from './oauth2.ts'
import { revokeToken, type TokenOperation } from './revoke-token.ts'
import type { Transport } from './transport.ts'

let server: ScriptedServer
let transport: Transport
let operation: TokenOperation

beforeEach(async () => {
  server = await startScriptedServer(text(200, ''))
  transport = { fetch, clock: createManualClock() }
  operation = {
    provider: createOAuth2Provider({
      tokenEndpoint: `${server.url}/token`,
      revocationEndpoint: `${server.url}/revoke`,
      introspectionEndpoint: `${server.url}/introspect`,
    }),
    clientId: 'client-1',
    authentication: clientSecretBasic(new Secret('the client secret')),
    token: new Secret('pl4nted-token'),
    tokenTypeHint: 'refresh_token',
  }
})

afterEach(async () => {
  await server[Symbol.asyncDispose]()
})

const entra: Partial<TokenOperation> = {
  provider: createEntraProvider({ tenant: '11111111-2222-3333-4444-555555555555' }),
}

describe('a revocation', () => {
  it('is not supported where there is no endpoint, as at Entra; nothing is sent', async () => {
    const result = await revokeToken({ ...operation, ...entra }, transport)
    expect(result).toEqual({ ok: true, value: 'unsupported' })
  })

  it('is not supported where the server does not revoke such tokens', async () => {
    server.answer(json(400, { error: 'unsupported_token_type' }))
    expect(await revokeToken(operation, transport)).toEqual({ ok: true, value: 'unsupported' })
  })

  it.each([
    ['unavailable', text(503, '', { 'retry-after': '9' })],
    ['client_rejected', entraError(401, 'invalid_client', 7000222)],
    ['invalid_answer', text(404, 'not here')],
    ['invalid_answer', text(302, '', { location: 'https://elsewhere.example' })],
  ] as const)(
    'fails as %s, with the code of a revocation and the evidence',
    async (kind, script) => {
      server.answer(script)
      const result = await revokeToken(operation, transport)
      if (result.ok) throw new Error('expected a failure')
      expect(result.error.kind).toBe(kind)
      expect(result.error.error.code).toBe('revocation_failed')
      expect(result.error.error.upstream?.status).toBeGreaterThan(300)
      expect(inspect(result, { depth: 10, showHidden: true })).not.toContain('pl4nted')
    },
  )

  it('keeps the more exact remedy of a failure', async () => {
    server.answer(entraError(401, 'invalid_client', 7000222))
    const result = await revokeToken(operation, transport)
    expect(!result.ok && result.error.error.remedy).toContain('new client secret')
  })

  it.each([200, 204])('is done at %d, whatever the body', async (status) => {
    server.answer(status === 200 ? text(200, '<html>') : text(204, ''))
    expect(await revokeToken(operation, transport)).toEqual({ ok: true, value: 'revoked' })
    const [request] = server.requests
    expect(request?.path).toBe('/revoke')
    expect(request?.headers.authorization).toMatch(/^Basic /)
    expect(Object.fromEntries(request?.form ?? [])).toEqual({
      token: 'pl4nted-token',
      token_type_hint: 'refresh_token',
    })
  })
})

describe('an introspection', () => {
  it('is not supported where there is no endpoint', async () => {
    const result = await introspectToken({ ...operation, ...entra }, transport)
    expect(result).toEqual({ ok: true, value: { kind: 'unsupported' } })
  })

  it.each([
    ['invalid_answer', json(200, {})],
    ['invalid_answer', json(200, { active: 'true' })],
    ['invalid_answer', text(200, '<html>')],
    ['invalid_answer', text(200, 'true', { 'content-type': 'application/json' })],
    ['client_rejected', json(401, { error: 'invalid_client' })],
    ['unavailable', text(500, '')],
  ] as const)('fails as %s and takes no token for active', async (kind, script) => {
    server.answer(script)
    expect(await introspectToken(operation, transport)).toMatchObject({
      ok: false,
      error: { kind },
    })
  })

  it.each([
    ['[{"active":true}]', 'JSON that is no object'],
    ['{"active":', 'broken JSON'],
  ])('says of %s what came', async (body, what) => {
    server.answer(text(200, body, { 'content-type': 'application/json' }))
    const result = await introspectToken(operation, transport)
    expect(result.ok ? '' : result.error.error.detail).toContain(what)
  })

  it('knows nothing of an inactive token', async () => {
    server.answer(json(200, { active: false, sub: 'anna' }))
    expect(await introspectToken(operation, transport)).toEqual({
      ok: true,
      value: { kind: 'inactive' },
    })
  })

  it('brings the claims of an active token', async () => {
    server.answer(json(200, { active: true, sub: 'anna', scope: 'read' }))
    expect(await introspectToken(operation, transport)).toEqual({
      ok: true,
      value: { kind: 'active', claims: { sub: 'anna', scope: 'read' } },
    })
    expect(server.requests[0]?.path).toBe('/introspect')
  })
})
