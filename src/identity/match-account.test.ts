import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AccountQuestion } from '../directory/index.ts'
import { ClaimBag } from './claim-bag.ts'
import {
  matchAccount,
  type FindAccounts,
  type MatchOutcome,
  type MatchRule,
} from './match-account.ts'

interface Row {
  readonly tenantId: string
  readonly kind: 'user' | 'servicePrincipal'
  readonly id: string
  readonly mail?: string
  readonly [column: string]: string | undefined
}

/** A directory that does what it is asked, one row at a time. */
const directory =
  (rows: readonly Row[]): FindAccounts =>
  async ({ tenantId, kind, where, limit }: AccountQuestion) =>
    rows
      .filter(
        (row) =>
          row.kind === kind &&
          (tenantId === undefined || row.tenantId === tenantId) &&
          where.every(({ column, value, compare }) => {
            const seen = row[column]
            return compare === 'lower' ? seen?.toLowerCase() === value : seen === value
          }),
      )
      .slice(0, limit)

const rule = (claim: string, column: string, more: Partial<MatchRule> = {}): MatchRule => ({
  pairs: [{ claim, column, compare: 'exact' }],
  isAcrossTenants: false,
  ...more,
})
const rows: readonly Row[] = [
  { tenantId: 'a', kind: 'user', id: '1', mail: 'ada@x.example' },
  { tenantId: 'b', kind: 'user', id: '1', mail: 'ada@x.example' },
  { tenantId: 'c', kind: 'user', id: '3', mail: 'ada@x.example' },
  { tenantId: 'a', kind: 'user', id: '4', mail: 'bob@x.example' },
  { tenantId: 'a', kind: 'servicePrincipal', id: '5' },
]

async function match(
  rules: readonly MatchRule[],
  token: Readonly<Record<string, unknown>>,
  options: {
    readonly userInfo?: Readonly<Record<string, unknown>>
    readonly kind?: 'user' | 'servicePrincipal'
    readonly tenantId?: string
  } = {},
): Promise<MatchOutcome> {
  const claims = new ClaimBag()
  claims.add('token', token)
  if (options.userInfo !== undefined) claims.add('userinfo', options.userInfo)
  const { kind = 'user', tenantId = 'a' } = options
  return matchAccount(rules, claims, { kind, tenantId, find: directory(rows) })
}

