import { describe, expect, it } from 'vitest'
import { followDocument } from '../support/follow-document.ts'

describe('docs/guides/customers.md', () => {
  it('can be followed from its first block to its last', { timeout: 120_000 }, async () => {
    expect(await followDocument('docs/guides/customers.md')).toBe(12)
  })
})
