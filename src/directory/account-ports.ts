/** What can be a caller's account: a user, or an application's own principal. */
export type AccountKind = 'user' | 'servicePrincipal'

/** Names an account; GUIDs are one whatever their case. */
export interface AccountKey {
  readonly tenantId: string
  readonly kind: AccountKind
  readonly id: string
}

/** A role at our own API, the least first. */
export type AccountRole = 'viewer' | 'operator' | 'admin'

/** What a person may do through one of its accounts, besides what rules of issuers allow. */
export interface AccountLink {
  readonly personId: string
  readonly personName: string
  readonly role?: AccountRole
  readonly connections: readonly string[]
}

/** An account as imported, with what is known of it here. */
export interface Account extends AccountKey {
  /** Graph’s own JSON. */
  readonly properties: Readonly<Record<string, unknown>>
  readonly updatedAt: number
  /** Disabled here, whatever the directory says; survives imports. */
  readonly disabled?: { readonly at: number; readonly by: string; readonly reason?: string }
  readonly link?: AccountLink
  /** No import knows it (any more): it stands in the list of the disabled alone. */
  readonly isMissing?: true
}

/** What is asked of the directory: accounts of which every condition holds. */
export interface AccountQuestion {
  /** Absent: in every tenant. */
  readonly tenantId?: string
  readonly kind: AccountKind
  /** Never empty. */
  readonly where: readonly {
    /** A property of Graph, such as `mail`, or `id`. */
    readonly column: string
    readonly value: string
    /** `lower`: the column in lower case, ASCII letters alone, equals the value. */
    readonly compare: 'exact' | 'lower'
  }[]
  /** So many are enough to know. */
  readonly limit: number
}

/**
 * Where a page of accounts ended. It only makes sense with the question of that page, and stays
 * good whatever imports do meanwhile.
 */
export interface AccountPlace {
  readonly tenantId: string
  readonly row: number
  readonly value?: string
}

/**
 * One page of accounts: by tenant, and within it as they were first imported; of a search in the
 * order of what was found; of those disabled here by id.
 */
export interface AccountListQuery {
  readonly kind: AccountKind
  readonly tenantId?: string
  /** Beginning of userPrincipalName, mail or displayName, whatever the case of ASCII letters. */
  readonly search?: string
  /** Only those that are disabled here, imported or not. */
  readonly disabledOnly?: boolean
  readonly limit: number
  readonly after?: AccountPlace
}

/** A page of accounts. */
export interface AccountPage {
  /** At most `limit`; fewer, or none, where a page’s share of work was done before. */
  readonly accounts: readonly Account[]
  /** Where to go on; absent at the end. */
  readonly next?: AccountPlace
}

/** How unique a column is among the live accounts of a kind, empty values left out. */
export interface ColumnSpread {
  /** Accounts that have a value there. */
  readonly filled: number
  readonly accounts: number
  /** Values that more than one account has, and how many accounts share one. */
  readonly sharedValues: number
  readonly sharingAccounts: number
}

/** A column that accounts are found by. */
export interface LookupColumn {
  readonly kind: AccountKind
  readonly column: string
  readonly compare: 'exact' | 'lower'
}

/** Accounts of the imported directory, and what is decided about them here. */
export interface AccountStore {
  getAccount(key: AccountKey): Promise<Account | undefined>
  /**
   * Finds accounts by their columns; a point look-up where `prepareLookups` was told one of them,
   * and by `id` always. Text matches text alone, and never an empty one. What imports no longer met
   * is left out.
   *
   * @throws EvergrantError `usage` for a column that is no name of a property
   */
  findAccounts(question: AccountQuestion): Promise<readonly Account[]>
  /**
   * Lists accounts; each page is bounded work. A search walks the look-ups of `searchLookups` where
   * they were prepared; otherwise a page looks at some thousand accounts and tells where to go on.
   */
  listAccounts(query: AccountListQuery): Promise<AccountPage>
  /**
   * Makes look-ups by these columns point look-ups. Idempotent; may take a while over many
   * accounts, so it belongs on a thread that may block.
   */
  prepareLookups(columns: readonly LookupColumn[]): Promise<void>
  /** Whether look-ups by that column are point look-ups. */
  hasLookup(column: LookupColumn): Promise<boolean>
  /** Counts how unique a column is; within each tenant, or across all. Reads every account. */
  spreadOf(column: LookupColumn, within: 'tenant' | 'everywhere'): Promise<ColumnSpread>
  /**
   * Disables an account here, whether it was imported already or not. False when it was disabled.
   * Bumps the generation `accounts`.
   */
  disableAccount(
    key: AccountKey,
    mark: { readonly at: number; readonly by: string; readonly reason?: string },
  ): Promise<boolean>
  /** Takes that back; false when it was not disabled. Bumps the generation `accounts`. */
  enableAccount(key: AccountKey): Promise<boolean>
}

/** A human who owns accounts. */
export interface Person {
  /** `psn_…` */
  readonly id: string
  /** Unique. */
  readonly name: string
  readonly createdAt: number
}

/** An account of a person. */
export interface PersonAccount extends AccountKey {
  readonly role?: AccountRole
  readonly connections: readonly string[]
}

/** A person with its accounts, by tenant and id. */
export interface PersonRecord extends Person {
  readonly accounts: readonly PersonAccount[]
}

/** People: who owns which accounts (sub-identities), each with its own role. */
export interface PeopleStore {
  getPerson(nameOrId: string): Promise<PersonRecord | undefined>
  /** A page by name. */
  listPeople(query: {
    readonly limit: number
    readonly after?: string
    readonly search?: string
  }): Promise<readonly PersonRecord[]>
  /**
   * Links accounts to people, all of them or none, making people that are not there. An account
   * that is linked to the same person is updated. Bumps the generation `accounts`.
   *
   * @returns The first account that belongs to another person; then nothing was written.
   */
  linkAccounts(
    links: readonly { readonly person: string; readonly account: PersonAccount }[],
    now: number,
  ): Promise<{ readonly taken?: { readonly account: AccountKey; readonly by: string } }>
  /** Unlinks an account; false when it was linked to nobody. A person keeps existing without any. */
  unlinkAccount(key: AccountKey): Promise<boolean>
}
