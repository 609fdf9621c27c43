import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startSimulator, type Simulator } from '../../src/simulator/index.ts'
import { makeBearerFixture, outcomeOf, type BearerFixture } from '../support/bearer-fixture.ts'
import { startClaimsProvider, type ClaimsProvider } from '../support/claims-provider.ts'

const tenant = '11111111-2222-4333-8444-555555555555'
const annaId = 'aaaaaaaa-1111-4222-8333-444444444444'

describe('an issuer that is asked about tokens', () => {
  let provider: ClaimsProvider
  let fixture: BearerFixture
  const issuer = (fields: string): string =>
    `  ping: { type: oidc, issuer: "${provider.issuer}", tenant: ${tenant}, ${fields} }\n`
  const client = '{ id: evergrant, credentials: [{ secret: { file: ./asking } }] }'
  beforeAll(async () => {
    provider = await startClaimsProvider()
    fixture = await makeBearerFixture({
      issuers: issuer(`audiences: ["https://opaque.example"]`),
      secrets: { asking: provider.asking.secret },
    })
    await fixture.importUsers(tenant, [
      { id: annaId, employeeId: 'e-1', mail: 'anna@contoso.example' },
      { employeeId: 'e-2', mail: 'shared@contoso.example' },
      { employeeId: 'e-3', mail: 'shared@contoso.example' },
    ])
  })
  afterAll(async () => {
    await fixture.close()
    await provider.close()
  })
  const open = async (fields: string): ReturnType<BearerFixture['reconfigure']> =>
    fixture.reconfigure({ issuers: issuer(fields) })
  const opaque = 'audiences: ["https://opaque.example"]'

  it('tells by introspection whose an opaque token is, for whom, and since when it is not', async () => {
    const bearer = await open(
      `${opaque}, claims: [introspection], client: ${client}, match: [{ claim: sub, column: employeeId }]`,
    )
    const anna = await provider.signIn({ scope: 'openid read', resource: 'https://opaque.example' })
    expect(anna.accessToken).not.toContain('.')
    expect(await bearer.identifier.identify(anna.accessToken)).toMatchObject({
      error: { code: 'account_unmatched', issuer: 'ping' },
    })
    const none = await open(`${opaque}, claims: [introspection], client: ${client}, match: []`)
    expect(await none.identifier.identify(anna.accessToken)).toMatchObject({
      value: { issuer: 'ping', subject: 'anna', clientId: 'web', scopes: ['read'] },
    })
    await provider.revoke(anna.accessToken)
    const again = await open(`${opaque}, claims: [introspection], client: ${client}, match: []`)
    expect(await outcomeOf(again, anna.accessToken)).toBe('claim_source: token_inactive')

    const userInfo = await provider.signIn({})
    expect(await outcomeOf(again, userInfo.accessToken)).toBe('audience: token_audience_refused')
    const trusted = await open(
      `${opaque}, claims: [introspection], client: ${client}, match: [], introspection: { clients: [web] }`,
    )
    expect(await outcomeOf(trusted, userInfo.accessToken)).toBe('no account')
  })

  it('takes an application’s token for no user', async () => {
    const token = await provider.applicationToken()
    const bearer = await open(
      `${opaque}, claims: [introspection], client: ${client}, match: [{ claim: client_id, column: employeeId }]`,
    )
    expect(await outcomeOf(bearer, token)).toBe('mapping: account_unmatched')
    const named = await open(
      `${opaque}, claims: [introspection], client: ${client}, match: [{ claim: client_id, column: employeeId }], access: [{ app: robot, role: viewer }]`,
    )
    expect(await outcomeOf(named, token)).toBe('no account, viewer')
  })

  it('adds by UserInfo what its own answer does not tell, or proves the token by it', async () => {
    const both = await open(
      `${opaque}, claims: [introspection, userinfo], client: ${client}, introspection: { clients: [web] }, match: [{ claim: employee, column: employeeId }]`,
    )
    const anna = await provider.signIn({})
    const identified = await both.identifier.identify(anna.accessToken)
    expect(identified).toMatchObject({ value: { account: { id: annaId } } })
    expect(identified.ok ? identified.value.claims : []).toContainEqual({
      name: 'employee',
      value: 'e-1',
      source: 'userinfo',
    })
    const proof = await open(
      `${opaque}, claims: [userinfo], userinfo: { acceptAnyAudience: true }, match: [{ claim: employee, column: employeeId }]`,
    )
    const asked = provider.requests.get('/me') ?? 0
    expect(await outcomeOf(proof, anna.accessToken)).toBe(annaId)
    expect(await outcomeOf(proof, anna.accessToken)).toBe(annaId)
    expect(provider.requests.get('/me')).toBe(asked + 1)
    // An API’s token is not for UserInfo, and its issuer says so.
    const other = await provider.signIn({
      scope: 'openid read',
      resource: 'https://opaque.example',
    })
    expect(await outcomeOf(proof, other.accessToken)).toBe('claim_source: token_inactive')
  })

  it('refuses one e-mail address of two accounts, whoever is asked', async () => {
    const bearer = await open(
      `${opaque}, claims: [userinfo], userinfo: { acceptAnyAudience: true }, match: [{ claim: email, column: mail, acceptMutable: true }]`,
    )
    const bert = await provider.signIn({ user: 'bert', scope: 'openid email' })
    expect(await outcomeOf(bearer, bert.accessToken)).toBe('mapping: account_ambiguous')
    const anna = await provider.signIn({ scope: 'openid email' })
    expect(await outcomeOf(bearer, anna.accessToken)).toBe(annaId)
  })

  it('is believed in signed UserInfo only as far as its signature goes', async () => {
    const fields = `claims: [userinfo], userinfo: { acceptAnyAudience: true }, match: [{ claim: employee, column: employeeId }]`
    const { accessToken } = await provider.signIn({ client: 'signed' })
    const credentials = 'credentials: [{ secret: { file: ./asking } }]'
    const right = await open(`${opaque}, ${fields}, client: { id: signed, ${credentials} }`)
    expect(await outcomeOf(right, accessToken)).toBe(annaId)
    const wrong = await open(`${opaque}, ${fields}, client: { id: web, ${credentials} }`)
    expect(await wrong.identifier.identify(accessToken)).toMatchObject({
      error: { code: 'userinfo_unavailable', seen: 'signed UserInfo is for another client' },
    })
  })

  it('gets an ID token accepted where that is the source, and an access token refused', async () => {
    const bearer = await open(
      'audiences: [web], claims: [id_token], match: [{ claim: employee, column: employeeId }]',
    )
    const { idToken } = await provider.signIn({})
    expect(await outcomeOf(bearer, idToken)).toBe(annaId)
    const access = await open('audiences: ["https://jwt.example"], claims: [id_token]')
    const { accessToken } = await provider.signIn({
      scope: 'openid read',
      resource: 'https://jwt.example',
    })
    expect(await outcomeOf(access, accessToken)).toBe('token_kind: token_kind_wrong')
    const token = await open('audiences: ["https://jwt.example", web], match: []')
    expect(await outcomeOf(token, accessToken)).toBe('no account')
    expect(await outcomeOf(token, idToken)).toBe('token_kind: token_kind_wrong')
  })

  it('is left alone while it wants to be, and known tokens go on', async () => {
    const bearer = await open(`${opaque}, claims: [introspection], client: ${client}, match: []`)
    const known = await provider.signIn({
      scope: 'openid read',
      resource: 'https://opaque.example',
    })
    expect(await outcomeOf(bearer, known.accessToken)).toBe('no account')
    const asked = (): number => provider.requests.get('/token/introspection') ?? 0
    provider.answers = new Map([
      [
        '/token/introspection',
        (_request, response) => void response.writeHead(429, { 'retry-after': '30' }).end(),
      ],
    ])
    const before = asked()
    const refused = await bearer.identifier.identify('unknown-token')
    expect(refused).toMatchObject({
      error: { code: 'introspection_unavailable', retryAfterMs: 30_000 },
    })
    expect(await outcomeOf(bearer, 'another-token')).toContain('introspection_unavailable')
    expect(asked()).toBe(before + 1)
    expect(await outcomeOf(bearer, known.accessToken)).toBe('no account')
    provider.answers = new Map()
  })

  it('is not to blame on the token when it does not know our own client', async () => {
    const wrong = await fixture.reconfigure({
      issuers: issuer(`${opaque}, claims: [introspection], client: ${client}, match: []`),
      secrets: { asking: 'not the secret' },
    })
    const { accessToken } = await provider.signIn({})
    expect(await outcomeOf(wrong, accessToken)).toBe('claim_source: introspection_unavailable')
    await fixture.reconfigure({
      issuers: issuer(opaque),
      secrets: { asking: provider.asking.secret },
    })
  })
})

