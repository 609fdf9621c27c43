import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Secret } from '../kernel/index.ts'
import { peekedAnswer, type AnswerParts } from '../../test/support/peeked-answer.ts'
import { headerOf } from './answer-headers.ts'
import { compileJsonPointer } from './json-pointer.ts'
import { compileRules, mostLooks, type AnswerVerdict } from './rejection-rules.ts'
import type { RejectionEntry, RejectionRule } from './settings.ts'

const judge = (entries: readonly RejectionEntry[], parts: AnswerParts): AnswerVerdict =>
  compileRules(entries).judge(peekedAnswer(parts))
const expired: RejectionRule = { status: [500], text: 'access token expired' }
const claims = Buffer.from('{"access_token":{"acrs":{"value":"c1"}}}').toString('base64')
const challenge = {
  'www-authenticate': `Bearer error="insufficient_claims", claims="${claims}"`,
}

describe('rules that cannot be', () => {
  it.each<[RegExp, RejectionEntry]>([
    [/no preset "microsft"; known are microsoft, /, 'microsft'],
    [/no preset "constructor"/, 'constructor'],
    [/needs at least one of/, { path: '/x' }],
    [/needs at least one of/, { status: [], tokenAgeMs: 1 }],
    [/successful status/, { status: [500, 200] }],
    [/no JSON pointer/, { json: { pointer: 'error.code', equals: [1] } }],
    [/no JSON pointer/, { json: { pointer: '/a~2b', equals: [1] } }],
    [/empty text/, { status: [500], text: ' \n ' }],
  ])('are refused: %s', (message, entry) => {
    expect(() => compileRules([entry])).toThrow(message)
  })
})

describe('an answer that is not about the token', () => {
  it('passes on its head alone when no rule has its status', () => {
    const rules = compileRules([expired])
    for (const status of [200, 204, 302, 400, 403, 404, 429, 502, 503]) {
      expect(rules.isSuspicious(status, {})).toBe('no')
    }
    expect(compileRules([]).isSuspicious(500, {})).toBe('no')
  })

  it.each<[string, AnswerParts]>([
    ['permission', { status: 403, body: 'no' }],
    ['status', { status: 500, body: 'stack trace' }],
    ['audience', { status: 401, json: { error: { code: 'x', message: 'Invalid audience.' } } }],
    ['other_scheme', { status: 401, headers: { 'www-authenticate': 'Negotiate' }, body: '' }],
  ])('says so by %s, with every rule’s outcome', (reason, parts) => {
    const verdict = judge([expired], parts)
    expect(verdict).toMatchObject({ kind: 'not_about_token', reason })
    expect(verdict.looks[0]).toMatchObject({ rule: '401', isMatch: false })
  })

  it('says of each rule of its status why that did not match', () => {
    const { looks } = judge(
      [
        expired,
        { name: 'other', status: [400], text: 'x' },
        { name: 'json', status: [500], json: { pointer: '/a/b', equals: [1] } },
        { name: 'value', status: [500], json: { pointer: '/a', equals: [1] } },
        { name: 'header', status: [500], header: { name: 'X-Reason' } },
        { name: 'path', status: [500], text: 'x', path: '/id/**' },
        { name: 'age', status: [500], text: 'x', tokenAgeMs: 3_600_000 },
        { name: 'empty', status: [500], isEmpty: true },
      ],
      { status: 500, json: { a: 2 } },
    )
    expect(looks.map(({ rule, because }) => `${rule}: ${because}`)).toEqual([
      '401: status 500',
      '500-access-token-expired: the text is not there',
      'json: nothing at /a/b',
      'value: another value at /a',
      'header: no header x-reason',
      'path: another path than /id/**',
      'age: the token is younger than 1 h 0 m',
      'empty: the body is not empty',
    ])
  })

  it('lists a bounded number of rules, the one that matched among them', () => {
    const many = Array.from({ length: 100 }, (_, i) => ({ ...expired, text: `marker ${i}.` }))
    expect(judge(many, { status: 500, body: '' }).looks).toHaveLength(mostLooks)
    const { looks } = judge(many, { status: 500, body: 'marker 99.' })
    expect(looks).toHaveLength(mostLooks)
    expect(looks.at(-1)).toMatchObject({ rule: '500-marker-99.', isMatch: true })
  })
})

