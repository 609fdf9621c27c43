import { EvergrantError } from '../kernel/index.ts'
import { canonicalTarget, type TokenTarget } from '../oauth/index.ts'
import type { ConnectionDefinition } from './connection.ts'
import type { GrantAddress } from './ports.ts'

/** The grant that a definition’s tokens come from: for a customer, its partner’s. */
export function grantAddressOf({
  name,
  provider,
  grantTenant,
}: ConnectionDefinition): GrantAddress {
  return { connection: name, tenant: grantTenant ?? provider.tenant }
}

/**
 * Names a slot among those of its grant: the target, and for a customer the tenant with it, so that
 * its tokens, flights and failures are its own.
 */
export function slotTargetOf(
  { provider, grantTenant }: ConnectionDefinition,
  target: TokenTarget,
): string {
  const text = canonicalTarget(target)
  // No blank ends a target, and none stands in a tenant.
  return grantTenant === undefined ? text : `${text} @${provider.tenant}`
}

/**
 * Refuses what can be done to a grant alone for a customer, who has none.
 *
 * @throws `usage`
 */
export function requireOwnGrant({ name, provider, grantTenant }: ConnectionDefinition): void {
  if (grantTenant === undefined) return
  throw new EvergrantError(
    'usage',
    `"${name}@${provider.tenant}" is a customer, whose tokens come from the grant of "${name}"`,
    { remedy: `Name the connection itself: ${name}.` },
  )
}