describe('callers of Entra ID', () => {
  let simulator: Simulator
  let fixture: BearerFixture
  beforeAll(async () => {
    simulator = await startSimulator({
      tenants: [
        {
          id: tenant,
          domain: 'contoso.example',
          users: 50,
          groups: { count: 20, giantSize: 30 },
          applications: [
            {
              id: '2f0c0000-1111-4222-8333-444444444444',
              secrets: [{ value: 'sim~secret' }],
              permissions: ['GroupMember.Read.All'],
            },
          ],
        },
      ],
    })
    fixture = await makeBearerFixture({
      issuers: issuers(''),
      more: connections('contoso'),
      secrets: { secret: 'sim~secret', wrong: 'not the secret' },
    })
    await fixture.importUsers(
      tenant,
      [...simulator.users(undefined, ['id', 'userPrincipalName', 'mail'])].map((user) => ({
        ...user,
      })),
    )
  })
  afterAll(async () => {
    await fixture.close()
    await simulator.close()
  })
  const issuers = (fields: string, audience = 'https://management.azure.com'): string =>
    `  contoso: { type: entra, tenants: [${tenant}], authority: "${simulator.urls.authority}", audiences: ["${audience}"]${fields} }\n`
  const connections = (provider: string): string => `providers:
  ${provider}: { type: entra, tenant: ${tenant}, authority: "${simulator.urls.authority}", graph: "${simulator.urls.graph}" }
connections:
  graph: { provider: ${provider}, client: { id: 2f0c0000-1111-4222-8333-444444444444, credentials: [{ secret: { file: ./secret } }] }, grant: client_credentials }
  any: { provider: ${provider}, tenant: "*", client: { id: 2f0c0000-1111-4222-8333-444444444444, credentials: [{ secret: { file: ./secret } }] }, grant: client_credentials }
  wrong: { provider: ${provider}, client: { id: 2f0c0000-1111-4222-8333-444444444444, credentials: [{ secret: { file: ./wrong } }] }, grant: client_credentials }
`
  const reconfigure = (
    fields: string,
    audience?: string,
  ): ReturnType<BearerFixture['reconfigure']> =>
    fixture.reconfigure({ issuers: issuers(fields, audience), more: connections('contoso') })

  async function userToken(resource: string): Promise<string> {
    const refresh = simulator.control.issueRefreshToken({
      scope: `${resource}/.default openid offline_access`,
    })
    const answer = await fetch(`${simulator.urls.authority}/${tenant}/oauth2/v2.0/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'refresh_token',
        refresh_token: refresh,
        client_id: '2f0c0000-1111-4222-8333-444444444444',
        client_secret: 'sim~secret',
        scope: `${resource}/.default`,
      }),
    })
    const { access_token: token } = (await answer.json()) as { readonly access_token?: string }
    if (token === undefined) throw new Error(`no token: ${answer.status}`)
    return token
  }

  it('are their accounts by oid, and their groups are asked for where a rule needs them', async () => {
    const [first] = [...simulator.users(undefined, ['id'])]
    const id = String(first?.['id'])
    const edges = [...simulator.edges()]
    const mine = edges.find(({ memberId }) => memberId === id)?.groupId ?? 'none'
    // Through other groups as well: whoever is in a group that is in a group is in both.
    const groups = new Set([id])
    for (const group of groups) {
      for (const edge of edges) if (edge.memberId === group) groups.add(edge.groupId)
    }
    const foreign =
      [...simulator.groups(undefined, ['id'])]
        .map((group) => String(group['id']))
        .find((group) => !groups.has(group)) ?? ''
    const token = await userToken('https://management.azure.com')
    for (const connection of ['graph', 'any', `any@${tenant}`]) {
      const bearer = await reconfigure(
        `, groups: { connection: "${connection}" }, access: [{ group: ${mine}, role: operator }]`,
      )
      expect(await outcomeOf(bearer, token)).toBe(`${id}, operator`)
    }
    const none = await reconfigure(
      `, groups: { connection: graph }, access: [{ group: ${foreign.toUpperCase()}, role: admin }]`,
    )
    expect(await outcomeOf(none, token)).toBe(id)
    // Graph takes twenty ids at a time, and is asked about those of the rules alone.
    const others = Array.from(
      { length: 44 },
      (_, i) => `{ group: 00000000-0000-4000-8000-0000000000${10 + i}, role: admin }`,
    )
    const asked = simulator.stats().requestsByKind['memberOf'] ?? 0
    const many = await reconfigure(
      `, groups: { connection: graph }, access: [${others.join(', ')}, { group: ${mine}, role: viewer }]`,
    )
    expect(await outcomeOf(many, token)).toBe(`${id}, viewer`)
    expect(simulator.stats().requestsByKind['memberOf']).toBe(asked + 3)
    simulator.control.addFault({
      match: { kind: 'memberOf' },
      effect: { kind: 'status', status: 503, retryAfter: 9 },
    })
    const away = await reconfigure(
      `, groups: { connection: graph }, access: [{ group: ${mine}, role: operator }]`,
    )
    expect(await away.identifier.identify(token)).toMatchObject({
      error: { stage: 'scope', code: 'groups_unavailable', retryAfterMs: 9_000 },
    })
  })

  it.each([
    ['the connection may not read groups', { kind: 'status', status: 403 }, 30_000],
    ['Graph is busy', { kind: 'status', status: 429, retryAfter: 12 }, 12_000],
    [
      'something that is not Graph knows no such address',
      { kind: 'status', status: 404, body: '404 page not found' },
      30_000,
    ],
    [
      'Graph is busy until a day',
      { kind: 'status', status: 429, retryAfter: 'Fri, 31 Dec 2100 00:00:00 GMT' },
      3_600_000,
    ],
    ['Graph fails', { kind: 'status', status: 500 }, 1_000],
    ['the connection breaks', { kind: 'reset' }, 1_000],
  ] as const)(
    'are told to come again when %s, and blamed for nothing',
    async (_, effect, retryAfterMs) => {
      simulator.control.reset()
      const bearer = await reconfigure(
        ', groups: { connection: graph }, access: [{ group: 00000000-0000-4000-8000-000000000000, role: admin }]',
      )
      const token = await userToken('https://management.azure.com')
      simulator.control.addFault({ match: { kind: 'memberOf' }, effect })
      expect(await bearer.identifier.identify(token)).toMatchObject({
        error: { stage: 'scope', code: 'groups_unavailable', retryAfterMs },
      })
      simulator.control.reset()
    },
  )

  it('learn nothing of our own client when that is what is wrong', async () => {
    const rules = 'access: [{ group: 00000000-0000-4000-8000-000000000000, role: admin }]'
    const bearer = await reconfigure(`, groups: { connection: wrong }, ${rules}`)
    const token = await userToken('https://management.azure.com')
    expect(await bearer.identifier.identify(token)).toMatchObject({
      error: {
        code: 'groups_unavailable',
        seen: 'the connection that groups are asked with gives no token (client_rejected)',
      },
    })
  })

  it('are in no group when Graph says that it does not know them', async () => {
    simulator.control.reset()
    const bearer = await reconfigure(
      ', groups: { connection: graph }, access: [{ group: 00000000-0000-4000-8000-000000000000, role: admin }]',
    )
    const token = await userToken('https://management.azure.com')
    simulator.control.addFault({
      match: { kind: 'memberOf' },
      effect: { kind: 'status', status: 404 },
    })
    expect(await bearer.identifier.identify(token)).toMatchObject({
      ok: true,
      value: { role: undefined },
    })
    simulator.control.reset()
  })

  it('are told why UserInfo of Graph does not know their token, and match by what it tells', async () => {
    const fields = `, claims: [userinfo], userinfo: { acceptAnyAudience: true, endpoint: "${simulator.urls.graph}/oidc/userinfo" }, match: [{ claim: email, column: mail, acceptMutable: true }]`
    const bearer = await reconfigure(fields)
    const own = await bearer.identifier.identify(await userToken('https://management.azure.com'))
    expect(own).toMatchObject({ error: { code: 'token_inactive' } })
    expect(own.ok ? '' : own.error.remedy).toContain('claims: [token]')
    const graph = await bearer.identifier.identify(await userToken('https://graph.microsoft.com'))
    expect(graph).toMatchObject({ value: { tenantId: tenant, principal: 'user' } })
    const names = graph.ok ? graph.value.claims.map(({ name }) => name).toSorted() : []
    expect(names).toEqual(['email', 'family_name', 'given_name', 'name', 'picture', 'sub'])
  })
})
