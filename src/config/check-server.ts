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
  ]
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
