import type { EvergrantEvent } from '../kernel/index.ts'
import type { AccountKind } from './account-ports.ts'

/** What is decided about accounts here. */
export type AccountEvent = EvergrantEvent & {
  readonly type: 'account.disabled' | 'account.enabled'
  readonly tenantId: string
  readonly kind: AccountKind
  readonly accountId: string
  /** Who decided it: a caller, or a user of the operating system. */
  readonly by: string
  readonly reason?: string
  /** Sessions that ended with it. */
  readonly revokedSessions?: number
}

/** What each event means, in one sentence; the source of the reference page. */
export const accountEventTypes: Readonly<Record<AccountEvent['type'], string>> = {
  'account.disabled':
    'An account was disabled here, whatever the directory says of it; its sessions ended.',
  'account.enabled': 'An account that was disabled here was enabled again.',
}
