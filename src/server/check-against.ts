import type { Config, IssuerConfig } from '../config/index.ts'
import type { Account, AccountKind, AccountStore } from '../directory/index.ts'
import { matchAccount, type MatchRule } from '../identity/index.ts'
import { claimsOf, propertiesFor, type PropertyOf } from './against-claims.ts'
import { createFindIndex, type FindIndex } from './against-index.ts'
import { subjectsOf, type Subject } from './against-subjects.ts'
import { matchRuleOf } from './open-bearer.ts'

/** What becomes of somebody who owns an account and brings a token of it. */
export type Resolution =
  /** The account is found, and no other one. */
  | 'found'
  | 'another_account'
  /** Several accounts are found: `account_ambiguous`. */
  | 'ambiguous'
  /** No account is found: `account_unmatched`. */
  | 'unmatched'
  /** No rule has all its claims: `claim_missing`. */
  | 'claim_missing'
  /** The issuer needs no account. */
  | 'no_account_needed'
  /** No issuer accepts tokens of that tenant or server. */
  | 'not_accepted'

/** Accounts of which the two configurations make something different. */
export interface ResolutionChange {
  readonly from: Resolution
  readonly to: Resolution
  readonly accounts: number
  /** The first of them. */
  readonly examples: readonly Pick<Account, 'tenantId' | 'kind' | 'id'>[]
}

/** How callers of one tenant, or of one server, fare. */
export interface SubjectComparison {
  /** What the issuer is called in the running configuration, and in the other one. */
  readonly running?: string
  readonly next?: string
  /** Absent: any account of the directory. */
  readonly tenantId?: string
  readonly accounts: number
  /** By what becomes of them in both. */
  readonly unchanged: Readonly<Partial<Record<Resolution, number>>>
  /** The most accounts first. */
  readonly changes: readonly ResolutionChange[]
}

const kinds: readonly AccountKind[] = ['user', 'servicePrincipal']
const pageSize = 1_000
const mostExamples = 3

/**
 * Compares what two configurations make of every account of the directory: whom the rules of each
 * find by claims that the directory itself has (`claimsOf`). Reads the accounts once, and once more
 * where rules compare other columns than `id`; what is kept in memory is, for each such rule, the
 * values it compares.
 */
export async function checkAgainst(
  running: Pick<Config, 'issuers'>,
  next: Pick<Config, 'issuers'>,
  accounts: Pick<AccountStore, 'listAccounts'>,
): Promise<readonly SubjectComparison[]> {
  const tallies = subjectsOf(running, next).map(createTally)
  for (const kind of kinds) {
    const asked = tallies.map((tally) => ({ tally, sides: sidesOf(tally.subject, kind) }))
    const rules = asked.flatMap(({ sides }) => sides.flatMap(({ indexed }) => indexed))
    const index = createFindIndex(kind, rules)
    if (rules.length > 0) {
      for await (const account of everyAccount(accounts, kind)) index.add(account)
    }
    for await (const account of everyAccount(accounts, kind)) {
      for (const { tally, sides } of asked) {
        const { tenantId = account.tenantId } = tally.subject
        if (tenantId !== account.tenantId) continue
        const [from, to] = sides
        tally.count(account, await resolve(account, from, index), await resolve(account, to, index))
      }
    }
  }
  return tallies.map(({ told }) => told())
}

async function* everyAccount(
  accounts: Pick<AccountStore, 'listAccounts'>,
  kind: AccountKind,
): AsyncGenerator<Account, void, undefined> {
  let page = await accounts.listAccounts({ kind, limit: pageSize })
  for (;;) {
    yield* page.accounts
    if (page.next === undefined) return
    page = await accounts.listAccounts({ kind, limit: pageSize, after: page.next })
  }
}

/** One configuration, as it meets the callers of a subject. */
interface Side {
  readonly issuer: IssuerConfig | undefined
  readonly tenantId: string | undefined
  readonly rules: readonly MatchRule[]
  /** Rules that find others than the account whose id the claim is. */
  readonly indexed: readonly MatchRule[]
  readonly propertyOf: PropertyOf
}

function sidesOf(subject: Subject, kind: AccountKind): readonly [Side, Side] {
  const propertyOf = propertiesFor(subject, kind)
  const sideOf = (issuer: IssuerConfig | undefined): Side => {
    const rules = (issuer?.match ?? []).map(matchRuleOf)
    const isByOwnId = ({ pairs }: MatchRule): boolean =>
      pairs.some(({ claim, column }) => column === 'id' && propertyOf(claim) === 'id')
    return {
      issuer,
      tenantId: subject.tenantId,
      rules,
      indexed: rules.filter((rule) => !isByOwnId(rule)),
      propertyOf,
    }
  }
  return [sideOf(subject.running), sideOf(subject.next)]
}

/** Matches as a live request is matched, but in memory. */
async function resolve(
  account: Account,
  { issuer, tenantId, rules, propertyOf }: Side,
  index: FindIndex,
): Promise<Resolution> {
  if (issuer === undefined) return 'not_accepted'
  if (rules.length === 0) return 'no_account_needed'
  const { account: found, refusal } = await matchAccount(
    rules,
    claimsOf(account, issuer, propertyOf),
    { kind: account.kind, tenantId, find: async (question) => index.find(question, account) },
  )
  if (found !== undefined) {
    const isOwn = found.id === account.id && found.tenantId === account.tenantId
    return isOwn ? 'found' : 'another_account'
  }
  switch (refusal?.code) {
    case 'account_ambiguous':
      return 'ambiguous'
    case 'claim_missing':
      return 'claim_missing'
    default:
      return 'unmatched'
  }
}

interface Tally {
  readonly subject: Subject
  count(account: Account, from: Resolution, to: Resolution): void
  told(): SubjectComparison
}

function createTally(subject: Subject): Tally {
  const unchanged: Partial<Record<Resolution, number>> = {}
  const changes = new Map<string, { change: ResolutionChange; accounts: number }>()
  let accounts = 0
  return {
    subject,
    count: ({ tenantId, kind, id }, from, to) => {
      accounts++
      if (from === to) {
        unchanged[from] = (unchanged[from] ?? 0) + 1
        return
      }
      const key = `${from} ${to}`
      const known = changes.get(key)
      if (known === undefined) {
        const examples = [{ tenantId, kind, id }]
        changes.set(key, { change: { from, to, accounts: 0, examples }, accounts: 1 })
        return
      }
      known.accounts++
      const { change } = known
      if (change.examples.length === mostExamples) return
      known.change = { ...change, examples: [...change.examples, { tenantId, kind, id }] }
    },
    told: () => {
      const { tenantId, running, next } = subject
      return {
        ...(running === undefined ? {} : { running: running.name }),
        ...(next === undefined ? {} : { next: next.name }),
        ...(tenantId === undefined ? {} : { tenantId }),
        accounts,
        unchanged,
        changes: [...changes.values()]
          .map(({ change, accounts: counted }) => ({ ...change, accounts: counted }))
          .toSorted((a, b) => b.accounts - a.accounts),
      }
    },
  }
}
