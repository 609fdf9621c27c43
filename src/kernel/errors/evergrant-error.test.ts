import { describe, expect, it } from 'vitest'
import { EvergrantError, isEvergrantError } from './evergrant-error.ts'
import { isErrorCode, type ErrorCode } from './registry.ts'

describe('an EvergrantError', () => {
  it('is told from other errors, also across copies of the package', () => {
    expect(isEvergrantError(new Error('no'))).toBe(false)
    expect(isEvergrantError({ name: 'EvergrantError', code: 'internal' })).toBe(false)
    expect(isEvergrantError(undefined)).toBe(false)
    const ofAnotherCopy = Object.assign(new Error('x'), {
      name: 'EvergrantError',
      code: 'internal',
    })
    expect(isEvergrantError(ofAnotherCopy)).toBe(true)
    expect(isEvergrantError(new EvergrantError('internal', 'x'))).toBe(true)
  })

  it('says title and detail, and carries the remedy of the registry unless given a better one', () => {
    const error = new EvergrantError('key_missing', 'saw none')
    expect(error.message).toBe('The encryption key is not there: saw none')
    expect(error.remedy).toBe(error.definition.remedy)
    expect(new EvergrantError('key_missing', 'x', { remedy: 'Do this.' }).remedy).toBe('Do this.')
  })

  it('has no cause when it was given none', () => {
    expect('cause' in new EvergrantError('internal', 'x')).toBe(false)
    const cause = new Error('below')
    expect(new EvergrantError('internal', 'x', { cause }).cause).toBe(cause)
  })

  it('becomes problem+json with the members of RFC 9457 and ours, and nothing undefined', () => {
    const error = new EvergrantError('provider_throttled', 'saw 429', {
      retryAfterMs: 1_001,
      upstream: { status: 429, errorCodes: [50196], traceId: 't' },
    })
    expect(error.toProblem('req_1')).toStrictEqual({
      type: 'https://evergrant.dev/errors/provider_throttled',
      title: 'The provider is throttling token requests',
      status: 429,
      detail: 'saw 429',
      code: 'provider_throttled',
      remedy: error.remedy,
      meaning: error.guidance.meaning,
      steps: error.guidance.steps,
      link: null,
      actor: 'evergrant',
      retry_after: 2,
      request_id: 'req_1',
      upstream: { status: 429, error_codes: [50196], trace_id: 't' },
    })
    expect(Object.keys(new EvergrantError('internal', 'x').toProblem())).toEqual([
      'type',
      'title',
      'status',
      'detail',
      'code',
      'remedy',
      'meaning',
      'steps',
      'link',
      'actor',
    ])
  })

  it('masks a key or token that somebody put where a name belongs', () => {
    const session = `egs_${'s'.repeat(43)}`
    const jwt = `eyJ${'h'.repeat(20)}.${'p'.repeat(20)}.${'g'.repeat(20)}`
    const problem = new EvergrantError('session_unknown', `no session "${session}"`, {
      judgement: { stage: 'scope', expected: `"${session}"`, seen: `"${jwt}"` },
    }).toProblem()
    expect(problem).toMatchObject({
      detail: 'no session "egs_…"',
      expected: '"egs_…"',
      seen: '"[redacted]"',
    })
  })

  it('tells when to try again where something is away for a while, and nowhere else', () => {
    const seconds = (code: ErrorCode, retryAfterMs?: number): unknown =>
      new EvergrantError(code, 'x', retryAfterMs === undefined ? {} : { retryAfterMs }).toProblem()
        .retry_after
    expect(seconds('store_unavailable')).toBe(5)
    expect(seconds('store_unavailable', 100)).toBe(1)
    expect(seconds('provider_throttled')).toBeUndefined()
    expect(seconds('internal')).toBeUndefined()
  })

  it('knows its codes and no member of every object', () => {
    expect(isErrorCode('internal')).toBe(true)
    expect(isErrorCode('toString')).toBe(false)
    expect(isErrorCode('')).toBe(false)
  })
})
