import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { configTemplate, placeholderId } from './config-template.ts'
import type {
  AlarmTargetConfig,
  Config,
  ConnectionConfig,
  CredentialConfig,
  ImportConfig,
  IssuerConfig,
  ProviderConfig,
  RejectionRuleConfig,
  SecretReference,
  ServerConfig,
  TargetConfig,
} from './config.ts'
import { connectionEntry } from './connection-entry.ts'
import { maskConfig } from './mask-config.ts'
import { parseConnection } from './parse-connection.ts'
import { parseConfig } from './parse-config.ts'
import { secretReferences } from './secret-references.ts'

const read = (text: string): Config => {
  const parsed = parseConfig(Buffer.from(text), './evergrant.yaml', '/etc/eg')
  if (!parsed.ok) throw parsed.error
  return parsed.value
}

const reference: fc.Arbitrary<SecretReference> = fc.oneof(
  fc.record({ env: fc.stringMatching(/^[A-Z_][A-Z0-9_]{0,20}$/) }),
  fc.record({ file: fc.stringMatching(/^\/[a-z][a-z0-9 ]{0,10}[a-z]$/) }),
  fc.record({
    exec: fc
      .tuple(
        fc.stringMatching(/^(\/bin\/)?[a-z]{1,8}$/),
        fc.array(fc.stringMatching(/^[ -PR-df-~]{0,12}$/)),
      )
      .map(([program, args]) => [program, ...args]),
  }),
)
const durationMs = fc.integer({ min: 1_000, max: 86_400_000 })
const name = fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,12}$/)
const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(value, { nil: undefined })
/** A record without the members that are undefined, as the loader makes them. */
const lean = <T>(record: fc.Arbitrary<unknown>): fc.Arbitrary<T> =>
  record.map((value) => JSON.parse(JSON.stringify(value)) as T)
const named = <T extends object>(
  value: fc.Arbitrary<T>,
): fc.Arbitrary<Record<string, T & { readonly name: string }>> =>
  fc
    .dictionary(name, value, { noNullPrototype: true, maxKeys: 4 })
    .map((record) =>
      Object.fromEntries(Object.entries(record).map(([key, one]) => [key, { ...one, name: key }])),
    )

