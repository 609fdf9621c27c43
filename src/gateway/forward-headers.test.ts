import { expect, it } from 'vitest'
import { requestHeaders } from './forward-headers.ts'

it('passes no header that names another path than the one that was checked', () => {
  const raw = ['X-Rewrite-URL', '/admin', 'X-Original-URL', '/admin', 'X-HTTP-Method', 'MERGE']
  expect(requestHeaders(raw, undefined, new Set())).toEqual(['x-http-method', 'MERGE'])
})
