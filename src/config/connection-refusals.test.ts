import { describe, expect, it } from 'vitest'
import {
  accepted,
  config,
  connection,
  credential,
  problemAt,
} from '../../test/support/config-text.ts'
import type { ConnectionConfig } from './config.ts'

const c = 'connections.contoso-graph'
const provider = (text: string): string => config({ provider: text })
const oauth2 = (fields: string): string => `{ type: oauth2, ${fields} }`

describe('a provider is refused', () => {
  it.each<[string, string, string, string, string]>([
    [
      'without the endpoint it needs',
      provider('{ type: oauth2 }'),
      'providers.contoso.tokenEndpoint',
      'nothing',
      'it has no default',
    ],
    [
      'with an endpoint on another machine over http',
      provider(oauth2('tokenEndpoint: http://sso.example.com/token')),
      'providers.contoso.tokenEndpoint',
      '"http://sso.example.com/token"',
      'Write https',
    ],
    [
      'with a user in an endpoint',
      provider(oauth2('tokenEndpoint: https://a@sso.example.com/token')),
      'providers.contoso.tokenEndpoint',
      '"https://[redacted]@sso.example.com/token"',
      'Copy the endpoint',
    ],
    [
      'with a model of rotation that nobody knows',
      provider('{ type: entra, tenant: a.de, rotation: { model: overlaps } }'),
      'providers.contoso.rotation.model',
      '"overlaps"',
      'Did you mean "overlap"?',
    ],
    [
      'with a grace for what needs none',
      provider('{ type: entra, tenant: a.de, rotation: { grace: 30s } }'),
      'providers.contoso.rotation.grace',
      '"30s"',
      'model: strict',
    ],
    [
      'with an endless grace',
      provider('{ type: oidc, issuer: https://a.de, rotation: { grace: 1h } }'),
      'providers.contoso.rotation.grace',
      '"1h"',
      'a number and a unit',
    ],
    [
      'with every tenant',
      provider('{ type: entra, tenant: "*" }'),
      'providers.contoso.tenant',
      '"*"',
      'Tenant ID',
    ],
  ])('%s', (_, text, path, seen, remedy) => {
    const problem = problemAt(text, path)
    expect(problem.seen).toBe(seen)
    expect(problem.remedy).toContain(remedy)
  })
})

describe('a credential is refused', () => {
  const at = `${c}.client.credentials[0]`
  it.each<[string, string, string, string, string]>([
    ['of no kind', '{ expiresAt: 2027-03-01 }', at, '"expiresAt"', 'one credential an entry'],
    [
      'of two kinds',
      '{ secret: { env: A }, certificate: { file: a.pem } }',
      at,
      '"secret" and "certificate"',
      'one credential an entry',
    ],
    [
      'with the algorithm of another kind',
      '{ secret: { env: A }, algorithm: RS256 }',
      `${at}.algorithm`,
      '"RS256"',
      'Remove it',
    ],
    [
      'with the way of sending of another kind',
      '{ federated: { file: a.jwt }, via: basic }',
      `${at}.via`,
      '"basic"',
      'Remove it',
    ],
    [
      'with an algorithm that nobody knows',
      '{ certificate: { file: a.pem }, algorithm: HS256 }',
      `${at}.algorithm`,
      '"HS256"',
      'PS256',
    ],
    [
      'sealed, which no file can hold',
      '{ secret: { sealed: "credentials[0]" } }',
      `${at}.secret.sealed`,
      'the key "sealed"',
      'connections add',
    ],
    [
      'with a command that is one text',
      '{ secret: { exec: vault read } }',
      `${at}.secret.exec`,
      'a text of 10 characters (not shown)',
      'Secrets never stand',
    ],
    [
      'with an empty command',
      '{ secret: { exec: [] } }',
      `${at}.secret.exec`,
      'an empty list',
      'ARGUMENT',
    ],
    [
      'with a command in the home folder',
      '{ secret: { exec: [~/bin/secret] } }',
      `${at}.secret.exec`,
      'a list',
      'COMMAND',
    ],
    [
      'with a number as argument',
      '{ secret: { exec: [vault, 5] } }',
      `${at}.secret.exec[1]`,
      'a number (not shown)',
      'quotes',
    ],
    [
      'with an argument of a secret’s form',
      '{ secret: { exec: [echo, abc8Q~xyz] } }',
      `${at}.secret.exec[1]`,
      'a text of 9 characters (not shown)',
      'Leave the secret out',
    ],
  ])('%s', (_, fields, path, seen, remedy) => {
    const problem = problemAt(credential(fields), path)
    expect(problem.seen).toBe(seen)
    expect(problem.remedy).toContain(remedy)
  })
})