const database = fc.record({
  url: fc.constantFrom(
    'postgres://eg@localhost/eg',
    'postgres://eg@db.example.com:5433/eg?sslmode=verify-full',
    'postgresql://eg@db.example.com/eg?sslmode=require&application_name=a%20b',
  ),
  password: optional(reference),
})
const rotation = fc.oneof(
  fc.constant({ model: 'overlap' as const, graceMs: 0 }),
  fc.record({ model: fc.constant('strict' as const), graceMs: fc.nat({ max: 600_000 }) }),
)
const provider: fc.Arbitrary<ProviderConfig> = lean<ProviderConfig>(
  fc.oneof(
    fc.record({
      type: fc.constant('entra' as const),
      tenant: fc.constant('contoso.com'),
      cloud: fc.constantFrom('global' as const, 'usgov' as const, 'china' as const),
      graph: optional(fc.constant('http://127.0.0.1:7001')),
      rotation,
    }),
    fc.record({
      type: fc.constant('oidc' as const),
      issuer: fc.constant('https://sso.example.com'),
      rotation,
    }),
    fc.record({
      type: fc.constant('oauth2' as const),
      tokenEndpoint: fc.constant('https://sso.example.com/token?policy=a'),
      revocationEndpoint: optional(fc.constant('http://localhost:1/revoke')),
      rotation,
    }),
  ),
)
const expiresAt = optional(fc.integer({ min: 0, max: 4_000_000_000_000 }))
const credential: fc.Arbitrary<CredentialConfig> = lean<CredentialConfig>(
  fc.oneof(
    fc.record({
      type: fc.constant('secret' as const),
      secret: reference,
      expiresAt,
      via: fc.constantFrom('post' as const, 'basic' as const),
    }),
    fc.record({
      type: fc.constant('certificate' as const),
      certificate: reference,
      expiresAt,
      algorithm: fc.constantFrom('PS256' as const, 'RS256' as const),
    }),
    fc.record({ type: fc.constant('federated' as const), assertion: reference, expiresAt }),
  ),
)
const target: fc.Arbitrary<TargetConfig> = fc.oneof(
  fc.constant({ resource: 'https://graph.microsoft.com' }),
  fc.constant({ scope: 'https://graph.microsoft.com/.default' }),
)
const rule: fc.Arbitrary<RejectionRuleConfig> = lean<RejectionRuleConfig>(
  fc.record({
    name: optional(fc.constant('expired')),
    status: optional(fc.constantFrom([500], [403, 500], [200])),
    header: optional(
      fc.constantFrom<RejectionRuleConfig['header']>(
        { name: 'x-error' },
        { name: 'x-error', contains: 'Expired' },
      ),
    ),
    json: optional(fc.constant({ pointer: '/error/code', equals: [190, '190', true] })),
    text: fc.constantFrom('access token expired', 'null', '# token: "expired"'),
    isEmpty: optional(fc.constant(true as const)),
    path: optional(fc.constant('/v1/**')),
    tokenAgeMs: optional(durationMs),
  }),
)
/** Headers and query as the loader leaves them: the token stands somewhere. */
const placed = fc.constantFrom(
  { headers: { authorization: 'Bearer {token}' }, query: {} },
  { headers: { authorization: 'Bearer {token}', 'x-version': '2' }, query: {} },
  { headers: { 'x-api-token': '{token}' }, query: { version: '1.0' } },
  { headers: { authorization: 'Bearer {token}', 'x-api-token': '{token}' }, query: {} },
  { headers: {}, query: { access_token: '{token}' } },
)
const api = fc
  .record({
    // Graph in the cloud, the override of some of the providers, and neither.
    url: fc.constantFrom(
      'https://graph.microsoft.com',
      'http://127.0.0.1:7001/v1.0',
      'https://api.example.com/v1',
    ),
    target,
    placed,
    methods: fc.constantFrom([], ['GET', 'POST']),
    paths: fc.constantFrom([], ['/v1.0/**', '/beta/users/*']),
    rejected: fc.uniqueArray(fc.oneof(fc.constantFrom('microsoft', 'slack'), rule), {
      maxLength: 3,
      selector: (one) => JSON.stringify(one),
    }),
    replayUnsafe: fc.boolean(),
    normalise: fc.boolean(),
    links: fc.constantFrom('rewrite', 'keep'),
    allowPrivate: fc.boolean(),
    http2: fc.boolean(),
    timeouts: fc.record({
      connectMs: fc.constantFrom(10_000, 250),
      headersMs: fc.constantFrom(60_000, 90_000),
      idleMs: fc.constantFrom(60_000, 3_600_000),
    }),
    concurrency: optional(fc.integer({ min: 1, max: 10_000 })),
  })
  .map(({ placed: where, ...rest }) => ({ ...rest, ...where }))
const upstream = fc.oneof(fc.record({ target }), api)
/** Connections of the provider named; tenants only where it has them. */
const connection = (providerName: string, hasTenants: boolean): fc.Arbitrary<ConnectionConfig> =>
  lean<ConnectionConfig>(
    fc.record({
      provider: fc.constant(providerName),
      tenant: hasTenants ? optional(fc.oneof(fc.uuid(), fc.constant('*'))) : fc.constant(undefined),
      client: fc.record({
        id: fc.stringMatching(/^[\x21-\x7e]{1,20}$/),
        credentials: fc.array(credential, { minLength: 1, maxLength: 3 }),
      }),
      grant: fc.constantFrom('client_credentials' as const, 'authorization_code' as const),
      target,
      upstreams: fc.oneof(
        fc.dictionary(name, upstream, { noNullPrototype: true, maxKeys: 3 }),
        upstream.map((one) => ({ '': one })),
      ),
      refresh: fc.record({
        beforeMs: durationMs,
        maxAgeMs: optional(durationMs),
        keepWarm: fc.boolean(),
      }),
    }),
  )
