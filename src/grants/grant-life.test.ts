import { describe, expect, it } from 'vitest'
import {
  createCluster,
  createEngineFixture,
  granted,
  hour,
  minute,
  refused,
  textOf,
  type Cluster,
} from '../../test/support/engine-fixture.ts'
import { refuse } from '../../test/support/fake-token-endpoint.ts'
import { EvergrantError, Secret } from '../kernel/index.ts'
import { createEntraProvider } from '../oauth/index.ts'
import type { ConnectionDefinition } from './connection.ts'

const day = 24 * hour
const strict = { model: 'strict', graceMs: 0 } as const
const address = { connection: 'csp', tenant: '' }
const start = async (): Promise<Cluster> => {
  const cluster = createCluster(strict)
  await cluster.consent()
  return cluster
}

/** A template over Entra tenants. */
function template(): Partial<ConnectionDefinition> {
  const tenantOf = (tenant: string): ConnectionDefinition => {
    if (!/^[\w-]+\.example$/.test(tenant)) throw new EvergrantError('tenant_invalid', 'test')
    return { ...base, provider: createEntraProvider({ tenant: tenant.toLowerCase() }) }
  }
  const base: ConnectionDefinition = {
    name: 'contoso-graph',
    provider: createEntraProvider({ tenant: 'any.example' }),
    clientId: 'client-1',
    credentials: [
      { kind: 'secret', method: 'client_secret_post', read: () => new Secret('planted') },
    ],
    grant: 'client_credentials',
    target: { resource: 'https://graph.microsoft.com' },
    version: 't1',
  }
  return { ...base, forTenant: tenantOf }
}

describe('an address', () => {
  it('of a template needs a tenant, and one that is right', () => {
    const engine = createEngineFixture().engine(template())
    expect(() => engine.connection('contoso-graph')).toThrow('is a template')
    expect(() => engine.connection('contoso-graph@no tenant')).toThrow('no tenant')
    expect(engine.connection('contoso-graph@One.example').address).toBe('contoso-graph@one.example')
  })

  it('of another connection takes no other tenant than its own', () => {
    const engine = createEngineFixture().engine()
    const own = engine.connection('contoso-graph').definition.provider.tenant
    expect(engine.connection(`contoso-graph@${own.toUpperCase()}`).address).toBe('contoso-graph')
    expect(() => engine.connection('contoso-graph@other.example')).toThrow('is for tenant')
  })

  it('has the targets of its connection alone', async () => {
    const cluster = await start()
    const { engine } = await cluster.node()
    expect(() => engine.connection('csp', { target: 'twoo' })).toThrow('did you mean "two"?')
    expect(engine.connection('csp', { target: 'two' }).target).toEqual({
      resource: 'https://two.example',
    })
  })

  it('keeps tenants apart', async () => {
    const fixture = createEngineFixture()
    const engine = fixture.engine(template())
    const one = granted(await engine.connection('contoso-graph@one.example').getToken())
    const two = granted(await engine.connection('contoso-graph@two.example').getToken())
    expect(textOf(one.token)).not.toBe(textOf(two.token))
    expect(await fixture.store.listGrants({ limit: 9 })).toHaveLength(2)
  })
})

describe('definitions that are replaced', () => {
  it('leave a handle working with the new one, and no token of the old one', async () => {
    const fixture = createEngineFixture()
    const engine = fixture.engine()
    const handle = engine.connection('contoso-graph')
    await handle.getToken()
    const { definition } = handle
    engine.define([{ ...definition, clientId: 'client-2', version: '2' }])
    expect(handle.peek()).toBeUndefined()
    expect(textOf(granted(await handle.getToken()).token)).toBe('token-2')
    expect(fixture.endpoint.requests.at(-1)?.form.get('client_id')).toBe('client-2')
    expect(engine.connection('contoso-graph')).toBe(handle)
  })

  it('keep what is in memory where the version is the same', async () => {
    const engine = createEngineFixture().engine()
    const handle = engine.connection('contoso-graph')
    const { token } = granted(await handle.getToken())
    engine.define([{ ...handle.definition }])
    expect(handle.peek()).toBe(token)
  })

  it('answer connection_unknown for what was removed', async () => {
    const engine = createEngineFixture().engine()
    const handle = engine.connection('contoso-graph')
    await handle.getToken()
    engine.define([])
    expect(refused(await handle.getToken()).code).toBe('connection_unknown')
    expect(handle.peek()).toBeUndefined()
    expect(() => engine.connection('contoso-graph')).toThrow('there is no connection')
    expect(engine.names).toEqual([])
  })
})

