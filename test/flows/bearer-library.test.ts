import { appendFile } from 'node:fs/promises'
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createBearer, type Bearer, type BearerRefusal } from '../../src/bearer.ts'
import type { Account } from '../../src/directory/index.ts'
import { compose } from '../../src/server/index.ts'
import { audience, startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts'
import { makeWorkspace, runImport, tenantId, type Workspace } from '../support/workspace.ts'

let issuer: TokenIssuer
let bearer: Bearer
let refusals: BearerRefusal[] = []
beforeAll(async () => {
  issuer = await startTokenIssuer()
  bearer = await createBearer({
    issuers: { ping: { type: 'oidc', issuer: issuer.issuer, audiences: [audience] } },
    env: {},
    onRefusal: (refusal) => void refusals.push(refusal),
  })
})
afterAll(async () => {
  await bearer.close()
  await issuer.close()
})

interface Answer {
  readonly status: number
  readonly challenge: string | null
  readonly body: Readonly<Record<string, unknown>>
}

/** An API in each framework: `/orders` for whoever has a token, `/admin` for `Orders.Admin`. */
const frameworks: Readonly<Record<string, () => Promise<RequestListener>>> = {
  Fastify: async () => {
    const app = fastify()
    app.get('/orders', { onRequest: bearer.fastify() }, (request) => ({
      subject: bearer.identityOf(request).subject,
    }))
    app.get('/admin', { onRequest: bearer.fastify({ scopes: ['Orders.Admin'] }) }, (request) => ({
      subject: bearer.identityOf(request).subject,
    }))
    await app.ready()
    return (request, response) => {
      app.routing(request, response)
    }
  },
  Express: async () => {
    const app = express()
    app.get('/orders', bearer.express(), (request, response) => {
      response.json({ subject: bearer.identityOf(request).subject })
    })
    app.get('/admin', bearer.express({ scopes: ['Orders.Admin'] }), (request, response) => {
      response.json({ subject: bearer.identityOf(request).subject })
    })
    return app
  },
  Hono: async () => {
    const app = new Hono()
    app.get('/orders', bearer.hono(), (c) =>
      c.json({ subject: bearer.identityOf(c.req.raw).subject ?? null }),
    )
    app.get('/admin', bearer.hono({ scopes: ['Orders.Admin'] }), (c) =>
      c.json({ subject: bearer.identityOf(c.req.raw).subject ?? null }),
    )
    const listener = getRequestListener(app.fetch)
    return (request, response) => void listener(request, response)
  },
}

it('calls a plain handler once, whatever the handler throws', async () => {
  const calls: unknown[] = []
  const protect = bearer.express()
  const request = { headers: { authorization: `Bearer ${issuer.token()}` }, rawHeaders: [] }
  const thrown = new Promise((resolve) => {
    process.prependOnceListener('unhandledRejection', resolve)
  })
  const others = process.rawListeners('unhandledRejection').slice(1)
  for (const other of others) process.removeListener('unhandledRejection', other as () => void)
  protect(request as unknown as IncomingMessage, {} as ServerResponse, (error) => {
    calls.push(error)
    throw new Error('a fault of the route')
  })
  expect(await thrown).toMatchObject({ message: 'a fault of the route' })
  for (const other of others) process.on('unhandledRejection', other as () => void)
  expect(calls).toEqual([undefined])
})

describe.each(Object.keys(frameworks))('an API of %s', (name) => {
  let url: string
  let close: () => Promise<void>
  beforeAll(async () => {
    const listener = await frameworks[name]?.()
    const server = createServer(listener)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    close = async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  })
  afterAll(async () => close())

  const call = async (path: string, token?: string): Promise<Answer> => {
    refusals = []
    const headers: Record<string, string> =
      token === undefined ? {} : { authorization: `Bearer ${token}` }
    const response = await fetch(`${url}${path}`, { headers })
    return {
      status: response.status,
      challenge: response.headers.get('www-authenticate'),
      body: (await response.json()) as Answer['body'],
    }
  }

  it('asks for a token where none came, and names no error then', async () => {
    const { status, challenge } = await call('/orders')
    expect(status).toBe(401)
    expect(challenge).toMatch(/^Bearer /)
    expect(challenge).not.toContain('error=')
  })

  it('says that a token has expired of an expired one alone', async () => {
    const past = Math.floor(Date.now() / 1_000) - 3_600
    const expired = await call(
      '/orders',
      issuer.token({ iat: past - 60, nbf: past - 60, exp: past }),
    )
    expect(expired).toMatchObject({ status: 401, body: { code: 'token_expired' } })
    expect(expired.challenge).toContain('error="invalid_token"')
    const foreign = await call('/orders', issuer.token({ aud: 'api://billing' }))
    expect(foreign).toMatchObject({ status: 401, body: { code: 'token_audience_refused' } })
    expect(JSON.stringify(foreign.body)).not.toContain('expired')
  })

  it('tells the one who runs it of a refusal, by the id that the caller saw, without the token', async () => {
    const token = issuer.token({ aud: 'api://billing' })
    const { body } = await call('/orders', token)
    expect(refusals).toMatchObject([
      { requestId: body['request_id'], refusal: { stage: 'audience' } },
    ])
    expect(JSON.stringify(refusals)).not.toContain(token.split('.')[1])
  })

  it('refuses a permission that is missing with 403 and its name', async () => {
    const { status, body, challenge } = await call('/admin', issuer.token({ scope: 'Orders.Read' }))
    expect(status).toBe(403)
    expect(body).toMatchObject({ code: 'insufficient_scope' })
    expect(challenge).toContain('error="insufficient_scope"')
    expect(body['detail']).toContain('Orders.Admin')
  })

  it('lets a token that holds in, and tells the route whose it is', async () => {
    const token = issuer.token({ scope: 'Orders.Read Orders.Admin' })
    expect(await call('/orders', token)).toMatchObject({ status: 200, body: { subject: 'anna' } })
    expect(await call('/admin', token)).toMatchObject({ status: 200, body: { subject: 'anna' } })
  })
})

describe('createBearer', () => {
  it('refuses issuers that are none, naming the field', async () => {
    const issuers = { ping: { type: 'oidc', issuer: issuer.issuer, audiences: [] } } as const
    await expect(
      createBearer({ issuers: { ping: { ...issuers.ping, audiences: [] } } }),
    ).rejects.toMatchObject({
      code: 'config_invalid',
      detail: expect.stringContaining('"issuers.ping.audiences"'),
    })
  })

  it('refuses rules that find accounts where there is no directory', async () => {
    await expect(
      createBearer({
        issuers: {
          ping: {
            type: 'oidc',
            issuer: issuer.issuer,
            audiences: [audience],
            match: [{ claim: 'sub', column: 'employeeId', acrossTenants: true }],
          },
        },
      }),
    ).rejects.toMatchObject({
      code: 'usage',
      detail: expect.stringContaining('issuers.ping.match'),
    })
  })

  it('refuses to name who makes a request that nobody has checked', () => {
    expect(() => bearer.identityOf(new Request('http://localhost/'))).toThrow(
      'nobody was looked for',
    )
  })
})

describe('an API with the directory of a configuration', () => {
  let workspace: Workspace
  let api: Bearer
  let users: readonly Account[]
  beforeAll(async () => {
    workspace = await makeWorkspace({ users: 10 })
    await runImport(workspace)
    await appendFile(
      workspace.configPath,
      `issuers:
  ping:
    type: oidc
    issuer: ${issuer.issuer}
    tenant: ${tenantId}
    audiences: [${audience}]
    match: [{ claim: upn, column: userPrincipalName, ignoreCase: true, acceptMutable: true }]
    access: [{ claim: roles, value: Reader, role: viewer }]
`,
    )
    api = await createBearer({ config: workspace.configPath, env: {} })
    const { store, close } = await compose({
      configPath: workspace.configPath,
      env: {},
      role: 'main',
    })
    const found = await store.accounts.listAccounts({ kind: 'user', limit: 10 })
    users = found.accounts.filter(({ properties }) => properties['accountEnabled'] === true)
    await close()
  })
  afterAll(async () => {
    await api.close()
    await workspace.close()
  })

  const userOf = (at: number): { readonly id: string; readonly upn: string } => {
    const user = users[at]
    if (user === undefined) throw new Error('so many users were not imported')
    return { id: user.id, upn: String(user.properties['userPrincipalName']).toUpperCase() }
  }

  it('knows the one account of a caller, and what rules give it', async () => {
    const { id, upn } = userOf(3)
    const found = await api.identify(issuer.token({ upn, roles: ['Reader'] }))
    expect(found).toMatchObject({ ok: true, value: { account: { id, tenantId }, role: 'viewer' } })
  })

  it('refuses a token that holds but is nobody’s with 403, as another token would not help', async () => {
    const found = await api.identify(issuer.token({ upn: 'nobody@contoso.example' }))
    expect(found).toMatchObject({ ok: false, error: { code: 'account_unmatched' } })
  })

  it('looks accounts up by an index that it has made itself', async () => {
    const { store, close } = await compose({
      configPath: workspace.configPath,
      env: {},
      role: 'main',
    })
    const column = { kind: 'user', column: 'userPrincipalName', compare: 'lower' } as const
    expect(await store.accounts.hasLookup(column)).toBe(true)
    await close()
  })

  it('tells callers that the store is away, and its operator where it stands', async () => {
    const other = await createBearer({
      config: workspace.configPath,
      env: {},
      onRefusal: (refusal) => void refusals.push(refusal),
    })
    const app = express()
    app.get('/', other.express(), (_request, response) => void response.json({}))
    const server = createServer(app)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    // Its keys are in memory from now on.
    await other.identify(issuer.token({ upn: userOf(3).upn }))
    await other.close()
    refusals = []
    const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, {
      headers: { authorization: `Bearer ${issuer.token({ upn: userOf(5).upn })}` },
    })
    expect(response.status).toBe(503)
    expect(await response.text()).not.toContain(workspace.folder)
    expect(refusals).toMatchObject([{ error: { code: 'store_unavailable' } }])
    server.closeAllConnections()
    server.close()
  })

  it('lets nobody in within a second of being disabled by another process', async () => {
    const { id, upn } = userOf(4)
    const token = issuer.token({ upn })
    expect(await api.identify(token)).toMatchObject({ ok: true })
    const other = await compose({ configPath: workspace.configPath, env: {}, role: 'main' })
    await other.store.accounts.disableAccount(
      { tenantId, kind: 'user', id },
      { at: Date.now(), by: 'test' },
    )
    await other.close()
    await vi.waitFor(
      async () => {
        const found = await api.identify(token)
        expect(found).toMatchObject({ ok: false, error: { code: 'account_disabled' } })
      },
      { timeout: 1_500, interval: 50 },
    )
  })
})
