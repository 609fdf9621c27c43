import { beforeAll, describe, expect, it } from 'vitest'
import { createManualClock } from '../kernel/index.ts'
import { makeSigningKey, type SigningKey } from '../../test/support/token-maker.ts'
import {
  identifierFixture,
  iss,
  matching,
  oid,
  outcomeOf,
  tid,
  type IdentifierFixture,
} from '../../test/support/identifier-fixture.ts'
import { guardSource } from './guard-source.ts'
import type { AskedClaims, AskIssuer, IssuerPolicy } from './issuer-policy.ts'

let key: SigningKey
beforeAll(() => {
  key = makeSigningKey('k1')
})

type Source = AskIssuer & { readonly asked: string[] }

/** A source that answers so, and remembers what it was asked. */
function source(answer: object | ((token: string) => AskedClaims)): Source {
  const asked: string[] = []
  const ask: AskIssuer = async (token) => {
    asked.push(token)
    if (typeof answer === 'function') return (answer as (token: string) => AskedClaims)(token)
    return { kind: 'told', claims: answer as Readonly<Record<string, unknown>> }
  }
  return Object.assign(ask, { asked })
}
const no = (): AskedClaims => ({ kind: 'refused', detail: 'idp answered that it is not active' })
const away = (): AskedClaims => ({
  kind: 'unavailable',
  detail: 'idp answered 503',
  retryAfterMs: 4_000,
})

function fixture(policy: Partial<IssuerPolicy>): IdentifierFixture {
  return identifierFixture({
    key,
    policy: { match: [matching('uid', 'id')], ...policy },
    settings: { type: 'oidc' },
  })
}

describe('a source beside the token', () => {
  it.each<readonly [what: string, claims: object, outcome: string]>([
    ['is about another subject', { sub: 'somebody', uid: oid }, 'claim_source_mismatch'],
    ['is about nobody', { uid: oid }, 'claim_source_mismatch'],
    ['has a subject that is no text', { sub: ['pairwise'], uid: oid }, 'claim_source_mismatch'],
    ['is of another issuer', { sub: 'pairwise', iss: 'x', uid: oid }, 'claim_source_mismatch'],
    ['says less than is needed', { sub: 'pairwise' }, 'claim_missing'],
  ])('gets a token refused when it %s', async (_what, claims, code) => {
    const { identifier, token } = fixture({
      claims: ['token', 'userinfo'],
      askUserInfo: source(claims),
    })
    expect(outcomeOf(await identifier.identify(token()))).toContain(code)
  })

  it('adds claims, and never changes what the token says', async () => {
    const { identifier, token } = fixture({
      claims: ['token', 'userinfo'],
      askUserInfo: source({
        sub: 'pairwise',
        uid: oid,
        oid: 'forged',
        scp: 'admin',
        idtyp: 'app',
        name: 'Ada',
      }),
    })
    const identified = await identifier.identify(token())
    expect(identified).toMatchObject({
      value: { account: { id: oid }, principal: 'user', scopes: ['orders.read'] },
    })
    const claims = identified.ok ? identified.value.claims : []
    expect(claims).toContainEqual({ name: 'oid', value: oid, source: 'token' })
    expect(claims).toContainEqual({ name: 'name', value: 'Ada', source: 'userinfo' })
  })

  it('decides neither kind nor permission of the caller, though it stands first', async () => {
    const { identifier, token } = fixture({
      claims: ['userinfo', 'token'],
      scopes: ['admin'],
      askUserInfo: source({ sub: 'pairwise', uid: oid, scp: 'admin', roles: ['admin'] }),
    })
    expect(outcomeOf(await identifier.identify(token()))).toBe('scope: insufficient_scope')
  })

  it('is not asked about a token that does not hold', async () => {
    const askUserInfo = source({ sub: 'pairwise', uid: oid })
    const { identifier, token } = fixture({ claims: ['token', 'userinfo'], askUserInfo })
    const bad = token({ aud: 'other' })
    expect(outcomeOf(await identifier.identify(bad))).toContain('token_audience_refused')
    expect(askUserInfo.asked).toEqual([])
  })

  it('is asked once for many at once, and again after a minute', async () => {
    const askUserInfo = source({ sub: 'pairwise', uid: oid })
    const { identifier, token, clock } = fixture({ claims: ['token', 'userinfo'], askUserInfo })
    const held = token()
    await Promise.all(Array.from({ length: 9 }, async () => identifier.identify(held)))
    await clock.advance(59_999)
    await identifier.identify(held)
    expect(askUserInfo.asked).toHaveLength(1)
    await clock.advance(1)
    expect(outcomeOf(await identifier.identify(held))).toBe(oid)
    expect(askUserInfo.asked).toHaveLength(2)
  })

  it('ends a token that it says is over, and blames none while it is away', async () => {
    const revoked = fixture({ claims: ['token', 'introspection'], introspect: source(no) })
    expect(outcomeOf(await revoked.identifier.identify(revoked.token()))).toBe(
      'claim_source: token_inactive',
    )
    const gone = fixture({ claims: ['token', 'userinfo'], askUserInfo: source(away) })
    expect(await gone.identifier.identify(gone.token())).toMatchObject({
      error: { code: 'userinfo_unavailable', retryAfterMs: 4_000, seen: 'idp answered 503' },
    })
  })
})

