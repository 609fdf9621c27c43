import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { listNames, suggest } from './suggest.ts'

describe('suggest', () => {
  it('stays silent when nothing is near', () => {
    expect(suggest('imports', ['store', 'providers'])).toBeUndefined()
    expect(suggest('x', [])).toBeUndefined()
    expect(suggest('a'.repeat(100_000), ['store'])).toBeUndefined()
  })

  it.each([
    ['stroe', 'store'],
    ['Connections', 'connections'],
    ['client_id', 'clientId'],
    ['contso', 'contoso'],
    ['evn', 'env'],
    ['expiresAt ', 'expiresAt'],
  ])('sees what %j meant', (seen, meant) => {
    expect(suggest(seen, ['store', 'connections', 'clientId', 'contoso', 'env', 'expiresAt'])).toBe(
      meant,
    )
  })

  it('knows every name it is given, whatever its case', () => {
    const names = ['provider', 'tenant', 'client', 'grant', 'resource', 'scope', 'refresh']
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.boolean(), (name, isUpper) => {
        expect(suggest(isUpper ? name.toUpperCase() : name, names)).toBe(name)
      }),
    )
  })
})

describe('listNames', () => {
  it('reads as a person would say it', () => {
    expect(listNames([])).toBe('nothing')
    expect(listNames(['a'])).toBe('"a"')
    expect(listNames(['a', 'b'])).toBe('"a" or "b"')
    expect(listNames(['a', 'b', 'c'], 'and')).toBe('"a", "b" and "c"')
  })
})
