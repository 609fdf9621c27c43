import { describe, expect, it } from 'vitest'
import { followDocument } from '../support/follow-document.ts'

describe('docs/guides/accounts.md', () => {
  it('can be rehearsed from its first block to its last', { timeout: 120_000 }, async () => {
    expect(await followDocument('docs/guides/accounts.md')).toBe(10)
  })
})
