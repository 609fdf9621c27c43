import { request as send } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bearer, startBearerService, type BearerService } from '../support/bearer-service.ts'
import { tenantId } from '../support/workspace.ts'

let service: BearerService
beforeAll(async () => {
  service = await startBearerService()
})
afterAll(() => service.close())

const tokenFor = (claims: Readonly<Record<string, unknown>> = {}): string =>
  service.issuer.token({ oid: service.userIds[0], name: 'Anna', scp: 'Orders.Read', ...claims })
const verify = (
  query = '',
  headers: Readonly<Record<string, string>> = bearer(tokenFor()),
  method?: string,
): Promise<Response> => service.get(`/auth/verify${query}`, headers, method)
const codeOf = async (answer: Response): Promise<unknown> =>
  ((await answer.json()) as Record<string, unknown>)['code']

/** Sends a request whose path is not normalised, as proxies do. */
function raw(path: string, method: string, headers: Record<string, string>): Promise<number> {
  const { hostname, port } = new URL(service.url)
  return new Promise((resolve, reject) => {
    const sent = send({ hostname, port, path, method, headers }, (answer) => {
      answer.resume()
      resolve(answer.statusCode ?? 0)
    })
    sent.on('error', reject).end()
  })
}

describe('/auth/verify refuses', () => {
  it('whoever brings nothing, with a challenge that a proxy can hand on', async () => {
    const answer = await verify('', {})
    expect(answer.status).toBe(401)
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer realm="evergrant", resource_/)
    expect(answer.headers.get('content-type')).toContain('application/problem+json')
    expect(await codeOf(answer)).toBe('caller_unauthenticated')
    expect([...answer.headers.keys()].filter((name) => name.startsWith('evergrant-'))).toEqual([
      'evergrant-request-id',
    ])
  })

  it('a token that does not hold, and says why', async () => {
    const answer = await verify('', bearer(tokenFor({ iat: 1_000, exp: 2_000 })))
    expect(answer.status).toBe(401)
    expect(answer.headers.get('www-authenticate')).toContain('The token has expired')
    expect(await answer.json()).toMatchObject({ code: 'token_expired', stage: 'time' })
  })

  it('scopes, roles and connections that a caller does not have', async () => {
    const scope = await verify('?scope=Orders.Write')
    expect(scope.status).toBe(403)
    expect(scope.headers.get('www-authenticate')).toContain('scope="Orders.Write"')
    expect(await codeOf(scope)).toBe('insufficient_scope')
    expect(await codeOf(await verify('?role=viewer'))).toBe('role_missing')
    expect(await codeOf(await verify('?connection=other'))).toBe('permit_missing')
    const key = await service.addCaller('scopeless', { role: 'admin' })
    expect(await codeOf(await verify('?scope=Orders.Read', bearer(key)))).toBe('insufficient_scope')
  })

  it.each([
    '?scop=Orders.Read',
    '?role=boss',
    '?unavailable=500',
    '?connection=',
    '?connection=:a',
    '?role',
    '?scope=',
  ])('everybody where the condition %s means nothing', async (query) => {
    const answer = await verify(query)
    expect(answer.status).toBe(400)
    expect(await codeOf(answer)).toBe('request_invalid')
  })

  it('what a client adds to the query of the proxy as well', async () => {
    expect((await verify('?scope=Orders.Read&scope=Orders.Write')).status).toBe(403)
    expect((await verify('?role=viewer&role=admin')).status).toBe(403)
    const viewer = bearer(tokenFor({ roles: ['Viewer'] }))
    expect((await verify('?role=admin&role=viewer', viewer)).status).toBe(403)
  })

  it('with 503 while keys are away, or 403 for proxies that know no other', async () => {
    const fresh = await startBearerService()
    try {
      fresh.issuer.breakKeys((response) => response.writeHead(500).end())
      const headers = bearer(fresh.issuer.token({ oid: fresh.userIds[0] }))
      const plain = await fresh.get('/auth/verify', headers)
      expect(plain.status).toBe(503)
      expect(Number(plain.headers.get('retry-after'))).toBeGreaterThan(0)
      expect(plain.headers.get('www-authenticate')).toBeNull()
      const told = await fresh.get('/auth/verify?unavailable=403', headers)
      expect(told.status).toBe(403)
      expect(told.headers.get('evergrant-status')).toBe('503')
      expect(told.headers.get('retry-after')).not.toBeNull()
      expect(await told.json()).toMatchObject({ code: 'issuer_keys_unavailable', status: 403 })
    } finally {
      await fresh.close()
    }
  })

  it('a caller past its rate, as 403 where the proxy knows no other', async () => {
    const key = await service.addCaller('eager', { limits: { ratePerSecond: 1 } })
    expect((await verify('', bearer(key))).status).toBe(200)
    const refused = await verify('?unavailable=403', bearer(key))
    expect(refused.status).toBe(403)
    expect(refused.headers.get('evergrant-status')).toBe('429')
  })
})