describe('a revoked grant', () => {
  it('is revoked at the provider first, refresh token before access token, and serves nowhere', async () => {
    const cluster = await start()
    const [one, two] = [await cluster.node(), await cluster.node()]
    await cluster.settle(one.connection.getToken())
    await cluster.settle(two.connection.getToken())
    expect(await one.engine.revoke('csp')).toMatchObject({ atProvider: 'revoked' })
    expect(cluster.endpoint.revoked).toEqual(['rt-2', 'token-1'])
    expect(one.connection.peek()).toBeUndefined()
    expect(two.connection.peek()).toBeDefined()
    await two.engine.notice(['grants'])
    expect(two.connection.peek()).toBeUndefined()
    expect(two.events.at(-1)).toMatchObject({ type: 'grant.dropped', reason: 'revoked' })
    for (const { connection, engine } of [one, two]) {
      expect(refused(await cluster.settle(connection.getToken())).code).toBe('grant_revoked')
      expect((await engine.status('csp')).state).toBe('revoked')
    }
    expect(refused(await cluster.settle(one.engine.refresh('csp'))).code).toBe('grant_revoked')
  })

  it('is revoked here also when the provider fails', async () => {
    const cluster = await start()
    const { engine, connection } = await cluster.node()
    await cluster.settle(connection.getToken())
    cluster.endpoint.answer = () => refuse(503, 'temporarily_unavailable')
    const revocation = await cluster.settle(engine.revoke('csp'))
    expect(revocation).toMatchObject({ atProvider: 'failed', error: { code: 'revocation_failed' } })
    expect(cluster.store.grantOf(address)?.record.state).toBe('revoked')
  })

  it('keeps nothing that an exchange under way brings', async () => {
    const cluster = await start()
    const node = await cluster.node()
    const { reached, wake } = node.stallAt('fetch:after')
    const result = node.connection.getToken()
    await cluster.settle(reached)
    await (await cluster.node()).engine.revoke('csp')
    wake()
    expect(refused(await cluster.settle(result)).code).toBe('grant_revoked')
    expect(cluster.store.grantOf(address)?.refreshToken).toBeUndefined()
  })

  it('of client_credentials comes back by an operator’s refresh alone', async () => {
    const fixture = createEngineFixture()
    const engine = fixture.engine()
    const handle = engine.connection('contoso-graph')
    await handle.getToken()
    expect(await engine.revoke('contoso-graph')).toMatchObject({ atProvider: 'unsupported' })
    expect(refused(await handle.getToken()).code).toBe('grant_revoked')
    expect((await engine.refresh('contoso-graph')).ok).toBe(true)
    expect((await handle.getToken()).ok).toBe(true)
    expect(fixture.eventTypes()).toContain('grant.reinstated')
  })
})

describe('news of a revocation', () => {
  it('that the store did not confirm at once is asked for until it does', async () => {
    const cluster = await start()
    const [one, two] = [await cluster.node(), await cluster.node()]
    await cluster.settle(one.connection.getToken())
    await cluster.settle(two.connection.getToken())
    await cluster.settle(one.engine.revoke('csp'))
    two.failAt(['getGrant:before'])
    await two.engine.notice(['grants'])
    expect(two.connection.peek()).toBeDefined()
    two.failAt([])
    await cluster.settle(cluster.clock.sleep(1_100))
    expect(two.connection.peek()).toBeUndefined()
  })
})

