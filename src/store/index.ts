export { openSqliteStore } from './sqlite/open.ts'
export type { OpenSqliteStoreOptions } from './sqlite/open.ts'
export type { GenerationChange, Generations, GenerationTopic, Store, StoreRole } from './store.ts'
