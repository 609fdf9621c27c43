import { describe, expect, test } from 'vitest'
import { Secret } from '../kernel/index.ts'
import { classifyAnswer, retryAfterMs, type AnswerClass } from './classify-answer.ts'

const token = new Secret('opaque~token~of~these~tests')
const now = Date.parse('2026-11-22T10:00:00Z')

function classify(
  status: number,
  body: unknown = '',
  headers: Readonly<Record<string, string>> = {},
  columns: readonly string[] = ['id'],
): AnswerClass {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const answer = { status, headers, body: Buffer.from(text), wireBytes: text.length }
  return classifyAnswer(answer, columns, now, token)
}

function refusal(
  status: number,
  code: string,
  message: string,
  columns?: readonly string[],
): { readonly code: string; readonly remedy: string } {
  const outcome = classify(status, { error: { code, message } }, {}, columns)
  if (outcome.kind !== 'refused' && outcome.kind !== 'columns_refused')
    throw new Error(`it was ${outcome.kind}`)
  return outcome.error
}

describe('an answer no waiting mends', () => {
  test('names the missing permission and what to grant', () => {
    const error = refusal(403, 'Authorization_RequestDenied', 'Insufficient privileges')
    expect(error.code).toBe('graph_permission_missing')
    expect(error.remedy).toContain('User.Read.All')
  })

  test('names the column that needs a permission of its own', () => {
    const error = refusal(403, 'Authentication_MSGraphPermissionMissing', 'AuditLog.Read.All', [
      'id',
      'signInActivity',
    ])
    expect(error.code).toBe('graph_property_forbidden')
    expect(error.remedy).toContain('signInActivity')
  })

  test('names the column that needs a licence', () => {
    const code = 'Authentication_RequestFromNonPremiumTenantOrB2CTenant'
    const message = "Neither tenant is B2C or tenant doesn't have premium license"
    const error = refusal(403, code, message, ['id', 'signInActivity'])
    expect(error.code).toBe('graph_property_forbidden')
    expect(error.remedy).toContain('Entra ID P1')
  })

  test.each([
    [403, 'Authentication_MSGraphPermissionMissing', 'x', ['signInActivity']],
    [501, 'NotImplemented', 'x', ['aboutMe', 'skills']],
    [400, 'BadRequest', "Could not find a property named 'ShoeSize' on type 'x'.", ['shoesize']],
  ])(
    'of %d %s is about columns where it is about any that were asked for',
    (status, code, message, guilty) => {
      const body = { error: { code, message } }
      const asked = classify(status, body, {}, ['id', ...guilty, 'mail'])
      expect(asked).toMatchObject({ kind: 'columns_refused', columns: guilty })
      expect(classify(status, body, {}, ['id', 'mail']).kind).toBe('refused')
    },
  )

  test('tells a property that cannot be listed from one that does not exist', () => {
    expect(refusal(501, 'NotImplemented', 'x').code).toBe('graph_property_unsupported')
    expect(refusal(400, 'BadRequest', 'Could not find a property').code).toBe(
      'graph_request_rejected',
    )
  })

  test('never follows a redirect', () => {
    const outcome = classify(302, '', { location: 'https://elsewhere.example' })
    expect(outcome.kind).toBe('refused')
  })

  test('reads a 404 as the wrong Graph', () => {
    expect(refusal(404, 'x', 'y').code).toBe('graph_answer_invalid')
  })
})

describe('an answer that passes', () => {
  test.each([408, 425, 429, 500, 502, 503, 504, 509])('%i is asked again', (status) => {
    expect(classify(status).kind).toBe('transient')
  })

  test('asks for the wait that Graph names', () => {
    const outcome = classify(429, 'Too Many Requests', { 'retry-after': '17' })
    expect(outcome).toMatchObject({ isThrottled: true, error: { retryAfterMs: 17_000 } })
  })

  test('may name no wait', () => {
    const outcome = classify(429)
    expect(outcome.kind === 'transient' && outcome.error.retryAfterMs).toBe(undefined)
  })

  test('may be the legacy throttling error', () => {
    const body = { error: { code: 'Request_ThrottledTemporarily', message: 'try after 5 seconds' } }
    expect(classify(503, body)).toMatchObject({ kind: 'transient', isThrottled: true })
  })

  test('pauses nobody else when only the server failed', () => {
    expect(classify(503)).toMatchObject({ isThrottled: false })
  })
})

