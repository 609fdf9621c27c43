import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import {
  callerKey,
  settingsFor,
  startApi,
  startGateway,
  type GatewayFixture,
} from '../support/gateway-fixture.ts'

const expired = {
  name: 'expired',
  status: [403],
  json: { pointer: '/error', equals: ['expired'] },
}
const rejected = [expired]
/** What a caller is told when an answer is not whole. */
const broken = /aborted|hang up|ECONNRESET/
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** An API that answers `token-1` in its own way, and others with `fine`. */
function refusing(refuse: (response: ServerResponse) => void): RequestListener {
  return (request, response) => {
    request.resume()
    if (request.headers.authorization === 'Bearer token-1') refuse(response)
    else request.on('end', () => response.end('fine'))
  }
}

/** A refusal that is as long as told. */
function refusal(length: number): string {
  const text = '{"error":"expired","more":""}'
  return text.replace('""', `"${'x'.repeat(length - text.length)}"`)
}

describe('an answer that may be about the token', () => {
  it('is looked at up to 64 KiB, whatever its framing', async () => {
    for (const [length, isRecognised] of [
      [65_536, true],
      [65_537, false],
      [300_000, false],
    ] as const) {
      for (const isSized of [true, false]) {
        const body = refusal(length)
        const sized = isSized ? { 'content-length': String(length) } : {}
        await using api = await startApi(
          refusing((response) => void response.writeHead(403, sized).end(body)),
        )
        await using gateway = await startGateway({ '': settingsFor(api.url, { rejected }) })
        const got = await gateway.call('/proxy/api/x')
        expect([length, isSized, got.status]).toEqual([length, isSized, isRecognised ? 200 : 403])
        expect(got.text === (isRecognised ? 'fine' : body)).toBe(true)
      }
    }
  })

  it('is decoded for that, and passed on as it came', async () => {
    for (const [coding, encode] of [
      ['gzip', gzipSync],
      ['br', brotliCompressSync],
      ['deflate', deflateSync],
      ['deflate', deflateRawSync],
    ] as const) {
      const headers = { 'content-encoding': coding, 'content-type': 'application/json' }
      const other = encode('{"error":"other"}')
      await using api = await startApi((request, response) => {
        if (request.url === '/other') return void response.writeHead(403, headers).end(other)
        refusing((refused) => {
          refused.writeHead(403, headers).end(encode(refusal(1_000)))
        })(request, response)
      })
      await using gateway = await startGateway({ '': settingsFor(api.url, { rejected }) })
      const kept = await gateway.call('/proxy/api/other')
      expect([kept.headers['content-encoding'], kept.body.equals(other)]).toEqual([coding, true])
      expect((await gateway.call('/proxy/api/x')).text).toBe('fine')
    }
  })

  it('is waited for 200 ms, and what comes later is passed on', async () => {
    const late = Promise.withResolvers<ServerResponse>()
    let timers = 0
    await using api = await startApi(
      refusing((response) => {
        timers = gateway.engine.clock.pending()
        response.writeHead(403).write('{"error":')
        late.resolve(response)
      }),
    )
    await using gateway = await startGateway({ '': settingsFor(api.url, { rejected }) })
    const { clock } = gateway.engine
    const got = gateway.call('/proxy/api/x')
    const response = await late.promise
    while (clock.pending() === timers) await turn()
    response.write(' ')
    await clock.advance(199)
    await turn()
    expect(clock.pending()).toBeGreaterThan(timers)
    await clock.advance(1)
    response.end('"expired"}')
    expect((await got).text).toBe('{"error": "expired"}')
    expect(gateway.traces.takeBatch(5)).toMatchObject([{ wasReplayed: false, status: 403 }])
  })

  it('and breaks off is judged by what came of it, and breaks off for the caller', async () => {
    const text = { name: 'text', status: [403], text: 'has expired' }
    for (const [body, isRecognised] of [
      ['the token has expired, and', true],
      ['no', false],
    ] as const) {
      await using api = await startApi(
        refusing((response) => {
          response.writeHead(403, { 'content-length': '100' }).write(body)
          setImmediate(() => response.destroy())
        }),
      )
      await using gateway = await startGateway({ '': settingsFor(api.url, { rejected: [text] }) })
      const got = await gateway.call('/proxy/api/x').catch((error: unknown) => String(error))
      expect(typeof got === 'string' ? got : got.text).toMatch(isRecognised ? /^fine$/ : broken)
      await gateway.quiet()
      const outcome = isRecognised ? 'served' : 'failed'
      expect(gateway.traces.takeBatch(5)).toMatchObject([{ outcome, wasReplayed: isRecognised }])
    }
  })
})

