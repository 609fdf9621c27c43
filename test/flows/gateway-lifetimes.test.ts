import { describe, expect, it } from 'vitest'
import type { RequestListener } from 'node:http'
import { request as httpRequest } from 'node:http'
import { WebSocket } from 'ws'
import {
  callerKey,
  settingsFor,
  startApi,
  startGateway,
  type GatewayFixture,
} from '../support/gateway-fixture.ts'

/** An API that hangs up, says nothing or answers, as a test tells it. */
function moody() {
  const api = { mood: 'answer', seen: 0, onSilent: (): void => {} }
  const listener: RequestListener = (request, response) => {
    api.seen++
    if (api.mood === 'hang up') request.socket.destroy()
    else if (api.mood === 'answer') response.end('fine')
    else api.onSilent()
  }
  return { api, listener }
}

/** A call whose caller leaves as soon as the API was asked. */
async function leave(gateway: GatewayFixture, api: ReturnType<typeof moody>['api']): Promise<void> {
  const asked = new Promise<void>((resolve) => (api.onSilent = resolve))
  const sent = begin(gateway, '/proxy/api/x')
  await asked
  sent.destroy()
  await gateway.quiet()
}

function begin(gateway: GatewayFixture, path: string, headers = {}, method = 'GET') {
  const sent = httpRequest(`${gateway.url}${path}`, {
    agent: false,
    method,
    headers: { 'evergrant-key': callerKey, ...headers },
  })
  sent.on('error', () => {})
  if (method === 'GET') sent.end()
  return sent
}

describe('an API that is left alone for a while', () => {
  it('is asked again by the next call when the first to do so tells nothing', async () => {
    const { api, listener } = moody()
    await using server = await startApi(listener)
    await using gateway = await startGateway({ '': settingsFor(server.url) })
    const { clock, endpoint } = gateway.engine
    api.mood = 'hang up'
    for (let n = 0; n < 5; n++) expect((await gateway.call('/proxy/api/x')).status).toBe(502)
    expect((await gateway.call('/proxy/api/x')).text).toContain('circuit_open')
    await clock.advance(1_000)
    api.mood = 'silent'
    await leave(gateway, api)
    // A token that cannot be had.
    await clock.advance(2 * 60 * 60_000)
    const { answer } = endpoint
    endpoint.answer = () => Response.json({ error: 'invalid_client' }, { status: 401 })
    expect((await gateway.call('/proxy/api/x')).text).toContain('token_unavailable')
    endpoint.answer = answer
    await clock.advance(2 * 60 * 60_000)
    api.mood = 'answer'
    expect((await gateway.call('/proxy/api/x')).status).toBe(200)
    expect(gateway.events.map(({ type }) => type)).toContain('gateway.circuit_closed')
  })

  it('is not left alone because of callers who leave, or of a full pool', async () => {
    const { api, listener } = moody()
    await using server = await startApi(listener)
    await using gateway = await startGateway({ '': settingsFor(server.url) }, { connections: 1 })
    const { clock } = gateway.engine
    api.mood = 'silent'
    for (let n = 0; n < 6; n++) {
      const asked = new Promise<void>((resolve) => (api.onSilent = resolve))
      const sent = begin(gateway, '/proxy/api/x')
      await asked
      sent.destroy()
      await gateway.quiet()
    }
    const asked = new Promise<void>((resolve) => (api.onSilent = resolve))
    const first = begin(gateway, '/proxy/api/x')
    await asked
    const waiting = Array.from({ length: 6 }, () => gateway.call('/proxy/api/x'))
    while (gateway.gateway.calls < 7) await new Promise((resolve) => setImmediate(resolve))
    await clock.advance(11_000)
    for (const got of await Promise.all(waiting)) {
      expect([got.status, got.text]).toEqual([504, expect.stringContaining('no connection')])
    }
    api.mood = 'answer'
    const last = gateway.call('/proxy/api/x')
    first.destroy()
    expect((await last).status).toBe(200)
    expect(gateway.events.map(({ type }) => type)).not.toContain('gateway.circuit_opened')
    // The line was left without a connection being lost over it.
    expect(api.seen).toBe(8)
  })
})

it('ends a call on the connections it began with when its connection is changed or taken away', async () => {
  const { api, listener } = moody()
  await using old = await startApi(listener)
  await using young = await startApi((_request, response) => response.end('young'))
  await using gateway = await startGateway({ '': settingsFor(old.url) })
  const { endpoint } = gateway.engine
  for (const [next, status, text] of [
    [{ '': settingsFor(young.url) }, 200, 'young'],
    [undefined, 404, 'connection_unknown'],
  ] as const) {
    const asked = Promise.withResolvers<undefined>()
    const go = Promise.withResolvers<undefined>()
    const { answer } = endpoint
    endpoint.answer = async (request) => {
      asked.resolve(undefined)
      await go.promise
      return answer(request)
    }
    await gateway.engine.clock.advance(2 * 60 * 60_000)
    const first = gateway.call('/proxy/api/x')
    await asked.promise
    gateway.redefine(next)
    const second = gateway.call('/proxy/api/x')
    await new Promise((resolve) => setImmediate(resolve))
    go.resolve(undefined)
    endpoint.answer = answer
    expect((await first).text).toBe('fine')
    const got = await second
    expect([got.status, got.text.includes(text)]).toEqual([status, true])
    await gateway.quiet()
    // The connection to the old API is gone with its last call.
    while (old.sockets.size > 0) await new Promise((resolve) => setImmediate(resolve))
    gateway.redefine({ '': settingsFor(old.url) })
  }
  expect(api.seen).toBe(2)
})

it('answers a fault of its own by 500, wherever it comes up, and goes on', async () => {
  await using api = await startApi((_request, response) => response.end('fine'))
  const upstreams = { good: settingsFor(api.url), bad: settingsFor('no URL at all') }
  for (const options of [{}, { lookUp: async () => {} }]) {
    await using gateway = await startGateway(upstreams, options)
    const got = await gateway.call('/proxy/api:bad/x')
    expect([got.status, got.text]).toEqual([500, expect.stringContaining('"internal"')])
    const socket = new WebSocket(`ws://127.0.0.1:${gateway.port}/proxy/api:bad/x`, {
      headers: { 'evergrant-key': callerKey },
    })
    const status = await new Promise((resolve) =>
      socket.once('unexpected-response', (_request, { statusCode }) => resolve(statusCode)),
    )
    expect(status).toBe(500)
    expect((await gateway.call('/proxy/api:good/x')).text).toBe('fine')
    await gateway.quiet()
    const outcomes = gateway.traces.takeBatch(10).map(({ outcome }) => outcome)
    expect(outcomes.toSorted()).toEqual(['failed', 'failed', 'served'])
  }
})

it('waits for a caller to be looked up no longer than a minute', async () => {
  await using api = await startApi((_request, response) => response.end('fine'))
  const lookUp = (): Promise<void> => new Promise(() => {})
  await using gateway = await startGateway({ '': settingsFor(api.url) }, { lookUp })
  const got = gateway.call('/proxy/api/x')
  const socket = new WebSocket(`ws://127.0.0.1:${gateway.port}/proxy/api/x`)
  const status = new Promise((resolve) =>
    socket.once('unexpected-response', (_request, { statusCode }) => resolve(statusCode)),
  )
  while (gateway.gateway.calls < 2) await new Promise((resolve) => setImmediate(resolve))
  await gateway.engine.clock.advance(61_000)
  expect((await got).status).toBe(503)
  expect(await status).toBe(503)
  await gateway.quiet()
})
