import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { createServer as createTcpServer, type AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { callerKey, settingsFor, startApi, startGateway } from '../support/gateway-fixture.ts'

const key = `evergrant-key: ${callerKey}\r\n`

describe('an API that fails', () => {
  it('and sends nothing is answered by 504 when its time is over', async () => {
    const arrived = Promise.withResolvers<undefined>()
    await using api = await startApi(() => arrived.resolve(undefined))
    await using gateway = await startGateway({ '': settingsFor(api.url) })
    const got = gateway.call('/proxy/api/x')
    await arrived.promise
    await gateway.engine.clock.advance(61_000)
    expect((await got).status).toBe(504)
    expect(gateway.traces.takeBatch(1)).toMatchObject([
      { outcome: 'failed', code: 'upstream_timeout' },
    ])
  })

  it('and falls silent is given up, an event stream only after a quarter of an hour', async () => {
    await using api = await startApi((request, response) => {
      const type = request.url === '/events' ? 'text/event-stream' : 'text/plain'
      response.writeHead(200, { 'content-type': type }).write('data: 1\n\n')
    })
    await using gateway = await startGateway({ '': settingsFor(api.url) })
    const { clock } = gateway.engine
    const open = async (path: string): Promise<{ answer: Readable; closed: Promise<void> }> => {
      const headers = { 'evergrant-key': callerKey }
      const sent = httpRequest(`${gateway.url}/proxy/api${path}`, { agent: false, headers }).end()
      const [answer] = (await once(sent, 'response')) as [Readable]
      answer.on('error', () => {})
      await once(answer, 'data')
      answer.resume()
      return { answer, closed: new Promise<void>((resolve) => answer.once('close', resolve)) }
    }
    const [plain, events] = [await open('/plain'), await open('/events')]
    await clock.advance(61_000)
    await plain.closed
    expect(events.answer.destroyed).toBe(false)
    await clock.advance(15 * 60_000)
    await events.closed
  })

  it('in the midst of a body breaks the caller’s connection, and never ends it cleanly', async () => {
    await using api = await startApi((request, response) => {
      const length = request.url === '/sized' ? { 'content-length': '100' } : {}
      response.writeHead(200, length).write('half')
      setImmediate(() => response.destroy())
    })
    await using gateway = await startGateway({ '': settingsFor(api.url) })
    for (const path of ['/sized', '/chunked']) {
      await expect(gateway.call(`/proxy/api${path}`)).rejects.toThrow(/aborted|hang up|ECONNRESET/)
    }
    while (gateway.gateway.calls > 0) await new Promise((resolve) => setImmediate(resolve))
    expect(gateway.traces.takeBatch(5)).toMatchObject([
      { outcome: 'failed' },
      { outcome: 'failed' },
    ])
  })

  it('or does not speak HTTP, or too much of it, is answered by 502', async () => {
    for (const text of ['garbage\r\n\r\n', `HTTP/1.1 200 OK\r\nx: ${'a'.repeat(70_000)}\r\n\r\n`]) {
      const server = createTcpServer((socket) => {
        socket.on('error', () => {})
        socket.once('data', () => socket.end(text))
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      const { port } = server.address() as AddressInfo
      await using gateway = await startGateway({ '': settingsFor(`http://127.0.0.1:${port}`) })
      const got = await gateway.call('/proxy/api/x')
      server.close()
      expect([got.status, got.text]).toEqual([
        502,
        expect.stringContaining('upstream_answer_invalid') as string,
      ])
    }
  })

  it('or sends a header that cannot be passed on is answered by 502, whatever was held of it', async () => {
    for (const status of ['200 OK', '401 Unauthorized', '403 Forbidden']) {
      const text = `HTTP/1.1 ${status}\r\nx: a\x01b\r\ncontent-length: 9\r\n\r\n{"a":"b"}`
      const server = createTcpServer((socket) => {
        socket.on('error', () => {})
        socket.on('data', () => socket.write(text))
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      const { port } = server.address() as AddressInfo
      const settings = settingsFor(`http://127.0.0.1:${port}`, { rejected: ['power-bi'] })
      await using gateway = await startGateway({ '': settings })
      const got = await gateway.call('/proxy/api/x')
      server.close()
      expect([status, got.status, got.text]).toEqual([
        status,
        502,
        expect.stringContaining('upstream_answer_invalid') as string,
      ])
    }
  })
})

it('refuses what is malformed or can be read in two ways', async () => {
  let count = 0
  await using api = await startApi((_request, response) => {
    count++
    response.end()
  })
  await using gateway = await startGateway({ '': settingsFor(api.url) })
  const post = `POST /proxy/api/x HTTP/1.1\r\nhost: a\r\n${key}`
  for (const text of [
    `${post}content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
    `${post}content-length: 3\r\ncontent-length: 4\r\n\r\nabc`,
    `${post}transfer-encoding: xchunked\r\n\r\n0\r\n\r\n`,
    `${post}x-a: b\r\n folded: c\r\n\r\n`,
    `GET /proxy/api/x HTTP/1.1\nhost: a\n${key}\n\n`,
    `GET http://evil.example/proxy/api/x HTTP/1.1\r\nhost: a\r\n${key}connection: close\r\n\r\n`,
    `OPTIONS * HTTP/1.1\r\nhost: a\r\n${key}connection: close\r\n\r\n`,
    'garbage\r\n\r\n',
  ]) {
    expect([text, await gateway.raw(text)]).toEqual([
      text,
      expect.stringMatching(/^HTTP\/1\.1 400 /) as string,
    ])
  }
  const huge = `GET /proxy/api/x HTTP/1.1\r\nhost: a\r\nx: ${'a'.repeat(20_000)}\r\n\r\n`
  expect(await gateway.raw(huge)).toMatch(/^HTTP\/1\.1 431 /)
  expect(count).toBe(0)
})

it('tells a caller to go on only once its call is accepted', async () => {
  await using api = await startApi((request, response) => request.pipe(response))
  await using gateway = await startGateway({ '': settingsFor(api.url) })
  const head = `POST /proxy/api/x HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 2\r\n`
  const refused = await gateway.raw(`${head}\r\n`)
  expect(refused).toMatch(/^HTTP\/1\.1 401 /)
  const taken = await gateway.raw(`${head}${key}connection: close\r\n\r\nhi`)
  expect(taken).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /)
  expect(taken).toMatch(/\r\n\r\nhi$|\r\n2\r\nhi\r\n/)
})

it('ends the call to the API when the caller leaves, whatever it waits for', async () => {
  const seen: string[] = []
  const gone = new Map<string, () => void>()
  await using api = await startApi((request, response) => {
    const path = request.url ?? ''
    seen.push(path)
    response.once('close', () => gone.get(path)?.())
    if (path === '/body') response.write('begun')
  })
  await using gateway = await startGateway({ '': settingsFor(api.url) })
  for (const path of ['/head', '/body']) {
    const ended = new Promise<void>((resolve) => gone.set(path, resolve))
    const sent = httpRequest(`${gateway.url}/proxy/api${path}`, {
      agent: false,
      headers: { 'evergrant-key': callerKey },
    })
    sent.on('error', () => {})
    sent.end()
    if (path === '/body') {
      const [answer] = (await once(sent, 'response')) as [Readable]
      answer.on('error', () => {})
      await once(answer, 'data')
    } else while (!seen.includes(path)) await new Promise((resolve) => setImmediate(resolve))
    sent.destroy()
    await ended
  }
  while (gateway.gateway.calls > 0) await new Promise((resolve) => setImmediate(resolve))
  expect(gateway.traces.takeBatch(5)).toMatchObject([
    { outcome: 'aborted' },
    { outcome: 'aborted' },
  ])
})

it('streams 256 MiB there and back in flat memory', async () => {
  await using api = await startApi((request, response) => request.pipe(response))
  await using gateway = await startGateway({ '': settingsFor(api.url) })
  const piece = Buffer.alloc(65_536, 'x')
  const total = 4_096
  function* pieces(): Generator<Buffer> {
    for (let n = 0; n < total; n++) yield piece
  }
  const sent = httpRequest(`${gateway.url}/proxy/api/x`, {
    method: 'POST',
    agent: false,
    headers: { 'evergrant-key': callerKey },
  })
  Readable.from(pieces()).pipe(sent)
  const [answer] = (await once(sent, 'response')) as [Readable]
  let bytes = 0
  let early = 0
  let late = 0
  for await (const got of answer) {
    bytes += (got as Buffer).length
    const rss = process.memoryUsage.rss()
    // The first quarter is for buffers and heap to take their size.
    if (bytes < (total * 65_536) / 4) early = Math.max(early, rss)
    else late = Math.max(late, rss)
  }
  expect(bytes).toBe(total * 65_536)
  expect(late - early).toBeLessThan(64 * 1024 * 1024)
}, 30_000)
