import type { Config, SecretReader } from '../config/index.ts'
import type { Clock, RandomBytes } from '../kernel/index.ts'
import { openPostgresStore, openSqliteStore, type Store, type StoreRole } from '../store/index.ts'
import type { Vault } from '../vault/index.ts'

/** What a store is opened with. */
export interface OpenStoreOptions {
  readonly vault: Vault
  readonly secrets: SecretReader
  readonly clock: Clock
  readonly random: RandomBytes
  readonly role: StoreRole
  /** Most pages a SQLite file may have; for tests of a full disk. */
  readonly pageLimit?: number
}

/**
 * Opens the store that the configuration names. @throws EvergrantError `store_*`, `schema_*`,
 * `key_wrong`
 */
export async function openConfiguredStore(
  { store }: Config,
  { vault, secrets, clock, random, role, pageLimit }: OpenStoreOptions,
): Promise<Store> {
  const common = { vault, clock, random, role }
  if (store.type === 'sqlite') {
    return await openSqliteStore({
      ...common,
      path: store.path,
      ...(pageLimit === undefined ? {} : { pageLimit }),
    })
  }
  const { url, password } = store
  return await openPostgresStore({
    ...common,
    url,
    ...(password === undefined ? {} : { password: () => secrets.read(password, 'store.password') }),
  })
}
