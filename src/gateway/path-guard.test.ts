import fc from 'fast-check'
import { expect, it } from 'vitest'
import { parseAddress, parseTarget } from './parse-target.ts'
import { isPlainPath } from './path-guard.ts'

it('refuses every path that a server might read as another one', () => {
  for (const path of [
    '/..',
    '/../x',
    '/a/../b',
    '/a/..',
    '/./a',
    '/a/.',
    '/%2e%2e/x',
    '/.%2E/x',
    '/%2e/x',
    '/a/%2E%2e',
    '/..;/x',
    '/..%3bx/y',
    '/.;x',
    '//x',
    '/a//b',
    '/a%2fb',
    '/a%2Fb',
    '/a%5cb',
    '/a\\b',
    '/a%252fb',
    '/%252e%252e/x',
    '/%25252e',
    '/a#b',
    '/a%00',
    '/a%0ab',
    '/a%7f',
    '/a b',
    '/a\u0001',
    '/é',
    '/%c0%ae',
    '/a%',
    '/a%zz',
    '/%u002e',
  ]) {
    expect([path, isPlainPath(path)]).toEqual([path, false])
  }
  for (const path of [
    '',
    '/',
    '/a/',
    '/a.b/..c/...',
    '/a%20b',
    '/100%25',
    '/a;b=c',
    "/users('x')/$ref",
    '/a:b@c',
  ]) {
    expect([path, isPlainPath(path)]).toEqual([path, true])
  }
})

it('never lets a path leave the base it is appended to, however often it is decoded', () => {
  const piece = fc.constantFrom(
    '.',
    '..',
    '%2e',
    '%2E',
    '/',
    '%2f',
    '%25',
    '25',
    '2e',
    ';',
    'a',
    '\\',
    '%5c',
    '?',
    '#',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const target = parseTarget(`/proxy/api/${pieces.join('')}`)
      if (target === undefined) return
      let { path } = target
      for (let n = 0; n < 4; n++) {
        expect(new URL(`http://api.example/base${path}`).pathname).toMatch(/^\/base(?:\/|$)/)
        // Byte by byte, since not everything a server decodes is UTF-8.
        path = path.replaceAll(/%[\da-f]{2}/gi, (code) =>
          String.fromCharCode(Number.parseInt(code.slice(1), 16)),
        )
      }
    }),
    { examples: [[['%25', 'a', '25']]] },
  )
})

it('cuts targets and addresses, and nothing else', () => {
  expect(parseTarget('/proxy/a@b:c/d/?e=/f?')).toEqual({
    address: 'a@b:c',
    path: '/d/',
    query: '?e=/f?',
  })
  expect(parseTarget('/proxy/a?b')).toEqual({ address: 'a', path: '', query: '?b' })
  expect(parseAddress('a%40b%3Ac')).toEqual({ name: 'a', tenant: 'b', upstream: 'c' })
  for (const target of ['*', 'http://x/proxy/a', '/proxy/', '/proxy//a', '/other']) {
    expect(parseTarget(target)).toBeUndefined()
  }
})
