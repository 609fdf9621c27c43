import { describe, expect, it } from 'vitest'
import type { ConnectionDefinition } from '../grants/index.ts'
import { bodyWords, chooseTarget, optionWords, withTenant, type TokenWish } from './token-wish.ts'

const graph = { resource: 'https://graph.microsoft.com' }
const arm = { scope: 'https://management.azure.com/.default' }
const definition = {
  name: 'csp',
  target: graph,
  targets: new Map([['arm', arm]]),
} as unknown as ConnectionDefinition

describe('what a token is asked for', () => {
  it.each<[TokenWish, string]>([
    [{ upstream: 'arm', resource: 'x' }, 'expected --upstream or --resource, but saw both'],
    [{ upstream: 'crm' }, '--upstream: connection "csp" has no upstream "crm"; known are arm'],
    [
      { resource: 'https://x.example' },
      '--resource: connection "csp" is for resource "https://graph.microsoft.com", but saw "https://x.example"',
    ],
  ])('is refused when it is not configured: %j', (wish, detail) => {
    expect(() => chooseTarget(definition, wish, optionWords)).toThrow(
      expect.objectContaining({ code: 'usage', detail }),
    )
    expect(() => chooseTarget(definition, wish, bodyWords)).toThrow(
      expect.objectContaining({
        code: 'request_invalid',
        detail: detail.replaceAll(/--(\w+)/g, '"$1"'),
      }),
    )
  })

  it('is found by upstream, by resource or its scope, or is the connection’s own', () => {
    const choose = (wish: TokenWish): unknown => chooseTarget(definition, wish, bodyWords)
    expect(choose({})).toBe(graph)
    expect(choose({ resource: graph.resource })).toBe(graph)
    expect(choose({ upstream: 'arm' })).toBe(arm)
    expect(choose({ resource: 'https://management.azure.com' })).toBe(arm)
  })
})

describe('the tenant of a wish', () => {
  it('is refused beside another one in the address', () => {
    expect(() => withTenant('csp@one.example', { tenant: 'two.example' }, bodyWords)).toThrow(
      expect.objectContaining({
        code: 'request_invalid',
        detail: '"tenant": "csp@one.example" names a tenant already, but saw "two.example"',
      }),
    )
  })

  it('completes the address', () => {
    expect(withTenant('csp', {}, optionWords)).toBe('csp')
    expect(withTenant('csp', { tenant: 'one.example' }, optionWords)).toBe('csp@one.example')
    expect(withTenant('csp@One.example', { tenant: 'one.EXAMPLE' }, optionWords)).toBe(
      'csp@One.example',
    )
  })
})