describe('/auth/verify lets pass', () => {
  it('a bearer token, with whose it is in headers and no body', async () => {
    const roles = ['Viewer', 'A,B']
    const claims = { roles, scp: 'Orders.Read Orders.Write', azp: 'portal' }
    const answer = await verify('', bearer(tokenFor(claims)))
    expect(answer.status).toBe(200)
    expect(await answer.text()).toBe('')
    const told = [...answer.headers].filter(([name]) => name.startsWith('evergrant-'))
    expect(Object.fromEntries(told)).toEqual({
      'evergrant-caller': `usr_${tenantId}_${service.userIds[0]}`,
      'evergrant-caller-kind': 'bearer',
      'evergrant-user-name': 'Anna',
      'evergrant-account': service.userIds[0],
      'evergrant-tenant': tenantId,
      'evergrant-subject': 'anna',
      'evergrant-person': '',
      'evergrant-role': 'viewer',
      'evergrant-roles': 'Viewer,A%2CB',
      'evergrant-scopes': 'Orders.Read,Orders.Write',
      'evergrant-issuer': 'lab',
      'evergrant-client': 'portal',
    })
  })

  it('a caller key, with every header of an identity there, so that none can be forged', async () => {
    const key = await service.addCaller('crm', { role: 'operator' })
    const answer = await verify('?role=viewer&connection=contoso-graph', bearer(key))
    expect(answer.status).toBe(200)
    expect(answer.headers.get('evergrant-user-name')).toBe('crm')
    expect(answer.headers.get('evergrant-role')).toBe('operator')
    for (const name of ['account', 'tenant', 'subject', 'person', 'roles', 'issuer', 'client']) {
      expect(answer.headers.get(`evergrant-${name}`)).toBe('')
    }
  })

  it.each([
    ['Zoë, 100% "Ünal"', 'Zo%C3%AB%2C 100%25 "%C3%9Cnal"'],
    ['a\r\nEvergrant-Role: admin', 'a%EF%BF%BD%EF%BF%BDEvergrant-Role: admin'],
    [' \u0000\u2028 ', '%20%EF%BF%BD%E2%80%A8%20'],
  ])('the user name %j without letting it begin a header', async (name, expected) => {
    const answer = await verify('', bearer(tokenFor({ name })))
    expect(answer.status).toBe(200)
    expect(answer.headers.get('evergrant-user-name')).toBe(expected)
    expect(answer.headers.get('evergrant-role')).toBe('')
  })

  it('app roles as scopes, as a token of an application has them', async () => {
    const answer = await verify(
      '?scope=Orders.Read.All',
      bearer(tokenFor({ roles: ['Orders.Read.All'] })),
    )
    expect(answer.status).toBe(200)
  })

  it('by the state of now: a disabled account is refused within a second', async () => {
    const headers = bearer(tokenFor({ oid: service.userIds[3] }))
    expect((await verify('', headers)).status).toBe(200)
    const key = { tenantId, kind: 'user', id: service.userIds[3] ?? '' } as const
    await service.serving.composition.store.accounts.disableAccount(key, { at: 1, by: 'test' })
    await expect
      .poll(async () => codeOf(await verify('', headers)), { timeout: 5_000 })
      .toBe('account_disabled')
    await service.serving.composition.store.accounts.enableAccount(key)
    await expect.poll(async () => (await verify('', headers)).status, { timeout: 5_000 }).toBe(200)
  })
})

/* What each proxy sends, by its documentation; docs/guides/bearer-proxies.md configures them so. */
describe('requests as proxies make them', () => {
  it('nginx: GET without a body, the place of the request in a header', async () => {
    const headers = { ...bearer(tokenFor()), 'x-original-uri': '/orders?scope=x' }
    expect(await raw('/auth/verify?unavailable=403', 'GET', headers)).toBe(200)
  })

  it('Traefik and Caddy: GET with where it goes in X-Forwarded headers', async () => {
    const headers = {
      ...bearer(tokenFor()),
      'x-forwarded-method': 'POST',
      'x-forwarded-uri': '/orders',
      'x-forwarded-for': '203.0.113.9',
    }
    expect(await raw('/auth/verify?scope=Orders.Read', 'GET', headers)).toBe(200)
  })

  it('Caddy: the headers of a WebSocket left in, which is no wish of its own', async () => {
    const upgrade = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' }
    expect(await raw('/auth/verify', 'GET', { ...bearer(tokenFor()), ...upgrade })).toBe(200)
    expect(await raw('/auth/verify', 'GET', upgrade)).toBe(401)
    expect(await raw('/metrics', 'GET', upgrade)).toBe(400)
  })

  it('Envoy: the method of the request, and its path and query behind ours', async () => {
    const headers = { ...bearer(tokenFor()), 'content-length': '0' }
    for (const path of ['/orders', '/orders/../a%2Fb?scop=x&role=admin', '/', '//x', '/%zz']) {
      expect(await raw(`/auth/verify${path}`, 'POST', headers)).toBe(200)
    }
    expect(await raw('/auth/verify/orders', 'OPTIONS', {})).toBe(401)
    // A condition stands before the client’s part, which is not read.
    const wish = '/auth/verify?scope=Orders.Write&original='
    expect(await raw(`${wish}/orders?scop=x`, 'DELETE', headers)).toBe(403)
    expect(await raw(`${wish.replace('Write', 'Read')}/a&role=boss`, 'PUT', headers)).toBe(200)
  })

  it('are none of ours where only the beginning is alike', async () => {
    expect(await raw('/auth/verifying', 'GET', bearer(tokenFor()))).toBe(404)
    expect(await raw('/auth/verify%2Fx', 'GET', bearer(tokenFor()))).toBe(404)
  })

  it('are counted, and told in the log when they were refused', async () => {
    const viewer = await service.addCaller('grafana', { role: 'viewer' })
    await verify('', {})
    const metrics = await (await service.get('/metrics', bearer(viewer))).text()
    expect(metrics).toMatch(
      /evergrant_http_request_duration_seconds_count\{route="\/auth\/verify",method="GET",status_class="2xx"\} \d+/,
    )
    expect(metrics).toMatch(/evergrant_bearer_cache_hits_total\{issuer="lab"\} \d+/)
    const lines = service.log().filter(({ path }) => path === '/auth/verify')
    expect(lines.at(-1)).toMatchObject({ status: 401, code: 'caller_unauthenticated' })
    expect(lines.every(({ status }) => Number(status) >= 400)).toBe(true)
  })
})
