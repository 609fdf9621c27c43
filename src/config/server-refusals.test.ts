import { describe, expect, it } from 'vitest'
import { accepted, config, problemAt, refused } from '../../test/support/config-text.ts'
import { secretReferences } from './secret-references.ts'

const serving = (fields: string): string => config({ more: `server: { ${fields} }` })
const tls = 'tls: { cert: cert.pem, key: key.pem }'
const abroad = 'listen: "0.0.0.0:443", publicUrl: https://eg.example.com'

describe('the server section is refused', () => {
  it.each<[string, string, string, string, string]>([
    ['with a port alone', 'listen: 8420', 'listen', 'the number 8420', ''],
    ['without port', 'listen: localhost', 'listen', '"localhost"', 'address and port'],
    ['with a port too high', 'listen: 127.0.0.1:65536', 'listen', '', 'address and port'],
    ['with an address too high', 'listen: 127.0.0.256:1', 'listen', '', 'address and port'],
    ['with IPv6 without brackets', 'listen: "::1:8420"', 'listen', '"::1:8420"', 'brackets'],
    [
      'when others could read what callers send',
      abroad,
      'listen',
      '"0.0.0.0:443"',
      'add tls: { cert: FILE, key: FILE }',
    ],
    [
      'when an empty list of proxies stands for one',
      `${abroad}, trustedProxies: []`,
      'listen',
      '"0.0.0.0:443"',
      'trustedProxies',
    ],
    [
      'when nobody knows how it is reached',
      `listen: "[::]:443", ${tls}`,
      'publicUrl',
      'nothing',
      'https://evergrant.example.com',
    ],
    [
      'with http beyond this machine',
      `listen: "0.0.0.0:80", trustedProxies: [10.0.0.1], publicUrl: http://eg.example.com`,
      'publicUrl',
      '"http://eg.example.com"',
      'Write https',
    ],
    [
      'with http although it speaks TLS',
      `${tls}, publicUrl: http://localhost:8420`,
      'publicUrl',
      '"http://localhost:8420"',
      'remove "tls"',
    ],
    [
      'with a path in its address',
      'publicUrl: https://example.com/evergrant',
      'publicUrl',
      '"https://example.com/evergrant"',
      'only scheme, host and port',
    ],
    [
      'with a query in its address',
      'publicUrl: https://example.com/?a=b',
      'publicUrl',
      '"https://example.com/?…"',
      'only scheme, host and port',
    ],
    ['with a certificate without key', 'tls: { cert: a.pem }', 'tls.key', 'nothing', 'no default'],
    [
      'with two places of a key',
      'tls: { cert: a.pem, key: { env: A, file: b } }',
      'tls.key',
      '"env" and "file"',
      '{ env: NAME }',
    ],
    [
      'with the key itself',
      'tls: { cert: a.pem, key: "-----BEGIN PRIVATE KEY-----" }',
      'tls.key',
      '(not shown)',
      'replace it',
    ],
    [
      'with a proxy by its name',
      'trustedProxies: [proxy.local]',
      'trustedProxies[0]',
      '"proxy.local"',
      'names are not looked up',
    ],
    ['with a network too narrow', 'trustedProxies: [10.0.0.0/33]', 'trustedProxies[0]', '', 'addr'],
    [
      'with everyone as proxy',
      'trustedProxies: [0.0.0.0/0]',
      'trustedProxies[0]',
      '"0.0.0.0/0"',
      'Name the addresses of your proxies',
    ],
    ['with an endless end', 'drain: 1h', 'drain', '"1h"', 'unit'],
    ['with a rate of nothing', 'limits: { rate: 0 }', 'limits.rate', 'the number 0', 'no bound'],
    ['with too few traces', 'traces: { keep: 10 }', 'traces.keep', 'the number 10', 'from 1000'],
    ['with an unknown level', 'log: { level: warning }', 'log.level', '"warning"', 'info or warn'],
    ['with an unknown key', 'host: a', 'host', 'the key "host"', ''],
  ])('%s', (_, fields, field, seen, remedy) => {
    const problem = problemAt(serving(fields), `server.${field}`)
    expect(problem.seen).toContain(seen)
    expect(problem.remedy).toContain(remedy)
    expect(problem.line).toBeGreaterThan(0)
  })

  it('never with the key in the message', () => {
    const { detail } = refused(serving('tls: { cert: a, key: "-----BEGIN PRIVATE KEY-----" }'))
    expect(detail).not.toContain('BEGIN')
  })
})

describe('the server section', () => {
  it.each([
    ['', { host: '127.0.0.1', port: 8420 }, 'http://localhost:8420'],
    [tls, { host: '127.0.0.1', port: 8420 }, 'https://localhost:8420'],
    ['listen: "[::1]:0"', { host: '::1', port: 0 }, 'http://localhost:0'],
    ['listen: 127.0.0.2:80', { host: '127.0.0.2', port: 80 }, 'http://127.0.0.2'],
    [`${abroad}, ${tls}`, { host: '0.0.0.0', port: 443 }, 'https://eg.example.com'],
    [
      `${abroad}, trustedProxies: [10.0.0.0/8, "::1"]`,
      { host: '0.0.0.0', port: 443 },
      'https://eg.example.com',
    ],
  ])('%j listens and is reached there', (fields, listen, publicUrl) => {
    expect(accepted(serving(fields)).server).toMatchObject({ listen, publicUrl })
  })

  it('has its key as a reference that is tried with the others', () => {
    const read = accepted(serving(tls))
    expect(read.server.tls).toEqual({ cert: '/etc/eg/cert.pem', key: { file: '/etc/eg/key.pem' } })
    expect(secretReferences(read)).toContainEqual({
      askedBy: 'server.tls.key',
      reference: { file: '/etc/eg/key.pem' },
    })
    const byName = accepted(serving('tls: { cert: /c, key: { env: KEY } }'))
    expect(byName.server.tls?.key).toEqual({ env: 'KEY' })
  })
})
