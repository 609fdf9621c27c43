/** A collection of the directory that can be imported. */
export type CollectionName =
  | 'users'
  | 'groups'
  | 'members'
  | 'owners'
  | 'devices'
  | 'servicePrincipals'
  | 'administrativeUnits'
  | 'directoryRoles'
  | 'roleMembers'
  | 'manager'
  | 'signInActivity'

/**
 * The kind of an object; the first part of every object's key. What a user has one of, its manager
 * and when it signed in, are kinds of their own, keyed by the user's id.
 */
export type ObjectKind =
  | 'user'
  | 'group'
  | 'device'
  | 'servicePrincipal'
  | 'administrativeUnit'
  | 'directoryRole'
  | 'manager'
  | 'signInActivity'

/** What leads from one object to any number of others: who is in, owns or holds what. */
export type EdgeKind = 'member' | 'owner' | 'roleMember'

/** The kind of what a collection holds. */
export type RowKind = ObjectKind | EdgeKind

/** What Evergrant knows of a collection before it meets any tenant. */
export interface Collection {
  readonly name: CollectionName
  readonly kind: RowKind
  /** Path below the Graph version root; relations are reached through the list of their sources. */
  readonly path: string
  /**
   * Path of the list of what has changed; undefined where Graph has none. Of edges: the sources
   * whose edges have changed.
   */
  readonly deltaPath?: string
  /**
   * What that list is asked for where it does not tell when rows change, but who comes, goes and is
   * renamed: it completes a read by several cursors, and no later run can begin there.
   */
  readonly deltaColumns?: readonly string[]
  /** Graph's type of the object that a row is about, where that is not the kind. */
  readonly objectType?: ObjectKind
  /** Selected when the operator names no columns; Graph's own default set leaves most of these out. */
  readonly defaultColumns: readonly string[]
  /** The operator cannot choose the columns. Default: it can. */
  readonly hasFixedColumns?: boolean
  /** The columns that make a row one. */
  readonly keyColumns: readonly string[]
  /** The greatest `$top`; undefined where Graph takes none. */
  readonly maxPageSize?: number
  /** Whether Graph tells the `$count` of the path, and takes advanced queries. Default true. */
  readonly isCounted?: boolean
  /** The application permission that is enough to read it. */
  readonly permission: string
  /** One that is needed besides. */
  readonly furtherPermission?: string
  /** Edges only: where the path's objects lead. */
  readonly relation?: Relation
  /** What is asked of the path's objects where that is not the columns themselves. */
  readonly asks?: {
    readonly select: readonly string[]
    readonly expand: string
    /** What comes of that in each object. */
    readonly properties: readonly string[]
  }
  /** What the path holds where that is not the rows themselves, for people: `groups`. */
  readonly sources?: string
}

/** A way from each object of a list to others. */
export interface Relation {
  /** The segment behind the object's id. */
  readonly segment: 'members' | 'owners'
  /** The greatest `$top` there; undefined where Graph takes none. */
  readonly maxPageSize?: number
  /**
   * The types it leads to, where Graph counts and filters each of them below a cast: an object that
   * leads to very many can then be read in parts.
   */
  readonly casts?: readonly RelationCast[]
  /** Whose permission shows the ones Graph hides from this application, where there is one. */
  readonly hiddenPermission?: string
}

/** One type of what a relation leads to. */
export interface RelationCast {
  /** As `@odata.type` says it, without `#microsoft.graph.`. */
  readonly type: string
  /** A text that each of them has, by whose beginnings they are cut; undefined: they are not. */
  readonly text?: string
}

/** Tells whether rows of a kind are edges. */
export function isEdgeKind(kind: RowKind): kind is EdgeKind {
  return kind === 'member' || kind === 'owner' || kind === 'roleMember'
}

