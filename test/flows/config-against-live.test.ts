import fc from 'fast-check'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { IssuerConfig, MatchRuleConfig } from '../../src/config/index.ts'
import type { Account } from '../../src/directory/index.ts'
import { matchAccount } from '../../src/identity/index.ts'
import { claimsOf, propertiesFor } from '../../src/server/against-claims.ts'
import { subjectsOf, type Subject } from '../../src/server/against-subjects.ts'
import { checkAgainst, type Resolution } from '../../src/server/check-against.ts'
import { matchRuleOf } from '../../src/server/open-bearer.ts'
import { openSqliteStore, type Store } from '../../src/store/index.ts'
import { importUsers } from '../contract/accounts.contract.ts'
import { aVault, createEagerClock } from '../contract/builders.ts'

const tenants = [
  '11111111-2222-4333-8444-555555555551',
  '11111111-2222-4333-8444-555555555552',
] as const

/** Few values, so that many are shared; some that nobody may be found by. */
const value = fc.constantFrom<unknown>(
  'a@x.de',
  'A@x.de',
  'b@x.de',
  'ß@x.de',
  '',
  ' ',
  null,
  5,
  true,
  ['a@x.de'],
  'tab\tinside',
  'x'.repeat(321),
)
const account = fc.record({ mail: value, userPrincipalName: value, employeeId: value })
const accounts = fc.record({
  one: fc.array(account, { minLength: 1, maxLength: 6 }),
  two: fc.array(account, { maxLength: 4 }),
})
const pair = fc.record({
  claim: fc.constantFrom('oid', 'email', 'upn', 'emp', 'sub'),
  column: fc.constantFrom('id', 'mail', 'userPrincipalName', 'employeeId'),
  ignoreCase: fc.boolean(),
})
const rule: fc.Arbitrary<MatchRuleConfig> = fc.record({
  pairs: fc.array(pair, { minLength: 1, maxLength: 2 }),
  acrossTenants: fc.boolean(),
  acceptMutable: fc.constant(true),
})
const issuer: fc.Arbitrary<IssuerConfig> = fc
  .record({
    match: fc.array(rule, { maxLength: 3 }),
    claims: fc.constantFrom<IssuerConfig['claims']>(['token'], ['userinfo']),
    isOidc: fc.boolean(),
  })
  .map(({ match, claims, isOidc }) => ({
    name: 'one',
    audiences: ['api://orders'],
    skewMs: 0,
    longestLifeMs: 60_000,
    claims,
    match,
    userName: 'name',
    scopes: [],
    access: [],
    introspection: { clients: [] },
    userinfo: { acceptAnyAudience: true },
    longestSessionMs: 60_000,
    ...(isOidc
      ? { type: 'oidc' as const, issuer: 'https://sso.example.com', tenant: tenants[0] }
      : { type: 'entra' as const, tenants: [tenants[0]], cloud: 'global' as const }),
  }))

/** What becomes of an account by the look-ups of the store itself. */
async function liveOutcome(
  store: Store,
  subject: Subject,
  side: IssuerConfig | undefined,
  own: Account,
): Promise<Resolution> {
  if (side === undefined) return 'not_accepted'
  if (side.match.length === 0) return 'no_account_needed'
  const claims = claimsOf(own, side, propertiesFor(subject, 'user'))
  const { account: found, refusal } = await matchAccount(side.match.map(matchRuleOf), claims, {
    kind: 'user',
    tenantId: subject.tenantId,
    find: (question) => store.accounts.findAccounts(question),
  })
  if (found !== undefined) {
    return found.id === own.id && found.tenantId === own.tenantId ? 'found' : 'another_account'
  }
  if (refusal?.code === 'account_ambiguous') return 'ambiguous'
  return refusal?.code === 'claim_missing' ? 'claim_missing' : 'unmatched'
}

describe('config check --against', () => {
  it(
    'finds whom live requests find, whatever the accounts and the rules',
    { timeout: 60_000 },
    async () => {
      await fc.assert(
        fc.asyncProperty(accounts, issuer, issuer, async ({ one, two }, before, after) => {
          const folder = await mkdtemp(join(tmpdir(), 'evergrant-against-live-'))
          const path = join(folder, 'store.db')
          const clock = createEagerClock()
          const store = await openSqliteStore({ path, vault: aVault(), clock, role: 'bulk' })
          try {
            await importUsers(store, one, { tenant: tenants[0] })
            await importUsers(store, two, { tenant: tenants[1] })
            const running = { issuers: { one: before } }
            const next = { issuers: { one: after } }
            const live: string[] = []
            for (const subject of subjectsOf(running, next)) {
              const { tenantId } = subject
              const page = await store.accounts.listAccounts({
                kind: 'user',
                limit: 100,
                ...(tenantId === undefined ? {} : { tenantId }),
              })
              for (const own of page.accounts) {
                const from = await liveOutcome(store, subject, subject.running, own)
                const to = await liveOutcome(store, subject, subject.next, own)
                live.push(`${from} ${to}`)
              }
            }
            const compared = await checkAgainst(running, next, store.accounts)
            const counted = compared.flatMap(({ unchanged, changes }) => [
              ...Object.entries(unchanged).flatMap(([kind, amount]) =>
                Array.from({ length: amount }, () => `${kind} ${kind}`),
              ),
              ...changes.flatMap(({ from, to, accounts: amount }) =>
                Array.from({ length: amount }, () => `${from} ${to}`),
              ),
            ])
            expect(counted.toSorted()).toEqual(live.toSorted())
          } finally {
            await store.close()
            await rm(folder, { recursive: true })
          }
        }),
        { numRuns: 60 },
      )
    },
  )
})
