import { beforeAll, describe, expect, it } from 'vitest'
import { makeSigningKey, type SigningKey } from '../../test/support/token-maker.ts'
import {
  identifierFixture,
  iss,
  matching,
  oid,
  otherOid,
  outcomeOf,
  tid,
} from '../../test/support/identifier-fixture.ts'
import type { IssuerPolicy } from './issuer-policy.ts'

let key: SigningKey
beforeAll(() => {
  key = makeSigningKey('k1')
})

const group = 'aaaaaaaa-2222-4333-8444-555555555555'
const application = {
  oid: otherOid,
  sub: otherOid,
  scp: undefined,
  azp: 'robot',
  roles: ['Orders.All'],
  idtyp: 'app',
}

describe('a caller', () => {
  it('is refused by name of the stage, and told apart for the log', async () => {
    const { identifier, token } = identifierFixture({ key })
    const refused = await identifier.identify(token({ aud: 'other', uti: 'u-1' }))
    expect(refused).toMatchObject({
      ok: false,
      error: {
        stage: 'audience',
        code: 'token_audience_refused',
        issuer: 'contoso',
        keyId: 'k1',
        tokenId: 'u-1',
      },
    })
    expect(refused.ok ? '' : refused.error.fingerprint).toMatch(/^[\w-]{12}$/)
    const injected = await identifier.identify(token({ aud: 'other', jti: 'a\r\nb', uti: 7 }))
    expect(injected.ok ? {} : injected.error).not.toHaveProperty('tokenId')
  })

  it.each<readonly [what: string, account: object, outcome: string]>([
    ['disabled in the directory', { properties: { accountEnabled: false } }, 'account_disabled'],
    ['disabled here', { disabled: { at: 1, by: 'ops' } }, 'account_disabled'],
    [
      'disabled here, enabled there again by a sync',
      { properties: { accountEnabled: true }, disabled: { at: 1, by: 'ops' } },
      'account_disabled',
    ],
    [
      'a guest yet to accept',
      { properties: { externalUserState: 'PendingAcceptance' } },
      'account_pending',
    ],
  ])('is refused when the account is %s', async (_what, account, code) => {
    const { identifier, token } = identifierFixture({
      key,
      accounts: [{ tenantId: tid, id: oid, ...account }],
    })
    expect(outcomeOf(await identifier.identify(token()))).toBe(`account_state: ${code}`)
  })

  it('is no account of another tenant, and none without a match', async () => {
    const { identifier, token, accounts } = identifierFixture({
      key,
      accounts: [{ tenantId: 'another', id: oid }],
    })
    expect(outcomeOf(await identifier.identify(token()))).toBe('mapping: account_unmatched')
    accounts.put({ tenantId: tid, id: oid, kind: 'servicePrincipal' })
    expect(outcomeOf(await identifier.identify(token({ x: 1 })))).toBe('mapping: account_unmatched')
  })

  it('needs a permission where some are configured', async () => {
    const { identifier, token } = identifierFixture({ key, policy: { scopes: ['orders.write'] } })
    expect(await identifier.identify(token({ roles: ['Reader'] }))).toMatchObject({
      error: {
        stage: 'scope',
        code: 'insufficient_scope',
        expected: 'one of the permissions "orders.write"',
        seen: 'scopes "orders.read", roles "Reader"',
      },
    })
    expect((await identifier.identify(token({ scp: 'a orders.write' }))).ok).toBe(true)
    expect((await identifier.identify(token({ roles: ['orders.write'] }))).ok).toBe(true)
  })

  it('is told with account, name, scopes and every claim’s origin', async () => {
    const { identifier, token } = identifierFixture({ key })
    expect(await identifier.identify(token({ preferred_username: 'ada@x.example' }))).toMatchObject(
      {
        value: {
          issuer: 'contoso',
          iss,
          subject: 'pairwise',
          principal: 'user',
          tenantId: tid,
          clientId: 'shop',
          account: { id: oid },
          userName: 'ada@x.example',
          role: undefined,
          connections: [],
          scopes: ['orders.read'],
        },
      },
    )
  })

  it('needs no account where no rule finds one', async () => {
    const { identifier, token, accounts } = identifierFixture({ key, policy: { match: [] } })
    expect(outcomeOf(await identifier.identify(token()))).toBe('no account')
    expect(accounts.asked).toBe(0)
  })
})

