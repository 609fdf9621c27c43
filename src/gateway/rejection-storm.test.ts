import { beforeEach, describe, expect, it } from 'vitest'
import {
  createEngineFixture,
  granted,
  minute,
  textOf,
  type EngineFixture,
} from '../../test/support/engine-fixture.ts'
import { peekedAnswer, type AnswerParts } from '../../test/support/peeked-answer.ts'
import type { ConnectionHandle, Rejection } from '../grants/index.ts'
import { compileRules, reportOf, type RejectionRules } from './rejection-rules.ts'

let fixture: EngineFixture
let connection: ConnectionHandle

beforeEach(() => {
  fixture = createEngineFixture()
  connection = fixture.connect()
})

const rules = compileRules(['microsoft', { name: 'expired', status: [500], text: 'token expired' }])

/** One call, answered alike whatever token it brings; what the gateway does about the answer. */
async function call(
  parts: AnswerParts,
  { upstream = '', by = rules }: { readonly upstream?: string; readonly by?: RejectionRules } = {},
): Promise<Rejection | 'passed'> {
  const { token } = granted(await connection.getToken())
  const tokenAgeMs = fixture.clock.now() - token.issuedAt
  const answer = { ...peekedAnswer(parts), token, tokenAgeMs }
  if (by.isSuspicious(answer.status, answer.headers) === 'no') return 'passed'
  const verdict = by.judge(answer)
  if (verdict.kind === 'not_about_token') return 'passed'
  return connection.reportRejection(reportOf(answer, verdict, upstream))
}

const renewals = (): number => fixture.endpoint.requests.length - 1

describe('an API that refuses for another reason than the token', () => {
  it.each<[string, AnswerParts]>([
    ['a missing permission', { status: 403, json: { error: { code: 'Forbidden', message: '' } } }],
    ['an empty 403 to a young token', { status: 403, body: '' }],
    ['a stack trace', { status: 500, body: 'NullPointerException at Tokenizer.java' }],
    ['a wrong audience', { status: 401, json: { error: { code: 'x', message: 'audience' } } }],
    ['too many requests', { status: 429, body: 'token bucket empty' }],
  ])('has no token renewed by a thousand calls: %s', async (_what, parts) => {
    const outcomes = await Promise.all(Array.from({ length: 1_000 }, () => call(parts)))
    expect(new Set(outcomes)).toEqual(new Set(['passed']))
    expect(renewals()).toBe(0)
  })
})

describe('an API that refuses every token', () => {
  it.each<[string, AnswerParts]>([
    ['by 401', { status: 401, body: 'no' }],
    ['by a rule', { status: 500, body: 'Token  expired' }],
  ])(
    'costs three renewals in five minutes, then its answer is passed on: %s',
    async (_w, parts) => {
      for (let n = 0; n < 100; n++) {
        await call(parts)
        await fixture.clock.advance(1_000)
      }
      expect(renewals()).toBe(3)
      expect(await call(parts)).toMatchObject({ kind: 'not_about_token', reason: 'budget' })
      expect(textOf(granted(await connection.getToken()).token)).toBe('token-4')
      await fixture.clock.advance(5 * minute)
      await call(parts)
      expect(renewals()).toBe(4)
    },
  )

  it('costs other upstreams of the same grant nothing', async () => {
    const refusal = { status: 401, body: 'no' }
    for (let n = 0; n < 10; n++) await call(refusal, { upstream: 'broken' })
    expect(renewals()).toBe(3)
    expect(await call({ status: 200, body: '{}' }, { upstream: 'sound' })).toBe('passed')
    expect(await call(refusal, { upstream: 'sound' })).toMatchObject({ kind: 'renewed' })
    expect(renewals()).toBe(4)
  })
})

describe('an empty 403 to an old token', () => {
  it('is renewed once, and not again before the next one is as old', async () => {
    await connection.getToken()
    await fixture.clock.advance(50 * minute)
    const refusal = { status: 403, body: '' }
    expect(await call(refusal)).toMatchObject({ kind: 'renewed' })
    for (let n = 0; n < 20; n++) expect(await call(refusal)).toBe('passed')
    expect(renewals()).toBe(1)
  })
})
