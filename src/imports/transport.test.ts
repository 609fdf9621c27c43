import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { Agent } from 'undici'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '../kernel/index.ts'
import { createTransport, TransportFailure, type TransportLimits } from './transport.ts'

let agent: Agent
let server: Server | undefined

beforeEach(() => {
  agent = new Agent()
})

afterEach(async () => {
  await agent.destroy()
  server?.closeAllConnections()
  await new Promise((resolve) => (server === undefined ? resolve(0) : server.close(resolve)))
  server = undefined
})

async function serve(listener: RequestListener): Promise<string> {
  const made = createServer(listener)
  server = made
  await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(made.address() as AddressInfo).port}/v1.0/users?$top=1`
}

async function failure(url: string, limits: TransportLimits = {}): Promise<TransportFailure> {
  try {
    await createTransport(agent, systemClock, limits)(url, {}, {})
  } catch (error) {
    if (error instanceof TransportFailure) return error
    throw error
  }
  throw new Error('there was an answer')
}

describe('no whole answer', () => {
  test('because nothing listens', async () => {
    const url = await serve(() => {})
    await new Promise((resolve) => server?.close(resolve))
    expect((await failure(url)).kind).toBe('refused')
  })

  test('because the connection is reset before an answer', async () => {
    const url = await serve((request) => request.socket.destroy())
    expect((await failure(url)).kind).toBe('reset')
  })

  test('because a body of known length is cut short', async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': '100' })
      response.write('{"value":[', () => response.destroy())
    })
    expect((await failure(url)).kind).toBe('truncated')
  })

  test('because a chunked body is cut short', async () => {
    const url = await serve((_request, response) => {
      response.write('{"value":[', () => response.destroy())
    })
    expect((await failure(url)).kind).toBe('truncated')
  })

  test('because the answer does not begin in time', async () => {
    const url = await serve(() => {})
    expect((await failure(url, { headersTimeoutMs: 50 })).kind).toBe('timeout')
  })

  test('because the body stalls', async () => {
    const url = await serve((_request, response) => void response.write('{'))
    expect((await failure(url, { bodyTimeoutMs: 50 })).kind).toBe('timeout')
  })

  test('because the body trickles, every piece in time, without end', async () => {
    const url = await serve((_request, response) => {
      const drip = setInterval(() => response.write(' '), 5)
      response.on('close', () => clearInterval(drip))
    })
    const limits = { answerTimeoutMs: 100, bodyTimeoutMs: 30_000 }
    expect((await failure(url, limits)).kind).toBe('timeout')
  })

  test('because the body never ends', async () => {
    const url = await serve((_request, response) => {
      const chunk = Buffer.alloc(65_536)
      const more = (): void => void response.write(chunk, () => setImmediate(more))
      response.on('error', () => {})
      more()
    })
    expect((await failure(url, { maxBodyBytes: 1_000_000 })).kind).toBe('too_large')
  })

  test('because the gzip body is damaged', async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end('not gzip')
    })
    expect((await failure(url)).kind).toBe('undecodable')
  })

  test('because a small gzip body hides a huge one', async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(5_000_000)))
    })
    expect((await failure(url, { maxBodyBytes: 1_000_000 })).kind).toBe('undecodable')
  })

  test('because the caller went away', async () => {
    const controller = new AbortController()
    const url = await serve(() => controller.abort(new Error('gone')))
    const sent = createTransport(agent, systemClock)(url, {}, { signal: controller.signal })
    await expect(sent).rejects.toThrow('gone')
  })
})

describe('a whole answer', () => {
  test('is decoded, its headers lower-cased, path and query sent as given', async () => {
    let seen: string | undefined
    const url = await serve((request, response) => {
      seen = request.url
      response.writeHead(429, { 'Retry-After': '5', 'content-encoding': 'gzip' })
      response.end(gzipSync('Too Many Requests'))
    })
    const answer = await createTransport(agent, systemClock)(url, { authorization: 'Bearer x' }, {})
    expect(answer.status).toBe(429)
    expect(answer.headers['retry-after']).toBe('5')
    expect(answer.body.toString()).toBe('Too Many Requests')
    expect(seen).toBe('/v1.0/users?$top=1')
  })

  test('comes to a question that is sent as JSON', async () => {
    const seen: unknown[] = []
    const url = await serve((request, response) => {
      request.setEncoding('utf8').on('data', (chunk: string) => {
        seen.push(request.method, request.headers['content-type'], chunk)
        response.end('{}')
      })
    })
    await createTransport(agent, systemClock)(url, {}, { body: '{"ids":["a"]}' })
    expect(seen).toEqual(['POST', 'application/json', '{"ids":["a"]}'])
  })

  test('is handed on without following a redirect', async () => {
    let requests = 0
    const url = await serve((_request, response) => {
      requests++
      response.writeHead(302, { location: '/elsewhere' }).end()
    })
    expect((await createTransport(agent, systemClock)(url, {}, {})).status).toBe(302)
    expect(requests).toBe(1)
  })
})
