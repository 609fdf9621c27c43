import { describe, expect, it } from 'vitest'
import { accepted, config, connection, problemAt } from '../../test/support/config-text.ts'
import type { ApiUpstreamConfig } from './config.ts'
import { rejectionPresetNames } from './rejection-preset-names.ts'

const place = 'connections.contoso-graph.upstream'
const calling = (fields: string, provider?: string): string =>
  config({
    connection: connection({
      upstream: `{ url: https://api.example.com, resource: "api://a"${fields === '' ? '' : `, ${fields}`} }`,
    }),
    ...(provider === undefined ? {} : { provider }),
  })
const rejected = (entry: string): string => calling(`rejected: [${entry}]`)

describe('a field of an upstream is refused', () => {
  it.each<[string, string, string, string, string]>([
    [
      'that names another placeholder',
      'headers: { authorization: "Bearer {Token}" }',
      'headers.authorization',
      'a text of 14 characters (not shown)',
      'Write {token}, in lower case',
    ],
    [
      'that holds a secret',
      `headers: { x-api-key: ${'a1b2c3d4'.repeat(5)} }`,
      'headers.x-api-key',
      'a text of 40 characters (not shown)',
      'replace it',
    ],
    [
      'that authorizes with anything but the token',
      'headers: { Authorization: Basic YTpi }',
      'headers.Authorization',
      'a text without it (not shown)',
      '"Bearer {token}"',
    ],
    [
      'that would add a header',
      'headers: { x-a: "1\\r\\nx-b: 2" }',
      'headers.x-a',
      'a text of 9 characters (not shown)',
      'Leave out line breaks',
    ],
    ...['Host', 'content-length', 'Connection', 'TE', 'X-Forwarded-For', 'evergrant-trace'].map(
      (name): [string, string, string, string, string] => [
        `that sets ${name}`,
        `headers: { ${name}: a }`,
        `headers.${name}`,
        JSON.stringify(name),
        'the gateway sets host',
      ],
    ),
    [
      'that sets a header twice',
      'headers: { x-a: "1", X-A: "2" }',
      'headers.X-A',
      'it a second time',
      'Keep one',
    ],
    [
      'with a parameter that is two',
      'query: { "a&b": c }',
      'query.a&b',
      '"a&b"',
      'Write the name alone',
    ],
    ['with a method in lower case', 'methods: [get]', 'methods[0]', '"get"', 'Did you mean "GET"?'],
    ['with no method at all', 'methods: []', 'methods', 'an empty list', 'remove the line'],
    ['with a path without slash', 'paths: [v1/*]', 'paths[0]', '"v1/*"', '/v1.0/users/*'],
    ['with a path that climbs', 'paths: [/a/../b]', 'paths[0]', '"/a/../b"', '/v1.0/users/*'],
    ['with "**" in a segment', 'paths: [/a**]', 'paths[0]', '"/a**"', '/v1.0/**'],
    ['with an unknown way with links', 'links: rewrit', 'links', '"rewrit"', '"rewrite"'],
    ['with a time without unit', 'timeouts: { idle: 60 }', 'timeouts.idle', 'the number 60', ''],
    ['with endless waiting', 'timeouts: { headers: 2h }', 'timeouts.headers', '"2h"', 'unit'],
    ['with no room', 'concurrency: 0', 'concurrency', 'the number 0', 'from 1 to 10000'],
    ['with half a request', 'concurrency: 1.5', 'concurrency', 'the number 1.5', 'from 1 to 10000'],
  ])('%s', (_, fields, field, seen, remedy) => {
    const problem = problemAt(calling(fields), `${place}.${field}`)
    expect(problem.seen).toBe(seen)
    expect(problem.remedy).toContain(remedy)
  })

  it('that is for calls, where nothing is called', () => {
    const text = config({
      connection: connection({ upstream: '{ resource: "api://a", rejected: [microsoft] }' }),
    })
    const problem = problemAt(text, `${place}.rejected`)
    expect(problem.expected).toContain('"url" beside "rejected"')
    expect(problem.remedy).toContain('Add the base URL')
  })

  it('in each of several', () => {
    const upstreams = '{ a: { url: https://a.example, resource: "api://a", rejected: [{}] } }'
    const text = config({ connection: connection({ upstreams }) })
    expect(problemAt(text, 'connections.contoso-graph.upstreams.a.rejected[0]').expected).toContain(
      '"status", "header", "json", "text" or "empty"',
    )
  })
})

