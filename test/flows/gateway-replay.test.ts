import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import type { RequestListener } from 'node:http'
import { callerKey, settingsFor, startApi, startGateway } from '../support/gateway-fixture.ts'

const rule = { name: 'expired', status: [500], text: 'access token expired' }

/** An API that refuses `token-1` in its own way, and answers others with what it was sent. */
function refusing(status: number, body: string | Buffer, headers: Record<string, string> = {}) {
  let count = 0
  const listener: RequestListener = (request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => {
      count++
      if (request.headers.authorization === 'Bearer token-1') {
        response.writeHead(status, headers).end(body)
      } else response.end(`${request.method} ${Buffer.concat(pieces).toString()}`)
    })
  }
  return { listener, count: () => count }
}

describe('a refused token', () => {
  it('is renewed and the call sent again: 401, and 500 by a rule, its body encoded', async () => {
    for (const [status, body, headers] of [
      [401, '{}', {}],
      [500, 'The Access Token  expired', {}],
      [500, gzipSync('access token expired'), { 'content-encoding': 'gzip' }],
    ] as const) {
      const { listener, count } = refusing(status, body, headers)
      await using api = await startApi(listener)
      const settings = settingsFor(api.url, { rejected: [rule] })
      await using gateway = await startGateway({ '': settings })
      const got = await gateway.call('/proxy/api/x', { method: 'PUT', body: 'hello' })
      expect([got.status, got.text]).toEqual([200, 'PUT hello'])
      const name = status === 401 ? '401' : 'expired'
      expect(got.headers['evergrant-replay']).toBe(`replayed; rule=${name}`)
      expect(count()).toBe(2)
      expect(gateway.traces.takeBatch(1)).toMatchObject([
        { outcome: 'served', status: 200, wasRenewed: true, wasReplayed: true, rule: name },
      ])
      expect(gateway.events).toMatchObject([
        { type: 'gateway.replayed', status, replayStatus: 200 },
      ])
    }
  })

  it('met by a thousand calls at once costs one renewal', async () => {
    const { listener } = refusing(500, 'access token expired')
    await using api = await startApi(listener)
    await using gateway = await startGateway({ '': settingsFor(api.url, { rejected: [rule] }) })
    const got = await Promise.all(Array.from({ length: 1_000 }, () => gateway.call('/proxy/api/x')))
    expect(got.every(({ status, text }) => status === 200 && text === 'GET ')).toBe(true)
    expect(gateway.engine.endpoint.requests).toHaveLength(2)
  })

  it('does not send a POST again after a 500, but by an Idempotency-Key or the setting', async () => {
    const { listener } = refusing(500, 'access token expired')
    await using api = await startApi(listener)
    for (const [headers, replayUnsafe, replay] of [
      [{}, false, 'skipped; reason=not_idempotent'],
      [{ 'idempotency-key': 'k' }, false, 'replayed; rule=expired'],
      [{}, true, 'replayed; rule=expired'],
    ] as const) {
      const settings = settingsFor(api.url, { rejected: [rule], replayUnsafe })
      await using gateway = await startGateway({ '': settings })
      const got = await gateway.call('/proxy/api/x', { method: 'POST', body: 'x', headers })
      expect(got.headers['evergrant-replay']).toBe(replay)
      expect(got.status).toBe(replayUnsafe || 'idempotency-key' in headers ? 200 : 500)
    }
  })

  it('does not send again what was not kept whole', async () => {
    const { listener } = refusing(401, '{}')
    await using api = await startApi(listener)
    await using gateway = await startGateway({ '': settingsFor(api.url) })
    const big = Buffer.alloc(65_537)
    const got = await gateway.call('/proxy/api/x', { method: 'POST', body: big })
    expect([got.status, got.headers['evergrant-replay']]).toEqual([
      401,
      'skipped; reason=body_not_kept',
    ])
    const next = await gateway.call('/proxy/api/x', { method: 'POST', body: big.subarray(1) })
    expect(next.status).toBe(200)
  })

  it('that is refused afresh passes as it is, or as a 401 in normalise mode', async () => {
    await using api = await startApi((_request, response) => {
      response.writeHead(500).end('access token expired')
    })
    for (const normalise of [false, true]) {
      const settings = settingsFor(api.url, { rejected: [rule], normalise })
      await using gateway = await startGateway({ '': settings })
      const got = await gateway.call('/proxy/api/x')
      expect(got.headers['evergrant-replay']).toBe('replayed; rule=expired')
      const asked = got.headers['www-authenticate'] ?? ''
      const said = got.text.includes('"upstream_refused_token"')
      expect([got.status, asked.includes('error="invalid_token"'), said]).toEqual(
        normalise ? [401, true, true] : [500, false, false],
      )
      expect(got.headers['evergrant-upstream-status']).toBe(normalise ? '500' : undefined)
      expect(gateway.traces.takeBatch(1)).toMatchObject([{ outcome: 'upstream_refused' }])
    }
  })

  it('leaves a real 403 and 500 untouched', async () => {
    await using api = await startApi((request, response) => {
      response.writeHead(Number(request.url?.slice(1))).end('no')
    })
    await using gateway = await startGateway({ '': settingsFor(api.url, { rejected: [rule] }) })
    for (const status of [403, 500]) {
      const got = await gateway.call(`/proxy/api/${status}`)
      expect([got.status, got.text, got.headers['evergrant-replay']]).toEqual([
        status,
        'no',
        undefined,
      ])
    }
    expect(gateway.engine.endpoint.requests).toHaveLength(1)
  })

  it('is never sent: without one the answer is 503 and says when to come back', async () => {
    await using api = await startApi((_request, response) => response.end())
    await using gateway = await startGateway({ '': settingsFor(api.url) })
    gateway.engine.endpoint.answer = () =>
      Response.json({ error: 'invalid_client' }, { status: 401 })
    const got = await gateway.call('/proxy/api/x')
    expect(got.status).toBe(503)
    expect(Number(got.headers['retry-after'])).toBeGreaterThan(0)
  })
})

it('upgrades to WebSocket with the token, and both sides end together', async () => {
  const seen: (string | undefined)[] = []
  await using api = await startApi((_request, response) => response.writeHead(401).end())
  const sockets = new WebSocketServer({ noServer: true })
  api.server.on('upgrade', (request, socket, head) => {
    seen.push(request.headers.authorization)
    if (seen.length === 1) {
      socket.end('HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n')
      return
    }
    sockets.handleUpgrade(request, socket, head, (one) => {
      one.on('message', (data) => one.send(`echo ${(data as Buffer).toString()}`))
    })
  })
  await using gateway = await startGateway({ '': settingsFor(api.url) })
  const client = new WebSocket(`ws://127.0.0.1:${gateway.port}/proxy/api/live`, {
    headers: { 'evergrant-key': callerKey },
  })
  const answer = new Promise((resolve) => client.once('message', resolve))
  client.on('open', () => client.send('hi'))
  expect(String(await answer)).toBe('echo hi')
  expect(seen).toEqual(['Bearer token-1', 'Bearer token-2'])
  const closed = new Promise((resolve) => client.once('close', resolve))
  for (const one of sockets.clients) one.terminate()
  await closed
  await gateway.quiet()
  expect(gateway.traces.takeBatch(1)).toMatchObject([{ kind: 'upgrade', status: 101 }])
  const refused = new WebSocket(`ws://127.0.0.1:${gateway.port}/proxy/api/live`)
  const status = await new Promise((resolve) =>
    refused.once('unexpected-response', (_request, { statusCode }) => resolve(statusCode)),
  )
  expect(status).toBe(401)
})
