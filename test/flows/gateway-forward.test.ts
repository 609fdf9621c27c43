import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { callerKey, settingsFor, startApi, startGateway } from '../support/gateway-fixture.ts'

async function echo() {
  return startApi((request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => {
      const { method, url, headers, rawHeaders } = request
      const body = Buffer.concat(pieces)
      const sha = createHash('sha256').update(body).digest('hex')
      response.setHeader('set-cookie', 'a=b')
      response.setHeader('x-api', 'yes')
      response.end(JSON.stringify({ method, url, headers, rawHeaders, sha, length: body.length }))
    })
  })
}

interface Echoed {
  readonly method: string
  readonly url: string
  readonly headers: Record<string, string>
  readonly sha: string
  readonly length: number
}

describe('a forwarded call', () => {
  it('carries the connection’s token, and nothing of the caller’s credentials', async () => {
    await using api = await echo()
    await using gateway = await startGateway({ '': settingsFor(`${api.url}/base`) })
    const got = await gateway.call('/proxy/api/a%20b/c?x=%2F&y', {
      headers: {
        cookie: 'session=1',
        'x-forwarded-for': '10.0.0.1',
        'x-own': 'stays',
        connection: 'keep-alive, x-listed',
        'x-listed': 'goes',
        'proxy-authorization': 'Basic eDp5',
        te: 'trailers',
      },
    })
    const seen = JSON.parse(got.text) as Echoed
    expect(got.status).toBe(200)
    expect(seen.url).toBe('/base/a%20b/c?x=%2F&y')
    expect(seen.headers).toEqual({
      host: api.url.slice(7),
      connection: 'keep-alive',
      'x-own': 'stays',
      authorization: expect.stringMatching(/^Bearer .+/) as string,
    })
    expect(got.headers).toMatchObject({
      'x-api': 'yes',
      'evergrant-trace': expect.stringMatching(/^trc_/) as string,
      'evergrant-request-id': expect.stringMatching(/^req_/) as string,
    })
    expect(got.headers).not.toHaveProperty('set-cookie')
    expect(gateway.traces.takeBatch(1)).toMatchObject([
      { outcome: 'served', status: 200, connection: 'api', callerName: 'tester', path: '/a%20b/c' },
    ])
  })

  it('passes bodies of every size and framing', async () => {
    await using api = await echo()
    await using gateway = await startGateway({ '': settingsFor(api.url) })
    for (const length of [0, 10, 16_384, 16_385, 70_000, 1_000_000]) {
      for (const isChunked of [false, true]) {
        const body = Buffer.alloc(length, 'x')
        const headers = isChunked
          ? { 'transfer-encoding': 'chunked' }
          : { 'content-length': String(length) }
        const got = await gateway.call('/proxy/api/', { method: 'POST', headers, body })
        const seen = JSON.parse(got.text) as Echoed
        const sha = createHash('sha256').update(body).digest('hex')
        expect(seen).toMatchObject({ method: 'POST', length, sha })
      }
    }
  })

  it('passes a first piece on at once, however long after its head it comes', async () => {
    let first = (): void => {}
    let rest = (): void => {}
    await using api = await startApi((request, response) => {
      request.resume()
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
      first = () => void response.write('data: 1\n\n')
      rest = () => void response.end('data: 2\n\n')
    })
    await using gateway = await startGateway({ '': settingsFor(api.url) })
    const answer = await fetch(`${gateway.url}/proxy/api/events`, {
      headers: { 'evergrant-key': callerKey },
    })
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader()
    first()
    // The API says no more until this came.
    expect(await reader?.read()).toEqual({ done: false, value: 'data: 1\n\n' })
    rest()
    expect(await reader?.read()).toEqual({ done: false, value: 'data: 2\n\n' })
    expect(await reader?.read()).toMatchObject({ done: true })
  })

  it('answers refusals as problems, before anything is sent', async () => {
    let count = 0
    await using api = await startApi((_request, response) => {
      count++
      response.end()
    })
    await using gateway = await startGateway({
      a: settingsFor(api.url, { methods: ['GET'], paths: ['/me/**'] }),
      b: settingsFor(api.url),
    })
    const codes: Record<string, string> = {
      '/proxy/api/x': 'upstream_required',
      '/proxy/api:c/x': 'upstream_unknown',
      '/proxy/other:b/x': 'permit_missing',
      '/proxy/api:a/you': 'path_not_allowed',
      '/proxy/api:b/a/../b': 'target_invalid',
      '/proxy/api:b/a%2fb': 'target_invalid',
      '/proxy//x': 'target_invalid',
    }
    for (const [path, code] of Object.entries(codes)) {
      const got = await gateway.call(path)
      expect([path, JSON.parse(got.text)]).toMatchObject([path, { code }])
      expect(got.headers['content-type']).toBe('application/problem+json')
    }
    const post = await gateway.call('/proxy/api:a/me/x', { method: 'POST' })
    expect([post.status, post.headers['allow']]).toEqual([405, 'GET'])
    for (const name of ['x-http-method', 'X-HTTP-Method-Override', 'x-method-override']) {
      const disguised = await gateway.call('/proxy/api:a/me/x', { headers: { [name]: 'delete' } })
      expect([name, disguised.status]).toEqual([name, 405])
    }
    const trace = await gateway.call('/proxy/api:b/', { method: 'TRACE' })
    expect(trace.status).toBe(405)
    const stranger = await gateway.call('/proxy/api:b/', { headers: { 'evergrant-key': 'no' } })
    expect(stranger.status).toBe(401)
    expect(stranger.headers['www-authenticate']).toMatch(/^Bearer/)
    expect(count).toBe(0)
  })

  it('answers an API that is not there with 502, and opens the circuit', async () => {
    const gone = await startApi(() => {})
    await gone[Symbol.asyncDispose]()
    await using gateway = await startGateway({ '': settingsFor(gone.url) })
    const codes: string[] = []
    for (let n = 0; n < 6; n++) {
      const got = await gateway.call('/proxy/api/x')
      codes.push((JSON.parse(got.text) as { code: string }).code)
    }
    expect(codes).toEqual([...Array<string>(5).fill('upstream_unreachable'), 'circuit_open'])
    expect(gateway.events.map(({ type }) => type)).toContain('gateway.circuit_opened')
  })
})
