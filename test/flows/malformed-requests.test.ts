import { appendFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startApi, type TestApi } from '../support/gateway-fixture.ts'
import { startService, type ServiceFixture } from '../support/service-fixture.ts'

let api: TestApi
let fixture: ServiceFixture
let key: string

beforeAll(async () => {
  api = await startApi((called, response) => {
    called.resume()
    response.end('fine')
  })
  fixture = await startService({
    prepare: async ({ configPath }) => {
      await appendFile(
        configPath,
        `    upstream: { url: "${api.url}", resource: https://graph.microsoft.com }\n`,
      )
    },
  })
  key = await fixture.addCaller('ops', { role: 'admin' })
})
afterAll(async () => {
  await fixture.close()
  await api[Symbol.asyncDispose]()
})

interface RawAnswer {
  readonly status: number
  readonly type: string | undefined
  readonly text: string
}

/** Sends bytes as they are and reads the one answer, until the service hangs up. */
async function send(bytes: string): Promise<RawAnswer> {
  const socket = connect(Number(new URL(fixture.url).port), '127.0.0.1')
  let text = ''
  socket.on('data', (piece: Buffer) => (text += piece.toString('latin1')))
  socket.on('error', () => {})
  socket.write(bytes, 'latin1')
  await new Promise((resolve) => socket.once('close', resolve))
  const [head = '', body = ''] = text.split('\r\n\r\n', 2)
  return {
    status: Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1]),
    type: /^content-type: ([^;\r]*)/im.exec(head)?.[1],
    text: body,
  }
}

/** A request with our key; further lines of the head, and a body with its length. */
function request(line: string, { lines = [], body }: Partial<Parts> = {}): string {
  const length = body === undefined ? [] : [`content-length: ${Buffer.byteLength(body, 'latin1')}`]
  const head = ['host: x', `authorization: Bearer ${key}`, 'connection: close', ...length, ...lines]
  return `${line} HTTP/1.1\r\n${head.join('\r\n')}\r\n\r\n${body ?? ''}`
}

interface Parts {
  readonly lines: readonly string[]
  readonly body: string
}

