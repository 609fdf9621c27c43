/** A collection of the directory that can be imported. */
export type CollectionName = 'users'

/** The kind of object a collection holds; the first part of every object's key. */
export type ObjectKind = 'user'

/** What Evergrant knows of a collection before it meets any tenant. */
export interface Collection {
  readonly name: CollectionName
  readonly kind: ObjectKind
  /** Path below the Graph version root. */
  readonly path: string
  /** Selected when the operator names no columns; Graph's own default set leaves most of these out. */
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
}

/** Tells whether a text names a collection. */
export function isCollectionName(text: string): text is CollectionName {
  return Object.hasOwn(collections, text)
}
