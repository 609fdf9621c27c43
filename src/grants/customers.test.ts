import { beforeEach, describe, expect, it } from 'vitest'
import {
  createEngineFixture,
  granted,
  hour,
  minute,
  refused,
  textOf,
  type EngineFixture,
} from '../../test/support/engine-fixture.ts'
import { issue, refuse, type TokenRequest } from '../../test/support/fake-token-endpoint.ts'
import { Secret } from '../kernel/index.ts'
import { createEntraProvider } from '../oauth/index.ts'
import type { ConnectionDefinition } from './connection.ts'
import type { GrantEngine } from './engine.ts'

const partner = '11111111-2222-3333-4444-555555555555'
const fabrikam = 'fabrikam.example'
const home = { connection: 'csp', tenant: partner }

/** A partner’s connection, whose grant serves customers. */
function definition(fixture: EngineFixture): Partial<ConnectionDefinition> {
  const provider = createEntraProvider({ tenant: partner })
  const own: Partial<ConnectionDefinition> = {
    name: 'csp',
    provider,
    grant: 'authorization_code',
    targets: new Map([['arm', { resource: 'https://management.azure.com' }]]),
  }
  return {
    ...own,
    forCustomer: (tenant) => {
      const other = provider.forTenant?.(tenant)
      if (other === undefined) throw new Error('Entra has tenants')
      return {
        clientId: 'client-1',
        credentials: [
          { kind: 'secret', method: 'client_secret_post', read: () => new Secret(fixture.secret) },
        ],
        target: { resource: 'https://graph.microsoft.com' },
        version: '1',
        ...(own as Pick<ConnectionDefinition, 'name' | 'grant'>),
        provider: other,
        grantTenant: partner,
      }
    },
  }
}

const rotating = (request: TokenRequest): Response =>
  issue(request, 3_600, { refresh_token: `rt-${request.number + 1}` })
const isOf = ({ url }: TokenRequest, tenant: string): boolean => url.includes(`/${tenant}/`)
const wholeGrant = (fixture: EngineFixture): unknown => fixture.store.grantOf(home)?.record

let fixture: EngineFixture
let engine: GrantEngine
beforeEach(async () => {
  fixture = createEngineFixture()
  fixture.endpoint.answer = rotating
  const key = { ...home, subject: '' }
  const { id } = await fixture.store.addCandidate(key, { secret: new Secret('rt-1') }, 1)
  await fixture.store.activateCandidate(id, 'alex', 1)
  engine = fixture.engine(definition(fixture))
})

