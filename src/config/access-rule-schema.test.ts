import { describe, expect, it } from 'vitest'
import { accessRule } from './access-rule-schema.ts'

const permitsOf = (connections: unknown): unknown =>
  accessRule.safeParse({ connections }).data?.connections

describe('the connections of a rule', () => {
  it.each([
    [['graph@contoso.example']],
    [['@*']],
    [['Graph']],
    [['*']],
    [[]],
    ['graph'],
    [['a@*@*']],
  ])('are not %j', (connections) => {
    expect(permitsOf(connections)).toBeUndefined()
  })

  it.each([
    ['*', '*'],
    ['*@*', ['*@*']],
    [
      ['graph', 'csp@*'],
      ['graph', 'csp@*'],
    ],
  ])('can be %j', (written, read) => {
    expect(permitsOf(written)).toEqual(read)
  })
})