describe('an account', () => {
  it('is found by the first rule whose claims are all there, within the token’s tenant', async () => {
    expect(await match([rule('oid', 'id')], { oid: '1' })).toMatchObject({
      account: { tenantId: 'a', id: '1' },
    })
    const two = await match([rule('upn', 'userPrincipalName'), rule('oid', 'id')], { oid: '1' })
    expect(two.account).toMatchObject({ id: '1' })
    expect(two.rules).toMatchObject([
      { kind: 'passed_over', claim: 'upn', lookedIn: ['token'] },
      { kind: 'decided', found: 1, claims: [{ name: 'oid', source: 'token' }] },
    ])
  })

  it('is none when the same address is in three tenants', async () => {
    const across = rule('email', 'mail', { isAcrossTenants: true })
    const outcome = await match([across, rule('oid', 'id')], { email: 'ada@x.example', oid: '1' })
    expect(outcome.account).toBeUndefined()
    expect(outcome.refusal).toMatchObject({ code: 'account_ambiguous', seen: 'several' })
    // Neither the first nor the last one, and no other rule.
    expect(outcome.rules[1]).toEqual({ kind: 'not_reached' })
    const within = await match([rule('email', 'mail')], { email: 'ada@x.example' })
    expect(within.account).toMatchObject({ tenantId: 'a' })
  })

  it('is none when a rule that decides finds none, whatever the others would', async () => {
    const outcome = await match([rule('email', 'mail'), rule('oid', 'id')], {
      email: 'x',
      oid: '1',
    })
    expect(outcome).toMatchObject({
      refusal: {
        code: 'account_unmatched',
        expected: 'an account with mail equal to "email" of the token',
      },
    })
  })

  it('of an application is never a user’s', async () => {
    const byId = [rule('oid', 'id')]
    const { refusal } = await match(byId, { oid: '1' }, { kind: 'servicePrincipal' })
    expect(refusal).toMatchObject({
      expected: 'a service principal with id equal to "oid" of the token',
      remedy: expect.stringContaining('evergrant import CONNECTION servicePrincipals') as string,
    })
    expect(refusal?.code).toBe('account_unmatched')
    expect((await match(byId, { oid: '5' }, { kind: 'servicePrincipal' })).account?.id).toBe('5')
    expect((await match(byId, { oid: '5' })).refusal?.code).toBe('account_unmatched')
  })

  it('is told what is missing, and where it was looked for', async () => {
    const story = await match(
      [
        {
          pairs: [
            { claim: 'upn', source: 'userinfo', column: 'userPrincipalName', compare: 'exact' },
          ],
          isAcrossTenants: false,
        },
      ],
      { upn: 'ada@x.example', oid: '1' },
      { userInfo: { sub: 's', email: 'ada@x.example' } },
    )
    expect(story.refusal).toMatchObject({
      code: 'claim_missing',
      expected: 'the claims of a rule: "upn" of the userinfo',
      seen: 'only upn, oid, sub, email in token, userinfo',
    })
    expect(story.rules).toEqual([{ kind: 'passed_over', claim: 'upn', lookedIn: ['userinfo'] }])
  })

  it.each([[['1']], [1], [true], [{ a: 1 }], [''], ['  '], ['1\u0000'], ['x'.repeat(321)]])(
    'is not found by %j',
    async (oid) => {
      const outcome = await match([rule('oid', 'id'), rule('sub', 'id')], { oid, sub: '1' })
      expect(outcome.refusal?.code).toBe('claim_type')
    },
  )

  it('is found in lower case where a rule says so, by ASCII letters alone', async () => {
    const lower: MatchRule = {
      pairs: [{ claim: 'email', column: 'mail', compare: 'lower' }],
      isAcrossTenants: false,
    }
    expect((await match([lower], { email: 'ADA@X.example' })).account?.id).toBe('1')
    expect(
      (await match([rule('email', 'mail')], { email: 'ADA@X.example' })).account,
    ).toBeUndefined()
    expect((await match([lower], { email: 'ada@\u212a.example' })).account).toBeUndefined()
  })

  it('is found by the claims, not by chance', async () => {
    const value = fc.constantFrom('1', '3', '4', 'ada@x.example', 'bob@x.example', 'nobody')
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(fc.constantFrom('oid', 'email', 'sub'), value),
        fc.array(
          fc.record({
            claim: fc.constantFrom('oid', 'email', 'sub', 'upn'),
            column: fc.constantFrom('id', 'mail'),
            isAcrossTenants: fc.boolean(),
          }),
          { maxLength: 4 },
        ),
        async (token, wishes) => {
          const rules = wishes.map(({ claim, column, isAcrossTenants }) =>
            rule(claim, column, { isAcrossTenants }),
          )
          const outcome = await match(rules, token)
          const deciding = wishes.findIndex(({ claim }) => token[claim] !== undefined)
          const wish = wishes[deciding]
          const fitting = rows.filter(
            (row) =>
              wish !== undefined &&
              row.kind === 'user' &&
              (wish.isAcrossTenants || row.tenantId === 'a') &&
              row[wish.column] === token[wish.claim],
          )
          const expected =
            wish === undefined
              ? 'claim_missing'
              : ((['account_unmatched', fitting[0]?.id] as const)[fitting.length] ??
                'account_ambiguous')
          expect(outcome.account?.id ?? outcome.refusal?.code).toBe(expected)
          expect(outcome.rules).toHaveLength(rules.length)
        },
      ),
    )
  })
})

describe('claims from several sources', () => {
  it('are added to, never overridden, and keep their origin', () => {
    const claims = new ClaimBag()
    claims.add('token', { sub: 'a', email: 'token@x', nothing: null })
    claims.add('userinfo', { sub: 'b', email: 'userinfo@x', name: 'Ada', nothing: 'there' })
    expect(claims.find('email')).toEqual({ name: 'email', value: 'token@x', source: 'token' })
    expect(claims.find('email', 'userinfo')).toMatchObject({ value: 'userinfo@x' })
    expect(claims.find('name')).toMatchObject({ source: 'userinfo' })
    expect(claims.find('nothing')).toMatchObject({ source: 'userinfo' })
    expect(claims.find('upn')).toBeUndefined()
    expect(claims.find('constructor')).toBeUndefined()
    expect(claims.all().map(({ name, source }) => `${name} ${source}`)).toEqual([
      'sub token',
      'email token',
      'name userinfo',
      'nothing userinfo',
    ])
  })

  it('have short names where they are addresses, and theirs count before', () => {
    const address = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn'
    const claims = new ClaimBag()
    claims.add('token', { [address]: 'long' })
    expect(claims.find('upn')).toMatchObject({ name: 'upn', value: 'long' })
    expect(claims.find(address)).toMatchObject({ name: 'upn', value: 'long' })
    const both = new ClaimBag()
    both.add('token', { [address]: 'long', upn: 'short' })
    expect(both.find(address)).toMatchObject({ value: 'short' })
  })
})