const destination = fc.oneof(
  fc.record({ to: fc.constantFrom('store', 'ndjson:/out', 'csv:/out dir', 'sqlite:/out/a.db') }),
  database.map(({ url, password }) => ({ to: url, password })),
)
const issuerFields = {
  audiences: fc.uniqueArray(fc.constantFrom('api://orders', '#orders', 'https://x/'), {
    minLength: 1,
  }),
  skewMs: fc.integer({ min: 0, max: 300_000 }),
  longestLifeMs: fc.integer({ min: 60_000, max: 2_592_000_000 }),
  claims: fc.constantFrom<IssuerConfig['claims']>(['token'], ['token', 'id_token']),
  match: fc.constantFrom<IssuerConfig['match']>(
    [],
    [
      {
        pairs: [
          { claim: 'email', column: 'mail', source: 'token', ignoreCase: true },
          { claim: 'employee', column: 'employeeId', ignoreCase: false },
        ],
        acrossTenants: true,
        acceptMutable: true,
      },
      {
        pairs: [{ claim: 'oid', column: 'id', ignoreCase: false }],
        acrossTenants: false,
        acceptMutable: false,
      },
    ],
  ),
  userName: fc.constantFrom('preferred_username', 'https://x/name'),
  scopes: fc.constantFrom<readonly string[]>([], ['access_as_user']),
  access: fc.constantFrom<IssuerConfig['access']>(
    [],
    [
      { connections: '*', role: 'viewer' },
      { when: { claim: 'roles', value: 'Admin' }, role: 'admin', connections: [] },
      { when: { group: '11111111-2222-4333-8444-555555555555' }, connections: ['a'] },
      {
        when: { app: '22222222-3333-4444-8555-666666666666' },
        role: 'operator',
        connections: ['a', 'b'],
      },
    ],
  ),
  client: optional(
    fc.record({
      id: fc.constant('api-1'),
      credentials: fc.array(
        fc.record({
          type: fc.constant('secret' as const),
          secret: reference,
          via: fc.constant('basic' as const),
        }),
        { maxLength: 2 },
      ),
    }),
  ),
  introspection: fc.constant({ clients: [] }),
  userinfo: fc.constant({ acceptAnyAudience: false }),
  longestSessionMs: fc.integer({ min: 60_000, max: 2_592_000_000 }),
}
const issuer: fc.Arbitrary<IssuerConfig> = fc.oneof(
  lean<IssuerConfig>(
    fc.record({
      ...issuerFields,
      type: fc.constant('entra' as const),
      tenants: fc.constant(['11111111-2222-4333-8444-555555555555']),
      cloud: fc.constantFrom('global' as const, 'usgov' as const, 'china' as const),
      authority: optional(fc.constant('https://login.example.com')),
    }),
  ),
  lean<IssuerConfig>(
    fc.record({
      ...issuerFields,
      type: fc.constant('oidc' as const),
      tenant: fc.constant('11111111-2222-4333-8444-555555555555'),
      issuer: fc.constantFrom('https://sso.example.com', 'https://sso.example.com/a/'),
    }),
  ),
)

/** No two issuers accept the same tokens. */
const apart = (issuers: Readonly<Record<string, IssuerConfig>>): Record<string, IssuerConfig> =>
  Object.fromEntries(
    Object.entries(issuers).map(([key, one], index) => [
      key,
      one.type === 'entra'
        ? { ...one, tenants: [`11111111-2222-4333-8444-55555555555${index}`] }
        : { ...one, issuer: `${one.issuer}/${index}` },
    ]),
  )