const json = 'content-type: application/json'
const deep = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`

/** What is sent, and the status and code that tell what is wrong with it. */
const cases: readonly (readonly [string, () => string, number, string])[] = [
  [
    'chunks whose lengths are no numbers',
    () =>
      request('POST /api/v1/callers', { lines: [json, 'transfer-encoding: chunked'] }) +
      'zz\r\n{"name":1}\r\n0\r\n\r\n',
    400,
    'request_malformed',
  ],
  [
    'a chunk that is longer than it says',
    () =>
      request('POST /api/v1/callers', { lines: [json, 'transfer-encoding: chunked'] }) +
      '2\r\n{"name":1}\r\n0\r\n\r\n',
    400,
    'request_malformed',
  ],
  [
    'chunks and a length at once',
    () =>
      request('POST /api/v1/callers', {
        lines: [json, 'transfer-encoding: chunked'],
        body: '0\r\n\r\n',
      }),
    400,
    'request_malformed',
  ],
  [
    'a body that is no JSON',
    () => request('POST /api/v1/callers', { lines: [json], body: '{"name":' }),
    400,
    'request_invalid',
  ],
  [
    'an empty body that says it is JSON',
    () => request('POST /api/v1/callers', { lines: [json], body: '' }),
    400,
    'request_invalid',
  ],
  [
    'bytes that are no UTF-8',
    () => request('POST /api/v1/callers', { lines: [json], body: '{"name":"\xff\xfe"}' }),
    400,
    'usage',
  ],
  [
    'JSON a hundred thousand levels deep',
    () => request('POST /api/v1/callers', { lines: [json], body: deep(100_000) }),
    400,
    'request_invalid',
  ],
  [
    'such JSON in a field',
    () =>
      request('POST /api/v1/callers', {
        lines: [json],
        body: `{"name":"x","connections":${deep(100_000)}}`,
      }),
    400,
    'request_invalid',
  ],
  [
    'such JSON in a definition',
    () =>
      request('PUT /api/v1/connections/new-one', {
        lines: [json],
        body: `{"definition":${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}}`,
      }),
    400,
    'request_invalid',
  ],
  [
    'JSON larger than a mebibyte',
    () =>
      request('POST /api/v1/callers', {
        lines: [json],
        body: `{"name":"${'x'.repeat(1_048_600)}"}`,
      }),
    413,
    'request_too_large',
  ],
  [
    'a field that would be the prototype of all',
    () =>
      request('POST /api/v1/callers', {
        lines: [json],
        body: '{"name":"p","__proto__":{"role":"admin"}}',
      }),
    400,
    'request_invalid',
  ],
  [
    'a field twice, of which the last counts',
    () => request('POST /api/v1/callers', { lines: [json], body: '{"name":"x","name":"X !"}' }),
    400,
    'usage',
  ],
  [
    'a list where an object is expected',
    () => request('POST /api/v1/callers', { lines: [json], body: '[]' }),
    400,
    'request_invalid',
  ],
  [
    'nothing but null',
    () => request('POST /api/v1/callers', { lines: [json], body: 'null' }),
    400,
    'request_invalid',
  ],
  [
    'another type of content',
    () => request('POST /api/v1/callers', { lines: ['content-type: text/xml'], body: '<name/>' }),
    415,
    'media_type_unsupported',
  ],
  [
    'a type of content that is none',
    () => request('POST /api/v1/callers', { lines: ['content-type: ;;;'], body: '{"name":"x"}' }),
    415,
    'media_type_unsupported',
  ],
  [
    'a form, which the API does not read',
    () =>
      request('POST /api/v1/connections/contoso-graph/token', {
        lines: ['content-type: application/x-www-form-urlencoded'],
        body: '%%%&=&&',
      }),
    415,
    'media_type_unsupported',
  ],
  [
    'a path with half an escape',
    () => request('GET /api/v1/connections/%E0%A4'),
    400,
    'request_invalid',
  ],
  [
    'a path with an escape that is none',
    () => request('GET /api/v1/connections/%zz'),
    400,
    'request_invalid',
  ],
  [
    'a path with a zero byte',
    () => request('GET /api/v1/connections/a%00b'),
    400,
    'request_invalid',
  ],
  [
    'a name longer than any',
    () => request(`GET /api/v1/connections/${'x'.repeat(301)}`),
    404,
    'route_unknown',
  ],
  [
    'a query that is none',
    () => request('GET /api/v1/callers?limit=%zz&&=&%'),
    400,
    'request_invalid',
  ],
  [
    'a field of a query twice',
    () => request('GET /api/v1/callers?limit=1&limit=2'),
    400,
    'request_invalid',
  ],
  [
    'a cursor of somebody else',
    () => request('GET /api/v1/callers?cursor=AAAA%00'),
    400,
    'request_invalid',
  ],
  ['a method that nobody routes', () => request('PATCH /api/v1/callers'), 404, 'route_unknown'],
  ['a method of no HTTP', () => request('BREW /api/v1/callers'), 400, 'request_malformed'],
  [
    'a head of more than 32 KiB',
    () => request('GET /api/v1/callers', { lines: [`x-big: ${'x'.repeat(40_000)}`] }),
    431,
    'request_malformed',
  ],
  [
    'ten thousand headers',
    () =>
      request('GET /api/v1/callers', {
        lines: Array.from({ length: 10_000 }, (_, n) => `x-${n}: 1`),
      }),
    431,
    'request_malformed',
  ],
  [
    'a header with a bare line break',
    () => request('GET /api/v1/callers', { lines: ['x-a: b\nx-c: d'] }),
    400,
    'request_malformed',
  ],
  [
    'a request that TLS would begin with',
    () => '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
    400,
    'request_malformed',
  ],
  [
    'a call whose path has half an escape',
    () => request('GET /proxy/contoso-graph/users/%E0%A4%2'),
    400,
    'target_invalid',
  ],
  [
    'a call whose path climbs',
    () => request('GET /proxy/contoso-graph/users/%2e%2e/admin'),
    400,
    'target_invalid',
  ],
  ['a call to no connection', () => request('GET /proxy/'), 400, 'target_invalid'],
  ['a call to a name that is none', () => request('GET /proxy/%00%zz/x'), 400, 'target_invalid'],
  [
    'a call with chunks whose lengths are no numbers',
    () =>
      request('POST /proxy/contoso-graph/users', { lines: ['transfer-encoding: chunked'] }) +
      'zz\r\nx\r\n0\r\n\r\n',
    400,
    'request_malformed',
  ],
  [
    'a call with a head of more than 32 KiB',
    () => request('GET /proxy/contoso-graph/users', { lines: [`x-big: ${'x'.repeat(40_000)}`] }),
    431,
    'request_malformed',
  ],
  [
    'a call with two lengths',
    () => request('POST /proxy/contoso-graph/users', { lines: ['content-length: 5'], body: 'abc' }),
    400,
    'request_malformed',
  ],
]

describe('a malformed request', () => {
  it.each(cases)('with %s is told what is wrong', async (_what, bytes, status, code) => {
    const answer = await send(bytes())
    expect({ ...answer, text: answer.text.slice(0, 300) }).toMatchObject({
      status,
      type: 'application/problem+json',
    })
    const problem = JSON.parse(answer.text) as Record<string, unknown>
    expect(problem).toMatchObject({
      code,
      status,
      detail: expect.any(String),
      remedy: expect.any(String),
    })
    expect(problem['request_id']).toMatch(/^req_/)
    expect(answer.text).not.toContain(key.slice(40))
  })

  it('leaves no fault of ours in the log, and the service as it was', async () => {
    expect(fixture.log().filter(({ level }) => level === 'error')).toEqual([])
    expect((await send(request('GET /api/v1/callers'))).status).toBe(200)
    expect((await send(request('GET /proxy/contoso-graph/users'))).status).toBe(200)
  })
})
