export { collections, isCollectionName } from './collections.ts'
export type { Collection, CollectionName, ObjectKind, RowKind } from './collections.ts'
export type {
  DirectoryKey,
  DirectoryObject,
  DirectoryStore,
  Membership,
  MembershipQuery,
} from './ports.ts'