const imports: fc.Arbitrary<ImportConfig> = lean<ImportConfig>(
  fc
    .record({
      destination,
      columns: fc.constantFrom({}, { users: ['id', 'mail'] }, { groups: ['id'], users: ['id'] }),
      csv: fc.record({
        header: fc.boolean(),
        delimiter: fc.constantFrom(',', ';', '\t', '¦', '#', ' '),
        bom: fc.boolean(),
      }),
      policy: optional(
        fc
          .record({
            drop: fc.constantFrom([], ['mobilePhone'], ['mobilePhone', 'city']),
            hash: optional(fc.record({ columns: fc.constant(['mail']), key: reference })),
          })
          .map(({ drop, hash }) => ({ drop, ...(hash === undefined ? {} : { hash }) })),
      ),
      filter: optional(fc.constant("startsWith(mail,'a')")),
      alone: fc.constantFrom('users', 'groups'),
      pageSize: optional(fc.integer({ min: 1, max: 999 })),
      concurrency: fc.oneof(fc.constant('auto' as const), fc.integer({ min: 1, max: 32 })),
      refreshBeforeMs: durationMs,
      publish: fc.constantFrom('complete' as const, 'partial' as const),
      delta: fc.boolean(),
      deleteAtMost: fc.double({ min: 0, max: 1, noNaN: true }),
      schedule: optional(fc.constant('0 2 * * 1-5')),
    })
    .map(({ alone, columns, destination: where, csv, delta, deleteAtMost, policy, ...rest }) => ({
      ...rest,
      ...where,
      connection: 'of-the-store',
      // A filter is of one collection, and columns are those of what is imported.
      ...(rest.filter === undefined
        ? { collections: ['users', 'groups', 'members'], columns, policy }
        : { collections: [alone], columns: {} }),
      csv: where.to.startsWith('csv:') ? csv : { header: true, delimiter: ',', bom: false },
      delta: delta && rest.filter === undefined && !/^(csv|ndjson):/.test(where.to),
      deleteAtMost: where.to === 'store' ? deleteAtMost : 0.1,
    })),
)

const server: fc.Arbitrary<ServerConfig> = lean<ServerConfig>(
  fc
    .record({
      where: fc.constantFrom(
        { host: '127.0.0.1', port: 8420, publicUrl: 'https://localhost:8420' },
        { host: '::1', port: 0, publicUrl: 'https://localhost:0' },
        { host: '0.0.0.0', port: 443, publicUrl: 'https://evergrant.example.com' },
      ),
      tls: fc.record({ cert: fc.constant('/etc/eg/cert.pem'), key: reference }),
      trustedProxies: fc.constantFrom([], ['10.0.0.1', 'fd00::/8']),
      drainMs: fc.constantFrom(0, 30_000, 600_000),
      limits: fc.record({
        ratePerSecond: optional(fc.constantFrom(0.5, 100)),
        concurrency: optional(fc.integer({ min: 1, max: 100_000 })),
      }),
      traces: fc.record({ keep: fc.integer({ min: 1_000, max: 10_000_000 }) }),
      log: fc.record({ level: fc.constantFrom('debug', 'info', 'warn', 'error') }),
      console: fc.record({
        enabled: fc.boolean(),
        idleMs: fc.constantFrom(300_000, 1_800_000),
        longestMs: fc.constantFrom(43_200_000, 604_800_000),
      }),
    })
    .map(({ where: { publicUrl, ...listen }, ...rest }) => ({ ...rest, listen, publicUrl })),
)

const receiver: fc.Arbitrary<AlarmTargetConfig> = fc.oneof(
  fc.record({
    type: fc.constant('webhook' as const),
    url: fc.oneof(fc.constant('https://hooks.example.com/alarms?of=us'), reference),
    secret: reference,
    format: fc.constantFrom('plain', 'slack', 'teams'),
    allowPrivate: fc.boolean(),
  }),
  fc.record({
    type: fc.constant('smtp' as const),
    host: fc.constant('mail.example.com'),
    port: fc.integer({ min: 1, max: 65_535 }),
    user: fc.constant('evergrant'),
    password: reference,
    from: fc.constant('evergrant@example.com'),
    to: fc.constantFrom(['ops@example.com'], ['ops@example.com', 'csp@example.com']),
    tls: fc.constantFrom('starttls', 'implicit'),
  }),
)
const alarms: fc.Arbitrary<Config['alarms']> = fc.record({
  to: fc.array(receiver, { maxLength: 3 }),
  giveUpAfterMs: fc.integer({ min: 3_600_000, max: 30 * 86_400_000 }),
})

