import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  json,
  startScriptedServer,
  text,
  type ScriptedServer,
} from '../../test/support/scripted-server.ts'
import { createManualClock } from '../kernel/index.ts'
import { createEntraProvider, entraClouds } from './entra.ts'
import { createOidcProvider } from './oidc.ts'
import { createOAuth2Provider } from './oauth2.ts'
import { canonicalTarget } from './provider.ts'
import type { Transport } from './transport.ts'

const tenant = '11111111-2222-3333-4444-555555555555'
let server: ScriptedServer
let clock: ReturnType<typeof createManualClock>
let transport: Transport

beforeEach(async () => {
  server = await startScriptedServer(text(500, ''))
  clock = createManualClock()
  transport = { fetch, clock }
})

afterEach(async () => {
  await server[Symbol.asyncDispose]()
})

describe('an Entra provider', () => {
  it.each(['common', 'organizations', 'consumers', '', 'a/b', '..', 'x.y?z'])(
    'refuses %j, which names no tenant',
    (name) => {
      expect(() => createEntraProvider({ tenant: name })).toThrow('"tenant"')
    },
  )

  it.each([
    'http://login.example',
    'ftp://localhost',
    'nonsense',
    'https://u:p@login.example',
    'https://login.example/?a=1',
  ])('refuses the authority %s', (authority) => {
    expect(() => createEntraProvider({ tenant, authority })).toThrow('"authority"')
  })

  it('knows the token endpoint of every cloud without asking', async () => {
    for (const [cloud, { authority, graph }] of Object.entries(entraClouds)) {
      const provider = createEntraProvider({ tenant, cloud: cloud as keyof typeof entraClouds })
      expect(await provider.server(transport)).toMatchObject({
        ok: true,
        value: { token_endpoint: `${authority}/${tenant}/oauth2/v2.0/token` },
      })
      expect(provider.graphUrl).toBe(graph)
    }
  })

  it.each(['common', '*', '', '../x', 'a b', 'x'.repeat(300), 'contoso.example/'])(
    'refuses %j as one of its tenants',
    (name) => {
      const provider = createEntraProvider({ tenant })
      expect(() => provider.forTenant?.(name)).toThrow(
        expect.objectContaining({ code: 'tenant_invalid' }),
      )
    },
  )

  it('is the same for another tenant, but for the tenant', async () => {
    const provider = createEntraProvider({
      tenant,
      authority: server.url,
      graph: 'http://127.0.0.1:7001',
      rotation: { model: 'strict', graceMs: 5_000 },
    })
    const other = provider.forTenant?.('Fabrikam.Example')
    expect(other).toMatchObject({
      tenant: 'fabrikam.example',
      host: provider.host,
      graphUrl: 'http://127.0.0.1:7001',
      rotation: 'strict',
      rotationGraceMs: 5_000,
    })
    expect(await other?.server(transport)).toMatchObject({
      ok: true,
      value: { token_endpoint: `${server.url}/fabrikam.example/oauth2/v2.0/token` },
    })
  })

  it('lets refresh tokens live on after use, and die after 90 idle days; revokes none', async () => {
    const provider = createEntraProvider({ tenant })
    expect(provider).toMatchObject({
      rotation: 'overlap',
      rotationGraceMs: 0,
      refreshIdleMs: 7_776_000_000,
    })
    const found = await provider.server(transport)
    if (!found.ok) throw found.error.error
    expect(found.value.authorization_endpoint).toBe(
      `https://login.microsoftonline.com/${tenant}/oauth2/v2.0/authorize`,
    )
    expect(found.value).not.toHaveProperty('revocation_endpoint')
  })

  it('names the issuer of its own tenant’s ID tokens, and of no other', () => {
    const metadata = { issuer: 'unused' }
    const provider = createEntraProvider({ tenant: tenant.toUpperCase() })
    const issuer = `https://login.microsoftonline.com/${tenant}/v2.0`
    expect(provider.issuerOf?.(metadata, tenant)).toBe(issuer)
    expect(provider.issuerOf?.(metadata, tenant.replace('1', '2'))).toBeUndefined()
    expect(provider.issuerOf?.(metadata, undefined)).toBeUndefined()
    const byDomain = createEntraProvider({ tenant: 'contoso.example' })
    expect(byDomain.issuerOf?.(metadata, tenant)).toBe(issuer)
    expect(byDomain.issuerOf?.(metadata, 'no id')).toBeUndefined()
  })

  it('asks for a resource by its default scope and expects challenges of Graph alone', () => {
    const provider = createEntraProvider({ tenant, graph: 'http://127.0.0.1:7001' })
    expect(provider.tokenParameters({ resource: 'api://x/' })).toEqual({
      scope: 'api://x//.default',
    })
    expect(provider.expectsClaimsChallenges({ resource: 'https://graph.microsoft.com' })).toBe(true)
    expect(provider.expectsClaimsChallenges({ scope: 'http://127.0.0.1:7001/.default' })).toBe(true)
    expect(provider.expectsClaimsChallenges({ resource: 'https://vault.azure.net' })).toBe(false)
  })

  it('learns the id of a tenant given by domain, once, and remembers no failure', async () => {
    const provider = createEntraProvider({ tenant: 'contoso.example', authority: server.url })
    expect(await provider.resolveTenantId(transport)).toMatchObject({
      ok: false,
      error: { kind: 'unavailable' },
    })
    server.answer(
      json(200, { issuer: `https://login.microsoftonline.com/${tenant.toUpperCase()}/v2.0` }),
    )
    expect(await provider.resolveTenantId(transport)).toEqual({ ok: true, value: tenant })
    expect(await provider.resolveTenantId(transport)).toEqual({ ok: true, value: tenant })
    expect(server.requests.map((request) => request.path)).toEqual(
      Array.from({ length: 2 }, () => '/contoso.example/v2.0/.well-known/openid-configuration'),
    )
  })
})