describe('a token of a kind that the issuer tells nothing about', () => {
  const unsupported = (): AskedClaims => ({
    kind: 'passed_over',
    detail: 'idp answered 400 unsupported_token_type',
  })

  it('holds where it is verified here, and is refused where it rests on the answer', async () => {
    const introspect = source(unsupported)
    const verified = fixture({
      claims: ['token', 'introspection'],
      introspect,
      match: [matching('oid', 'id')],
    })
    expect(outcomeOf(await verified.identifier.identify(verified.token()))).toBe(oid)
    expect(introspect.asked).toHaveLength(1)
    const resting = fixture({ claims: ['introspection'], introspect: source(unsupported) })
    expect(outcomeOf(await resting.identifier.identify(resting.token()))).toBe(
      'claim_source: token_inactive',
    )
  })
})

describe('a token that is no JWT', () => {
  const opaque = 'mF_9.B5f-4.1JqM'.replaceAll('.', '~')
  const active = (more: object = {}): object => ({
    sub: 's',
    aud: 'api://orders',
    uid: oid,
    ...more,
  })
  const introspecting = (
    introspect: AskIssuer,
    more: Partial<IssuerPolicy> = {},
  ): IdentifierFixture => fixture({ claims: ['introspection'], introspect, ...more })

  it.each<readonly [what: string, claims: object, outcome: string]>([
    ['for another API', active({ aud: 'other' }), 'audience: token_audience_refused'],
    ['for an audience that is none', active({ aud: [null] }), 'audience: token_audience_refused'],
    [
      'of a client and no audience',
      { sub: 's', client_id: 'web', uid: oid },
      'audience: token_audience_refused',
    ],
    ['over', active({ exp: 1_600_000_000 }), 'time: token_expired'],
    ['over at a time that is none', active({ exp: 0 }), 'time: token_time_invalid'],
    ['yet to begin', active({ nbf: 1_800_000_000 }), 'time: token_time_invalid'],
    [
      'of another issuer',
      active({ iss: 'https://other.example' }),
      'claim_source: claim_source_mismatch',
    ],
    [
      'an application’s',
      { aud: 'api://orders', client_id: 'robot', uid: oid },
      'mapping: account_unmatched',
    ],
    [
      'an application’s, by its subject',
      active({ sub: 'robot', client_id: 'robot' }),
      'mapping: account_unmatched',
    ],
  ])('is refused when introspection says that it is %s', async (_what, claims, outcome) => {
    const { identifier } = introspecting(source(claims))
    expect(outcomeOf(await identifier.identify(opaque))).toBe(outcome)
  })

  it.each([
    ['exp', '1700000600'],
    ['nbf', true],
    ['iat', -1],
    ['exp', 1_700_000_600_000],
  ])(
    'is not blamed for an answer of introspection whose %s is %o, no number of seconds',
    async (name, value) => {
      const { identifier } = introspecting(source(active({ [name]: value })))
      expect(await identifier.identify(opaque)).toMatchObject({
        error: {
          code: 'introspection_unavailable',
          seen: `an answer whose "${name}" is no number of seconds`,
          retryAfterMs: 30_000,
        },
      })
    },
  )

  it('is accepted where introspection says null of what it does not tell', async () => {
    const nothing = { exp: null, nbf: null, iat: null }
    const { identifier } = introspecting(source(active(nothing)))
    expect(outcomeOf(await identifier.identify(opaque))).toBe(oid)
    const client = introspecting(source(active({ ...nothing, aud: null, client_id: 'web' })), {
      introspectionClients: ['web'],
    })
    expect(outcomeOf(await client.identifier.identify(opaque))).toBe(oid)
  })

  it('is accepted without an end, for as long as the answer is kept', async () => {
    const { identifier, clock } = introspecting(source(active({ iat: 1_000, nbf: 1_000 })))
    expect(await identifier.identify(opaque)).toMatchObject({
      value: { expiresAt: clock.now() + 60_000 },
    })
  })

  it.each(['egk_0123_abc', 'egs_abc', 'egf_abc', 'egr_abc'])(
    'is told to no issuer when it is %s, which Evergrant itself gave out',
    async (own) => {
      const ask = source(active())
      const { identifier, explain } = introspecting(ask)
      expect(await identifier.identify(own)).toMatchObject({
        error: { code: 'token_opaque', seen: 'a credential of Evergrant’s own' },
      })
      expect((await explain(own)).refusal?.code).toBe('token_opaque')
      expect(ask.asked).toEqual([])
    },
  )

  it('never counts as expired by an end that nobody said, when the clock jumps', async () => {
    const ask = source(active())
    const { identifier, clock } = introspecting(ask)
    expect(outcomeOf(await identifier.identify(opaque))).toBe(oid)
    clock.set(clock.now() + 3_600_000)
    expect(outcomeOf(await identifier.identify(opaque))).toBe(oid)
    expect(ask.asked).toHaveLength(2)
  })

  it('is accepted with an audience, or of a client that is trusted without', async () => {
    const audience = introspecting(source(active({ iss, exp: 1_700_000_600 })))
    expect(await audience.identifier.identify(opaque)).toMatchObject({
      value: { account: { id: oid }, expiresAt: 1_700_000_600_000, subject: 's' },
    })
    const client = introspecting(source({ sub: 's', client_id: 'web', uid: oid }), {
      introspectionClients: ['web'],
    })
    expect(outcomeOf(await client.identifier.identify(opaque))).toBe(oid)
  })

  it('ends when introspection said that it does, however fresh the answer', async () => {
    const { identifier, clock } = introspecting(source(active({ exp: 1_700_000_001 })))
    expect(outcomeOf(await identifier.identify(opaque))).toBe(oid)
    await clock.advance(59_000)
    expect(outcomeOf(await identifier.identify(opaque))).toBe(oid)
    clock.set(1_700_000_061_000)
    expect(outcomeOf(await identifier.identify(opaque))).toBe('time: token_expired')
  })

  it('is remembered by its size: however long tokens are, what is kept of them is bounded', async () => {
    const introspect = source(active())
    const { identifier } = introspecting(introspect)
    const fill = async (length: number): Promise<number> => {
      introspect.asked.length = 0
      await identifier.identify('first'.padEnd(length, 'x'))
      for (let i = 0; i < 1_100; i++) await identifier.identify(`${i}`.padEnd(length, 'y'))
      await identifier.identify('first'.padEnd(length, 'x'))
      return introspect.asked.length
    }
    expect(await fill(1_000)).toBe(1_101)
    expect(await fill(16_000)).toBe(1_102)
  })

  it('is not sent anywhere when it cannot be a token', async () => {
    const introspect = source(active())
    const { identifier } = introspecting(introspect)
    for (const text of ['', 'a b', 'a\nb', 'ä', '<script>', 'x'.repeat(16_385)]) {
      expect((await identifier.identify(text)).ok).toBe(false)
    }
    expect(introspect.asked).toEqual([])
  })

  it('is refused as inactive, told apart from an issuer that is away', async () => {
    const inactive = introspecting(source(no))
    expect(await inactive.identifier.identify(opaque)).toMatchObject({
      error: { code: 'token_inactive', seen: 'idp answered that it is not active' },
    })
    const gone = introspecting(source(away))
    expect(await gone.identifier.identify(opaque)).toMatchObject({
      error: { code: 'introspection_unavailable', retryAfterMs: 4_000 },
    })
    const nobody = fixture({ claims: ['token'] })
    expect(outcomeOf(await nobody.identifier.identify(opaque))).toBe('parse: token_opaque')
  })

  it('is proven by UserInfo where that is all there is, its own words being worth nothing', async () => {
    const askUserInfo = source({ sub: 's', uid: oid })
    const { identifier, token } = fixture({ claims: ['userinfo'], askUserInfo })
    expect(outcomeOf(await identifier.identify(opaque))).toBe(oid)
    // A JWT is put to the issuer that it names, and to no other.
    const forged = token({ uid: 'somebody' }, makeSigningKey('k1'))
    const identified = await identifier.identify(forged)
    expect(identified).toMatchObject({ value: { account: { id: oid }, tenantId: tid } })
    expect(identified.ok ? identified.value.claims.map(({ name }) => name) : []).toEqual([
      'sub',
      'uid',
    ])
    expect(askUserInfo.asked).toEqual([opaque, forged])
    const other = await identifier.identify(token({ iss: 'https://other.example' }))
    expect(outcomeOf(other)).toBe('issuer: token_issuer_unknown')
    expect(askUserInfo.asked).toHaveLength(2)
  })

  it('is not put to issuers of several tenants, as nothing would tell which one', async () => {
    const askUserInfo = source({ sub: 's', uid: oid })
    const { identifier, token } = identifierFixture({
      key,
      policy: { claims: ['userinfo'], askUserInfo, match: [matching('uid', 'id')] },
    })
    expect(outcomeOf(await identifier.identify(opaque))).toBe('parse: token_opaque')
    expect(outcomeOf(await identifier.identify(token()))).toBe(oid)
  })

  it('tells a token for one’s own API, put to UserInfo of Entra, for what it is', async () => {
    const { identifier, token } = identifierFixture({
      key,
      policy: { claims: ['userinfo'], askUserInfo: source(no) },
    })
    const refused = await identifier.identify(token())
    expect(refused).toMatchObject({ error: { stage: 'claim_source', code: 'token_inactive' } })
    expect(refused.ok ? '' : refused.error.remedy).toContain('claims: [token]')
    expect(refused.ok ? '' : JSON.stringify(refused.error)).not.toContain('expired')
  })
})

