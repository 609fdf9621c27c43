import type { Account, AccountKind, AccountQuestion } from '../directory/index.ts'
import type { MatchRule } from '../identity/index.ts'

type Where = readonly Pick<AccountQuestion['where'][number], 'column' | 'compare'>[]

/** Answers what rules ask of the directory, from memory. */
export interface FindIndex {
  /** Takes in an account. */
  add(account: Account): void
  /**
   * Whom a question of a caller finds: nobody, one, or several of whom two are named. A caller’s
   * own id finds its own account alone.
   */
  find(question: AccountQuestion, own: Account): readonly FoundKey[]
}

/** Names what was found. */
export interface FoundKey {
  readonly tenantId: string
  readonly id: string
}

/** One look-up: what is compared, and whether in every tenant. */
interface Lookup {
  readonly where: Where
  readonly isAcrossTenants: boolean
  /** By the values compared: the only account with them, or that there are several. */
  readonly found: Map<string, FoundKey | 'several'>
}

/** Makes the look-ups of these rules; equal ones are kept once. */
export function createFindIndex(kind: AccountKind, rules: readonly MatchRule[]): FindIndex {
  const lookups = new Map<string, Lookup>()
  for (const { pairs, isAcrossTenants } of rules) {
    lookups.set(nameOf(pairs, isAcrossTenants), { where: pairs, isAcrossTenants, found: new Map() })
  }
  return {
    add: (account) => {
      if (account.kind !== kind) return
      for (const { where, isAcrossTenants, found } of lookups.values()) {
        const key = keyOf(account, where, isAcrossTenants ? undefined : account.tenantId)
        if (key === undefined) continue
        const { tenantId, id } = account
        found.set(key, found.has(key) ? 'several' : { tenantId, id })
      }
    },
    find: ({ where, tenantId }, own) => {
      const isOwnId = where.some(
        ({ column, value }) => column === 'id' && fold(value) === fold(own.id),
      )
      if (isOwnId) return holds(own, where) ? [own] : []
      const lookup = lookups.get(nameOf(where, tenantId === undefined))
      const values = where.map(({ column, value }) => (column === 'id' ? fold(value) : value))
      const found = lookup?.found.get([tenantId ?? '', ...values].join('\0'))
      if (found === undefined) return []
      return found === 'several' ? [own, own] : [found]
    },
  }
}

const nameOf = (where: Where, isAcrossTenants: boolean): string =>
  [isAcrossTenants, ...where.map(({ column, compare }) => `${column} ${compare}`)].join(', ')

/** No value has U+0000 in it: no claim that has is compared. */
function keyOf(account: Account, where: Where, tenantId: string | undefined): string | undefined {
  const values = where.map((pair) => columnOf(account, pair))
  if (values.includes(undefined)) return undefined
  return [tenantId ?? '', ...values].join('\0')
}

function columnOf(
  { id, properties }: Account,
  { column, compare }: Where[number],
): string | undefined {
  if (column === 'id') return fold(id)
  const value = properties[column]
  if (typeof value !== 'string' || value === '' || value.includes('\0')) return undefined
  return compare === 'lower' ? asciiLower(value) : value
}

function holds(own: Account, where: AccountQuestion['where']): boolean {
  return where.every(
    (pair) => columnOf(own, pair) === (pair.column === 'id' ? fold(pair.value) : pair.value),
  )
}

const fold = (id: string): string => asciiLower(id)

const asciiLower = (text: string): string =>
  text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase())
