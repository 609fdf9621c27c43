import { describe, expect, it } from 'vitest'
import { readCredential } from './read-credential.ts'

const headers = { authorization: 'Bearer one' }

describe('the credential of a request', () => {
  it('is refused when a second header, which node:http leaves out, has another', () => {
    const raw = ['Host', 'x', 'Authorization', 'Bearer one', 'AUTHORIZATION', 'Bearer two']
    expect(readCredential(headers, raw)).toMatchObject({
      ok: false,
      error: { detail: '"Authorization" came twice, with different values' },
    })
  })

  it('is looked for among names, not among values', () => {
    const raw = ['X-Names', 'authorization', 'Authorization', 'Bearer one', 'X', 'authorization']
    expect(readCredential(headers, raw)).toEqual({ ok: true, value: 'one' })
    const same = ['Authorization', 'Bearer one', 'authorization', 'Bearer one']
    expect(readCredential(headers, same)).toEqual({ ok: true, value: 'one' })
  })
})