describe('a connection is refused', () => {
  it.each<[string, Record<string, string>, string, string, string]>([
    [
      'without credentials for the application itself',
      { client: '{ id: app, credentials: [] }' },
      `${c}.client.credentials`,
      'an empty list',
      'Only public clients',
    ],
    [
      'with one upstream and several',
      { upstream: '{ url: https://graph.microsoft.com }', upstreams: '{ a: { resource: "a:b" } }' },
      `${c}.upstreams`,
      'both',
      'each with a name',
    ],
    ['with no upstream among several', { upstreams: '{}' }, `${c}.upstreams`, 'none', 'Name one'],
    ['with an empty upstream', { upstream: '{}' }, `${c}.upstream`, 'none', 'Say where the API is'],
    [
      'with a field of a later version',
      { upstream: '{ url: https://graph.microsoft.com, mirrors: [a] }' },
      `${c}.upstream.mirrors`,
      'the key "mirrors"',
      'docs/reference/config.md',
    ],
    [
      'with an upstream over http on another machine',
      { upstream: '{ url: http://api.example.com, resource: "api://a" }' },
      `${c}.upstream.url`,
      '"http://api.example.com"',
      'Write https',
    ],
    [
      'with a password in its resource',
      { resource: '"https://user:planted-word@api.example.com"' },
      `${c}.resource`,
      '"https://[redacted]@api.example.com"',
      'the API’s identifier',
    ],
    [
      'with a password in the resource of an upstream',
      { upstreams: '{ a: { resource: "api://user:planted-word@a" } }' },
      `${c}.upstreams.a.resource`,
      '"api://[redacted]@a"',
      'the API’s identifier',
    ],
    [
      'with resource and scope for one upstream',
      { upstreams: '{ a: { resource: "a:b", scope: a } }' },
      `${c}.upstreams.a.scope`,
      'both',
      'Keep one of the two',
    ],
    [
      'when another API would be sent tokens for Graph',
      { upstream: '{ url: https://api.example.com }' },
      `${c}.upstream.resource`,
      'neither',
      'only Microsoft Graph is known',
    ],
    [
      'when one of several upstreams on another provider has no target',
      { provider: 'ping', upstreams: '{ a: { scope: a }, b: { url: https://b.de } }' },
      `${c}.upstreams.b.resource`,
      'neither',
      'Say what the tokens are for',
    ],
    [
      'as a template where there are no tenants',
      { provider: 'ping', scope: 'a', tenant: '"*"' },
      `${c}.tenant`,
      '"*"',
      'only Entra has tenants',
    ],
    [
      'with a switch that is a word',
      { refresh: '{ keepWarm: yes }' },
      `${c}.refresh.keepWarm`,
      '"yes"',
      'true or false',
    ],
  ])('%s', (_, fields, path, seen, remedy) => {
    const problem = problemAt(config({ connection: connection(fields) }), path)
    expect(problem.seen).toBe(seen)
    expect(problem.remedy).toContain(remedy)
  })
})

