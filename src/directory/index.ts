export type {
  Account,
  AccountKey,
  AccountKind,
  AccountLink,
  AccountListQuery,
  AccountPage,
  AccountPlace,
  AccountQuestion,
  AccountRole,
  AccountStore,
  ColumnSpread,
  LookupColumn,
  PeopleStore,
  Person,
  PersonAccount,
  PersonRecord,
} from './account-ports.ts'
export { searchLookups } from './search-lookups.ts'
export { collections, isCollectionName } from './collections.ts'
export type { Collection, CollectionName, ObjectKind, RowKind } from './collections.ts'
export type {
  DirectoryKey,
  DirectoryObject,
  DirectoryStore,
  Membership,
  MembershipQuery,
} from './ports.ts'
