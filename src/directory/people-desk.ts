import { EvergrantError, type Clock } from '../kernel/index.ts'
import { addressOf, isGuid } from './account-address.ts'
import type {
  Account,
  AccountKey,
  AccountKind,
  AccountRole,
  AccountStore,
  PeopleStore,
} from './account-ports.ts'

/** One link as it stands in a list. */
export interface PersonEntry {
  /** Where it stands, for messages: `line 7`. */
  readonly place: string
  /** Name of the person. */
  readonly person: string
  /** Id of the tenant. */
  readonly tenant: string
  /** Object id or userPrincipalName. */
  readonly account: string
  readonly kind: AccountKind
  readonly role?: string
  readonly connections: readonly string[]
}

/** What the desk is made of. */
export interface PeopleDeskOptions {
  readonly people: Pick<PeopleStore, 'linkAccounts' | 'unlinkAccount'>
  readonly accounts: Pick<AccountStore, 'findAccounts' | 'getAccount' | 'hasLookup'>
  /**
   * Whether a userPrincipalName may be sought where no look-up was prepared for it: that reads the
   * whole directory, on the thread that asks.
   */
  readonly mayScan: boolean
  readonly clock: Pick<Clock, 'now' | 'sleep'>
  /** Whether there is a connection of that name. */
  readonly isConnection: (name: string) => boolean
  /** Called after every change: this process must not go on with what it knew. */
  readonly onChanged: () => void
}

/** Links accounts to people. */
export interface PeopleDesk {
  /**
   * Links the accounts of a list, all of them or none, making people that are not there; what an
   * account had before from the same person is replaced.
   *
   * @param problems What was found wrong with the list before.
   * @throws EvergrantError `people_invalid` naming every entry that is wrong, `account_taken`
   */
  link(
    entries: readonly PersonEntry[],
    options?: { readonly isDryRun?: boolean; readonly problems?: readonly EntryProblem[] },
  ): Promise<{ readonly links: number; readonly people: number }>
  /** Takes an account from its person; false when it had none. */
  unlink(key: AccountKey): Promise<boolean>
}

/** What is wrong with an entry. */
export interface EntryProblem {
  readonly place: string
  readonly problem: string
}

/** Most links that one list may have. */
export const linksAtMost = 100_000
const problemsTold = 100
/** Accounts that are sought at a time. */
const soughtAtOnce = 16
/** After so many the thread is free for others. */
const soughtInARow = 64
const byName = { kind: 'user', column: 'userPrincipalName', compare: 'lower' } as const
const roles: readonly AccountRole[] = ['viewer', 'operator', 'admin']
const longestName = 200

