import { describe, expect, it } from 'vitest'
import { accepted, config } from '../../test/support/config-text.ts'
import { connectionToFile } from './connection-file.ts'
import { connectionPresets, isConnectionPreset } from './connection-presets.ts'
import type { ConnectionConfig } from './config.ts'
import { parseConnection } from './parse-connection.ts'
import type { ConfigError } from './problem.ts'

const home = accepted(config({}))
const entry = (fields: object): Record<string, unknown> => ({
  provider: 'contoso',
  client: { id: 'app', credentials: [{ secret: { sealed: 'credentials[0]' } }] },
  grant: 'client_credentials',
  ...fields,
})
const withSecret = (secret: unknown): Record<string, unknown> =>
  entry({ client: { id: 'app', credentials: [{ secret }] } })

const refusedAs = (value: unknown, name = 'stored'): ConfigError => {
  const parsed = parseConnection(name, value, home)
  if (parsed.ok) throw new Error('the connection was accepted')
  return parsed.error
}
const read = (value: unknown, name = 'stored'): ConnectionConfig => {
  const parsed = parseConnection(name, value, home)
  if (!parsed.ok) throw parsed.error
  return parsed.value
}

describe('a connection of the store is refused', () => {
  it('with every problem at once, each named by its path alone', () => {
    const error = refusedAs(entry({ provider: 'contso', grant: 'client_credential', extra: 1 }))
    expect(error.code).toBe('connection_invalid')
    expect(error.problems.map(({ path, line }) => `${line} ${path}`)).toEqual([
      '0 connections.stored.grant',
      '0 connections.stored.extra',
      '0 connections.stored.provider',
    ])
    expect(error.detail).toMatch(
      /^3 problems in the connection "stored"\n {2}"connections\.stored\.g/,
    )
    expect(error.detail).toContain('Did you mean "contoso"?')
    expect(error.detail).not.toContain(':0')
  })

  it.each<[string, unknown, string, string]>([
    ['that is no mapping', 'planted', '', 'a mapping'],
    ['that is nothing', null, '', 'a mapping'],
    ['with the secret itself', withSecret('planted'), '.client.credentials[0].secret', 'a mapping'],
    [
      'with a slot and a variable',
      withSecret({ sealed: 'a', env: 'A' }),
      '.client.credentials[0].secret',
      'exactly one of "env", "file", "exec" and "sealed"',
    ],
    [
      'with a slot that is none',
      withSecret({ sealed: 'planted slot' }),
      '.client.credentials[0].secret.sealed',
      'the name of a slot',
    ],
    [
      'with a file that starts from nowhere',
      withSecret({ file: './secret' }),
      '.client.credentials[0].secret.file',
      'an absolute path',
    ],
    [
      'with a program that starts from nowhere',
      withSecret({ exec: ['bin/secret'] }),
      '.client.credentials[0].secret.exec',
      'an absolute path',
    ],
    [
      'without credentials',
      entry({ client: { id: 'app', credentials: [] } }),
      '.client.credentials',
      'at least one credential',
    ],
  ])('%s', (_, value, path, expected) => {
    const { problems, detail } = refusedAs(value)
    const problem = problems.find((one) => one.path === `connections.stored${path}`)
    expect(problem?.expected).toContain(expected)
    expect(detail).not.toContain('planted')
  })

  it('by a name that could not stand in an address', () => {
    const { problems } = refusedAs(entry({}), 'a@b')
    expect(problems).toMatchObject([{ expected: expect.stringMatching(/^a name of 1/) as string }])
  })

  it('by a name of every object', () => {
    expect(refusedAs(undefined, 'constructor').problems[0]?.expected).toContain('a mapping')
  })
})

describe('a connection of the store', () => {
  it('may have its secrets sealed there, or name what holds them', () => {
    expect(read(entry({})).client.credentials).toEqual([
      { type: 'secret', secret: { sealed: 'credentials[0]' }, via: 'post' },
    ])
    expect(read(withSecret({ exec: ['vault', 'read'] })).client.credentials).toMatchObject([
      { secret: { exec: ['vault', 'read'] } },
    ])
  })

  it('has the same defaults as one of the file', () => {
    const fields = { client: { id: 'app', credentials: [{ secret: { env: 'CONTOSO_SECRET' } }] } }
    expect(read(entry(fields), 'contoso-graph')).toEqual(home.connections['contoso-graph'])
  })
})

describe('an exported connection', () => {
  it('is an entry of the file that names a variable for each sealed secret', () => {
    const stored = read(
      entry({
        tenant: '*',
        client: {
          id: 'app',
          credentials: [
            { secret: { sealed: 'a' } },
            { secret: { sealed: 'b' } },
            { certificate: { sealed: 'c' } },
            { federated: { file: '/run/token' } },
          ],
        },
      }),
      '2-csp.eu',
    )
    const { yaml, variables } = connectionToFile(stored)
    expect(variables).toEqual(['_2_CSP_EU_SECRET', '_2_CSP_EU_SECRET_2', '_2_CSP_EU_CERTIFICATE'])
    expect(yaml).not.toContain('sealed')
    const file = `store: sqlite:a\nencryption: { keys: [{ id: k1, env: K }] }\nproviders: { contoso: { type: entra, tenant: a.de } }\n${yaml}`
    const again = accepted(file).connections['2-csp.eu']
    expect({ ...again, client: undefined }).toEqual({ ...stored, client: undefined })
    expect(again?.client.credentials).toMatchObject([
      { secret: { env: '_2_CSP_EU_SECRET' } },
      { secret: { env: '_2_CSP_EU_SECRET_2' } },
      { certificate: { env: '_2_CSP_EU_CERTIFICATE' } },
      { assertion: { file: '/run/token' } },
    ])
  })
})

describe('a preset', () => {
  it('is known by its name', () => {
    expect(isConnectionPreset('csp-partner')).toBe(true)
    expect(isConnectionPreset('constructor')).toBe(false)
  })

  it.each(Object.entries(connectionPresets))(
    '%s lacks nothing but provider, tenant and client',
    (_, preset) => {
      const client = { id: 'app', credentials: [{ secret: { sealed: 'credentials[0]' } }] }
      expect(read(preset.entry({ provider: 'contoso', tenant: 'a.de', client }))).toMatchObject({
        tenant: 'a.de',
        client: { id: 'app' },
      })
    },
  )

  it('for partners has one grant for three APIs', () => {
    const client = { id: 'app', credentials: [{ secret: { sealed: 'credentials[0]' } }] }
    const made = read(connectionPresets['csp-partner'].entry({ provider: 'contoso', client }))
    expect(made.grant).toBe('authorization_code')
    expect(Object.keys(made.upstreams)).toEqual(['partner', 'graph', 'arm'])
    expect(made.target).toEqual({ resource: 'https://api.partnercenter.microsoft.com' })
  })
})
