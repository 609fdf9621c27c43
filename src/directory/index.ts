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
export { addressOf, findAccount, findAccountKey, isGuid, nameOf } from './account-address.ts'
export type { AccountAddressOptions } from './account-address.ts'
export { createAccountDesk } from './account-desk.ts'
export type { AccountDesk, AccountDeskOptions, Decision } from './account-desk.ts'
export { accountEventTypes } from './events.ts'
export type { AccountEvent } from './events.ts'
export { createPeopleDesk } from './people-desk.ts'
export type { EntryProblem, PeopleDesk, PeopleDeskOptions, PersonEntry } from './people-desk.ts'
export { readPeopleList } from './people-list.ts'
export type { PeopleList } from './people-list.ts'
export { searchLookups } from './search-lookups.ts'
export { collections, isCollectionName, isEdgeKind } from './collections.ts'
export type {
  Collection,
  CollectionName,
  EdgeKind,
  ObjectKind,
  RelationCast,
  RowKind,
} from './collections.ts'
export type {
  DirectoryKey,
  DirectoryObject,
  DirectoryStore,
  Membership,
  MembershipQuery,
  ObjectListQuery,
  ObjectPage,
} from './ports.ts'
