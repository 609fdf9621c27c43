import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { callerKey, settingsFor, startGateway } from '../support/gateway-fixture.ts'

const expired = { name: 'expired', status: [403], text: 'expired' }
const rejected = [expired]
/** What a caller is told when an answer is not whole. */
const broken = /aborted|hang up|ECONNRESET/

/** An API that writes bytes whatever it is asked, and then ends its side. */
async function startBytes(textOf: (head: string) => string, isEnd = true) {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('data', (data: Buffer) => {
      socket.write(textOf(data.toString()), 'latin1')
      if (isEnd) socket.end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

describe('what is not as it should be of an answer', () => {
  it('is not passed on where it follows an answer without a body', async () => {
    await using api = await startBytes((head) => {
      if (head.startsWith('HEAD')) return 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nstray'
      const [, status = ''] = /^GET \/(\d+) /.exec(head) ?? []
      const length = status === '304' ? 'content-length: 5\r\n' : ''
      return `HTTP/1.1 ${status} Some\r\n${length}\r\nstray`
    }, false)
    const settings = settingsFor(api.url, { concurrency: 1 })
    await using gateway = await startGateway({ '': settings }, { connections: 1 })
    for (let n = 0; n < 3; n++) {
      for (const [method, status] of [
        ['HEAD', 200],
        ['GET', 204],
        ['GET', 304],
      ] as const) {
        const got = await gateway.call(`/proxy/api/${status}`, { method })
        expect([method, got.status, got.text]).toEqual([method, status, ''])
        await gateway.quiet()
      }
    }
  })

  it('is left out when it is said before the answer', async () => {
    const interim = 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n'
    await using api = await startBytes(
      () => `${interim}HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi`,
      false,
    )
    await using gateway = await startGateway({ '': settingsFor(api.url) })
    const get = `GET /proxy/api/x HTTP/1.1\r\nhost: a\r\nevergrant-key: ${callerKey}\r\n`
    const got = await gateway.raw(`${get}connection: close\r\n\r\n`)
    expect(got).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nhi$/)
    expect(got).not.toContain('link')
  })

  it('breaks the caller’s answer when it was cut, judged, rewritten or not', async () => {
    const gzipped = gzipSync('{"a":"bcdefghijklmnopqrstuvwxyz"}').subarray(0, -9).toString('latin1')
    const json = 'content-type: application/json\r\n'
    for (const text of [
      'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nsome',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nsome\r\n',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nsome\r\n4\r\nso',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nsome\r\nno size\r\n',
      'HTTP/1.1 403 No\r\ncontent-length: 10\r\n\r\nsome',
      'HTTP/1.1 401 No\r\ntransfer-encoding: chunked\r\n\r\n4\r\nsome\r\n',
      `HTTP/1.1 200 OK\r\n${json}content-length: 100\r\n\r\n{"a":`,
      `HTTP/1.1 200 OK\r\n${json}content-encoding: gzip\r\ncontent-length: ${gzipped.length}\r\n\r\n${gzipped}`,
    ]) {
      await using api = await startBytes(() => text)
      const settings = settingsFor(api.url, { rejected, links: 'rewrite', concurrency: 1 })
      await using gateway = await startGateway({ '': settings })
      const got = await gateway.call('/proxy/api/x').catch((error: unknown) => String(error))
      expect([text, got]).toEqual([text, expect.stringMatching(broken)])
      await gateway.quiet()
      expect(gateway.traces.takeBatch(5)).toMatchObject([{ outcome: 'failed' }])
    }
  })

  it('breaks the answer of a caller that knows no chunks as well', async () => {
    await using api = await startBytes(
      () => 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nsome\r\n',
    )
    await using gateway = await startGateway({ '': settingsFor(api.url) })
    const socket = connect(gateway.port, '127.0.0.1')
    const failure = once(socket, 'error')
    socket.resume()
    socket.write(`GET /proxy/api/x HTTP/1.0\r\nevergrant-key: ${callerKey}\r\n\r\n`)
    expect(String(await failure)).toContain('ECONNRESET')
  })
})
