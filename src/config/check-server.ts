import { describeSeen } from './describe-seen.ts'
import type { Finding } from './explain-issue.ts'
import { member } from './json-schema.ts'
import { listensHere, readListenAddress } from './listen-address.ts'
import type { YamlSource } from './yaml-source.ts'

/** Finds what only several fields of `server:` show: who could read tokens on their way. */
export function checkServer(source: YamlSource): readonly Finding[] {
  const server = member(source.data, 'server')
  const written = member(server, 'listen') ?? '127.0.0.1:8420'
  const listen = typeof written === 'string' ? readListenAddress(written) : undefined
  return [
    ...(listen === undefined || listensHere(listen) ? [] : checkReach(server, source)),
    ...checkScheme(server, source),
    ...checkConsole(member(server, 'console'), member(source.data, 'issuers'), source),
  ]
}

/** Finds issuers of the console that cannot sign anybody in. */
function checkConsole(console: unknown, issuers: unknown, source: YamlSource): Finding[] {
  const named = member(console, 'issuers')
  if (typeof named !== 'object' || named === null) return []
  return Object.keys(named).flatMap((name): Finding[] => {
    const path = ['server', 'console', 'issuers', name]
    const issuer = member(issuers, name)
    if (member(issuer, 'client') === undefined) {
      return [
        {
          path,
          at: 'name',
          expected: 'the name of an issuer that has a "client"',
          seen: issuer === undefined ? 'none of that name' : 'one without',
          remedy:
            'Register Evergrant there as a web application and give the issuer client: { id: …, credentials: […] }, or remove the line.',
        },
      ]
    }
    const resource = member(member(named, name), 'resource')
    const audiences = member(issuer, 'audiences')
    if (resource === undefined || (Array.isArray(audiences) && audiences.includes(resource))) {
      return []
    }
    return [
      {
        path: [...path, 'resource'],
        at: 'value',
        expected: `one of the "audiences" of the issuer "${name}"`,
        seen: describeSeen([...path, 'resource'], source, true),
        remedy: 'Name one of them, or remove the line: tokens for anything else are refused.',
      },
    ]
  })
}

function checkReach(server: unknown, source: YamlSource): Finding[] {
  const findings: Finding[] = []
  const proxies = member(server, 'trustedProxies')
  const hasProxies = proxies !== undefined && !(Array.isArray(proxies) && proxies.length === 0)
  if (member(server, 'tls') === undefined && !hasProxies) {
    findings.push({
      path: ['server', 'listen'],
      at: 'value',
      expected: 'an address of this machine alone, as there is neither "tls" nor "trustedProxies"',
      seen: describeSeen(['server', 'listen'], source, true),
      remedy:
        'Caller keys and answers would cross the network readable by others: add tls: { cert: FILE, key: FILE }, or name in "trustedProxies" the proxy that speaks TLS before the service, or listen on 127.0.0.1.',
    })
  }
  if (member(server, 'publicUrl') === undefined) {
    findings.push({
      path: ['server', 'publicUrl'],
      at: 'name',
      expected: '"publicUrl", as "listen" reaches beyond this machine',
      seen: 'nothing',
      remedy: 'Write how callers reach the service, such as https://evergrant.example.com.',
    })
  }
  return findings
}

function checkScheme(server: unknown, source: YamlSource): Finding[] {
  const publicUrl = member(server, 'publicUrl')
  if (member(server, 'tls') === undefined || typeof publicUrl !== 'string') return []
  if (!/^http:/i.test(publicUrl)) return []
  return [
    {
      path: ['server', 'publicUrl'],
      at: 'value',
      expected: 'an https URL, as the service speaks TLS',
      seen: describeSeen(['server', 'publicUrl'], source, true),
      remedy: 'Write https:, or remove "tls".',
    },
  ]
}
