/** Connections. */
export const connections = {
  title: 'Connections',
  search: 'Search by name, tenant or account',
  state: 'State',
  allStates: 'All states',
  columns: {
    name: 'Connection',
    state: 'State',
    account: 'Account',
    token: 'Token',
    idle: 'Idle expiry',
    lastError: 'Last error',
    actions: 'Actions',
  },
  refresh: 'Refresh',
  refreshNamed: (name: string): string => `Refresh ${name} now`,
  refreshed: (name: string): string => `${name} has a new token`,
  none: 'No connection yet',
  noneHint: 'Add one here, or define it in evergrant.yaml.',
  noneFound: 'No connection matches',
  noneFoundHint: 'Change the search, or show all states.',
  definedIn: { file: 'from the file', store: 'from the store' },
} as const