describe('an answer the walk recovers from', () => {
  test('is an expired page token', () => {
    const body = { error: { code: 'Directory_ExpiredPageToken', message: 'has expired' } }
    expect(classify(400, body).kind).toBe('page_token_expired')
  })

  test('is a page size above the cap, which it names', () => {
    const message = "Invalid page size specified: '999'. Must be between 1 and 120 inclusive."
    const body = { error: { code: 'Request_UnsupportedQuery', message } }
    expect(classify(400, body)).toMatchObject({ kind: 'page_too_large', maximum: 120 })
  })

  test('is a 401, whatever its body', () => {
    expect(classify(401, '<html>').kind).toBe('unauthorized')
  })
})

describe('evidence', () => {
  test('never quotes the token that was sent, nor any other', () => {
    const message = `bad token ${token.reveal()}, or eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2ln`
    const outcome = classify(400, { error: { code: 'BadRequest', message } })
    const kept = JSON.stringify(outcome.kind === 'refused' && outcome.error.toProblem())
    expect(kept).toContain('[redacted]')
    expect(kept).not.toContain(token.reveal())
    expect(kept).not.toContain('eyJzdWIiOiJ4In0')
  })

  test('holds nothing that could draw on a terminal or break a line of a log', () => {
    const message = 'no\u001b[2J\r\n2026-01-01Z all is well\u0007\u202e \ud800'
    const outcome = classify(400, { error: { code: 'Bad\u001b[1m', message } })
    const kept = JSON.stringify(outcome.kind === 'refused' && outcome.error.toProblem())
    expect(kept).toContain('Graph answered 400 Bad [1m: no [2J 2026-01-01Z all is well ')
    expect(kept).not.toMatch(/\\u001b|\\r|\\n|\\u0007|\u202e|\\ud800/)
  })

  test('is bounded, however much Graph says', () => {
    const outcome = classify(400, {
      error: { code: 'x'.repeat(9_000), message: 'y'.repeat(50_000) },
    })
    const kept = JSON.stringify(outcome.kind === 'refused' && outcome.error.toProblem())
    expect(kept.length).toBeLessThan(4_000)
  })

  test('keeps Graph’s code, message and request id for support', () => {
    const outcome = classify(
      403,
      { error: { code: 'Authorization_RequestDenied', message: 'Insufficient' } },
      { 'request-id': 'abc' },
    )
    expect(outcome.kind === 'refused' && outcome.error.upstream).toEqual({
      status: 403,
      error: 'Authorization_RequestDenied',
      message: 'Insufficient',
      requestId: 'abc',
    })
  })

  test.each(['{"error":null}', '[]', '{"error":{"code":5}}', '<html>', ''])(
    'survives the body %j',
    (body) => {
      expect(classify(400, body).kind).toBe('refused')
    },
  )
})

describe('Retry-After', () => {
  test.each([
    ['5', 5_000],
    ['0', 0],
    ['2.5', 2_500],
    ['Sun, 22 Nov 2026 10:00:30 GMT', 30_000],
    ['Sun, 22 Nov 2026 09:00:00 GMT', 0],
    ['999999', 3_600_000],
    ['9'.repeat(400), 3_600_000],
    ['-5', undefined],
    ['2001', 2_001_000],
    ['22 Nov', undefined],
    ['soon', undefined],
    [undefined, undefined],
  ])('%j waits %j ms', (header, expected) => {
    expect(retryAfterMs(header, now)).toBe(expected)
  })
})

describe('a delta that must be begun anew', () => {
  const expired =
    'The delta token is expired and data must be synchronized again. Please try again later.'
  const steady = 'Sync must reach steady state within 30 days.'
  const both = 'The $deltatoken and $skiptoken parameters cannot be used together.'
  const gone = 'Resync required. Replace the local data.'
  test.each([
    ['token_expired', 400, 'syncStateNotFound', 'x', {}],
    ['token_expired', 400, 'SyncStateNotFound', 'x', {}],
    ['token_expired', 400, 'BadRequest', expired, {}],
    ['token_expired', 400, 'resyncRequired', gone, {}],
    ['service_reset', 410, 'resyncRequired', gone, {}],
    ['service_reset', 410, '', '', {}],
    ['service_reset_with_link', 410, 'x', gone, { location: 'https://graph/users/delta' }],
    ['never_steady', 400, 'Directory_Expired', steady, {}],
    ['never_steady', 410, 'x', steady, {}],
    ['link_mangled', 400, 'Request_BadRequest', both, {}],
  ] as const)('is told %s by a %i %s', (reason, status, code, message, headers) => {
    const outcome = classify(status, { error: { code, message } }, headers)
    expect(outcome).toMatchObject({ kind: 'delta_reset', reason })
  })

  test('is not seen in refusals about anything else', () => {
    const about = { error: { code: 'Request_BadRequest', message: 'Invalid $skiptoken.' } }
    expect(classify(400, about).kind).toBe('refused')
    expect(classify(503, { error: { code: 'syncStateNotFound', message: '' } }).kind).toBe(
      'transient',
    )
  })
})
