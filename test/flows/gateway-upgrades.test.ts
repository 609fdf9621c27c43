import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { EvergrantError } from '../../src/kernel/index.ts'
import {
  callerKey,
  settingsFor,
  startApi,
  startGateway,
  type GatewayFixture,
  type TestApi,
} from '../support/gateway-fixture.ts'

const switching = 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: test\r\n\r\n'
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** An API that is asked to speak another protocol. */
async function startUpgrading(
  onUpgrade: (socket: Duplex, request: IncomingMessage, head: Buffer) => void,
): Promise<TestApi> {
  const api = await startApi((_request, response) => response.end('fine'))
  api.server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => {})
    onUpgrade(socket, request, head)
  })
  return api
}

/** A caller that asks for another protocol; `got` is what it read so far. */
function ask(gateway: GatewayFixture, more = '', connection = 'upgrade') {
  const socket: Socket = connect(gateway.port, '127.0.0.1')
  const closed = new Promise((resolve) => socket.once('close', resolve))
  const caller = { socket, got: '', closed }
  socket.on('error', () => {})
  socket.on('data', (piece: Buffer) => (caller.got += piece.toString('latin1')))
  socket.write(
    `GET /proxy/api/x HTTP/1.1\r\nhost: a\r\nconnection: ${connection}\r\nupgrade: test\r\n` +
      `evergrant-key: ${callerKey}\r\n${more}\r\n`,
  )
  return caller
}

it('tells what a connection waited for too long for, and leaves nothing behind', async () => {
  let reach = (): void => {}
  await using api = await startUpgrading(() => reach())
  for (const [stage, status, code] of [
    ['token', 503, 'token_unavailable'],
    ['upgrade', 504, 'upstream_timeout'],
  ] as const) {
    await using gateway = await startGateway({ '': settingsFor(api.url, { concurrency: 1 }) })
    const { endpoint, clock } = gateway.engine
    const reached = new Promise<void>((resolve) => (reach = resolve))
    if (stage === 'token') endpoint.answer = () => (reach(), new Promise(() => {}))
    const caller = ask(gateway)
    await reached
    await clock.advance(71_000)
    await caller.closed
    expect(caller.got).toMatch(new RegExp(`^HTTP/1.1 ${status} [^]*"${code}"`))
    await gateway.quiet()
    expect(gateway.traces.takeBatch(5)).toMatchObject([{ outcome: 'failed', status, code }])
  }
})

it('breaks off an answer that is no upgrade when no more of it comes', async () => {
  await using api = await startUpgrading((socket) => {
    socket.write('HTTP/1.1 500 No\r\ncontent-length: 100\r\n\r\nsome')
  })
  await using gateway = await startGateway({ '': settingsFor(api.url, { concurrency: 1 }) })
  const caller = ask(gateway)
  while (!caller.got.endsWith('some')) await turn()
  await gateway.engine.clock.advance(61_000)
  await caller.closed
  await gateway.quiet()
  expect(gateway.traces.takeBatch(5)).toMatchObject([
    { outcome: 'failed', status: 500, code: 'upstream_timeout' },
  ])
  expect(api.sockets.size).toBeLessThanOrEqual(1)
  expect((await gateway.call('/proxy/api/x')).text).toBe('fine')
})

it('notices that the caller left before the upgrade, whatever was waited for', async () => {
  const asked = Promise.withResolvers<Duplex>()
  await using api = await startUpgrading((socket) => asked.resolve(socket))
  await using gateway = await startGateway({ '': settingsFor(api.url, { concurrency: 1 }) })
  const { endpoint } = gateway.engine
  const { answer } = endpoint
  const go = Promise.withResolvers<undefined>()
  const fetched = Promise.withResolvers<undefined>()
  endpoint.answer = async (request) => {
    fetched.resolve(undefined)
    await go.promise
    return answer(request)
  }
  const early = ask(gateway)
  await fetched.promise
  early.socket.destroy()
  await gateway.quiet()
  go.resolve(undefined)
  const late = ask(gateway)
  const socket = await asked.promise
  const ended = once(socket, 'end')
  late.socket.destroy()
  socket.resume()
  await ended
  await gateway.quiet()
  expect(gateway.traces.takeBatch(5)).toMatchObject([
    { outcome: 'aborted' },
    { outcome: 'aborted' },
  ])
})

it('passes what the caller sent early, and all of what either side sent last', async () => {
  let got = ''
  const tail = Buffer.alloc(2 * 1024 * 1024, 'x')
  await using api = await startUpgrading((socket, _request, head) => {
    got += head.toString()
    socket.on('data', (piece: Buffer) => (got += piece.toString()))
    socket.write(switching)
    socket.end(tail)
  })
  await using gateway = await startGateway({ '': settingsFor(api.url) })
  const caller = ask(gateway, '\r\nearly')
  caller.socket.pause()
  await wait(50)
  caller.socket.resume()
  await caller.closed
  expect(caller.got.endsWith('x'.repeat(tail.length))).toBe(true)
  expect(got).toBe('early\r\n')
  await gateway.quiet()
  expect(gateway.traces.takeBatch(5)).toMatchObject([
    { outcome: 'served', status: 101, requestBytes: 7, responseBytes: tail.length },
  ])
})

