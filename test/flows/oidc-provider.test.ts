import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Provider } from 'oidc-provider'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  createGrantEngine,
  type ConnectionHandle,
  type ConnectionDefinition,
  type GrantEvent,
} from '../../src/grants/index.ts'
import { createManualClock, Secret, type ManualClock } from '../../src/kernel/index.ts'
import { createOidcProvider } from '../../src/oauth/index.ts'
import { processIdentity } from '../support/engine-fixture.ts'
import { createMemoryGrantStore } from '../support/memory-grant-store.ts'

const clientSecret = 'a secret with + and / and %'
const resource = 'https://api.example'

let server: Server
let issuer: string
let tokenRequests: number

beforeEach(async () => {
  tokenRequests = 0
  let handle: RequestListener | undefined
  server = createServer((request, response) => {
    if (request.url === '/token') tokenRequests++
    handle?.(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const provider = new Provider(issuer, {
    clients: ['client_secret_post', 'client_secret_basic'].map((method) => ({
      client_id: method,
      scope: 'read',
      client_secret: clientSecret,
      token_endpoint_auth_method: method,
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
    })),
    scopes: ['read', 'write'],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({
          scope: 'read write',
          accessTokenTTL: 900,
          accessTokenFormat: 'opaque',
        }),
      },
    },
    ttl: { ClientCredentials: (_context, token) => token.resourceServer?.accessTokenTTL ?? 600 },
  })
  handle = provider.callback()
})

afterEach(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

function compose(change: Partial<ConnectionDefinition> = {}): {
  readonly clock: ManualClock
  readonly events: GrantEvent[]
  readonly connection: ConnectionHandle
} {
  const clock = createManualClock()
  const events: GrantEvent[] = []
  const definition: ConnectionDefinition = {
    name: 'ping',
    provider: createOidcProvider({ issuer }),
    clientId: 'client_secret_post',
    credentials: [
      { kind: 'secret', method: 'client_secret_post', read: () => new Secret(clientSecret) },
    ],
    grant: 'client_credentials',
    target: { scope: 'read' },
    version: '1',
    ...change,
  }
  const engine = createGrantEngine({
    store: createMemoryGrantStore(),
    clock,
    fetch,
    emit: (event) => events.push(event),
    identity: processIdentity(),
    connections: [definition],
  })
  return { clock, events, connection: engine.connection('ping') }
}

describe('a real OpenID provider', () => {
  it('refuses a wrong secret, once for everyone', async () => {
    const { connection } = compose({
      credentials: [
        { kind: 'secret', method: 'client_secret_post', read: () => new Secret('wrong') },
      ],
    })
    const results = await Promise.all(Array.from({ length: 20 }, () => connection.getToken()))
    for (const result of results) {
      expect(result).toMatchObject({
        ok: false,
        error: { code: 'client_rejected', upstream: { error: 'invalid_client' } },
      })
    }
    expect(tokenRequests).toBe(1)
  })

  it('refuses a scope that the client may not have', async () => {
    const { connection } = compose({ target: { scope: 'write' } })
    expect(await connection.getToken()).toMatchObject({
      ok: false,
      error: { code: 'request_rejected' },
    })
  })

  it('is misconfigured when the issuer is spelt differently', async () => {
    const { connection } = compose({
      provider: createOidcProvider({ issuer: issuer.replace('127.0.0.1', 'localhost') }),
    })
    expect(await connection.getToken()).toMatchObject({
      ok: false,
      error: { code: 'provider_misconfigured' },
    })
  })

  it.each(['client_secret_post', 'client_secret_basic'] as const)(
    'issues tokens by %s, again after they expired',
    async (method) => {
      const { connection, clock, events } = compose({
        clientId: method,
        credentials: [{ kind: 'secret', method, read: () => new Secret(clientSecret) }],
      })
      const first = await connection.getToken()
      if (!first.ok) throw first.error
      expect(first.value.token.expiresAt - clock.now()).toBe(600_000)
      await clock.advance(600_000)
      const results = await Promise.all(Array.from({ length: 200 }, () => connection.getToken()))
      expect(results.every((result) => result.ok && result.value.token !== first.value.token)).toBe(
        true,
      )
      expect(tokenRequests).toBe(2)
      expect(events.map((event) => event.type)).toEqual(['grant.refreshed', 'grant.refreshed'])
    },
  )

  it('is asked for a resource by RFC 8707', async () => {
    const { connection, clock } = compose({ target: { resource } })
    const result = await connection.getToken()
    if (!result.ok) throw result.error
    expect(result.value.token.expiresAt - clock.now()).toBe(900_000)
  })
})