describe('a rule', () => {
  it('adds to what a 401 means and never replaces it', () => {
    for (const entries of [[], [expired], ['microsoft']]) {
      expect(judge(entries, { status: 401, body: 'x' })).toMatchObject({
        kind: 'refused',
        rule: '401',
      })
      for (const status of [401, 403]) {
        expect(judge(entries, { status, headers: challenge, body: '' })).toMatchObject({
          kind: 'claims_challenge',
          claims: '{"access_token":{"acrs":{"value":"c1"}}}',
        })
      }
    }
    const audience = { status: 401, json: { error: { message: 'Audience: token expired' } } }
    expect(judge([{ status: [401], text: 'token expired' }], audience)).toMatchObject({
      kind: 'refused',
      rule: '401-token-expired',
    })
  })

  it('never overrides a claims challenge', () => {
    const answer = { status: 403, headers: challenge, body: 'access token expired' }
    expect(judge([{ status: [403], text: 'expired' }], answer).kind).toBe('claims_challenge')
  })

  it('without a status is for every one from 400 and for none below', () => {
    const rule = { text: 'token expired' }
    expect(judge([rule], { status: 418, body: 'Token Expired' }).kind).toBe('refused')
    expect(judge([rule], { status: 200, body: 'Token Expired' }).kind).toBe('not_about_token')
    expect(compileRules([rule]).isSuspicious(200, {})).toBe('no')
  })

  it('reads text ignoring case, runs of blanks as one', () => {
    const body = '<h1>Access   TOKEN\r\n\t expired</h1>'
    expect(judge([expired], { status: 500, body }).kind).toBe('refused')
    expect(judge([expired], { status: 500, body: 'accesstoken expired' }).kind).not.toBe('refused')
  })

  it('finds text in a body that was cut off, but believes no JSON and no emptiness of it', () => {
    const cut = { status: 500, isBodyComplete: false }
    expect(judge([expired], { ...cut, body: 'Access token expired, and' }).kind).toBe('refused')
    const json: RejectionRule = { status: [500], json: { pointer: '/code', equals: [9] } }
    const whole = judge([json], { ...cut, body: '{"code":9}' })
    expect(whole.looks[1]?.because).toBe('the body was cut off, so its JSON is not read')
    expect(judge([{ status: [500], isEmpty: true }], { ...cut, body: '' }).kind).not.toBe('refused')
  })

  it('compares JSON by value and place, not by how it is written', () => {
    const rule: RejectionRule = { status: [200], json: { pointer: '/error/code', equals: [498] } }
    for (const body of ['{"error":{"code":498}}', '\ufeff{ "error" : {\n"code" : "498" } }']) {
      expect(judge([rule], { status: 200, body }).kind).toBe('refused')
    }
    for (const body of ['{"a":{"error":{"code":498}}}', '{"error":{"code":4980}}', '"code":498']) {
      expect(judge([rule], { status: 200, body }).kind).toBe('not_about_token')
    }
  })

  it('never matches null, an object or a list', () => {
    const rule: RejectionRule = {
      json: { pointer: '/a', equals: ['null', '[object Object]', '1', ''] },
    }
    for (const a of [null, {}, [1], []]) {
      expect(judge([rule], { status: 400, json: { a } }).kind).toBe('not_about_token')
    }
  })

  it('needs every condition', () => {
    const rule: RejectionRule = {
      name: 'all of it',
      status: [400],
      header: { name: 'X-Reason', contains: 'EXPIRED' },
      json: { pointer: '/code', equals: ['x'] },
      text: 'renew',
      path: '/v1/*',
      tokenAgeMs: 10_000,
    }
    const fitting = {
      status: 400,
      headers: { 'x-reason': 'jwt expired' },
      body: '{"code":"x","m":"Renew"}',
      path: '/v1/a',
      tokenAgeMs: 10_000,
    }
    expect(judge([rule], fitting)).toMatchObject({ kind: 'refused', rule: 'all-of-it' })
    const others = [
      { status: 403 },
      { headers: {} },
      { headers: { 'x-reason': 'quota' } },
      { body: '{"code":"x"}' },
      { body: '{"code":"y","m":"renew"}' },
      { path: '/v2/a' },
      { tokenAgeMs: 9_999 },
    ]
    for (const other of others) {
      expect(judge([rule], { ...fitting, ...other }).kind).toBe('not_about_token')
    }
  })

  it('has a name that fits a header and is its own', () => {
    const named = { ...expired, name: 'ärger;\r\nrule=x "q"' }
    const rules = compileRules([named, { ...named, text: 'b' }, { name: '401', text: 'c' }])
    const names = ['access token expired', 'b', 'c'].map((body) => {
      const verdict = rules.judge(peekedAnswer({ status: 500, body }))
      return verdict.kind === 'refused' ? verdict.rule : ''
    })
    expect(names).toEqual(['rger-rule-x-q', 'rger-rule-x-q-2', '401-2'])
  })

  it('tells nothing of the token in its detail', () => {
    const body = '{"message":"the-very-token: access token expired"}'
    const verdict = judge([expired], { status: 500, body })
    expect(JSON.stringify(verdict)).toContain('[redacted]')
    expect(JSON.stringify(verdict)).not.toContain('the-very-token')
  })
})