describe('a rule of rejection is refused', () => {
  it.each<[string, string, string, string, string]>([
    ['as an unknown pack', 'microsft', '[0]', '"microsft"', 'Did you mean "microsoft"?'],
    ['twice', 'slack, slack', '[1]', '"slack" a second time', 'Remove it'],
    ['without a condition', '{}', '[0]', 'none', 'status: 500'],
    [
      'that only narrows',
      '{ path: /v1/**, tokenAge: 50m }',
      '[0]',
      '"path" and "tokenAge"',
      'Say how the API’s answer tells',
    ],
    ['for every success', '{ status: 200 }', '[0].status', 'the status alone', 'every answer that'],
    [
      'for every success with an old token',
      '{ status: [500, 204], tokenAge: 50m }',
      '[0].status',
      'the status alone',
      'every answer that',
    ],
    ['for every 403', '{ status: 403 }', '[0].status', 'the status alone', 'storm of refreshes'],
    [
      'for every 500 of a path',
      '{ status: [401, 500], path: /v1/** }',
      '[0].status',
      'the status alone',
      'tokenAge: 50m',
    ],
    ['with an unknown key', '{ statu: 403 }', '[0].statu', 'the key "statu"', '"status"'],
    [
      'with a status of no answer',
      '{ status: 999, text: expired }',
      '[0].status',
      '',
      '200 to 599',
    ],
    ['with an empty list', '{ status: [], text: expired }', '[0].status', '', 'Name one'],
    ['with words that say nothing', '{ text: ab }', '[0].text', '"ab"', 'Write enough'],
    [
      'with a pointer that is a path',
      '{ json: { pointer: error.code, equals: 1 } }',
      '[0].json.pointer',
      '"error.code"',
      'Write "/"',
    ],
    [
      'with a value to compare that is missing',
      '{ json: { pointer: /a } }',
      '[0].json.equals',
      'nothing',
      'no default',
    ],
    [
      'with the value of a header as its name',
      '{ header: { name: "x: y" } }',
      '[0].header.name',
      '"x: y"',
      'without ":"',
    ],
    ['for a body that is not empty', '{ empty: false }', '[0].empty', '', 'true'],
    [
      'with an age without unit',
      '{ status: 403, tokenAge: 50 }',
      '[0].tokenAge',
      'the number 50',
      '',
    ],
    ['as a number', '403', '[0]', '', ''],
  ])('%s', (_, entry, field, seen, remedy) => {
    const problem = problemAt(rejected(entry), `${place}.rejected${field}`)
    expect(problem.seen).toContain(seen)
    expect(problem.remedy).toContain(remedy)
  })
})

describe('an upstream', () => {
  const read = (text: string): ApiUpstreamConfig => {
    const upstream = accepted(text).connections['contoso-graph']?.upstreams['']
    if (upstream?.url === undefined) throw new Error('there is no upstream with a url')
    return upstream
  }

  it('has every setting of a call by default', () => {
    expect(read(calling(''))).toEqual({
      url: 'https://api.example.com',
      target: { resource: 'api://a' },
      headers: { authorization: 'Bearer {token}' },
      query: {},
      methods: [],
      paths: [],
      rejected: [],
      replayUnsafe: false,
      normalise: false,
      links: 'keep',
      allowPrivate: false,
      http2: false,
      timeouts: { connectMs: 10_000, headersMs: 60_000, idleMs: 60_000 },
    })
  })

  it('places the token once: as written, or else as a bearer', () => {
    expect(read(calling('headers: { X-Api-Token: "{token}" }')).headers).toEqual({
      'x-api-token': '{token}',
    })
    expect(read(calling('query: { access_token: "{token}" }')).headers).toEqual({})
    expect(read(calling('headers: { X-Version: "2" }')).headers).toEqual({
      authorization: 'Bearer {token}',
      'x-version': '2',
    })
  })

  it('has rules in one form, however they were written', () => {
    const rules = [
      'microsoft',
      '{ status: 500, text: access token expired }',
      '{ name: gone, status: [400, 403], header: { name: X-Error, contains: Expired } }',
      '{ json: { pointer: /error/code, equals: 190 }, path: /v1/** }',
      '{ json: { pointer: /error/code, equals: [190, "190"] }, status: 200 }',
      '{ status: 403, empty: true, tokenAge: 50m }',
      '{ status: 403, tokenAge: 55m }',
    ]
    expect(read(rejected(rules.join(', '))).rejected).toEqual([
      'microsoft',
      { status: [500], text: 'access token expired' },
      { name: 'gone', status: [400, 403], header: { name: 'x-error', contains: 'Expired' } },
      { json: { pointer: '/error/code', equals: [190] }, path: '/v1/**' },
      { json: { pointer: '/error/code', equals: [190, '190'] }, status: [200] },
      { status: [403], isEmpty: true, tokenAgeMs: 3_000_000 },
      { status: [403], tokenAgeMs: 3_300_000 },
    ])
  })

  it('rewrites the links of Microsoft Graph alone, wherever the provider has it', () => {
    const graph = (url: string, provider?: string): string =>
      read(
        config({
          connection: connection({ upstream: `{ url: "${url}" }` }),
          ...(provider === undefined ? {} : { provider }),
        }),
      ).links
    expect(graph('https://graph.microsoft.com/v1.0')).toBe('rewrite')
    expect(
      graph(
        'http://127.0.0.1:7001/v1.0',
        '{ type: entra, tenant: a.de, graph: http://127.0.0.1:7001 }',
      ),
    ).toBe('rewrite')
    expect(read(calling('')).links).toBe('keep')
    expect(read(calling('links: rewrite')).links).toBe('rewrite')
  })

  it('may name every pack', () => {
    const all = read(rejected(rejectionPresetNames.join(', '))).rejected
    expect(all).toEqual(rejectionPresetNames)
  })
})
