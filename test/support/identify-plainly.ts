import {
  createIdentifier,
  type AcceptedIssuers,
  type Identifier,
  type IssuerPolicy,
} from '../../src/identity/index.ts'
import type { Clock } from '../../src/kernel/index.ts'

/** What tells whom tokens stand for where no account, permission or rule is asked for. */
export function identifyPlainly(
  issuers: AcceptedIssuers,
  clock: Clock,
  capacity?: number,
): Identifier {
  const policies = issuers.all().map(({ settings: { name } }): [string, IssuerPolicy] => [
    name,
    {
      name,
      claims: ['token'],
      match: [],
      userName: 'preferred_username',
      scopes: [],
      access: [],
      introspectionClients: [],
    },
  ])
  return createIdentifier({
    issuers,
    clock,
    policies: new Map(policies),
    accounts: { findAccounts: async () => [] },
    ...(capacity === undefined ? {} : { capacity }),
  })
}