const metadata = (change: object = {}): object => ({
  issuer: server.url,
  token_endpoint: `${server.url}/token`,
  ...change,
})

describe('an OpenID provider', () => {
  it.each([
    ['misconfigured', () => json(404, {})],
    ['unavailable', () => json(503, {})],
    ['invalid_answer', () => text(200, '<html>', { 'content-type': 'text/html' })],
    ['misconfigured', () => json(200, metadata({ issuer: 'https://other.example' }))],
    ['misconfigured', () => json(200, metadata({ token_endpoint: undefined }))],
    ['misconfigured', () => json(200, metadata({ token_endpoint: 'http://token.example/' }))],
  ] as const)('is %s when its discovery document is not what it must be', async (kind, script) => {
    server.answer(script())
    const provider = createOidcProvider({ issuer: server.url })
    expect(await provider.server(transport)).toMatchObject({ ok: false, error: { kind } })
  })

  it('is discovered once for everyone, remembers no failure, and keeps the old document in an outage', async () => {
    const provider = createOidcProvider({ issuer: server.url })
    expect((await provider.server(transport)).ok).toBe(false)
    server.answer(json(200, metadata()))
    const found = await Promise.all(Array.from({ length: 50 }, () => provider.server(transport)))
    expect(found.every((result) => result.ok)).toBe(true)
    expect(server.requests).toHaveLength(2)
    server.answer(text(500, ''))
    await clock.advance(25 * 3_600_000)
    expect((await provider.server(transport)).ok).toBe(true)
    expect(server.requests).toHaveLength(3)
  })
})

describe('an OAuth 2.0 server without metadata', () => {
  it.each([
    ['tokenEndpoint', { tokenEndpoint: 'http://idp.example/token' }],
    ['tokenEndpoint', { tokenEndpoint: 'nonsense' }],
    ['tokenEndpoint', { tokenEndpoint: 'https://u:p@idp.example/token' }],
    [
      'revocationEndpoint',
      { tokenEndpoint: 'https://idp.example/token', revocationEndpoint: 'ftp://idp.example/' },
    ],
    [
      'introspectionEndpoint',
      { tokenEndpoint: 'https://idp.example/token', introspectionEndpoint: 'https://i.example/#a' },
    ],
  ])('refuses %s of %j', (field, options) => {
    expect(() => createOAuth2Provider(options)).toThrow(`"${field}"`)
  })

  it('has the endpoints that were written out, and those alone', async () => {
    const tokenEndpoint = 'https://idp.example/token?tenant=1'
    const provider = createOAuth2Provider({ tokenEndpoint, revocationEndpoint: `${server.url}/r` })
    expect(await provider.server(transport)).toEqual({
      ok: true,
      value: {
        issuer: 'https://idp.example',
        token_endpoint: tokenEndpoint,
        revocation_endpoint: `${server.url}/r`,
      },
    })
    expect(server.requests).toHaveLength(0)
    expect(provider).toMatchObject({ rotation: 'strict', rotationGraceMs: 0, tenant: '' })
    expect(provider.issuerOf).toBeUndefined()
    expect(provider.forTenant).toBeUndefined()
  })

  it('may be told to rotate otherwise, as an OpenID provider may', () => {
    const rotation = { model: 'strict', graceMs: 30_000 } as const
    const tokenEndpoint = 'https://idp.example/token'
    for (const provider of [
      createOAuth2Provider({ tokenEndpoint, rotation }),
      createOidcProvider({ issuer: 'https://idp.example', rotation }),
    ]) {
      expect(provider).toMatchObject({ rotation: 'strict', rotationGraceMs: 30_000 })
    }
  })

  it('names no scope with a code, whose scope was settled before', () => {
    const provider = createOAuth2Provider({ tokenEndpoint: 'https://idp.example/token' })
    const code = 'authorization_code'
    expect(provider.tokenParameters({ scope: 'a' }, code)).toEqual({})
    expect(provider.tokenParameters({ resource: 'r' }, code)).toEqual({ resource: 'r' })
    expect(provider.tokenParameters({ scope: 'a' }, 'refresh_token')).toEqual({ scope: 'a' })
  })
})

describe('a target', () => {
  it('is the same whatever the order of its scopes', () => {
    expect(canonicalTarget({ scope: ' b  a b' })).toBe(canonicalTarget({ scope: 'a b' }))
    expect(canonicalTarget({ resource: 'a' })).not.toBe(canonicalTarget({ scope: 'a' }))
  })
})
