export { openSqliteStore } from './sqlite/open.ts'
export type { OpenSqliteStoreOptions } from './sqlite/open.ts'
export { nodeLeaseMs, nodeMemoryMs } from './store.ts'
export type {
  GenerationChange,
  Generations,
  GenerationTopic,
  KeyStore,
  NodeRecord,
  ResealPage,
  Store,
  StoreRole,
} from './store.ts'
