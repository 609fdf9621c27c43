import { guidOf, mix } from './mixing.ts'
import type { SimulatedAccount } from './options.ts'
import { hashText } from './page-token.ts'

/** Someone who can sign in. */
export interface Account {
  readonly id: string
  readonly userPrincipalName: string
  readonly displayName: string
}

/** What befell an account; sessions are told apart by their number. */
export interface AccountState {
  isDisabled: boolean
  isDeleted: boolean
  /** Conditional Access lets it have no tokens. */
  isBlocked: boolean
  /** Sessions up to this number need a sign-in with a second factor. */
  mfaUpTo: number
  /** Sign-ins without a second factor are refused from now on. */
  isMfaRequired: boolean
  /** Sessions up to this number are revoked. */
  revokedUpTo: number
  revokedAt: number
}

/** The accounts of one authority. */
export interface AccountBook {
  /** Finds an account by id or name, in any case; deleted ones as well. */
  find(name: string): Account | undefined
  /** The first listed one, else the first of the others. */
  first(): Account | undefined
  /** Revokes the sessions of everyone. */
  revokeAll(revoked: Pick<AccountState, 'revokedUpTo' | 'revokedAt'>): void
  /** Its state, for reading and changing. */
  state(id: string): AccountState
  /** Forgets what befell anyone. */
  reset(): void
}

/** Makes a book out of listed accounts and a way to find the others. */
export function createAccountBook(
  listed: readonly SimulatedAccount[],
  others: {
    readonly find: (name: string) => Account | undefined
    readonly first: () => Account | undefined
  } = { find: () => undefined, first: () => undefined },
): AccountBook {
  const known = listed.map(accountOf)
  const byName = new Map(
    known.flatMap((account) => [
      [account.id.toLowerCase(), account],
      [account.userPrincipalName.toLowerCase(), account],
    ]),
  )
  const states = new Map<string, AccountState>()
  let everyone = { revokedUpTo: 0, revokedAt: 0 }
  return {
    find: (name) => byName.get(name.toLowerCase()) ?? others.find(name),
    first: () => known[0] ?? others.first(),
    revokeAll: (revoked) => {
      everyone = revoked
      for (const state of states.values()) Object.assign(state, revoked)
    },
    state: (id) => {
      const found = states.get(id)
      if (found !== undefined) return found
      const fresh = {
        isDisabled: false,
        isDeleted: false,
        isBlocked: false,
        mfaUpTo: 0,
        isMfaRequired: false,
        ...everyone,
      }
      states.set(id, fresh)
      return fresh
    },
    reset: () => {
      states.clear()
      everyone = { revokedUpTo: 0, revokedAt: 0 }
    },
  }
}

function accountOf(account: SimulatedAccount): Account {
  const { userPrincipalName } = account
  const first = hashText(userPrincipalName.toLowerCase())
  return {
    id: account.id ?? guidOf(first, mix(first + 1), mix(first + 2), mix(first + 3)),
    userPrincipalName,
    displayName: account.displayName ?? userPrincipalName.split('@')[0] ?? '',
  }
}
