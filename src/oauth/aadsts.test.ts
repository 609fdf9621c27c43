import { describe, expect, it } from 'vitest'
import { aadstsHints, findAadstsHint } from './aadsts.ts'

describe('the AADSTS table', () => {
  it('lists no code twice', () => {
    const codes = aadstsHints.flatMap((hint) => hint.codes)
    expect(new Set(codes).size).toBe(codes.length)
  })

  it('gives every group a meaning and a remedy that is a sentence', () => {
    for (const { meaning, remedy } of aadstsHints) {
      expect(meaning).toMatch(/^\S.*[^.]$/)
      expect(remedy).toMatch(/^[A-Z].*\.$/)
    }
  })

  it('passes over codes it does not know', () => {
    expect(findAadstsHint([1, 7000222])?.codes).toContain(7000222)
    expect(findAadstsHint([1])).toBeUndefined()
  })
})
