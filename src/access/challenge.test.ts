import { describe, expect, it } from 'vitest'
import { EvergrantError } from '../kernel/index.ts'
import { challengeOf } from './challenge.ts'

const hostile = 'x"\r\nSet-Cookie: a=b\\"ü\u0000'

describe('a challenge', () => {
  it('names no error when no credential came', () => {
    const error = new EvergrantError('caller_unauthenticated', 'none', {
      challenge: { isBare: true },
    })
    expect(challengeOf(error)).toBe('Bearer realm="evergrant"')
  })

  it('repeats nothing of a token that was judged', () => {
    const error = new EvergrantError('token_audience_refused', `audience: saw ${hostile}`, {
      judgement: { stage: 'audience', expected: 'ours', seen: hostile },
    })
    expect(challengeOf(error)).toBe(
      'Bearer realm="evergrant", error="invalid_token", error_description="The token is for another API"',
    )
  })

  it('has only characters that may stand there, whatever an error says', () => {
    const challenge = challengeOf(new EvergrantError('caller_unauthenticated', hostile.repeat(99)))
    expect(challenge).toMatch(
      /^Bearer realm="evergrant", error="invalid_token", error_description="[\x20\x21\x23-\x5b\x5d-\x7e]{300}"$/,
    )
  })

  it('names the scopes that would do, also beside 403', () => {
    const error = new EvergrantError('role_missing', 'test', {
      challenge: { scope: 'Orders.Read "Orders\\Write' },
    })
    expect(challengeOf(error)).toContain('error="insufficient_scope"')
    expect(challengeOf(error)).toContain('scope="Orders.Read OrdersWrite"')
    expect(challengeOf(new EvergrantError('role_missing', 'test'))).toBeUndefined()
  })
})
