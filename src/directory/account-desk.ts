import { EvergrantError, type Clock, type Emit } from '../kernel/index.ts'
import type { AccountKey, AccountStore } from './account-ports.ts'
import type { AccountEvent } from './events.ts'

/** What the desk is made of. */
export interface AccountDeskOptions {
  readonly accounts: Pick<AccountStore, 'disableAccount' | 'enableAccount'>
  /** Ends the sessions of an account. */
  readonly sessions: {
    revokeSessionsOf(account: AccountKey, now: number): Promise<number>
  }
  readonly clock: Pick<Clock, 'now'>
  readonly emit: Emit<AccountEvent>
  /** Called after every change, before it is told: this process must not go on with what it knew. */
  readonly onChanged: () => void
}

/** Who changes something, and why. */
export interface Decision {
  /** A caller, or a user of the operating system. */
  readonly by: string
  /** Up to 500 characters. */
  readonly reason?: string
}

/** Disables and enables accounts here. */
export interface AccountDesk {
  /**
   * Disables an account here, imported or not, and ends its sessions: here at once, in other
   * processes within a second. Of one that is disabled already the sessions end, and who disabled
   * it stays.
   *
   * @throws EvergrantError `usage` for a reason that is too long, `store_*`
   */
  disable(
    key: AccountKey,
    decision: Decision,
  ): Promise<{ readonly hasChanged: boolean; readonly revokedSessions: number }>
  /** Takes that back; sessions stay ended. False when it was not disabled. */
  enable(key: AccountKey, by: string): Promise<boolean>
}

const longestReason = 500

/** Makes the desk over a store. */
export function createAccountDesk(options: AccountDeskOptions): AccountDesk {
  const { accounts, sessions, clock, emit, onChanged } = options
  const factsOf = ({ tenantId, kind, id }: AccountKey, at: number) =>
    ({ at, tenantId, kind, accountId: id }) as const
  return {
    disable: async (key, { by, reason }) => {
      if ((reason?.length ?? 0) > longestReason) {
        throw new EvergrantError(
          'usage',
          `expected a reason of at most ${longestReason} characters, but saw ${reason?.length ?? 0}`,
        )
      }
      const at = clock.now()
      const why = reason === undefined || reason === '' ? {} : { reason }
      // The mark first: no session can be made for the account from then on.
      const hasChanged = await accounts.disableAccount(key, { at, by, ...why })
      onChanged()
      const revokedSessions = await sessions.revokeSessionsOf(key, at)
      if (revokedSessions > 0) onChanged()
      if (hasChanged) {
        emit({ type: 'account.disabled', ...factsOf(key, at), by, ...why, revokedSessions })
      }
      return { hasChanged, revokedSessions }
    },
    enable: async (key, by) => {
      const hasChanged = await accounts.enableAccount(key)
      onChanged()
      if (hasChanged) emit({ type: 'account.enabled', ...factsOf(key, clock.now()), by })
      return hasChanged
    },
  }
}
