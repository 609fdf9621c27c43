/** The imported directory: accounts and people. */
export const directory = {
  title: 'Directory',
  hint: 'What was imported, and what is decided about it here.',
  tabs: 'Parts of the directory',
  accounts: 'Accounts',
  people: 'People',
  search: 'Beginning of user name, mail or display name',
  kind: 'Kind',
  kinds: { user: 'Users', servicePrincipal: 'Service principals' } as Readonly<
    Record<string, string>
  >,
  oneKind: { user: 'User', servicePrincipal: 'Service principal' } as Readonly<
    Record<string, string>
  >,
  tenant: 'Tenant id',
  anyTenant: 'Any tenant',
  state: 'State',
  allStates: 'All states',
  disabledHere: 'Disabled here',
  columns: {
    name: 'Account',
    state: 'State',
    person: 'Person',
    updated: 'Last imported',
  },
  states: {
    enabled: 'Enabled',
    disabled_here: 'Disabled here',
    disabled_there: 'Disabled in the directory',
    unknown: 'Not told',
  } as Readonly<Record<string, string>>,
  notImported: 'never',
  noAccounts: 'No account yet',
  noAccountsHint: 'Accounts come with an import of users or service principals to the store.',
  noneFound: 'No account matches',
  noneFoundHint: 'The search looks at how names begin. Try less of it, or another kind.',
  noPeople: 'No person yet',
  noPeopleHint:
    'A person owns several accounts, such as one a tenant. Link an account to a person on its page.',
  nobodyFound: 'Nobody is called so',
  nobodyFoundHint: 'The search looks at how names begin.',
  searchPeople: 'Beginning of the name',
  peopleColumns: { name: 'Person', accounts: 'Accounts', created: 'Since' },
  countOfAccounts: (count: number): string => (count === 1 ? '1 account' : `${count} accounts`),
} as const

/** One account. */
export const account = {
  about: 'Account',
  objectId: 'Object id',
  tenant: 'Tenant',
  kind: 'Kind',
  inDirectory: 'In the directory',
  here: 'Here',
  updated: 'Last imported',
  enabledThere: 'enabled',
  disabledThere: 'disabled',
  notTold: 'not told',
  enabledHere: 'not disabled',
  notImported: 'It was never imported; it is only disabled here.',
  disabledBy: (by: string): string => `Disabled here by ${by}`,
  reason: 'Reason',
  noReason: 'No reason was given.',
  disable: 'Disable',
  disableTitle: (name: string): string => `Disable ${name} here?`,
  disableHint:
    'Its tokens are refused, here at once and in other processes within a second, and its sessions end. It stays so through every import, until somebody enables it again. The directory itself is not changed.',
  reasonLabel: 'Reason (others read it)',
  disabled: (sessions: number): string =>
    sessions === 0
      ? 'The account is disabled here'
      : `The account is disabled here; ${sessions === 1 ? 'one session' : `${sessions} sessions`} ended`,
  enable: 'Enable',
  enabled: 'The account is enabled again',
  properties: 'Properties',
  propertiesHint: 'As imported from Microsoft Graph.',
  noProperties: 'None is known.',
  property: 'Property',
  value: 'Value',
  groups: 'Groups',
  groupsHint: 'Those it is a direct member of.',
  noGroups: 'In no imported group.',
  group: 'Group',
  groupId: 'Object id',
  unnamed: 'not imported itself',
  person: 'Person',
  personHint: 'Who owns this account, and what that allows besides the rules of issuers.',
  noPerson: 'Linked to nobody.',
  role: 'Role',
  noRole: 'no role',
  connections: 'Connections',
  noConnections: 'none',
  link: 'Link to a person',
  linkAgain: 'Change',
  linkTitle: (name: string): string => `Link ${name} to a person`,
  personName: 'Person',
  personNameHint: 'Who is made if there is nobody of that name.',
  roleHint: 'What the account may do in the API and the console.',
  connectionsLabel: 'Connections',
  connectionsHint: 'Names, by comma; those it may call.',
  save: 'Link',
  linked: (name: string): string => `Linked to ${name}`,
  unlink: 'Unlink',
  unlinkTitle: (owned: string, owner: string): string => `Take ${owned} from ${owner}?`,
  unlinkHint: 'What the link allows ends at once. The person and the account stay.',
  unlinked: 'The account is linked to nobody',
  roles: { viewer: 'Viewer', operator: 'Operator', admin: 'Administrator' } as Readonly<
    Record<string, string>
  >,
} as const

/** One person. */
export const person = {
  accounts: 'Accounts',
  since: 'Since',
  columns: { account: 'Account', tenant: 'Tenant', role: 'Role', connections: 'Connections' },
  noAccounts: 'This person owns no account any more.',
  unlinkNamed: (name: string): string => `Unlink ${name}`,
} as const
