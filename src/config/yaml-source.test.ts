import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { refused } from '../../test/support/config-text.ts'

describe('a file that is no YAML in UTF-8 is refused', () => {
  it.each([
    ['an empty file', '', 1, 'an empty file'],
    ['a file of comments', '# nothing yet\n', 1, 'an empty file'],
    ['a tab as indent', 'store: x\nencryption:\n\tkeys: []\n', 3, 'a tab'],
    ['a repeated key', 'store: sqlite:a\nstore: sqlite:b\n', 2, 'a second time'],
    ['an anchor', 'store: &a sqlite:a\n', 1, 'an anchor'],
    ['an alias', 'store: *a\n', 1, 'an alias'],
    ['a tag', 'store: !!timestamp 2027-03-01\n', 1, 'a tag'],
    ['a second document', 'store: a\n---\nstore: b\n', 2, 'a second one after "---"'],
    ['an open quote', 'store: "sqlite:a\n', 2, 'none'],
    ['the key __proto__', 'store: a\n__proto__: { polluted: yes }\n', 2, '"__proto__"'],
  ])('for %s, with its line', (_, text, line, seen) => {
    const error = refused(text)
    expect(error.code).toBe('config_unreadable')
    expect(error.problems[0]).toMatchObject({ line })
    expect(error.problems[0]?.seen).toContain(seen)
  })

  it('for bytes of another encoding, with the line that holds them', () => {
    const latin1 = Buffer.from('store: sqlite:a\n# Zürich\n', 'latin1')
    expect(refused(latin1).problems[0]).toMatchObject({
      line: 2,
      seen: 'bytes of another encoding',
      remedy: 'Save the file as UTF-8.',
    })
  })

  it('for UTF-16, binary data and a file of megabytes', () => {
    expect(refused(Buffer.from('\ufeffstore: a', 'utf16le')).detail).toContain('UTF-16')
    expect(refused(Buffer.from('store: a\n\0', 'utf8')).detail).toContain('binary data')
    expect(refused(new Uint8Array(1_048_577)).detail).toContain('1048577 bytes')
  })

  it('and nothing of the text stands in the message', () => {
    for (const text of [
      'a: *hunter2',
      'a: @hunter2',
      'a: !hunter2 b',
      'a: "hunter2',
      '\thunter2: a',
    ]) {
      expect(refused(text).message).not.toContain('hunter2')
    }
  })

  it('whatever the text is, refusals are ConfigErrors with places', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const { problems } = refused(text)
        expect(problems.length).toBeGreaterThan(0)
        for (const { line, column } of problems) {
          expect(line).toBeGreaterThan(0)
          expect(column).toBeGreaterThan(0)
        }
      }),
    )
  })
})