describe('a refresh token that is adopted', () => {
  it('is refused for a connection without refresh tokens', async () => {
    const engine = createEngineFixture().engine()
    await expect(engine.adopt('contoso-graph', new Secret('rt-1'))).rejects.toThrow(
      'works without refresh tokens',
    )
  })

  it('serves once it was redeemed for every target', async () => {
    const cluster = createCluster(strict)
    const node = await cluster.node()
    expect(refused(await node.connection.getToken()).code).toBe('consent_needed')
    const adoption = await cluster.settle(node.engine.adopt('csp', new Secret('rt-1')))
    expect(adoption).toMatchObject({
      isActivated: true,
      proofs: [
        { proof: 'resource https://one.example', outcome: 'passed' },
        { proof: 'resource https://two.example', outcome: 'passed' },
        { proof: 'identity', outcome: 'unverified' },
      ],
    })
    await cluster.clock.advance(minute)
    expect(granted(await cluster.settle(node.connection.getToken())).origin).toBe('adopted')
    expect(cluster.store.grantOf(address)?.refreshToken?.reveal()).toBe('rt-3')
    expect(cluster.endpoint.reuses).toBe(0)
    expect(cluster.store.intents()).toEqual([])
  })

  it('that fails leaves the current grant untouched', async () => {
    const cluster = await start()
    const node = await cluster.node()
    const before = granted(await cluster.settle(node.connection.getToken())).token
    const adoption = await cluster.settle(node.engine.adopt('csp', new Secret('a stranger’s')))
    expect(adoption.isActivated).toBe(false)
    expect(adoption.proofs.map(({ outcome }) => outcome)).toEqual([
      'failed',
      'unverified',
      'unverified',
    ])
    expect(node.connection.peek()).toBe(before)
    expect(cluster.store.grantOf(address)?.refreshToken?.reveal()).toBe('rt-2')
    expect(node.eventTypes()).toContain('grant.candidate_refused')
  })

  it('supersedes the grant that served, in every process', async () => {
    const cluster = await start()
    const [one, two] = [await cluster.node(), await cluster.node()]
    await cluster.settle(one.connection.getToken())
    await cluster.settle(two.connection.getToken())
    // The newest token of the family, which somebody else has got.
    const current = cluster.store.grantOf(address)?.refreshToken?.reveal() ?? ''
    const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: current })
    await cluster.endpoint.fetch('https://as.example/token', { method: 'POST', body })
    const adoption = await cluster.settle(one.engine.adopt('csp', new Secret('rt-3')))
    expect(adoption.isActivated).toBe(true)
    await two.engine.notice(['grants'])
    expect(two.connection.peek()).toBeUndefined()
    expect(granted(await cluster.settle(two.connection.getToken())).origin).toBe('adopted')
    expect(one.eventTypes()).toContain('grant.superseded')
  })

  it('of another tenant is refused', async () => {
    const wanted = '11111111-2222-3333-4444-555555555555'
    const other = '99999999-2222-3333-4444-555555555555'
    const cluster = createCluster({ model: 'overlap', graceMs: 0 })
    const entra = createEntraProvider({ tenant: wanted, authority: 'https://login.example' })
    const issuer = `https://login.example/${other}/v2.0`
    const node = await cluster.node({
      provider: { ...entra, issuerOf: () => issuer },
      targets: new Map(),
    })
    const { answer } = cluster.endpoint
    cluster.endpoint.answer = async (request) => {
      const body = (await (await answer(request)).json()) as object
      const seconds = Math.floor(cluster.clock.now() / 1_000)
      const claims = {
        iss: issuer,
        aud: 'client-1',
        sub: 's',
        oid: 'o',
        tid: other,
        iat: seconds,
        exp: seconds + 600,
      }
      const part = (value: object): string =>
        Buffer.from(JSON.stringify(value)).toString('base64url')
      return Response.json({ ...body, id_token: `${part({ alg: 'RS256' })}.${part(claims)}.c2ln` })
    }
    const adoption = await cluster.settle(node.engine.adopt('csp', new Secret('rt-1')))
    expect(adoption).toMatchObject({ isActivated: false, subject: 'o' })
    expect(adoption.proofs.at(-1)).toMatchObject({
      proof: 'identity',
      outcome: 'failed',
      error: { code: 'candidate_refused' },
    })
  })
})

