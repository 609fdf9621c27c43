/** A collection of the directory that can be imported. */
export type CollectionName = 'users' | 'groups' | 'members' | 'servicePrincipals'

/** The kind of an object; the first part of every object's key. */
export type ObjectKind = 'user' | 'group' | 'servicePrincipal'

/** The kind of what a collection holds: objects, or memberships (who is in which group). */
export type RowKind = ObjectKind | 'member'

/** What Evergrant knows of a collection before it meets any tenant. */
export interface Collection {
  readonly name: CollectionName
  readonly kind: RowKind
  /** Path below the Graph version root; memberships are reached through the list of groups. */
  readonly path: string
  /**
   * Selected when the operator names no columns; Graph's own default set leaves most of these out.
   * The columns of memberships are fixed.
   */
  readonly defaultColumns: readonly string[]
  readonly maxPageSize: number
  /** The application permission that is enough to read it. */
  readonly permission: string
}

/** The collections that can be imported. */
export const collections: Readonly<Record<CollectionName, Collection>> = {
  users: {
    name: 'users',
    kind: 'user',
    path: '/users',
    defaultColumns: [
      'id',
      'userPrincipalName',
      'displayName',
      'givenName',
      'surname',
      'mail',
      'accountEnabled',
      'userType',
      'jobTitle',
      'department',
      'companyName',
      'officeLocation',
      'mobilePhone',
      'businessPhones',
      'employeeId',
      'preferredLanguage',
      'usageLocation',
      'createdDateTime',
    ],
    maxPageSize: 999,
    permission: 'User.Read.All',
  },
  groups: {
    name: 'groups',
    kind: 'group',
    path: '/groups',
    defaultColumns: [
      'id',
      'displayName',
      'description',
      'mail',
      'mailEnabled',
      'mailNickname',
      'securityEnabled',
      'groupTypes',
      'membershipRule',
      'visibility',
      'onPremisesSyncEnabled',
      'createdDateTime',
    ],
    maxPageSize: 999,
    permission: 'Group.Read.All',
  },
  members: {
    name: 'members',
    kind: 'member',
    path: '/groups',
    defaultColumns: ['groupId', 'memberId', 'memberType'],
    maxPageSize: 999,
    permission: 'GroupMember.Read.All',
  },
  servicePrincipals: {
    name: 'servicePrincipals',
    kind: 'servicePrincipal',
    path: '/servicePrincipals',
    defaultColumns: [
      'id',
      'appId',
      'displayName',
      'accountEnabled',
      'servicePrincipalType',
      'appOwnerOrganizationId',
      'appRoleAssignmentRequired',
      'servicePrincipalNames',
      'signInAudience',
      'tags',
    ],
    maxPageSize: 999,
    permission: 'Application.Read.All',
  },
}

/** Tells whether a text names a collection. */
export function isCollectionName(text: string): text is CollectionName {
  return Object.hasOwn(collections, text)
}
