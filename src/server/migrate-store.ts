import { readFile } from 'node:fs/promises'
import { createSecretReader, loadConfig } from '../config/index.ts'
import { systemClock, systemRandom, type Clock } from '../kernel/index.ts'
import { migratePostgresStore, type MigrationReport } from '../store/index.ts'
import { openConfiguredStore } from './open-store.ts'
import { openVault } from './open-vault.ts'
import { wantedLookups } from './prepare-lookups.ts'

/** What is migrated, and in which world. */
export interface MigrateStoreOptions {
  /** Absolute path of the configuration file. */
  readonly configPath: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly clock?: Clock
}

/** What a migration did; `schema` is absent for SQLite, which migrates itself as it is opened. */
export interface StoreMigration {
  readonly kind: 'sqlite' | 'postgres'
  readonly place: string
  readonly schema?: Pick<MigrationReport, 'from' | 'to' | 'steps'>
}

/**
 * Brings the configured store to the newest schema, and makes the look-ups of accounts that its
 * issuers need. Changes nothing where there is nothing to do; any number may run at once.
 *
 * @throws EvergrantError `config_*`, `secret_unavailable`, `key_*`, `store_*`, `schema_too_new`
 */
export async function migrateStore(options: MigrateStoreOptions): Promise<StoreMigration> {
  const { configPath, env, clock = systemClock } = options
  const config = await loadConfig(configPath, { readFile, workingDirectory: '/' })
  const secrets = createSecretReader({ env, readFile, clock })
  const vault = await openVault(config, secrets)
  const { store } = config
  if (store.type === 'sqlite') {
    const common = { vault, secrets, clock, random: systemRandom, role: 'main' } as const
    const opened = await openConfiguredStore(config, common)
    await opened.close()
    return { kind: 'sqlite', place: opened.place }
  }
  const { url, password } = store
  const { place, ...schema } = await migratePostgresStore({
    url,
    vault,
    clock,
    ...(password === undefined
      ? {}
      : { password: async () => await secrets.read(password, 'store.password') }),
  })
  // The services of some installations may not: what makes an index has to own the table.
  const lookups = wantedLookups(config)
  if (lookups.length > 0) {
    const common = { vault, secrets, clock, random: systemRandom, role: 'main' } as const
    const opened = await openConfiguredStore(config, common)
    try {
      await opened.accounts.prepareLookups(lookups)
    } finally {
      await opened.close()
    }
  }
  return { kind: 'postgres', place, schema }
}
