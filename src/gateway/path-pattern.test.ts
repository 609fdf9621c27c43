import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compilePathPattern, compilePathPatterns } from './path-pattern.ts'

describe('a pattern of paths', () => {
  it.each([
    ['/v1/users', '/v1/users/'],
    ['/v1/users', '/v1/Users'],
    ['/v1/users', '/v1/%75sers'],
    ['/v1/*', '/v1'],
    ['/v1/*', '/v1/'],
    ['/v1/*', '/v1/users/1'],
    ['/v1/user-*', '/v1/users'],
    ['/v1/*-x-*', '/v1/a-x'],
    ['/v1/a*a', '/v1/a'],
    ['/v1/**', '/v10/users'],
    ['/v1/**/members', '/v1/groups/1/members/2'],
    ['/**/members/*', '/members/'],
    ['/v1/b**', '/v1/b/c'],
  ])('%s does not match %s', (pattern, path) => {
    expect(compilePathPattern(pattern)(path)).toBe(false)
  })

  it.each([
    ['/v1/users', '/v1/users'],
    ['v1/users', '/v1/users'],
    ['/v1/*', '/v1/users'],
    ['/v1/*/photo', '/v1/a%2Fb/photo'],
    ['/v1/user*', '/v1/user'],
    ['/v1/*(*)', "/v1/users('1')"],
    ['/v1/a*b*c', '/v1/aXbYbc'],
    ['/v1/**', '/v1'],
    ['/v1/**', '/v1/'],
    ['/v1/**', '/v1/a/b/c'],
    ['**', '/'],
    ['/**', '/anything/at/all'],
    ['/**/members', '/members'],
    ['/v1/**/members', '/v1/members'],
    ['/v1/**/members', '/v1/members/members'],
    ['/*/**/x/**/y*', '/a/b/x/c/x/y1'],
  ])('%s matches %s', (pattern, path) => {
    expect(compilePathPattern(pattern)(path)).toBe(true)
  })

  it('agrees with the expression it stands for, whatever path and pattern', () => {
    const segment = fc.constantFrom('a', 'b', 'ab', 'ba', '', '*', 'a*', '*b', '**')
    const plain = fc.constantFrom('a', 'b', 'ab', 'ba', 'aab', '')
    fc.assert(
      fc.property(
        fc.array(segment, { minLength: 1, maxLength: 5 }),
        fc.array(plain, { minLength: 1, maxLength: 6 }),
        (pattern, path) => {
          const expression = pattern
            .map((part) => {
              if (part === '**') return '(?:/[^/]*)*'
              return part === '*' ? '/[^/]+' : `/${part.replaceAll('*', '[^/]*')}`
            })
            .join('')
          const text = `/${path.join('/')}`
          expect(compilePathPattern(`/${pattern.join('/')}`)(text)).toBe(
            new RegExp(`^${expression}$`).test(text),
          )
        },
      ),
      { numRuns: 3_000 },
    )
  })

  it('stays quick on paths made to be slow', () => {
    const matches = compilePathPattern('/**/a*a*a*a*b/**/a*a*a*b/**/c')
    const path = `/${'a'.repeat(200)}/`.repeat(40)
    const before = process.cpuUsage().user
    for (let i = 0; i < 20; i++) expect(matches(path)).toBe(false)
    expect(process.cpuUsage().user - before).toBeLessThan(500_000)
  })
})

describe('several patterns', () => {
  it('match when one does, and always when there is none', () => {
    expect(compilePathPatterns([])('/x')).toBe(true)
    expect(compilePathPatterns(['/a', '/b/*'])('/b/1')).toBe(true)
    expect(compilePathPatterns(['/a', '/b/*'])('/c')).toBe(false)
  })
})
