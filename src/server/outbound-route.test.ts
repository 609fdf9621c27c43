import fc from 'fast-check'
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { Secret } from '../kernel/index.ts'
import { createRoute, parseNoProxy, type ProxyChoice, type RouteTarget } from './outbound-route.ts'

function target(url: string): RouteTarget {
  return new URL(url)
}

function refusal(choice: ProxyChoice, env: Record<string, string> = {}): string {
  try {
    createRoute(choice, env)
  } catch (error) {
    return inspect(error)
  }
  throw new Error('it was accepted')
}

describe('a proxy that cannot be used', () => {
  it('is refused by name, and its value is never shown', () => {
    const shown = refusal('env', { HTTPS_PROXY: 'http://user:planted@[nonsense' })
    expect(shown).toContain('config_invalid')
    expect(shown).toContain('HTTPS_PROXY')
    expect(shown).not.toContain('planted')
  })

  it('is refused when it speaks SOCKS', () => {
    const shown = refusal({ url: 'socks5://user:planted@proxy.example:1080' })
    expect(shown).toContain('"network.proxy"')
    expect(shown).toContain('"socks5:"')
    expect(shown).not.toContain('planted')
  })
})

describe('the environment', () => {
  const https = target('https://login.microsoftonline.com')
  const http = target('http://intranet.example:8080')

  it('proxies nothing where it names no proxy, and nothing at all with "none"', () => {
    expect(createRoute('env', {})(https)).toBeUndefined()
    expect(createRoute('env', { HTTPS_PROXY: ' ' })(https)).toBeUndefined()
    expect(createRoute('none', { HTTPS_PROXY: 'http://proxy.example' })(https)).toBeUndefined()
  })

  it('has one proxy a scheme; neither stands in for the other', () => {
    const env = { HTTPS_PROXY: 'http://a.example:3128', HTTP_PROXY: 'b.example:8080' }
    expect(createRoute('env', env)(https)?.name).toBe('a.example:3128')
    expect(createRoute('env', env)(http)?.name).toBe('b.example:8080')
    expect(createRoute('env', { HTTP_PROXY: 'b.example' })(https)).toBeUndefined()
    expect(createRoute('env', { HTTPS_PROXY: 'a.example' })(http)).toBeUndefined()
  })

  it('is read in lower case first, even when that says none', () => {
    const env = { HTTPS_PROXY: 'http://upper.example', https_proxy: 'https://lower.example' }
    expect(createRoute('env', env)(https)).toMatchObject({ isTls: true, name: 'lower.example:443' })
    expect(createRoute('env', { ...env, https_proxy: '' })(https)).toBeUndefined()
  })

  it('gives credentials decoded, and prints them as [redacted]', () => {
    const proxy = createRoute('env', { HTTPS_PROXY: 'u%40corp:p%3Aw@[::1]:3128' })(https)
    const pair = Buffer.from('u@corp:p:w').toString('base64')
    expect(proxy).toMatchObject({ hostname: '::1', port: 3128, name: '[::1]:3128' })
    expect(proxy?.authorization?.reveal()).toBe(`Basic ${pair}`)
    expect(inspect(proxy)).not.toContain(pair)
  })
})

describe('a configured proxy', () => {
  const choice = { url: 'http://user@proxy.example:3128', password: new Secret('pässword') }

  it('serves every scheme, with the password from its own place', () => {
    const route = createRoute(choice, { HTTPS_PROXY: 'http://other.example' })
    expect(route(target('https://graph.microsoft.com'))?.name).toBe('proxy.example:3128')
    const { authorization } = route(target('http://intranet.example')) ?? {}
    expect(authorization?.reveal()).toBe(`Basic ${Buffer.from('user:pässword').toString('base64')}`)
  })

  it('leaves alone what NO_PROXY names', () => {
    const route = createRoute(choice, { NO_PROXY: '.corp.example' })
    expect(route(target('https://api.corp.example'))).toBeUndefined()
    expect(route(target('https://graph.microsoft.com'))).toBeDefined()
  })
})

describe('NO_PROXY', () => {
  it.each([
    ['example.com', 'https://notexample.com'],
    ['example.com', 'https://example.com.evil.test'],
    ['*.example.com', 'https://example.com'],
    ['example.com:8443', 'https://example.com'],
    ['0.0.1', 'https://127.0.0.1'],
    ['10.0.0.0/8', 'https://11.0.0.1'],
    ['10.0.0.0/99', 'https://10.0.0.1'],
    ['.', 'https://example.com'],
    ['', 'https://example.com'],
  ])('%j does not name %s', (list, url) => {
    expect(parseNoProxy(list)(target(url))).toBe(false)
  })

  it.each([
    ['*', 'https://anything.test'],
    ['none.test *', 'https://anything.test:99'],
    ['example.com', 'https://example.com'],
    ['EXAMPLE.com', 'https://API.Example.Com.'],
    ['.example.com', 'https://example.com'],
    ['*.example.com', 'https://api.example.com'],
    ['example.com:443', 'https://example.com'],
    ['a.test,example.com:8443', 'https://example.com:8443'],
    ['*:8443', 'https://example.com:8443'],
    ['127.0.0.1', 'http://127.0.0.1:7001'],
    ['10.0.0.0/8', 'https://10.255.0.1'],
    ['[::1]:7001', 'http://[::1]:7001'],
    ['0:0:0:0:0:0:0:1', 'http://[::1]'],
    ['fd00::/8', 'http://[fd12::5]'],
  ])('%j names %s', (list, url) => {
    expect(parseNoProxy(list)(target(url))).toBe(true)
  })

  it('keeps loopback off the proxy where it is not set, and only there', () => {
    const env = { HTTPS_PROXY: 'http://proxy.example' }
    const loopback = [
      'https://localhost:7443',
      'https://127.8.0.1',
      'https://[::1]',
      'https://a.localhost',
    ]
    for (const url of loopback) {
      expect(createRoute('env', env)(target(url))).toBeUndefined()
      expect(createRoute('env', { ...env, NO_PROXY: '' })(target(url))).toBeDefined()
    }
  })

  it('names a host and what is below it, whatever stands around its entry', () => {
    const label = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/)
    const name = fc.array(label, { minLength: 2, maxLength: 3 }).map((labels) => labels.join('.'))
    const property = fc.property(name, label, fc.array(name), (host, sub, others) => {
      const isDirect = parseNoProxy([...others, host].join(', '))
      expect(isDirect(target(`https://${host}`))).toBe(true)
      expect(isDirect(target(`https://${sub}.${host}`))).toBe(true)
      expect(parseNoProxy(host)(target(`https://x${host}`))).toBe(false)
    })
    fc.assert(property)
  })

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string(), (list) => {
        expect(typeof parseNoProxy(list)(target('https://example.com'))).toBe('boolean')
      }),
    )
  })
})
