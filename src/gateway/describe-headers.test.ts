import { expect, it } from 'vitest'
import { describeHeaders } from './describe-headers.ts'

it('shows how something was transferred, and of all else only that it was there', () => {
  const token = 'planted-token-0123456789'
  const text = describeHeaders(
    [
      'Content-Type',
      'application/json',
      'Authorization',
      `Bearer ${token}`,
      'WWW-Authenticate',
      `Bearer error="invalid_token", error_description="${token} is old"`,
      'X-Secret-planted-token-0123456789',
      'a',
      'Cookie',
      'a=b',
      'Accept',
      'x'.repeat(400),
    ],
    [token],
  )
  expect(text.split('\n')).toEqual([
    'content-type: application/json',
    'authorization: (withheld)',
    'www-authenticate: Bearer error="invalid_token", error_description="[redacted] is old"',
    'x-secret-[redacted]: (withheld)',
    'cookie: (withheld)',
    `accept: ${'x'.repeat(300)}…`,
  ])
  const many = Array.from({ length: 140 }, (_, at) => `h${at}`)
  expect(describeHeaders(many, []).split('\n')).toHaveLength(61)
  expect(describeHeaders({ date: ['a', 'b'], etag: '"x"' }, [])).toBe(
    'date: a, b\netag: (withheld)',
  )
})
