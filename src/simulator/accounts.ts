import { createHash } from 'node:crypto'
import { EvergrantError } from '../kernel/index.ts'
import { consentingRoles, type DirectoryRole } from './directory-roles.ts'
import { guidOf, mix } from './mixing.ts'
import type { SimulatedAccount } from './options.ts'
import { hashText } from './page-token.ts'
import { isTotpSecret, toBase32 } from './totp.ts'

/** Someone who can sign in. */
export interface Account {
  readonly id: string
  readonly userPrincipalName: string
  readonly displayName: string
  /** The page asks for it; undefined: the name alone is enough there. */
  readonly password?: string
  /** Of the authenticator app (base32); `null`: none is enrolled. Default: follows from the id. */
  readonly totpSecret?: string | null
  /** Undefined: nothing was declared of its roles. */
  readonly roles?: readonly DirectoryRole[]
  /** Names of groups, such as `AdminAgents`. Undefined: nothing was declared. */
  readonly groups?: readonly string[]
  readonly isGuest?: boolean
}

/** What befell an account; sessions are told apart by their number. */
export interface AccountState {
  isDisabled: boolean
  isDeleted: boolean
  /** Conditional Access lets it have no tokens. */
  isBlocked: boolean
  /** Smart lockout: too many wrong passwords, or the control said so. */
  isLocked: boolean
  /** The application wants users assigned, and this one is not. */
  isUnassigned: boolean
  /** It may not consent for itself. */
  needsAdminApproval: boolean
  /** Wrong passwords in a row. */
  wrongPasswords: number
  /** Sessions up to this number need a sign-in with a second factor. */
  mfaUpTo: number
  /** Sign-ins without a second factor are refused from now on. */
  isMfaRequired: boolean
  /** The control took its authenticator app away, or gave it back. Undefined: as listed. */
  isMfaEnrolled: boolean | undefined
  /** In place of what is listed. */
  roles: readonly DirectoryRole[] | undefined
  groups: readonly string[] | undefined
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

/**
 * Makes a book out of listed accounts and a way to find the others. Throws `config_invalid` for a
 * secret of an authenticator app that is none.
 */
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
      const fresh = { ...untouched, ...everyone }
      states.set(id, fresh)
      return fresh
    },
    reset: () => {
      states.clear()
      everyone = { revokedUpTo: 0, revokedAt: 0 }
    },
  }
}

/** The secret of an account's authenticator app, or undefined where it has none enrolled. */
export function totpSecretOf(account: Account, state: AccountState): string | undefined {
  const { totpSecret, id } = account
  const isEnrolled = state.isMfaEnrolled ?? totpSecret !== null
  if (!isEnrolled) return undefined
  return totpSecret ?? toBase32(createHash('sha1').update(`simulated totp of ${id}`).digest())
}

/** The roles and groups of an account; undefined where nothing was declared of them. */
export function declaredRolesOf(
  account: Account,
  state: AccountState,
): { readonly roles: readonly DirectoryRole[]; readonly groups: readonly string[] } | undefined {
  const roles = state.roles ?? account.roles
  const groups = state.groups ?? account.groups
  if (roles === undefined && groups === undefined) return undefined
  return { roles: roles ?? [], groups: groups ?? [] }
}

/** Whether an account can consent for everybody. */
export function mayConsentForAll(account: Account, state: AccountState): boolean {
  const roles = declaredRolesOf(account, state)?.roles ?? []
  return roles.some((role) => consentingRoles.has(role))
}

const untouched = {
  isDisabled: false,
  isDeleted: false,
  isBlocked: false,
  isLocked: false,
  isUnassigned: false,
  needsAdminApproval: false,
  wrongPasswords: 0,
  mfaUpTo: 0,
  isMfaRequired: false,
  isMfaEnrolled: undefined,
  roles: undefined,
  groups: undefined,
} as const satisfies Partial<AccountState>

function accountOf(account: SimulatedAccount): Account {
  const { userPrincipalName, totpSecret } = account
  if (typeof totpSecret === 'string' && !isTotpSecret(totpSecret)) {
    const detail = `simulator: "totpSecret" of ${userPrincipalName} must be base32 of 10 bytes or more`
    throw new EvergrantError('config_invalid', detail)
  }
  const first = hashText(userPrincipalName.toLowerCase())
  return {
    ...account,
    id: account.id ?? guidOf(first, mix(first + 1), mix(first + 2), mix(first + 3)),
    displayName: account.displayName ?? userPrincipalName.split('@')[0] ?? '',
  }
}