describe('grants whose time has come', () => {
  it('are renewed without a caller, within a week and a stable part earlier', async () => {
    const cluster = await start()
    const { engine, connection } = await cluster.node()
    await cluster.settle(connection.getToken())
    const next = cluster.store.grantOf(address)?.record.keepAliveAt ?? 0
    const waitMs = next - cluster.clock.now()
    expect(waitMs).toBeGreaterThanOrEqual(6.3 * day - minute)
    expect(waitMs).toBeLessThanOrEqual(7 * day)
    expect(await engine.runDue()).toEqual({
      taken: 0,
      renewed: 0,
      failed: 0,
      orphaned: 0,
      paused: 0,
    })
    await cluster.clock.advance(waitMs)
    const report = await cluster.settle((await cluster.node()).engine.runDue())
    expect(report).toEqual({ taken: 1, renewed: 1, failed: 0, orphaned: 0, paused: 0 })
    expect(cluster.endpoint.sent.get('rt-2')).toHaveLength(1)
    expect(cluster.store.grantOf(address)?.record.keepAliveAt).toBeGreaterThan(next + 6 * day)
  })

  it('are found again after a node with an older configuration took them for orphans', async () => {
    const cluster = createCluster({ model: 'overlap', graceMs: 0 })
    await cluster.consent()
    const [idle, older] = [await cluster.node(), await cluster.node({ name: 'other' })]
    await cluster.settle(idle.connection.getToken())
    await cluster.clock.advance(8 * day)
    expect(await cluster.settle(older.engine.runDue())).toMatchObject({ taken: 1, orphaned: 1 })
    await cluster.clock.advance(8 * day)
    expect(await cluster.settle(idle.engine.runDue())).toMatchObject({ taken: 1, renewed: 1 })
    expect(cluster.store.grantOf(address)?.record.state).toBe('active')
  })

  it('become orphaned when their connection is gone, and serve again when it is back', async () => {
    const cluster = await start()
    const { engine, connection } = await cluster.node()
    await cluster.settle(connection.getToken())
    await cluster.clock.advance(7 * day)
    const { definition } = connection
    engine.define([])
    expect(await cluster.settle(engine.runDue())).toMatchObject({ taken: 1, orphaned: 1 })
    expect(cluster.store.grantOf(address)?.record.state).toBe('orphaned')
    engine.define([definition])
    expect((await engine.status('csp')).state).toBe('orphaned')
    expect((await cluster.settle(connection.getToken())).ok).toBe(true)
    expect(cluster.store.grantOf(address)?.record.state).toBe('active')
  })

  it('come up again when the provider said so, or never when only a person can help', async () => {
    const cluster = await start()
    const { engine, connection } = await cluster.node()
    await cluster.settle(connection.getToken())
    await cluster.clock.advance(7 * day)
    const answer = (): Response =>
      new Response('', { status: 429, headers: { 'retry-after': '1800' } })
    cluster.endpoint.mishaps.push({ kind: 'instead', answer })
    expect(await cluster.settle(engine.runDue())).toMatchObject({ failed: 1 })
    const { keepAliveAt } = cluster.store.grantOf(address)?.record ?? {}
    expect(keepAliveAt).toBeGreaterThan(cluster.clock.now() + 29 * minute)
    await cluster.clock.advance(30 * minute)
    cluster.endpoint.endFamily()
    expect(await cluster.settle(engine.runDue())).toMatchObject({ failed: 1 })
    await cluster.clock.advance(2 * day)
    await cluster.settle(engine.runDue())
    expect(cluster.store.grantOf(address)?.record.state).toBe('lapsed')
  })

  it('are kept warm, so that nobody waits', async () => {
    const fixture = createEngineFixture()
    const engine = fixture.engine({ refresh: { keepWarm: true } })
    const handle = engine.connection('contoso-graph')
    await handle.getToken()
    await fixture.clock.advance(56 * minute)
    expect(await engine.runDue()).toMatchObject({ taken: 1, renewed: 1 })
    expect(textOf(handle.peek())).toBe('token-2')
    expect(await engine.runDue()).toMatchObject({ taken: 0 })
  })

  it('by the thousand leave nothing in memory', async () => {
    const fixture = createEngineFixture()
    const engine = fixture.engine({ ...template(), refresh: { keepWarm: true } })
    for (let i = 0; i < 1_000; i++) {
      const tenant = `t${i}.example`
      const grant = await fixture.store.ensureGrant({ connection: 'contoso-graph', tenant }, 1)
      await fixture.store.scheduleKeepAlive(grant.id, 1)
    }
    engine.define([
      {
        ...(template() as ConnectionDefinition),
        forTenant: (tenant) => ({
          ...(template() as ConnectionDefinition),
          provider: createEntraProvider({ tenant }),
          refresh: { keepWarm: true },
        }),
      },
    ])
    const startedAt = performance.now()
    expect(await engine.runDue({ limit: 5_000 })).toMatchObject({ taken: 1_000, renewed: 1_000 })
    expect(1_000 / ((performance.now() - startedAt) / 1_000)).toBeGreaterThan(200)
    expect(fixture.endpoint.requests).toHaveLength(1_000)
  })
})

