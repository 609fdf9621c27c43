import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { configTemplate, placeholderId } from './config-template.ts'
import type { Config } from './config.ts'
import { maskConfig } from './mask-config.ts'
import { parseConfig } from './parse-config.ts'
import { secretReferences } from './secret-references.ts'

const read = (text: string): Config => {
  const parsed = parseConfig(Buffer.from(text), './evergrant.yaml', '/etc/eg')
  if (!parsed.ok) throw parsed.error
  return parsed.value
}

const reference = fc.oneof(
  fc.record({ env: fc.stringMatching(/^[A-Z_][A-Z0-9_]{0,20}$/) }),
  fc.record({ file: fc.stringMatching(/^\/[a-z][a-z0-9 ]{0,10}[a-z]$/) }),
)
const durationMs = fc.integer({ min: 1_000, max: 86_400_000 })
const dictionary = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<Record<string, T>> =>
  fc.dictionary(fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,12}$/), value, { noNullPrototype: true })
const named = <T extends object>(record: Record<string, T>): Record<string, T & { name: string }> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, { ...value, name }]))

const config: fc.Arbitrary<Config> = fc
  .record({
    keys: fc.uniqueArray(
      fc.record({ id: fc.stringMatching(/^[A-Za-z0-9][\w.-]{0,20}$/), source: reference }),
      { minLength: 1, maxLength: 3, selector: ({ id }) => id },
    ),
    clouds: dictionary(fc.constantFrom('global', 'usgov', 'china')),
    connections: dictionary(
      fc.record({
        tenant: fc.option(fc.uuid(), { nil: undefined }),
        clientId: fc.stringMatching(/^[\x21-\x7e]{1,20}$/),
        secret: reference,
        expiresAt: fc.option(fc.integer({ min: 0, max: 4_000_000_000_000 }), { nil: undefined }),
        via: fc.constantFrom('post', 'basic'),
        beforeMs: durationMs,
        maxAgeMs: fc.option(durationMs, { nil: undefined }),
      }),
    ),
  })
  .filter(({ clouds }) => Object.keys(clouds).length > 0)
  .map(({ keys, clouds, connections }) => ({
    file: './evergrant.yaml',
    store: { type: 'sqlite', path: '/var/lib/evergrant.db' },
    encryption: { keys },
    providers: named(
      Object.fromEntries(
        Object.entries(clouds).map(([name, cloud]) => [
          name,
          { type: 'entra', tenant: 'contoso.com', cloud, graph: 'http://127.0.0.1:7001' },
        ]),
      ),
    ) as Config['providers'],
    connections: named(
      Object.fromEntries(
        Object.entries(connections).map(([name, options]) => [
          name,
          {
            provider: Object.keys(clouds)[0] ?? '',
            ...(options.tenant === undefined ? {} : { tenant: options.tenant }),
            client: {
              id: options.clientId,
              credentials: [
                {
                  type: 'secret',
                  secret: options.secret,
                  ...(options.expiresAt === undefined ? {} : { expiresAt: options.expiresAt }),
                  via: options.via,
                },
              ],
            },
            grant: 'client_credentials',
            target: { resource: 'https://graph.microsoft.com' },
            refresh: {
              beforeMs: options.beforeMs,
              ...(options.maxAgeMs === undefined ? {} : { maxAgeMs: options.maxAgeMs }),
            },
          },
        ]),
      ),
    ) as Config['connections'],
  }))

describe('the masked print-out', () => {
  it('reads back as the same configuration', () => {
    fc.assert(
      fc.property(config, (original) => {
        expect(read(maskConfig(original))).toEqual(original)
      }),
    )
  })

  it('shows every default of the starter file, and references in place of secrets', () => {
    const printed = maskConfig(read(configTemplate({ for: 'import' })))
    expect(printed).toContain('env: CONTOSO_SECRET')
    expect(printed).toContain('via: post')
    expect(printed).toContain('before: 5m')
  })
})

describe('the starter file', () => {
  it('is valid as it stands, and as filled in by init', () => {
    expect(read(configTemplate({ for: 'import' })).providers['contoso']).toMatchObject({
      tenant: placeholderId,
    })
    const filled = read(configTemplate({ for: 'import', tenant: 'contoso.com', clientId: 'app' }))
    expect(filled.providers['contoso']).toMatchObject({ tenant: 'contoso.com' })
    expect(filled.connections['contoso-graph']?.client.id).toBe('app')
  })

  it('refers to the key and to one secret', () => {
    expect(secretReferences(read(configTemplate({ for: 'import' })))).toEqual([
      { askedBy: 'encryption.keys[0]', reference: { file: '/etc/eg/evergrant.key' } },
      {
        askedBy: 'connections.contoso-graph.client.credentials[0].secret',
        reference: { env: 'CONTOSO_SECRET' },
      },
    ])
  })
})