describe('a customer of a partner', () => {
  it('is unknown to a connection that serves none, and must be a tenant', async () => {
    const { forCustomer: _none, ...plain } = definition(fixture)
    expect(() => fixture.engine(plain).connection(`csp@${fabrikam}`)).toThrow(
      expect.objectContaining({ code: 'tenant_invalid' }),
    )
    expect(() => engine.connection('csp@common')).toThrow(
      expect.objectContaining({ code: 'tenant_invalid' }),
    )
  })

  it('has no grant that could be revoked or replaced', async () => {
    await expect(engine.revoke(`csp@${fabrikam}`)).rejects.toMatchObject({ code: 'usage' })
    await expect(engine.adopt(`csp@${fabrikam}`, new Secret('rt-x'))).rejects.toMatchObject({
      code: 'usage',
    })
    expect(fixture.endpoint.requests).toEqual([])
  })

  it('gets tokens of its own tenant for the one refresh token, which rotates on', async () => {
    const own = granted(await engine.connection('csp').getToken())
    const theirs = granted(await engine.connection(`csp@${fabrikam}`).getToken())
    const target = 'arm'
    const arm = granted(await engine.connection(`csp@${fabrikam}`, { target }).getToken())
    expect([own, theirs, arm].map(({ token }) => textOf(token))).toEqual([
      'token-1',
      'token-2',
      'token-3',
    ])
    expect(fixture.endpoint.requests.map(({ url }) => new URL(url).pathname)).toEqual([
      `/${partner}/oauth2/v2.0/token`,
      `/${fabrikam}/oauth2/v2.0/token`,
      `/${fabrikam}/oauth2/v2.0/token`,
    ])
    expect(fixture.endpoint.requests.map(({ form }) => form.get('refresh_token'))).toEqual([
      'rt-1',
      'rt-2',
      'rt-3',
    ])
    expect(fixture.store.grantOf(home)?.refreshToken?.reveal()).toBe('rt-4')
    // Each has its own slot: none is served what another one got.
    expect(textOf(engine.connection('csp').peek())).toBe('token-1')
    expect(textOf(engine.connection(`csp@${fabrikam}`).peek())).toBe('token-2')
    expect(engine.connection('csp@FABRIKAM.example').address).toBe(`csp@${fabrikam}`)
  })

  it('shares one request with every caller and process', async () => {
    const other = fixture.engine(definition(fixture))
    const calls = [engine, other, engine].map((one) => one.connection(`csp@${fabrikam}`).getToken())
    await fixture.endpoint.arrival(1)
    await fixture.clock.advance(minute / 10)
    for (const result of await Promise.all(calls)) {
      expect(textOf(granted(result).token)).toBe('token-1')
    }
    expect(fixture.endpoint.requests).toHaveLength(1)
  })

  it.each([
    ['invalid_grant', 50020, 'GDAP'],
    ['invalid_grant', 50177, 'GDAP'],
    ['consent_required', 65001, 'connections customers csp --customer'],
    ['invalid_grant', 90099, 'connections customers csp --customer'],
    ['interaction_required', 50076, 'multi-factor'],
    ['interaction_required', 53003, 'Conditional Access policy of fabrikam.example'],
    ['invalid_grant', 50173, 'connections test csp'],
    ['unauthorized_client', 700016, 'registered for several tenants'],
    ['invalid_resource', 500011, 'a licence for the API'],
    ['invalid_grant', 999999, 'policies of fabrikam.example'],
  ])('that is refused (%s %i) costs the grant nothing', async (error, code, remedy) => {
    fixture.endpoint.answer = (request) =>
      isOf(request, fabrikam) ? refuse(400, error, code) : rotating(request)
    await engine.connection('csp').getToken()
    const before = wholeGrant(fixture)
    const failed = refused(await engine.connection(`csp@${fabrikam}`).getToken())
    expect(failed).toMatchObject({ code: 'customer_refused', upstream: { errorCodes: [code] } })
    expect(failed.detail).toContain('fabrikam.example')
    expect(failed.remedy).toContain(remedy)
    expect(wholeGrant(fixture)).toEqual(before)
    expect(fixture.eventTypes()).not.toContain('grant.lapsed')
    expect(await engine.status('csp')).toMatchObject({ state: 'valid', grant: { state: 'active' } })
    // The partner and other customers go on, and a process that comes later sees whose failure it is.
    expect((await engine.connection('csp@tailspin.example').getToken()).ok).toBe(true)
    const later = fixture.engine(definition(fixture))
    expect(await later.status(`csp@${fabrikam}`)).toMatchObject({
      state: 'lapsed',
      tenant: fabrikam,
      lastFailure: { code: 'customer_refused' },
      grant: { state: 'active', subject: 'alex' },
    })
    expect((await later.status('csp')).lastFailure).toBeUndefined()
  })

  it.each([
    [fabrikam, '--customer TENANT_ID --grant'],
    ['22222222-3333-4444-5555-666666666666', '--customer 22222222-3333-4444-5555-666666666666'],
  ])('%s is told of with a command that takes what is written', async (tenant, command) => {
    fixture.endpoint.answer = () => refuse(400, 'invalid_grant', 65001)
    const failed = refused(await engine.connection(`csp@${tenant}`).getToken())
    expect(failed.remedy).toContain(command)
  })

  it('that was refused is tried again at once by an operator, and slowly by itself', async () => {
    let isLetIn = false
    fixture.endpoint.answer = (request) =>
      isLetIn ? rotating(request) : refuse(400, 'invalid_grant', 90099)
    const connection = engine.connection(`csp@${fabrikam}`)
    await connection.getToken()
    await connection.getToken()
    expect(fixture.endpoint.requests).toHaveLength(1)
    isLetIn = true
    expect((await engine.refresh(`csp@${fabrikam}`)).ok).toBe(true)
    isLetIn = false
    await engine.connection('csp@tailspin.example').getToken()
    const sent = fixture.endpoint.requests.length
    isLetIn = true
    await fixture.clock.advance(hour + minute)
    expect((await engine.connection('csp@tailspin.example').getToken()).ok).toBe(true)
    expect(fixture.endpoint.requests).toHaveLength(sent + 1)
  })

  it('that is served does not hide that the grant itself has lapsed', async () => {
    await engine.connection('csp').getToken()
    const keepAliveAt = fixture.store.grantOf(home)?.record.keepAliveAt
    fixture.endpoint.answer = (request) =>
      isOf(request, partner) ? refuse(400, 'interaction_required', 50076) : rotating(request)
    await fixture.clock.advance(2 * hour)
    await engine.connection('csp').getToken()
    expect((await engine.status('csp')).state).toBe('lapsed')
    expect((await engine.connection(`csp@${fabrikam}`).getToken()).ok).toBe(true)
    expect(fixture.store.grantOf(home)?.record).toMatchObject({ state: 'lapsed', keepAliveAt })
  })

  it('loses its tokens in memory when the grant is revoked or replaced', async () => {
    await engine.connection(`csp@${fabrikam}`).getToken()
    await engine.revoke('csp')
    expect(engine.connection(`csp@${fabrikam}`).peek()).toBeUndefined()
    const failed = refused(await engine.connection(`csp@${fabrikam}`).getToken())
    expect(failed.code).toBe('grant_revoked')
  })

  it('whose name is that of no tenant fails its own proof and no sign-in', async () => {
    const customers = {
      tenants: () => ['..', fabrikam],
      target: { resource: 'https://graph.microsoft.com' },
      prove: async () => ({ proof: '', outcome: 'passed' }) as const,
      whenRefused: 'unverified' as const,
    }
    const adoption = await engine.adopt('csp', new Secret('rt-x'), { customers })
    expect(adoption.isActivated).toBe(true)
    expect(adoption.proofs).toMatchObject([
      {},
      {},
      {},
      { proof: 'customer ..', outcome: 'unverified', error: { code: 'tenant_invalid' } },
      { proof: `customer ${fabrikam}`, outcome: 'passed' },
    ])
  })
})
