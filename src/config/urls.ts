import { z } from 'zod'
import { must, type Rule } from './fields.ts'

/** Tells whether a host name, as `URL` spells it, is this machine. */
export function isLoopback(hostname: string): boolean {
  const host = hostname.toLowerCase()
  return (
    host === 'localhost' ||
    host.endsWith('.localhost') ||
    host === '[::1]' ||
    /^127\.\d+\.\d+\.\d+$/.test(host)
  )
}

/** An origin to send tokens or secrets to: https, or http on this machine only. */
export function origin(): z.ZodPipe<z.ZodString, z.ZodTransform<string, string>> {
  return secureUrl((url) => url.pathname === '/' && url.search === '', {
    expected: 'an origin such as https://host:port, without path, query, fragment or user name',
    remedy: 'Leave only scheme, host and port.',
  }).transform((value) => new URL(value).origin)
}

/** An issuer identifier, kept exactly as written (OpenID Connect Discovery 1.0 section 3). */
export function issuer(): z.ZodString {
  return secureUrl((url) => url.search === '', {
    expected: 'an issuer such as https://sso.example.com, without query, fragment or user name',
    remedy: 'Copy `issuer` from the server’s metadata.',
  })
}

/** An endpoint of an authorization server; it may have a query (RFC 6749 section 3.2). */
export function endpoint(): z.ZodString {
  return secureUrl(() => true, {
    expected: 'an endpoint such as https://sso.example.com/token, without fragment or user name',
    remedy: 'Copy the endpoint from the server’s documentation.',
  })
}

/** The base URL of an API, read without slashes at its end. */
export function baseUrl(): z.ZodPipe<z.ZodString, z.ZodTransform<string, string>> {
  return secureUrl((url) => url.search === '', {
    expected: 'a base URL such as https://api.example.com/v1, without query, fragment or user name',
    remedy: 'Write what all addresses of the API begin with.',
  }).transform((value) => new URL(value).href.replace(/\/+$/, ''))
}

function secureUrl(test: (url: URL) => boolean, rule: Rule): z.ZodString {
  const isPlain = (value: string): boolean => {
    const url = URL.parse(value)
    if (url === null || !['https:', 'http:'].includes(url.protocol)) return false
    return url.username + url.password + url.hash === '' && test(url)
  }
  return must(must(z.string(rule.expected).meta({ format: 'uri' }), isPlain, rule), isProtected, {
    expected: 'an https URL; http is for this machine only (localhost, 127.0.0.1, [::1])',
    remedy:
      'Write https: over http, secrets and tokens would cross the network readable by others.',
  })
}

function isProtected(value: string): boolean {
  const url = new URL(value)
  return url.protocol === 'https:' || isLoopback(url.hostname)
}