/** Makes the desk over a store. */
export function createPeopleDesk(options: PeopleDeskOptions): PeopleDesk {
  const { people, accounts, mayScan, clock, isConnection, onChanged } = options

  /** The account that an entry means, or what is wrong with the entry. */
  async function find(
    { tenant, account, kind }: PersonEntry,
    canSeek: boolean,
  ): Promise<Account | string> {
    if (isGuid(account)) {
      const key = { tenantId: tenant, kind, id: account }
      return (await accounts.getAccount(key)) ?? `no ${kind} ${addressOf(key)} was imported`
    }
    if (!canSeek) {
      return `expected the account’s id, a GUID, but saw ${shown(account)}: names are looked up once the service accepts an issuer’s tokens`
    }
    const value = account.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase())
    const where = [{ column: byName.column, value, compare: byName.compare }]
    const found = await accounts.findAccounts({ tenantId: tenant, kind, where, limit: 2 })
    const [first] = found
    if (first === undefined) return `no ${kind} ${shown(account)} of tenant ${tenant} was imported`
    return found.length === 1 ? first : `several accounts of tenant ${tenant} are ${shown(account)}`
  }

  const flawOf = ({ person, tenant, account, role, connections }: PersonEntry): string[] => {
    const flaws: string[] = []
    if (!isName(person)) {
      flaws.push(
        `expected a person’s name of 1 to ${longestName} printable characters that does not begin with "psn_", but saw ${shown(person)}`,
      )
    }
    if (!isGuid(tenant)) flaws.push(`expected the tenant’s id, a GUID, but saw ${shown(tenant)}`)
    if (account === '') flaws.push('expected an account: its id or userPrincipalName')
    if (role !== undefined && !isRole(role)) {
      flaws.push(`expected the role ${roles.join(', ')} or none, but saw ${shown(role)}`)
    }
    for (const name of connections) {
      if (!isConnection(name)) flaws.push(`there is no connection ${shown(name)}`)
    }
    return flaws
  }

  interface Looked {
    readonly entry: PersonEntry
    readonly flaws: string[]
    /** Undefined where the entry cannot be one. */
    readonly found: Account | string | undefined
  }

  /** Each entry with what it means, in order. */
  async function* looked(
    entries: readonly PersonEntry[],
    canSeek: boolean,
  ): AsyncGenerator<Looked> {
    for (let at = 0; at < entries.length; at += soughtAtOnce) {
      if (at > 0 && at % soughtInARow === 0) await clock.sleep(0)
      yield* await Promise.all(
        entries.slice(at, at + soughtAtOnce).map(async (entry): Promise<Looked> => {
          const flaws = flawOf(entry)
          return { entry, flaws, found: flaws.length > 0 ? undefined : await find(entry, canSeek) }
        }),
      )
    }
  }

  return {
    link: async (entries, { isDryRun = false, problems: before = [] } = {}) => {
      if (entries.length > linksAtMost) {
        throw new EvergrantError(
          'people_invalid',
          `expected at most ${linksAtMost} links, but saw ${entries.length}`,
        )
      }
      const canSeek = mayScan || (await accounts.hasLookup(byName))
      const problems: EntryProblem[] = [...before]
      const met = new Map<string, string>()
      const links: Parameters<PeopleStore['linkAccounts']>[0][number][] = []
      for await (const { entry, flaws, found } of looked(entries, canSeek)) {
        const { place, person, role, connections } = entry
        if (typeof found === 'string') flaws.push(found)
        else if (found !== undefined) {
          const address = `${found.kind} ${addressOf(found)}`
          const earlier = met.get(address)
          met.set(address, place)
          const owner = found.link?.personName
          if (earlier !== undefined) flaws.push(`the account stands on ${earlier} already`)
          else if (owner !== undefined && owner !== person) {
            flaws.push(`the account belongs to ${shown(owner)}`)
          }
          const { tenantId, kind, id } = found
          const given = role !== undefined && isRole(role) ? { role } : {}
          links.push({ person, account: { tenantId, kind, id, ...given, connections } })
        }
        problems.push(...flaws.map((problem) => ({ place, problem })))
      }
      if (problems.length > 0) throw invalid(problems)
      const outcome = { links: links.length, people: new Set(links.map((one) => one.person)).size }
      if (isDryRun) return outcome
      const { taken } = await people.linkAccounts(links, clock.now())
      onChanged()
      if (taken === undefined) return outcome
      throw new EvergrantError(
        'account_taken',
        `${addressOf(taken.account)} belongs to ${shown(taken.by)}`,
      )
    },
    unlink: async (key) => {
      const hasChanged = await people.unlinkAccount(key)
      onChanged()
      return hasChanged
    },
  }
}

/** Every problem, by place, one a line. */
function invalid(problems: readonly EntryProblem[]): EvergrantError {
  const told = problems.slice(0, problemsTold).map(({ place, problem }) => `${place}: ${problem}`)
  const more = problems.length - told.length
  return new EvergrantError(
    'people_invalid',
    [...told, ...(more > 0 ? [`and ${more} more`] : [])].join('\n'),
  )
}

function isName(text: string): boolean {
  return (
    text.trim() === text &&
    text !== '' &&
    text.length <= longestName &&
    text.isWellFormed() &&
    !/^psn_|[\p{Cc}\p{Zl}\p{Zp}]/u.test(text)
  )
}

function isRole(text: string): text is AccountRole {
  return roles.some((role) => role === text)
}

const shown = (text: string): string => JSON.stringify(text.slice(0, 100))