it('ends what one side has left when the other one stays silent', async () => {
  await using api = await startUpgrading((socket) => {
    socket.write(switching)
    // Never ends its own side.
    ;(socket as Socket).allowHalfOpen = true
    socket.resume()
  })
  await using gateway = await startGateway({ '': settingsFor(api.url) })
  const caller = ask(gateway)
  while (caller.got === '') await turn()
  await gateway.engine.clock.advance(10 * 60_000)
  expect(gateway.gateway.calls).toBe(1)
  const timers = gateway.engine.clock.pending()
  caller.socket.end()
  while (gateway.engine.clock.pending() === timers) await turn()
  await gateway.engine.clock.advance(61_000)
  await caller.closed
  await gateway.quiet()
})

it('passes nothing on that the caller’s Connection names', async () => {
  const seen: IncomingMessage['headers'][] = []
  await using api = await startUpgrading((socket, { headers }) => {
    seen.push(headers)
    socket.end('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n')
  })
  await using gateway = await startGateway({ '': settingsFor(api.url) })
  const more = 'x-hop: secret\r\nx-stays: yes\r\nx-forwarded-for: 10.0.0.1\r\n'
  const caller = ask(gateway, more, 'Upgrade, X-Hop')
  await caller.closed
  expect(caller.got).toMatch(/^HTTP\/1\.1 404 /)
  expect(Object.keys(seen[0] ?? {}).toSorted()).toEqual([
    'authorization',
    'connection',
    'host',
    'upgrade',
    'x-stays',
  ])
})

it('passes a refusal whole when the API hung up while no newer token came', async () => {
  const body = 'y'.repeat(40_000)
  await using api = await startUpgrading((socket) => {
    socket.end(`HTTP/1.1 401 Unauthorized\r\ncontent-length: ${body.length}\r\n\r\n${body}`)
  })
  await using gateway = await startGateway({ '': settingsFor(api.url) })
  const { endpoint } = gateway.engine
  const { answer } = endpoint
  endpoint.answer = async (request) => {
    if (endpoint.requests.length === 1) return answer(request)
    await wait(25)
    return Response.json({ error: 'invalid_client' }, { status: 401 })
  }
  const caller = ask(gateway)
  await caller.closed
  expect(caller.got).toMatch(/^HTTP\/1\.1 401 /)
  expect(caller.got.endsWith(`\r\n\r\n${body}`)).toBe(true)
  await gateway.quiet()
  expect(gateway.traces.takeBatch(5)).toMatchObject([{ outcome: 'upstream_refused', status: 401 }])
})

it('ends once its caller would not be let in any more, and not while that cannot be told', async () => {
  await using api = await startUpgrading((socket) => {
    socket.write(switching)
    socket.on('data', (piece) => socket.write(piece))
  })
  let refusal: EvergrantError | undefined
  await using gateway = await startGateway({ '': settingsFor(api.url) }, { refusal: () => refusal })
  const caller = ask(gateway)
  const says = async (text: string): Promise<void> => {
    caller.socket.write(text)
    await expect.poll(() => caller.got).toContain(text)
  }
  await expect.poll(() => caller.got).toContain('101')
  const { clock } = gateway.engine
  await clock.advance(15_000)
  await says('still here')
  refusal = new EvergrantError('store_unavailable', 'test')
  await clock.advance(15_000)
  await says('nobody knows')
  refusal = new EvergrantError('account_disabled', 'test')
  await clock.advance(15_000)
  await caller.closed
  await gateway.quiet()
  expect(gateway.traces.takeBatch(5)).toMatchObject([{ status: 101, code: 'account_disabled' }])
})

it('leaves a trace with the headers of both sides, and no secret in it', async () => {
  await using api = await startUpgrading((socket, request) => {
    socket.end(
      `${switching.trimEnd()}\r\nserver: test\r\nx-told: ${request.headers.authorization ?? ''}\r\n\r\n`,
    )
  })
  await using gateway = await startGateway({ '': settingsFor(api.url) })
  const caller = ask(gateway, 'x-secret: planted\r\nuser-agent: token-1\r\n')
  await caller.closed
  await gateway.quiet()
  const [trace] = gateway.traces.takeBatch(5)
  expect(trace?.steps[0]).toMatchObject({ atMs: 0, step: 'received' })
  const told = trace?.steps.map(({ detail }) => String(detail['headers'] ?? '')).join('\n')
  expect(told).toContain('x-secret: (withheld)')
  expect(told).toContain('evergrant-key: (withheld)')
  expect(told).toContain('server: test')
  expect(told).toContain('x-told: (withheld)')
  for (const secret of ['planted', callerKey, 'token-1']) {
    expect(JSON.stringify(trace)).not.toContain(secret)
  }
})