describe('an ID token of Entra ID for the registration that client and API share', () => {
  it.each<readonly [what: string, claims: Readonly<Record<string, unknown>>]>([
    ['has app roles and a nonce', { scp: undefined, azp: undefined, roles: ['Boss'], nonce: 'n' }],
    ['has app roles and no nonce', { scp: undefined, azp: undefined, roles: ['Boss'] }],
    ['has neither', { scp: undefined, azp: undefined }],
  ])('is none for the API, though it %s', async (_what, claims) => {
    const { identifier, token } = identifierFixture({ key })
    expect(outcomeOf(await identifier.identify(token(claims)))).toBe('token_kind: token_kind_wrong')
  })
})

describe('an application', () => {
  it('never is a user, however equal the values', async () => {
    const { identifier, token } = identifierFixture({
      key,
      accounts: [{ tenantId: tid, id: otherOid }],
    })
    expect(outcomeOf(await identifier.identify(token(application)))).toBe(
      'mapping: account_unmatched',
    )
  })

  it('is its service principal, or is let in by a rule that names it or its role', async () => {
    const found = identifierFixture({
      key,
      accounts: [{ tenantId: tid, id: otherOid, kind: 'servicePrincipal' }],
    })
    expect(outcomeOf(await found.identifier.identify(found.token(application)))).toBe(otherOid)
    const { identifierWith, token } = identifierFixture({ key })
    const access = async (...rules: IssuerPolicy['access']): Promise<string> =>
      outcomeOf(await identifierWith({ access: rules }).identify(token(application)))
    const gives = { role: 'viewer', connections: [] } as const
    expect(await access({ when: { app: 'robot' }, ...gives })).toBe('no account, viewer')
    expect(await access({ when: { claim: 'roles', value: 'Orders.All' }, ...gives })).toBe(
      'no account, viewer',
    )
    // These could be true of every application of the tenant.
    expect(await access({ when: { claim: 'tid', value: tid }, ...gives })).toContain('unmatched')
    expect(await access(gives)).toContain('unmatched')
    expect(await access({ when: { app: 'another' }, ...gives })).toContain('unmatched')
  })

  it('is not taken in when its service principal is disabled or one of several', async () => {
    const gives = [{ when: { app: 'robot' }, role: 'admin', connections: '*' }] as const
    const { identifierWith, token } = identifierFixture({
      key,
      accounts: [
        {
          tenantId: tid,
          id: otherOid,
          kind: 'servicePrincipal',
          properties: { accountEnabled: false, tag: 'x' },
        },
        { tenantId: tid, id: 'second', kind: 'servicePrincipal', properties: { tag: 'x' } },
      ],
    })
    const disabled = identifierWith({ access: gives })
    expect(outcomeOf(await disabled.identify(token(application)))).toContain('account_disabled')
    const several = identifierWith({ access: gives, match: [matching('tag', 'tag')] })
    expect(outcomeOf(await several.identify(token({ ...application, tag: 'x' })))).toContain(
      'account_ambiguous',
    )
  })
})

describe('what a caller may do', () => {
  it('is the sum of the rules that apply and of the link to a person', async () => {
    const { identifier, token } = identifierFixture({
      key,
      policy: {
        access: [
          { role: 'viewer', connections: ['a'] },
          { when: { claim: 'roles', value: 'Boss' }, role: 'operator', connections: ['b'] },
          { when: { claim: 'roles', value: 'Nobody' }, role: 'admin', connections: '*' },
          // A user who signed in to that application is not the application.
          { when: { app: 'shop' }, role: 'admin', connections: '*' },
        ],
      },
      accounts: [
        {
          tenantId: tid,
          id: oid,
          link: { personId: 'psn_1', personName: 'Ada', connections: ['c'] },
        },
      ],
    })
    expect(await identifier.identify(token({ roles: ['Boss'] }))).toMatchObject({
      value: { role: 'operator', connections: ['a', 'b', 'c'] },
    })
    // A text that looks like a list is none, and no part of a text is the value.
    expect(await identifier.identify(token({ roles: 'Boss,Nobody' }))).toMatchObject({
      value: { role: 'viewer', connections: ['a', 'c'] },
    })
  })

  it('rests on groups that the token has, whatever their case, or that are asked for', async () => {
    const access = [{ when: { group }, role: 'operator', connections: [] }] as const
    const asked: unknown[] = []
    const { identifierWith, token } = identifierFixture({ key })
    const identifier = identifierWith({
      access,
      groupsOf: async (question) => {
        asked.push(question)
        return { kind: 'told', groups: new Set([group]) }
      },
    })
    const own = token({ groups: [group.toUpperCase()] })
    expect(outcomeOf(await identifier.identify(own))).toBe(`${oid}, operator`)
    expect(outcomeOf(await identifier.identify(token({ groups: [] })))).toBe(oid)
    expect(asked).toEqual([])
    // Where the token says to ask is nothing that is ever called.
    const many = token({
      _claim_names: { groups: 'src1' },
      _claim_sources: { src1: { endpoint: 'http://169.254.169.254/latest/meta-data' } },
    })
    expect(outcomeOf(await identifier.identify(many))).toBe(`${oid}, operator`)
    expect(outcomeOf(await identifier.identify(many))).toBe(`${oid}, operator`)
    expect(asked).toEqual([{ tenantId: tid, objectId: oid, principal: 'user', groupIds: [group] }])
    const without = identifierWith({ access })
    expect(outcomeOf(await without.identify(many))).toBe(oid)
  })

  it('cannot be told while groups are not to be had, and can at once when they are', async () => {
    const access = [{ when: { group }, role: 'operator', connections: [] }] as const
    let isAway = true
    const { identifierWith, token } = identifierFixture({ key })
    const identifier = identifierWith({
      access,
      groupsOf: async () =>
        isAway
          ? { kind: 'unavailable', detail: 'Graph answered 503', retryAfterMs: 7_000 }
          : { kind: 'told', groups: new Set([group]) },
    })
    const held = token()
    expect(await identifier.identify(held)).toMatchObject({
      error: { code: 'groups_unavailable', retryAfterMs: 7_000 },
    })
    isAway = false
    expect(outcomeOf(await identifier.identify(held))).toBe(`${oid}, operator`)
  })
})

