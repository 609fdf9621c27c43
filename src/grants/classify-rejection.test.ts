import { describe, expect, it } from 'vitest'
import { Secret } from '../kernel/index.ts'
import { classifyRejection, type RejectionVerdict } from './classify-rejection.ts'

const token = {
  secret: new Secret('opaque-token-value'),
  tokenType: 'Bearer',
  issuedAt: 0,
  expiresAt: 3_600_000,
}
const graph = (code: string, message: string): string =>
  JSON.stringify({ error: { code, message } })
const judge = (
  status: number,
  headers: Record<string, string | string[]>,
  body?: unknown,
): RejectionVerdict => classifyRejection({ status, headers, body, token })

const claims = { access_token: { nbf: { essential: true, value: '1604106651' } } }
const encoded = Buffer.from(JSON.stringify(claims)).toString('base64')

describe('an answer that is not about the token', () => {
  it.each([
    [
      'permission',
      403,
      {},
      graph('Authorization_RequestDenied', 'Insufficient privileges to complete the operation.'),
    ],
    ['permission', 403, {}, ''],
    ['permission', 401, { 'www-authenticate': 'Bearer error="insufficient_scope"' }, undefined],
    [
      'audience',
      401,
      {},
      graph('InvalidAuthenticationToken', 'Access token validation failure. Invalid audience.'),
    ],
    [
      'audience',
      401,
      {
        'www-authenticate':
          'Bearer error="invalid_token", error_description="The audience \'x\' is invalid"',
      },
      undefined,
    ],
    ['other_scheme', 401, { 'www-authenticate': 'Negotiate, Basic realm="proxy"' }, '<html>'],
    ['status', 500, {}, graph('x', 'y')],
    ['status', 429, {}, undefined],
    ['status', 200, {}, undefined],
  ] as const)('is told by %s: %i %o', (reason, status, headers, body) => {
    expect(judge(status, headers, body)).toMatchObject({ kind: 'not_about_token', reason })
  })
})

describe('a refused token', () => {
  it.each([
    [graph('InvalidAuthenticationToken', 'Lifetime validation failed, the token is expired.')],
    [graph('InvalidAuthenticationToken', 'Access token has expired or is not yet valid.')],
    [
      graph(
        'Authentication_ExpiredToken',
        'Your access token has expired. Please renew it before submitting the request.',
      ),
    ],
    [{ error: 'invalid_token', error_description: 'expired' }],
    ['not json'],
    [undefined],
  ])('is told by a 401 with %o', (body) => {
    expect(judge(401, { 'WWW-Authenticate': 'Bearer realm=""' }, body).kind).toBe('refused')
    expect(judge(401, {}, body).kind).toBe('refused')
  })

  it('is described without repeating the token', () => {
    const verdict = judge(
      401,
      {},
      graph('InvalidAuthenticationToken', 'bad token opaque-token-value'),
    )
    expect(verdict.detail).toBe(
      'the API answered 401 InvalidAuthenticationToken: bad token [redacted]',
    )
  })
})

describe('a claims challenge', () => {
  it.each([
    [`Bearer realm="", error="insufficient_claims", claims="${encoded}"`],
    [`Bearer claims="${encoded}", errorDescription="x", error="insufficient_claims"`],
    [
      `PoP nonce="1", Bearer realm="x", Bearer error="insufficient_claims", claims="${encoded.replaceAll('=', '')}"`,
    ],
  ])('is found in %s', (header) => {
    expect(judge(401, { 'www-authenticate': header })).toMatchObject({
      kind: 'claims_challenge',
      claims: JSON.stringify(claims),
    })
    expect(
      classifyRejection({
        status: 401,
        headers: new Headers({ 'www-authenticate': header }),
        token,
      }).kind,
    ).toBe('claims_challenge')
  })

  it('that cannot be read is a refusal', () => {
    const header = 'Bearer error="insufficient_claims", claims="%%%"'
    expect(judge(401, { 'www-authenticate': [header] }).kind).toBe('refused')
  })
})