describe('a connection', () => {
  const read = (
    fields: Record<string, string>,
    parts: Parameters<typeof config>[0] = {},
  ): ConnectionConfig | undefined =>
    accepted(config({ ...parts, connection: connection(fields) })).connections['contoso-graph']

  it('may be that of a public client that people consented to', () => {
    const fields = {
      client: '{ id: app, credentials: [] }',
      grant: 'authorization_code',
      scope: 'User.Read offline_access',
    }
    expect(read(fields)).toMatchObject({
      grant: 'authorization_code',
      client: { credentials: [] },
      target: { scope: 'User.Read offline_access' },
    })
  })

  it('may be a template', () => {
    expect(read({ tenant: '"*"' })?.tenant).toBe('*')
  })

  it('has certificates, assertions and commands as credentials, in order', () => {
    const client = `{ id: app, credentials: [
      { certificate: { file: client.pem }, expiresAt: 2027-03-01 },
      { federated: { file: /run/token } }, { secret: { exec: [./bin/vault, read] }, via: basic },
      { certificate: { exec: [vault, "", "a b"] }, algorithm: RS256 } ] }`
    expect(read({ client })?.client.credentials).toEqual([
      {
        type: 'certificate',
        certificate: { file: '/etc/eg/client.pem' },
        algorithm: 'PS256',
        expiresAt: Date.UTC(2027, 2, 1),
      },
      { type: 'federated', assertion: { file: '/run/token' } },
      { type: 'secret', secret: { exec: ['/etc/eg/bin/vault', 'read'] }, via: 'basic' },
      { type: 'certificate', certificate: { exec: ['vault', '', 'a b'] }, algorithm: 'RS256' },
    ])
  })

  it('gets its target from its first upstream, and upstreams theirs from it', () => {
    const several = read({
      upstreams:
        '{ arm: { url: https://management.azure.com/, resource: "https://arm" }, b: { scope: c/.default } }',
    })
    expect(several).toMatchObject({
      target: { resource: 'https://arm' },
      upstreams: {
        arm: { url: 'https://management.azure.com', target: { resource: 'https://arm' } },
        b: { target: { scope: 'c/.default' } },
      },
    })
    const one = read({ resource: 'api://a', upstream: '{ url: "http://localhost:1/v1//" }' })
    expect(Object.keys(one?.upstreams ?? {})).toEqual([''])
    expect(one?.upstreams['']).toMatchObject({
      url: 'http://localhost:1/v1',
      target: { resource: 'api://a' },
    })
  })

  it('knows Graph by its address, in every cloud and where it is overridden', () => {
    const entra = '{ type: entra, tenant: a.de, cloud: usgov, graph: http://127.0.0.1:7001 }'
    for (const url of ['https://graph.microsoft.us/v1.0', 'http://127.0.0.1:7001/v1.0']) {
      const target = { resource: 'https://graph.microsoft.us' }
      expect(read({ upstream: `{ url: "${url}" }` }, { provider: entra })).toMatchObject({
        target,
        upstreams: { '': { url, target } },
      })
    }
  })

  it('rests on a provider whose rotation has its default from its type', () => {
    const rotationOf = (text: string): unknown =>
      accepted(provider(text)).providers['contoso']?.rotation
    expect(rotationOf('{ type: entra, tenant: a.de }')).toEqual({ model: 'overlap', graceMs: 0 })
    expect(
      rotationOf('{ type: entra, tenant: a.de, rotation: { model: strict, grace: 30s } }'),
    ).toEqual({ model: 'strict', graceMs: 30_000 })
  })

  it('may use a server without metadata', () => {
    const endpoints =
      'tokenEndpoint: "https://sso.example.com/token?p=a", revocationEndpoint: http://localhost:1/revoke'
    const text = config({
      provider: oauth2(endpoints),
      connection: connection({ scope: 'read' }),
    })
    expect(accepted(text).providers['contoso']).toEqual({
      type: 'oauth2',
      name: 'contoso',
      tokenEndpoint: 'https://sso.example.com/token?p=a',
      revocationEndpoint: 'http://localhost:1/revoke',
      rotation: { model: 'strict', graceMs: 0 },
    })
  })
})