describe('what is remembered', () => {
  it('answers at once, asks the directory every second, and at once after a change', async () => {
    const { identifier, token, accounts, clock } = identifierFixture({ key })
    const held = token()
    expect(outcomeOf(await identifier.identify(held))).toBe(oid)
    expect(identifier.identify(held)).not.toBeInstanceOf(Promise)
    accounts.put({ tenantId: tid, id: oid, disabled: { at: 1, by: 'ops' } })
    await clock.advance(999)
    expect(outcomeOf(await identifier.identify(held))).toBe(oid)
    expect(accounts.asked).toBe(1)
    await clock.advance(1)
    expect(outcomeOf(await identifier.identify(held))).toBe('account_state: account_disabled')
    accounts.put({ tenantId: tid, id: oid })
    expect(outcomeOf(await identifier.identify(held))).toBe('account_state: account_disabled')
    identifier.forgetAccounts()
    expect(outcomeOf(await identifier.identify(held))).toBe(oid)
    expect(accounts.asked).toBe(3)
  })

  it('never outlives the token, though it was looked up a moment before its end', async () => {
    const { identifier, token, clock } = identifierFixture({ key })
    const held = token({ exp: Math.floor(clock.now() / 1_000) + 1 })
    expect(outcomeOf(await identifier.identify(held))).toBe(oid)
    await clock.advance(60_500)
    expect(outcomeOf(await identifier.identify(held))).toBe(oid)
    await clock.advance(500)
    expect(outcomeOf(await identifier.identify(held))).toBe('time: token_expired')
  })

  it('goes with the key that signed', async () => {
    const { identifier, token, keys, publish } = identifierFixture({ key })
    const held = token()
    expect(outcomeOf(await identifier.identify(held))).toBe(oid)
    publish(makeSigningKey('k2'))
    await keys.refresh()
    expect(outcomeOf(await identifier.identify(held))).toBe('key: token_key_unknown')
  })

  it('is looked up once, however many bring the token at once', async () => {
    const { identifier, token, accounts } = identifierFixture({ key })
    const held = token()
    await Promise.all(Array.from({ length: 50 }, async () => identifier.identify(held)))
    expect(accounts.asked).toBe(1)
  })

  it('shares no look-up that began before accounts were forgotten', async () => {
    const { identifier, token, accounts } = identifierFixture({ key })
    const held = token()
    await identifier.identify(token({ x: 1 }))
    const begun = identifier.identify(held)
    accounts.put({ tenantId: tid, id: oid, disabled: { at: 1, by: 'ops' } })
    identifier.forgetAccounts()
    expect(outcomeOf(await identifier.identify(held))).toContain('account_disabled')
    await begun
    expect(outcomeOf(await identifier.identify(held))).toContain('account_disabled')
  })

  it('passes on that the store is away, and remembers nothing of it', async () => {
    const { identifier, token, accounts } = identifierFixture({ key })
    accounts.fault = new Error('store_unavailable')
    await expect(async () => identifier.identify(token())).rejects.toThrow('store_unavailable')
    accounts.fault = undefined
    expect(outcomeOf(await identifier.identify(token()))).toBe(oid)
  })
})
