import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startService, type ServiceFixture } from '../support/service-fixture.ts'

let fixture: ServiceFixture
let viewer: string
beforeAll(async () => {
  fixture = await startService()
  viewer = await fixture.addCaller('monitoring', { role: 'viewer', connections: [] })
})
afterAll(() => fixture.close())

const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${fixture.url}${path}`, { headers })

/** Sends bytes as they are and returns everything that comes back until the connection ends. */
function exchange(bytes: string): Promise<string> {
  const { hostname, port } = new URL(fixture.url)
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect(Number(port), hostname, () => socket.write(bytes))
    socket.setEncoding('latin1').on('data', (part: string) => (text += part))
    socket.on('error', reject)
    socket.on('close', () => resolve(text))
  })
}

describe('the service', () => {
  it('answers what nobody routes with a problem that tells no query', async () => {
    const answer = await get('/nothing?secret=x')
    expect(answer.status).toBe(404)
    expect(answer.headers.get('content-type')).toContain('application/problem+json')
    const problem = (await answer.json()) as Record<string, unknown>
    expect(problem).toMatchObject({ code: 'route_unknown', status: 404 })
    expect(problem['request_id']).toBe(answer.headers.get('evergrant-request-id'))
    expect(JSON.stringify(problem)).not.toContain('secret')
  })

  it('says that it lives and whether it is ready, to everyone', async () => {
    expect(await (await get('/healthz')).json()).toEqual({ status: 'ok' })
    const ready = await get('/readyz')
    expect(ready.status).toBe(200)
    expect(await ready.json()).toMatchObject({
      status: 'ready',
      checks: { store: { status: 'ok' } },
    })
  })

  it('tells metrics to viewers alone', async () => {
    const nobody = await get('/metrics')
    expect(nobody.status).toBe(401)
    expect(nobody.headers.get('www-authenticate')).toMatch(/^Bearer realm="evergrant"/)
    const powerless = await fixture.addCaller('powerless')
    const refused = await get('/metrics', { authorization: `Bearer ${powerless}` })
    expect(refused.status).toBe(403)
    expect(await refused.json()).toMatchObject({ code: 'role_missing' })
    const answer = await get('/metrics', { 'evergrant-key': viewer })
    expect(answer.status).toBe(200)
    const text = await answer.text()
    expect(text).toContain('evergrant_store_lost 0')
    expect(text).toContain('evergrant_http_request_duration_seconds_bucket')
    expect(text).not.toContain(viewer)
  })

  it('forgets a caller at once when its key is revoked', async () => {
    const key = await fixture.addCaller('leaver', { role: 'viewer' })
    expect((await get('/metrics', { 'evergrant-key': key })).status).toBe(200)
    await fixture.serving.callerDesk.revoke('leaver')
    expect((await get('/metrics', { 'evergrant-key': key })).status).toBe(401)
  })

  it('holds a caller to its rate, and tells it when to come again', async () => {
    const key = await fixture.addCaller('eager', { role: 'viewer', limits: { ratePerSecond: 1 } })
    expect((await get('/metrics', { 'evergrant-key': key })).status).toBe(200)
    const refused = await get('/metrics', { 'evergrant-key': key })
    expect(refused.status).toBe(429)
    expect(refused.headers.get('retry-after')).toBe('1')
  })

  it.each([
    ['no HTTP at all', 'hello\r\n\r\n', '400'],
    [
      'a second length',
      'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab',
      '400',
    ],
    [
      'length beside chunks',
      'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      '400',
    ],
    ['a folded header', 'GET / HTTP/1.1\r\nhost: x\r\na: b\r\n c\r\n\r\n', '400'],
    ['a blank before the colon', 'GET / HTTP/1.1\r\nhost : x\r\n\r\n', '400'],
    ['a head without end', `GET / HTTP/1.1\r\nhost: x\r\na: ${'x'.repeat(40_000)}\r\n\r\n`, '431'],
    ['HTTP/2 in clear', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', '400'],
  ])(
    'answers %s with a problem, ends the connection and lives on',
    async (_what, bytes, status) => {
      const answer = await exchange(bytes)
      expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
      expect(answer).toContain('"code":"request_malformed"')
      expect((await get('/healthz')).status).toBe(200)
    },
  )

  it('logs requests with their id and caller, and neither keys nor queries', async () => {
    const answer = await get('/metrics?access_token=planted', { authorization: `Bearer ${viewer}` })
    const requestId = answer.headers.get('evergrant-request-id')
    await answer.text()
    await expect
      .poll(() => fixture.log().find((line) => line['requestId'] === requestId) ?? 'none')
      .toBe('none')
    const nowhere = await get('/nowhere?access_token=planted')
    const id = nowhere.headers.get('evergrant-request-id')
    await expect
      .poll(() => fixture.log().find((line) => line['requestId'] === id))
      .toMatchObject({ msg: 'request', path: '/nowhere', status: 404, level: 'info' })
    const all = JSON.stringify(fixture.log())
    expect(all).not.toContain('planted')
    expect(all).not.toContain(viewer.slice(40))
  })
})
