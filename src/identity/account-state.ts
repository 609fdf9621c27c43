import type { Account } from '../directory/index.ts'
import { refuse, type Refusal } from './refusal.ts'

/**
 * Whether an account may be used now: not disabled in the directory or here, and no guest that has
 * yet to accept its invitation. What was not imported is not held against it.
 */
export function checkAccount({ properties, disabled }: Account): Refusal | undefined {
  if (properties['accountEnabled'] === false) {
    return refuse(
      'account_state',
      'account_disabled',
      'an account that is enabled',
      'one that is disabled in the directory ("accountEnabled" is false)',
      {
        remedy:
          'Have it enabled in the directory it is of, and import again. A new token changes nothing.',
      },
    ).error
  }
  if (disabled !== undefined) {
    return refuse(
      'account_state',
      'account_disabled',
      'an account that is enabled',
      'one that is disabled here, whatever the directory says',
      {
        remedy:
          'Have an operator enable it: `evergrant accounts enable`. A new token changes nothing.',
      },
    ).error
  }
  if (properties['externalUserState'] === 'PendingAcceptance') {
    return refuse(
      'account_state',
      'account_pending',
      'a guest that accepted the invitation',
      'one whose "externalUserState" is PendingAcceptance',
    ).error
  }
  return undefined
}