describe('the head of an answer', () => {
  const json: RejectionRule = { status: [200], json: { pointer: '/errcode', equals: [1] } }

  it.each<[string, RejectionEntry, number, Record<string, string>, string]>([
    ['a body to be read', expired, 500, {}, 'needs_body'],
    ['an empty body', expired, 500, { 'content-length': '0' }, 'no'],
    ['an event stream', expired, 500, { 'content-type': 'text/event-stream' }, 'no'],
    ['a picture', json, 200, { 'content-type': 'image/png' }, 'no'],
    ['a file', json, 200, { 'content-type': 'application/octet-stream' }, 'no'],
    ['JSON too long to be read', json, 200, { 'content-length': '70000' }, 'no'],
    [
      'JSON that is packed',
      json,
      200,
      { 'content-length': '70000', 'content-encoding': 'gzip' },
      'needs_body',
    ],
    ['text as JSON', json, 200, { 'content-type': 'text/plain' }, 'needs_body'],
    [
      'a matching header',
      { status: [302], header: { name: 'Location', contains: '_Signin' } },
      302,
      { location: '/_signin' },
      'by_head',
    ],
    [
      'another header',
      { status: [302], header: { name: 'Location', contains: '_signin' } },
      302,
      { location: '/x' },
      'no',
    ],
    ['a status alone', { status: [498] }, 498, {}, 'by_head'],
    ['emptiness told', { status: [403], isEmpty: true }, 403, { 'content-length': '0' }, 'by_head'],
    ['emptiness denied', { status: [403], isEmpty: true }, 403, { 'content-length': '9' }, 'no'],
    ['emptiness open', { status: [403], isEmpty: true }, 403, {}, 'needs_body'],
    ['a 401', expired, 401, {}, 'needs_body'],
    ['an empty 401', expired, 401, { 'content-length': '0' }, 'by_head'],
    ['a claims challenge', expired, 403, challenge, 'by_head'],
  ])('with %s', (_what, rule, status, headers, expected) => {
    const rules = compileRules([rule])
    expect(rules.isSuspicious(status, headers)).toBe(expected)
    expect(rules.isSuspicious(status, Object.entries(headers).flat())).toBe(expected)
  })

  it('never lets an answer pass that would be judged as refused', () => {
    const text = fc.constantFrom('a', 'b', 'x')
    const rule: fc.Arbitrary<RejectionRule> = fc.record(
      {
        status: fc.constant([200, 403]),
        text,
        json: fc.record({ pointer: fc.constant('/c'), equals: fc.array(text, { minLength: 1 }) }),
        header: fc.record({ name: fc.constant('X-R'), contains: text }),
        isEmpty: fc.constant(true),
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(
        fc.array(
          rule.filter((one) => Object.keys(one).some((key) => key !== 'status')),
          { maxLength: 4 },
        ),
        fc.constantFrom(200, 401, 403, 500),
        fc.constantFrom('', 'a', 'x b', '{"c":"a"}', '{"c":"x"}'),
        fc.option(text),
        fc.boolean(),
        (entries, status, body, reason, tellsLength) => {
          const headers = {
            ...(reason === null ? {} : { 'x-r': reason }),
            ...(tellsLength ? { 'content-length': String(body.length) } : {}),
          }
          const rules = compileRules(entries)
          const told = rules.isSuspicious(status, headers)
          const parts = { status, headers, body }
          const full = rules.judge(peekedAnswer(parts))
          expect([told, full.kind]).not.toEqual(['no', 'refused'])
          expect([told, full.kind]).not.toEqual(['no', 'claims_challenge'])
        },
      ),
      { numRuns: 2_000 },
    )
  })

  it('costs next to nothing for a success without rules for it', () => {
    const rules = compileRules(['microsoft', expired])
    const headers = { 'content-type': 'application/json', 'content-length': '1024' }
    const before = process.cpuUsage().user
    let suspicious = 0
    for (let i = 0; i < 1_000_000; i++) if (rules.isSuspicious(200, headers) !== 'no') suspicious++
    expect(suspicious).toBe(0)
    expect(process.cpuUsage().user - before).toBeLessThan(1_000_000)
  })
})

describe('a JSON pointer', () => {
  const document = { foo: ['bar', 'baz'], '': 0, 'a/b': 1, 'm~n': 8, ' ': 7, a: { '0': 'x' } }

  it.each([
    ['', document],
    ['/foo/0', 'bar'],
    ['/', 0],
    ['/a~1b', 1],
    ['/m~0n', 8],
    ['/ ', 7],
    ['/a/0', 'x'],
    ['/foo/-', undefined],
    ['/foo/01', undefined],
    ['/foo/length', undefined],
    ['/constructor', undefined],
    ['/foo/0/0', undefined],
  ])('%s', (pointer, expected) => {
    expect(compileJsonPointer(pointer)?.(document)).toEqual(expected)
  })
})

describe('an answer that looks like an expired token although no rule knows it', () => {
  const hintOf = (parts: AnswerParts, entries: readonly RejectionEntry[] = []): string => {
    const verdict = judge(entries, parts)
    return verdict.kind === 'not_about_token' ? (verdict.hint?.entry ?? 'none') : verdict.kind
  }

  it.each<[string, AnswerParts]>([
    ['power-bi', { status: 403, json: { error: { code: 'TokenExpired' } } }],
    ['salesforce', { status: 500, body: '<faultcode>sf:INVALID_SESSION_ID</faultcode>' }],
    [
      '{ status: 400, text: "jwt has expired" }',
      { status: 400, json: { message: 'JWT has expired' } },
    ],
    [
      '{ status: 403, json: { pointer: /code, equals: ["SessionTokenExpired"] } }',
      { status: 403, json: { code: 'SessionTokenExpired' } },
    ],
    [
      '{ status: 400, text: "session has expired" }',
      { status: 400, body: '<p>Your session has  expired.</p>' },
    ],
    [
      '{ status: 403, header: { name: www-authenticate, contains: "invalid_token" } }',
      { status: 403, headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' }, body: '' },
    ],
    [
      '{ status: 403, empty: true, tokenAge: 55m }',
      { status: 403, body: '', tokenAgeMs: 55.5 * 60_000 },
    ],
  ])('comes with the rule %s', (entry, parts) => {
    expect(hintOf(parts)).toBe(entry)
    expect(judge([], parts)).toMatchObject({
      hint: {
        message: `looks like an expired token, but no rule matches; to have it renewed, add to rejected: [${entry}]`,
      },
    })
  })

  it.each<[AnswerParts]>([
    [{ status: 403, json: { error: { code: 'Authorization_RequestDenied', message: 'No.' } } }],
    [{ status: 403, json: { error: { code: 3, message: 'no' } } }],
    [{ status: 403, body: '', tokenAgeMs: 60_000 }],
    [{ status: 500, body: 'Unexpected token < in JSON at position 0' }],
    [{ status: 404, body: 'token expired' }],
    [{ status: 200, body: 'token expired' }],
    [{ status: 401, json: { error: { message: 'wrong audience, token expired' } } }],
  ])('unless there is no sign of it: %o', (parts) => {
    expect(hintOf(parts)).toBe('none')
  })

  it('holds nothing secret, is one line and takes bounded work', () => {
    const body = `${'{'.repeat(30_000)} access token the-very-token expired ${'token '.repeat(9_000)}`
    expect(hintOf({ status: 500, body })).toBe('none')
    expect(hintOf({ status: 500, body: 'token\n'.repeat(3_000) })).toBe('none')
    for (const secret of ['Ab9', 'x-token-AbCdEfGh12', 'AbCdEfGhIjKlMnOp']) {
      const token = { ...peekedAnswer({ status: 500 }).token, secret: new Secret(secret) }
      for (const words of [`token ${secret} expired`, `${secret}: token expired`]) {
        const answer = peekedAnswer({ status: 500, body: words })
        const verdict = compileRules([]).judge({ ...answer, token })
        expect(JSON.stringify(verdict).toLowerCase()).not.toContain(secret.toLowerCase())
        expect(JSON.stringify(verdict).toLowerCase()).not.toContain('abcdefgh')
      }
    }
  })
})

describe('headers', () => {
  it('are found by name and in flat lists, whatever their case; several become one', () => {
    expect(headerOf({ 'x-a': ['1', '2'] }, 'x-a')).toBe('1, 2')
    expect(headerOf({ 'X-A': '1' }, 'x-a')).toBe('1')
    expect(headerOf(['X-A', '1', 'b', '2', 'x-a', '3'], 'x-a')).toBe('1, 3')
    expect(headerOf({}, 'constructor')).toBeUndefined()
    expect(headerOf([], 'length')).toBeUndefined()
  })
})
