import type { LookupColumn } from './account-ports.ts'

/** What makes a search of `listAccounts` quick once it is prepared: the columns that it looks at. */
export const searchLookups: readonly LookupColumn[] = [
  { kind: 'user', column: 'userPrincipalName', compare: 'lower' },
  { kind: 'user', column: 'mail', compare: 'lower' },
  { kind: 'user', column: 'displayName', compare: 'lower' },
]
