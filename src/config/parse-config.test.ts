import { describe, expect, it } from 'vitest'
import { accepted, config, credential, problemAt, refused } from '../../test/support/config-text.ts'

const expiresAt = (written: string): number | undefined =>
  accepted(credential(`{ secret: { env: A }, expiresAt: ${written} }`)).connections['contoso-graph']
    ?.client.credentials[0]?.expiresAt

describe('an unknown key is refused', () => {
  it('with the one that was meant', () => {
    const text = config({ provider: '{ type: entra, tenant: contoso.com, graf: https://a }' })
    expect(problemAt(text, 'providers.contoso.graf')).toEqual({
      path: 'providers.contoso.graf',
      line: 4,
      column: 48,
      expected: 'one of "type", "tenant", "cloud", "authority", "graph" or "rotation"',
      seen: 'the key "graf"',
      remedy: 'Did you mean "graph"?',
    })
  })

  it('at the top, with those that exist', () => {
    expect(problemAt(config({ more: 'alerts: {}' }), 'alerts').expected).toBe(
      'one of "store", "encryption", "server", "network", "providers", "connections", "imports", "issuers" or "alarms"',
    )
  })
})

describe('problems', () => {
  it('for a name that could not stand in an address', () => {
    for (const name of ['Contoso', 'a@b', 'a:b', 'a/b', "''", '<<']) {
      const { problems } = refused(config({ more: `  ${name}: {}` }))
      expect(problems.some(({ expected }) => expected.startsWith('a name of 1 to 64'))).toBe(true)
    }
  })

  it('together with all others, in file order', () => {
    const { problems, detail } = refused(`stroe: sqlite:a
encryption: { keys: [{ id: k1 }] }
providers:
  contoso: { type: entra, tenant: common }
connections:
  a: { provider: contso, client: { id: 5, credentials: [] }, grant: client_credential }
`)
    expect(problems.map(({ line, path }) => `${line} ${path}`)).toEqual([
      '1 store',
      '1 stroe',
      '2 encryption.keys[0]',
      '4 providers.contoso.tenant',
      '6 connections.a.provider',
      '6 connections.a.client.id',
      '6 connections.a.client.credentials',
      '6 connections.a.grant',
    ])
    expect(detail).toContain('8 problems in ./evergrant.yaml\n  ./evergrant.yaml:1:1  "store"\n')
  })
})

describe('a valid configuration', () => {
  it('comes with defaults filled in and paths from its own folder', () => {
    expect(accepted(config({}))).toEqual({
      file: './evergrant.yaml',
      store: { type: 'sqlite', path: '/etc/eg/data/evergrant.db' },
      encryption: { keys: [{ id: 'k1', source: { file: '/etc/eg/evergrant.key' } }] },
      server: {
        listen: { host: '127.0.0.1', port: 8420 },
        publicUrl: 'http://localhost:8420',
        trustedProxies: [],
        drainMs: 30_000,
        limits: {},
        traces: { keep: 100_000 },
        log: { level: 'info' },
        console: { enabled: true, idleMs: 1_800_000, longestMs: 43_200_000 },
      },
      network: { proxy: 'env', ca: [] },
      providers: {
        contoso: {
          type: 'entra',
          name: 'contoso',
          tenant: 'contoso.onmicrosoft.com',
          cloud: 'global',
          rotation: { model: 'overlap', graceMs: 0 },
        },
        ping: {
          type: 'oidc',
          name: 'ping',
          issuer: 'https://sso.example.com',
          rotation: { model: 'strict', graceMs: 0 },
        },
      },
      connections: {
        'contoso-graph': {
          name: 'contoso-graph',
          provider: 'contoso',
          client: {
            id: 'app',
            credentials: [{ type: 'secret', secret: { env: 'CONTOSO_SECRET' }, via: 'post' }],
          },
          grant: 'client_credentials',
          target: { resource: 'https://graph.microsoft.com' },
          upstreams: {},
          refresh: { beforeMs: 300_000, keepWarm: false },
        },
      },
      imports: {},
      issuers: {},
      alarms: { to: [], giveUpAfterMs: 259_200_000 },
    })
  })

  it.each([
    ['global', 'https://graph.microsoft.com'],
    ['usgov', 'https://graph.microsoft.us'],
    ['china', 'https://microsoftgraph.chinacloudapi.cn'],
  ])('in the cloud %s asks for %s unless told otherwise', (cloud, resource) => {
    const provider = `{ type: entra, tenant: a.de, cloud: ${cloud}, graph: http://127.0.0.1:7001 }`
    const { connections } = accepted(config({ provider }))
    expect(connections['contoso-graph']?.target).toEqual({ resource })
  })

  it('may reach this machine over http', () => {
    for (const url of ['http://localhost:7001', 'http://127.0.0.2/', 'http://[::1]:7001']) {
      const provider = `{ type: entra, tenant: a.de, authority: "${url}" }`
      expect(accepted(config({ provider })).providers['contoso']).toMatchObject({
        authority: new URL(url).origin,
      })
    }
  })

  it('reads the end of a credential as a day in UTC or as an instant', () => {
    expect(expiresAt('2027-03-01')).toBe(Date.UTC(2027, 2, 1))
    expect(expiresAt('2028-02-29T12:30:00+02:00')).toBe(Date.UTC(2028, 1, 29, 10, 30))
  })

  it('may begin with a byte order mark and end its lines as Windows does', () => {
    const text = config({}).replaceAll('\n', '\r\n')
    expect(accepted(`\ufeff${text}`)).toEqual(accepted(config({})))
  })

  it('may have neither providers nor connections yet', () => {
    const text = 'store: sqlite:a\nencryption: { keys: [{ id: k1, env: KEY }] }'
    expect(accepted(text)).toMatchObject({ providers: {}, connections: {} })
  })
})
