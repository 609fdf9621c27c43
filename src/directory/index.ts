export { collections, isCollectionName } from './collections.ts'
export type { Collection, CollectionName, ObjectKind } from './collections.ts'
export type { DirectoryKey, DirectoryObject, DirectoryStore } from './ports.ts'
