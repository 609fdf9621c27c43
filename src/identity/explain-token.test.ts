import { beforeAll, describe, expect, it } from 'vitest'
import {
  identifierFixture,
  matching,
  oid,
  otherOid,
  tid,
  type IdentifierFixture,
} from '../../test/support/identifier-fixture.ts'
import { makeSigningKey, type SigningKey } from '../../test/support/token-maker.ts'
import type { Explanation } from './explanation.ts'
import type { AskedClaims, IssuerPolicy } from './issuer-policy.ts'
import type { Refusal } from './refusal.ts'

let key: SigningKey
beforeAll(() => {
  key = makeSigningKey('k1')
})

const stagesIn = ({ stages }: Explanation): Readonly<Record<string, string>> =>
  Object.fromEntries(stages.map(({ stage, outcome, what }) => [stage, `${outcome}: ${what}`]))
const telling = (claims: object) => async (): Promise<AskedClaims> => ({
  kind: 'told',
  claims: claims as Record<string, unknown>,
})

/** Explains a token, and holds the explanation against what a live request comes to. */
async function explained(
  fixture: IdentifierFixture,
  token: string,
  policy: Partial<IssuerPolicy> = {},
): Promise<Explanation> {
  const explanation = await fixture.explain(token, policy)
  const live = await fixture.identifierWith(policy).identify(token)
  const codeOf = (refusal: Refusal | undefined): string =>
    refusal === undefined ? 'none' : `${refusal.stage}: ${refusal.code}`
  expect(codeOf(explanation.refusal)).toBe(codeOf(live.ok ? undefined : live.error))
  const found = live.ok ? live.value.account : explanation.account
  expect(explanation.account?.id).toBe(found?.id)
  return explanation
}

describe('the story of a fresh token that is refused', () => {
  it('tells that UserInfo never has upn, and what finds the account instead', async () => {
    const fixture = identifierFixture({ key })
    const upn = matching('upn', 'userPrincipalName')
    const told = await explained(fixture, fixture.token({ upn: 'ada@x.example' }), {
      claims: ['token', 'userinfo'],
      askUserInfo: telling({ sub: 'pairwise', name: 'Ada', email: 'ada@x.example' }),
      match: [
        { ...upn, pairs: upn.pairs.map((pair) => ({ ...pair, source: 'userinfo' as const })) },
      ],
    })
    expect(told.refusal).toMatchObject({
      code: 'claim_missing',
      expected: 'the claims of a rule: "upn" of the userinfo',
    })
    expect(told.refusal?.remedy).toContain('"upn" is in the token')
    expect(told.rules).toEqual([
      {
        rule: 'upn of userinfo = userPrincipalName',
        outcome: 'passed_over',
        because: 'there is no "upn" in userinfo',
      },
    ])
    expect(told.suggestion).toEqual({
      because: 'The token has "oid", which with its tenant names exactly one account:',
      yaml: 'issuers:\n  contoso:\n    match: [{ claim: oid, column: id }]',
      isTried: true,
    })
    expect(stagesIn(told)).toMatchObject({
      signature: 'passed: holds',
      time: expect.stringMatching(/^passed: until /) as string,
      claim_source: 'passed: token, then userinfo',
      scope: 'open: not reached',
    })
    const alone = await explained(fixture, fixture.token(), {
      claims: ['userinfo'],
      askUserInfo: telling({ sub: 'pairwise', name: 'Ada' }),
      match: [upn],
    })
    expect(alone.refusal?.remedy).toContain(
      'UserInfo of Entra ID never tells "upn": it knows sub, name, family_name, given_name, picture, email',
    )
    expect(JSON.stringify(alone.refusal)).not.toContain('expired')
  })

  it('names the accounts of one e-mail address in three tenants, and picks none', async () => {
    const tenants = [tid, 'tenant-b', 'tenant-c']
    const fixture = identifierFixture({
      key,
      accounts: tenants.map((tenantId, i) => ({
        tenantId,
        id: i === 0 ? oid : `id-${i}`,
        properties: { mail: 'ada@x.example', userPrincipalName: `ada${i}` },
      })),
    })
    const token = fixture.token({ email: 'ada@x.example' })
    const told = await explained(fixture, token, { match: [matching('email', 'mail', true)] })
    expect(told.refusal).toMatchObject({ code: 'account_ambiguous', seen: 'several' })
    expect(told.candidates).toEqual(
      tenants.map((tenantId, i) => ({
        tenantId,
        id: i === 0 ? oid : `id-${i}`,
        kind: 'user',
        name: `ada${i}`,
      })),
    )
    expect(told.account).toBeUndefined()
    expect(told.suggestion).toMatchObject({
      yaml: 'issuers:\n  contoso:\n    match: [{ claim: oid, column: id }]',
      isTried: true,
    })
    // What the caller is told names none of them.
    const live = await fixture
      .identifierWith({ match: [matching('email', 'mail', true)] })
      .identify(token)
    expect(JSON.stringify(live)).not.toMatch(/ada\d|id-\d|tenant-/)
  })

  it('says "expired" of nothing but a verified token that has', async () => {
    const fixture = identifierFixture({ key })
    const now = Math.floor(fixture.clock.now() / 1_000)
    const over = fixture.token({ iat: now - 7_200, nbf: now - 7_200, exp: now - 3_600 })
    expect((await explained(fixture, over)).refusal).toMatchObject({ code: 'token_expired' })
    const spoilt = `${over.slice(0, -8)}AAAAAAAA`
    const told = await explained(fixture, spoilt)
    expect(told.refusal).toMatchObject({ code: 'token_signature_invalid' })
    expect(stagesIn(told)['time']).toBe('open: not reached')
  })
})