describe('the status', () => {
  it('tells of the refresh token and the credentials what may be shown', async () => {
    const cluster = await start()
    const { engine, connection } = await cluster.node()
    await cluster.settle(connection.getToken())
    const status = await engine.status('csp')
    expect(status).toMatchObject({
      address: 'csp',
      state: 'valid',
      grant: { standing: 'current', state: 'active', subject: 'someone' },
      refreshToken: { version: 2 },
      credentials: [],
    })
    expect(status.keepAliveAt).toBeGreaterThan(cluster.clock.now())
    expect(JSON.stringify(status)).not.toMatch(/rt-\d|token-\d/)
  })
})

describe('credentials', () => {
  it('of outside identity providers are read anew for every request, and name no other slot', async () => {
    const fixture = createEngineFixture()
    const read: string[] = []
    const jwt = (): Secret => {
      const seconds = Math.floor(fixture.clock.now() / 1_000)
      const part = (value: object): string =>
        Buffer.from(JSON.stringify(value)).toString('base64url')
      const payload = { iss: 'i', sub: 's', aud: 'a', jti: read.length, exp: seconds + 600 }
      return new Secret(`${part({ alg: 'RS256' })}.${part(payload)}.c2ln`)
    }
    const handle = fixture.connect({
      credentials: [
        {
          kind: 'federated',
          read: () => {
            const fresh = jwt()
            read.push(fresh.reveal())
            return fresh
          },
        },
      ],
    })
    await handle.getToken()
    await handle.getToken({ forceRenewal: true })
    const sent = fixture.endpoint.requests.map(({ form }) => form.get('client_assertion'))
    expect(sent).toEqual(read)
    expect(new Set(sent).size).toBe(2)
    expect(fixture.store.onlySlot().version).toBe(2)
  })

  it('fail over for a refresh token, too, since a plain no spends nothing', async () => {
    const cluster = await start()
    const { connection } = await cluster.node({
      credentials: ['first', 'second'].map((value) => ({
        kind: 'secret',
        method: 'client_secret_post',
        read: () => new Secret(value),
      })),
    })
    cluster.endpoint.mishaps.push({ kind: 'instead', answer: () => refuse(401, 'invalid_client') })
    expect((await cluster.settle(connection.getToken())).ok).toBe(true)
    expect(cluster.endpoint.requests.map(({ form }) => form.get('client_secret'))).toEqual([
      'first',
      'second',
    ])
    expect(cluster.store.grantOf(address)?.record.refreshToken?.version).toBe(2)
  })
})

describe('more addresses than are kept', () => {
  it('let go of the longest unasked for, whose handle works on', async () => {
    const engine = createEngineFixture().engine(template())
    const first = engine.connection('contoso-graph@first.example')
    await first.getToken()
    expect(first.peek()).toBeDefined()
    for (let i = 0; i < 10_001; i++) engine.connection(`contoso-graph@t${i}.example`)
    expect(first.peek()).toBeUndefined()
    expect(granted(await first.getToken()).origin).toBe('adopted')
  })

  it('are there for a while when every one is being renewed', async () => {
    const change = template()
    const never = (): Promise<Secret> => new Promise(() => {})
    const hang = (definition: ConnectionDefinition): ConnectionDefinition => ({
      ...definition,
      credentials: [{ kind: 'secret', method: 'client_secret_post', read: never }],
    })
    const engine = createEngineFixture().engine({
      ...change,
      forTenant: (tenant) => hang(change.forTenant?.(tenant) as ConnectionDefinition),
    })
    for (let i = 0; i < 10_001; i++) {
      void engine.connection(`contoso-graph@t${i}.example`).getToken()
    }
    expect(engine.connection('contoso-graph@more.example').peek()).toBeUndefined()
  })
})
