import { describe, expect, it } from 'vitest'
import { followDocument } from '../support/follow-document.ts'

describe('docs/guides/compromise.md', () => {
  it('can be rehearsed from its first block to its last', { timeout: 120_000 }, async () => {
    expect(await followDocument('docs/guides/compromise.md')).toBe(11)
  })
})