describe('an ID token', () => {
  const idToken = { nonce: 'n', scp: undefined, azp: undefined }

  it('is accepted only where it is a source of claims, and alone where it is the only one', async () => {
    const settings = { acceptsIdTokens: true, acceptsAccessTokens: false }
    const only = identifierFixture({ key, policy: { claims: ['id_token'] }, settings })
    expect(outcomeOf(await only.identifier.identify(only.token()))).toBe(
      'token_kind: token_kind_wrong',
    )
    const identified = await only.identifier.identify(only.token(idToken))
    expect(identified.ok ? identified.value.claims[0]?.source : '').toBe('id_token')
    const none = identifierFixture({ key })
    expect(outcomeOf(await none.identifier.identify(none.token(idToken)))).toBe(
      'token_kind: token_kind_wrong',
    )
  })
})

describe('a guarded source', () => {
  it('lets nobody ask while the issuer wants to be left alone', async () => {
    const clock = createManualClock()
    let answer: AskedClaims = { kind: 'unavailable', detail: '429', retryAfterMs: 5_000 }
    let asked = 0
    const ask = guardSource(async () => {
      asked++
      return answer
    }, clock)
    expect(await ask('a')).toBe(answer)
    await clock.advance(2_000)
    expect(await ask('b')).toEqual({ kind: 'unavailable', detail: '429', retryAfterMs: 3_000 })
    expect(asked).toBe(1)
    answer = { kind: 'told', claims: {} }
    await clock.advance(3_000)
    expect(await ask('b')).toBe(answer)
  })

  it('goes on asking when it was the question alone that could not be answered', async () => {
    let asked = 0
    const ask = guardSource(async (): Promise<AskedClaims> => {
      asked++
      return { kind: 'unavailable', detail: '400', retryAfterMs: 5_000, isOwn: true }
    }, createManualClock())
    await ask('a')
    await ask('b')
    expect(asked).toBe(2)
  })

  it('asks so many at once, keeps a short queue, and turns the others away', async () => {
    const clock = createManualClock()
    const gate = Promise.withResolvers<AskedClaims>()
    let asked = 0
    const ask = guardSource(async () => {
      asked++
      return gate.promise
    }, clock)
    const questions = Array.from({ length: 400 }, (_, i) => ask(`t${i}`))
    const late = await questions[399]
    expect(late).toMatchObject({ kind: 'unavailable' })
    expect(asked).toBe(32)
    gate.resolve({ kind: 'told', claims: {} })
    const answers = await Promise.all(questions)
    expect(answers.filter(({ kind }) => kind === 'told')).toHaveLength(32 + 256)
    expect(asked).toBe(32 + 256)
    expect(await ask('again')).toMatchObject({ kind: 'told' })
  })

  it('keeps a lane for questions that were answered before, whatever floods the other', async () => {
    const clock = createManualClock()
    const gate = Promise.withResolvers<AskedClaims>()
    const asked: string[] = []
    const ask = guardSource(
      async (token: string): Promise<AskedClaims> => {
        asked.push(token)
        return token === 'known' ? { kind: 'told', claims: {} } : gate.promise
      },
      clock,
      (token) => token,
    )
    await ask('known')
    const flood = Array.from({ length: 1_000 }, (_, i) => ask(`made-up-${i}`))
    expect(await ask('known')).toEqual({ kind: 'told', claims: {} })
    expect(asked.filter((token) => token !== 'known')).toHaveLength(32)
    gate.resolve({ kind: 'refused', detail: 'it is not active' })
    const answers = await Promise.all(flood)
    expect(answers.filter(({ kind }) => kind === 'refused')).toHaveLength(32 + 256)
    // What was refused is known to nobody.
    expect(await ask('made-up-0')).toMatchObject({ kind: 'refused' })
  })
})