const config: fc.Arbitrary<Config> = named(provider).chain((providers) => {
  const [[providerName, { type }] = ['none', { type: 'none' }]] = Object.entries(providers)
  return lean<Config>(
    fc.record({
      file: fc.constant('./evergrant.yaml'),
      store: fc.oneof(
        fc.constant({ type: 'sqlite' as const, path: '/var/lib/evergrant.db' }),
        database.map((one) => ({ type: 'postgres' as const, ...one })),
      ),
      encryption: fc.record({
        keys: fc.uniqueArray(
          fc.record({ id: fc.stringMatching(/^[A-Za-z0-9][\w.-]{0,20}$/), source: reference }),
          { minLength: 1, maxLength: 3, selector: ({ id }) => id },
        ),
      }),
      server,
      network: fc.record({
        proxy: fc.oneof(
          fc.constantFrom('env' as const, 'none' as const),
          fc.constant({ url: 'http://proxy.example.com:3128' }),
          fc.record({ url: fc.constant('https://eg@proxy.example.com'), password: reference }),
        ),
        ca: fc.constantFrom([], ['/etc/ca.pem', '/etc/other ca.pem']),
      }),
      providers: fc.constant(providers),
      connections:
        type === 'none' ? fc.constant({}) : named(connection(providerName, type === 'entra')),
      imports: named(imports),
      issuers: named(issuer).map(apart),
      alarms,
    }),
  )
})

describe('the masked print-out', () => {
  it('reads back as the same configuration', () => {
    fc.assert(
      fc.property(config, (original) => {
        expect(read(maskConfig(original))).toEqual(original)
      }),
    )
  })

  it('holds connections that read back when they are kept in the store', () => {
    fc.assert(
      fc.property(config, (original) => {
        for (const one of Object.values(original.connections)) {
          const body: unknown = JSON.parse(JSON.stringify(connectionEntry(one)))
          expect(parseConnection(one.name, body, original)).toEqual({ ok: true, value: one })
        }
      }),
    )
  })

  it('keeps what tokens must hold and which customers a grant serves, in the store as well', () => {
    const original = read(
      configTemplate({ for: 'consent' }).replace('first: 1', 'first: 2\n      required: true'),
    )
    expect(read(maskConfig(original))).toEqual(original)
    const csp = original.connections['csp'] as ConnectionConfig
    expect(csp).toMatchObject({
      requires: [{ scopes: ['User.Read', 'Directory.Read.All'] }],
      customers: { first: 2, isRequired: true },
    })
    const body: unknown = JSON.parse(JSON.stringify(connectionEntry(csp)))
    expect(parseConnection('csp', body, original)).toEqual({ ok: true, value: csp })
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

  it('is valid with the import and the receiver that it proposes, too', () => {
    const proposed = configTemplate({ for: 'import' }).replaceAll(/^# (?=imports:|alarms:| )/gm, '')
    const starter = read(proposed)
    expect(starter.imports['assets']).toMatchObject({
      collections: ['users'],
      schedule: '0 2 * * *',
    })
    expect(starter.alarms.to).toHaveLength(1)
  })

  it('calls Graph through the gateway, and knows its refusals, when it is for that', () => {
    const { connections, server: served } = read(configTemplate({ for: 'gateway' }))
    expect(served.listen).toEqual({ host: '127.0.0.1', port: 8420 })
    expect(connections['contoso-graph']).toMatchObject({
      client: { id: placeholderId },
      upstreams: {
        '': { url: 'https://graph.microsoft.com', rejected: ['microsoft'], links: 'rewrite' },
      },
    })
  })

  it('shows rules and limits in comments that are valid when they are uncommented', () => {
    const text = configTemplate({ for: 'gateway' })
    const uncommented = text.replaceAll(/^( *)# (?=- \{|methods:|paths:|publicUrl:|tls:)/gm, '$1')
    const { connections, server: served } = read(uncommented)
    expect(served.publicUrl).toBe('https://evergrant.example.com')
    expect(connections['contoso-graph']?.upstreams['']).toMatchObject({
      methods: ['GET'],
      paths: ['/v1.0/users/**'],
      rejected: [
        'microsoft',
        { status: [500], text: 'access token expired' },
        { status: [403], json: { pointer: '/error/code', equals: ['TokenExpired'] } },
      ],
    })
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