describe('an explanation', () => {
  it('of a token that holds names the account, every rule, and what it may do', async () => {
    const fixture = identifierFixture({
      key,
      accounts: [
        {
          tenantId: tid,
          id: oid,
          properties: { displayName: 'Ada' },
          link: { personId: 'psn_1', personName: 'Ada L.', role: 'operator', connections: ['a'] },
        },
      ],
    })
    const told = await explained(fixture, fixture.token(), {
      match: [matching('upn', 'userPrincipalName'), matching('oid', 'id'), matching('sub', 'x')],
      access: [
        { role: 'viewer', connections: '*' },
        { when: { app: 'shop' }, role: 'admin', connections: [] },
      ],
    })
    expect(told).toMatchObject({
      issuer: 'contoso',
      account: { tenantId: tid, id: oid, kind: 'user', name: 'Ada' },
      role: 'operator',
      connections: '*',
      keys: { keyIds: ['k1'], failure: undefined },
    })
    expect(told.rules?.map(({ outcome }) => outcome)).toEqual([
      'passed_over',
      'found',
      'not_reached',
    ])
    expect(told.access).toEqual([
      {
        rule: 'everybody gets role viewer, calls to every connection',
        applies: true,
        because: 'it is for every caller',
      },
      {
        rule: 'app shop gets role admin',
        applies: false,
        because: 'the token is a user’s, not an application’s own',
      },
      {
        rule: 'the link to a person gives role operator, calls to a',
        applies: true,
        because: 'the account is linked to "Ada L."',
      },
    ])
    expect(told.stages.every(({ outcome }) => outcome === 'passed')).toBe(true)
    expect(told.suggestion).toBeUndefined()
    expect(fixture.accounts.asked).toBe(2)
  })

  it('of an opaque token leaves to its issuer what only that can tell', async () => {
    const fixture = identifierFixture({ key, settings: { type: 'oidc' } })
    const policy = {
      claims: ['introspection'],
      introspect: telling({ sub: 's', aud: 'api://orders', uid: otherOid }),
      match: [matching('uid', 'id')],
    } as const
    const told = await explained(fixture, 'opaque-token', policy)
    expect(stagesIn(told)).toMatchObject({
      parse: 'passed: no JWT: issuers are asked about it',
      signature: 'open: left to the issuer',
      audience: 'passed: one that is accepted',
      mapping: expect.stringMatching(/^failed/) as string,
    })
    expect(told.sources).toEqual([
      { issuer: 'contoso', source: 'introspection', outcome: 'told', detail: 'sub, aud, uid' },
    ])
    expect(told.claims.map(({ source }) => source)).toEqual(Array(3).fill('introspection'))
    const inactive = await explained(fixture, 'opaque-token', {
      ...policy,
      introspect: async () => ({ kind: 'refused', detail: 'idp answered that it is not active' }),
    })
    expect(stagesIn(inactive)).toMatchObject({
      issuer: 'open: asked: "contoso"',
      claim_source: expect.stringMatching(/^failed/) as string,
      mapping: 'open: not reached',
    })
  })

  it.each<readonly [what: string, claims: object, yaml: string | undefined]>([
    [
      'the audience',
      { aud: 'api://orders/' },
      'issuers:\n  contoso:\n    audiences: ["api://orders", "api://orders/"]',
    ],
    ['the audience, when it is Graph', { aud: 'https://graph.microsoft.com' }, undefined],
    [
      'another tenant',
      { iss: 'https://login.microsoftonline.com/99999999-2222-4333-8444-555555555555/v2.0' },
      `issuers:\n  contoso:\n    tenants: [${tid}, 99999999-2222-4333-8444-555555555555]`,
    ],
    [
      'another server',
      { iss: 'https://idp.example', aud: ['a', 'b'] },
      'issuers:\n  another: { type: oidc, issuer: "https://idp.example", audiences: ["a", "b"], match: [] }',
    ],
    ['a server that cannot be trusted', { iss: 'http://idp.example' }, undefined],
    [
      'the permission',
      { scp: 'orders.read orders.list' },
      'issuers:\n  contoso:\n    scopes: [orders.write, orders.read]',
    ],
  ])('suggests what would have accepted %s', async (_what, claims, yaml) => {
    const fixture = identifierFixture({ key })
    const token = fixture.token(claims as Record<string, unknown>)
    const told = await explained(fixture, token, { scopes: ['orders.write'] })
    expect(told.suggestion?.yaml).toBe(yaml)
  })

  it.each<readonly [what: string, claims: object]>([
    ['an ID token of another client', { aud: 'client', scp: undefined, nonce: 'n' }],
    ['a token for Graph', { aud: 'https://graph.microsoft.com' }],
    [
      'a token for Graph of another tenant',
      {
        iss: 'https://sts.windows.net/99999999-2222-4333-8444-555555555555/',
        aud: 'https://graph.microsoft.com',
      },
    ],
    [
      'an ID token of another tenant',
      {
        iss: 'https://login.microsoftonline.com/99999999-2222-4333-8444-555555555555/v2.0',
        scp: undefined,
        nonce: 'n',
      },
    ],
    ['one without an audience, of another server', { iss: 'https://idp.example', aud: undefined }],
  ])('suggests no configuration for %s: it would be refused all the same', async (_, claims) => {
    const fixture = identifierFixture({ key })
    const told = await explained(fixture, fixture.token(claims as Record<string, unknown>))
    expect(told.refusal).toBeDefined()
    expect(told.suggestion).toBeUndefined()
  })

  it('suggests to verify here what UserInfo refuses, never what introspection calls inactive', async () => {
    const fixture = identifierFixture({ key })
    const refused = async (): Promise<AskedClaims> => ({ kind: 'refused', detail: 'no' })
    const userInfo = await explained(fixture, fixture.token(), {
      claims: ['userinfo'],
      askUserInfo: refused,
    })
    expect(userInfo.suggestion).toMatchObject({
      because: expect.stringContaining('take what stands under `userinfo` out') as string,
      yaml: expect.stringContaining('claims: [token]') as string,
    })
    const introspected = await explained(fixture, fixture.token(), {
      claims: ['introspection'],
      introspect: refused,
    })
    expect(introspected.refusal?.code).toBe('token_inactive')
    expect(introspected.suggestion).toBeUndefined()
  })

  it('tells that an ID token for another client is one', async () => {
    const fixture = identifierFixture({ key })
    const token = fixture.token({ aud: 'client', scp: undefined, nonce: 'n' })
    expect((await explained(fixture, token)).refusal).toMatchObject({
      code: 'token_audience_refused',
      remedy: expect.stringContaining('Send the access token instead') as string,
    })
  })

  it('suggests an issuer of its own for a tenant of another cloud', async () => {
    const fixture = identifierFixture({ key })
    const token = fixture.token({
      iss: 'https://login.microsoftonline.us/99999999-2222-4333-8444-555555555555/v2.0',
    })
    expect((await explained(fixture, token)).suggestion?.yaml).toBe(
      'issuers:\n  entra: { type: entra, tenants: [99999999-2222-4333-8444-555555555555], cloud: usgov, audiences: ["api://orders"] }',
    )
  })

  it('suggests a rule with all that the configuration wants of it', async () => {
    const fixture = identifierFixture({
      key,
      accounts: [{ tenantId: tid, id: otherOid, properties: { mail: 'Ada@x.example' } }],
    })
    const [pair] = matching('email', 'mail').pairs
    if (pair === undefined) throw new Error('no pair')
    const told = await explained(fixture, fixture.token({ email: 'ada@x.example' }), {
      match: [
        {
          pairs: [{ ...pair, source: 'token' }],
          isAcrossTenants: false,
          acceptsMutable: true,
        },
      ],
    })
    expect(told.suggestion?.yaml).toBe(
      'issuers:\n  contoso:\n    match: [{ claim: email, column: mail, source: token, ignoreCase: true, acceptMutable: true }]',
    )
  })

  it('suggests another case only where that finds one account, and nothing untrue', async () => {
    const fixture = identifierFixture({
      key,
      accounts: [{ tenantId: tid, id: otherOid, properties: { mail: 'Ada@x.example' } }],
    })
    const policy = { match: [matching('email', 'mail')] }
    const told = await explained(fixture, fixture.token({ email: 'ada@x.example' }), policy)
    expect(told.refusal).toMatchObject({ code: 'account_unmatched' })
    expect(told.suggestion).toMatchObject({
      yaml: 'issuers:\n  contoso:\n    match: [{ claim: email, column: mail, ignoreCase: true }]',
      isTried: true,
    })
    const none = await explained(fixture, fixture.token({ email: 'bob@x.example' }), policy)
    expect(none.suggestion).toBeUndefined()
  })

  it('without a directory says so, and refuses for nothing that only a directory can tell', async () => {
    const fixture = identifierFixture({ key })
    const told = await fixture.explain(fixture.token(), {}, false)
    expect(told.refusal).toBeUndefined()
    expect(told.rules).toEqual([
      {
        rule: 'oid = id',
        outcome: 'not_looked_up',
        because: `it would look for id "${oid}" among the users in tenant ${tid}`,
      },
    ])
    expect(stagesIn(told)['mapping']).toBe('open: no directory was looked into')
    expect(told).not.toHaveProperty('role')
    const missing = await fixture.explain(fixture.token({ oid: undefined }), {}, false)
    expect(missing.refusal).toMatchObject({ code: 'claim_missing' })
  })
})
