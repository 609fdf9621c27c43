import type { ReactElement } from 'react'
import { StateBadge } from '../../parts/state-badge.tsx'
import { useTexts } from '../../texts/index.ts'
import { stateOf, type Account } from './account.ts'

const looks = {
  enabled: 'enabled',
  disabled_here: 'disabled',
  disabled_there: 'disabled',
  unknown: 'unknown',
} as const

/** Whether an account is enabled, and who says so. */
export function AccountState({ account }: { readonly account: Account }): ReactElement {
  const { directory } = useTexts()
  const state = stateOf(account)
  return <StateBadge state={looks[state]} label={directory.states[state] ?? state} />
}