/** The collections that can be imported. */
export const collections: Readonly<Record<CollectionName, Collection>> = {
  users: {
    name: 'users',
    kind: 'user',
    path: '/users',
    deltaPath: '/users/delta',
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
    keyColumns: ['id'],
    maxPageSize: 999,
    permission: 'User.Read.All',
  },
  groups: {
    name: 'groups',
    kind: 'group',
    path: '/groups',
    deltaPath: '/groups/delta',
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
    keyColumns: ['id'],
    maxPageSize: 999,
    permission: 'Group.Read.All',
  },
  members: {
    name: 'members',
    kind: 'member',
    path: '/groups',
    deltaPath: '/groups/delta',
    defaultColumns: ['groupId', 'memberId', 'memberType'],
    hasFixedColumns: true,
    keyColumns: ['groupId', 'memberId'],
    maxPageSize: 999,
    permission: 'GroupMember.Read.All',
    relation: {
      segment: 'members',
      maxPageSize: 999,
      casts: [
        { type: 'user', text: 'userPrincipalName' },
        { type: 'group', text: 'displayName' },
        { type: 'device', text: 'displayName' },
        { type: 'servicePrincipal', text: 'displayName' },
        { type: 'orgContact' },
      ],
      hiddenPermission: 'Member.Read.Hidden',
    },
    sources: 'groups',
  },
  owners: {
    name: 'owners',
    kind: 'owner',
    path: '/groups',
    defaultColumns: ['groupId', 'ownerId', 'ownerType'],
    hasFixedColumns: true,
    keyColumns: ['groupId', 'ownerId'],
    maxPageSize: 999,
    permission: 'GroupMember.Read.All',
    relation: { segment: 'owners', maxPageSize: 999 },
    sources: 'groups',
  },
  devices: {
    name: 'devices',
    kind: 'device',
    path: '/devices',
    deltaPath: '/devices/delta',
    defaultColumns: [
      'id',
      'deviceId',
      'displayName',
      'accountEnabled',
      'operatingSystem',
      'operatingSystemVersion',
      'trustType',
      'isCompliant',
      'isManaged',
      'registrationDateTime',
      'approximateLastSignInDateTime',
    ],
    keyColumns: ['id'],
    maxPageSize: 999,
    permission: 'Device.Read.All',
  },
  servicePrincipals: {
    name: 'servicePrincipals',
    kind: 'servicePrincipal',
    path: '/servicePrincipals',
    deltaPath: '/servicePrincipals/delta',
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
    keyColumns: ['id'],
    maxPageSize: 999,
    permission: 'Application.Read.All',
  },
  administrativeUnits: {
    name: 'administrativeUnits',
    kind: 'administrativeUnit',
    path: '/directory/administrativeUnits',
    deltaPath: '/directory/administrativeUnits/delta',
    defaultColumns: [
      'id',
      'displayName',
      'description',
      'visibility',
      'membershipType',
      'membershipRule',
    ],
    keyColumns: ['id'],
    maxPageSize: 999,
    permission: 'AdministrativeUnit.Read.All',
  },
  // Only roles that were ever assigned are listed; there are about a hundred at most.
  directoryRoles: {
    name: 'directoryRoles',
    kind: 'directoryRole',
    path: '/directoryRoles',
    deltaPath: '/directoryRoles/delta',
    defaultColumns: ['id', 'displayName', 'description', 'roleTemplateId'],
    keyColumns: ['id'],
    isCounted: false,
    permission: 'RoleManagement.Read.Directory',
  },
  roleMembers: {
    name: 'roleMembers',
    kind: 'roleMember',
    path: '/directoryRoles',
    defaultColumns: ['roleId', 'memberId', 'memberType'],
    hasFixedColumns: true,
    keyColumns: ['roleId', 'memberId'],
    isCounted: false,
    permission: 'RoleManagement.Read.Directory',
    relation: { segment: 'members' },
    sources: 'directory roles',
  },
  manager: {
    name: 'manager',
    kind: 'manager',
    path: '/users',
    defaultColumns: ['userId', 'managerId'],
    hasFixedColumns: true,
    keyColumns: ['userId'],
    maxPageSize: 999,
    permission: 'User.Read.All',
    asks: { select: ['id'], expand: 'manager($select=id)', properties: ['id', 'manager'] },
    sources: 'users',
  },
  // Apart from users: Graph gives it in smaller pages, under a permission and a licence of its own.
  signInActivity: {
    name: 'signInActivity',
    kind: 'signInActivity',
    path: '/users',
    defaultColumns: ['id', 'signInActivity'],
    hasFixedColumns: true,
    keyColumns: ['id'],
    deltaPath: '/users/delta',
    deltaColumns: ['id', 'userPrincipalName'],
    objectType: 'user',
    maxPageSize: 500,
    permission: 'User.Read.All',
    furtherPermission: 'AuditLog.Read.All',
  },
}

/** Tells whether a text names a collection. */
export function isCollectionName(text: string): text is CollectionName {
  return Object.hasOwn(collections, text)
}
