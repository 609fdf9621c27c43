import type { Operations } from '../../../../src/client/index.ts'

/** An account as the API tells it. */
export type Account = Operations['accounts.show']['result']

/** A person as the API tells it. */
export type Person = Operations['people.show']['result']

/** Names an account in the API. */
export interface AccountKey {
  readonly tenant: string
  readonly kind: Account['kind']
  readonly id: string
}

/** How an account stands, by what is decided here and in its directory. */
export function stateOf({
  disabled,
  account_enabled: isEnabled,
}: Account): 'enabled' | 'disabled_here' | 'disabled_there' | 'unknown' {
  if (disabled !== null) return 'disabled_here'
  if (isEnabled === null) return 'unknown'
  return isEnabled ? 'enabled' : 'disabled_there'
}

/** The key of an account. */
export function keyOf({ tenant_id: tenant, kind, id }: Account): AccountKey {
  return { tenant, kind, id }
}