it('sends a body again that is no longer than 64 KiB, with a length or without', async () => {
  await using api = await startApi((request, response) => {
    let bytes = 0
    request.on('data', (piece: Buffer) => (bytes += piece.length))
    request.on('end', () => {
      if (request.headers.authorization === 'Bearer token-1') response.writeHead(401).end('{}')
      else response.end(`${bytes}`)
    })
  })
  for (const headers of [{}, { 'transfer-encoding': 'chunked' }]) {
    for (const length of [1, 16_384, 16_385, 65_536, 65_537]) {
      await using gateway = await startGateway({ '': settingsFor(api.url) })
      const body = Buffer.alloc(length)
      const got = await gateway.call('/proxy/api/x', { method: 'POST', body, headers })
      const isKept = length <= 65_536
      expect([got.status, got.headers['evergrant-replay'], got.text]).toEqual(
        isKept
          ? [200, 'replayed; rule=401', String(length)]
          : [401, 'skipped; reason=body_not_kept', '{}'],
      )
      expect(gateway.traces.takeBatch(5)).toMatchObject([
        { requestBytes: length, wasReplayed: isKept },
      ])
    }
  }
})

/** Begins to upload without end; `got` is what it read so far. */
function upload(gateway: GatewayFixture, key: string, connection: string) {
  const socket = connect({ port: gateway.port, host: '127.0.0.1', allowHalfOpen: true })
  const closed = new Promise((resolve) => socket.once('close', resolve))
  const caller = { got: '', written: 0, isBroken: false, closed }
  socket.on('error', () => (caller.isBroken = true))
  socket.on('data', (data: Buffer) => (caller.got += data.toString()))
  const head = `POST /proxy/api/x HTTP/1.1\r\nhost: a\r\nconnection: ${connection}\r\n`
  socket.write(`${head}content-length: 99999999999\r\nevergrant-key: ${key}\r\n\r\n`)
  const piece = Buffer.alloc(65_536)
  const write = (): void => {
    do caller.written++
    while (socket.write(piece))
  }
  socket.on('drain', write)
  write()
  return caller
}

describe('an API that answers before it has the whole body', () => {
  it('is heard at once, and the rest of the body falls for a while', async () => {
    await using api = await startApi((_request, response) => {
      response.writeHead(413).end('too large')
    })
    for (const [key, connection, status, outcome] of [
      [callerKey, 'keep-alive', 413, 'served'],
      [callerKey, 'close', 413, 'served'],
      ['egk_other', 'keep-alive', 401, 'refused'],
      ['egk_other', 'close', 401, 'refused'],
    ] as const) {
      await using gateway = await startGateway({ '': settingsFor(api.url) })
      const { clock } = gateway.engine
      const caller = upload(gateway, key, connection)
      while (!/too large\r\n0\r\n\r\n$|\}$/.test(caller.got)) await turn()
      expect(caller.got).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
      await gateway.quiet()
      expect(gateway.traces.takeBatch(5)).toMatchObject([{ outcome, status }])
      await clock.advance(9_000)
      const until = caller.written + 50
      while (caller.written < until && !caller.isBroken) await turn()
      expect(caller.isBroken).toBe(false)
      await clock.advance(2_000)
      await caller.closed
      expect(clock.pending()).toBeLessThanOrEqual(1)
    }
  })

  it('may take it for as long as it comes, and is left when neither side goes on', async () => {
    const body = { taken: 0 }
    await using api = await startApi((request, response) => {
      response.write('begun')
      request.on('data', (piece: Buffer) => (body.taken += piece.length))
    })
    await using gateway = await startGateway({ '': settingsFor(api.url) })
    const { clock } = gateway.engine
    const sent = httpRequest(`${gateway.url}/proxy/api/x`, {
      agent: false,
      method: 'POST',
      headers: { 'evergrant-key': callerKey },
    })
    sent.on('error', () => {})
    sent.write('a')
    const [answer] = (await once(sent, 'response')) as [IncomingMessage]
    answer.on('error', () => {}).resume()
    for (let n = 0; n < 5; n++) {
      const before = body.taken
      sent.write('b')
      while (body.taken === before) await turn()
      await clock.advance(50_000)
    }
    expect(gateway.gateway.calls).toBe(1)
    const closed = new Promise((resolve) => sent.once('close', resolve))
    await clock.advance(61_000)
    await closed
    await gateway.quiet()
    expect(gateway.traces.takeBatch(5)).toMatchObject([
      { outcome: 'failed', code: 'upstream_timeout' },
    ])
  })
})

it('passes an answer that trickles for as long as it does, and no longer', async () => {
  const begun = Promise.withResolvers<ServerResponse>()
  await using api = await startApi((_request, response) => {
    response.write('a')
    begun.resolve(response)
  })
  await using gateway = await startGateway({ '': settingsFor(api.url) })
  const { clock } = gateway.engine
  const sent = httpRequest(`${gateway.url}/proxy/api/x`, {
    agent: false,
    headers: { 'evergrant-key': callerKey },
  }).end()
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  const failed = once(answer, 'error')
  failed.catch(() => {})
  const response = await begun.promise
  for (let n = 0; n < 4; n++) {
    await once(answer, 'data')
    await clock.advance(50_000)
    response.write('b')
  }
  await once(answer, 'data')
  await clock.advance(61_000)
  expect(String(await failed)).toMatch(broken)
  await gateway.quiet()
  expect(gateway.traces.takeBatch(5)).toMatchObject([
    { outcome: 'failed', code: 'upstream_timeout', responseBytes: 5 },
  ])
})
