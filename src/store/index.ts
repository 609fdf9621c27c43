export { migratePostgresStore } from './postgres/migrate.ts'
export type { MigratePostgresOptions, MigrationReport } from './postgres/migrate.ts'
export { openPostgresStore } from './postgres/open.ts'
export type { OpenPostgresStoreOptions } from './postgres/open.ts'
export { openSqliteStore } from './sqlite/open.ts'
export type { OpenSqliteStoreOptions } from './sqlite/open.ts'
export { nodeLeaseMs } from './store.ts'
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
