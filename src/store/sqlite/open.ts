import { resolve } from 'node:path'
import { systemRandom, type Clock, type RandomBytes } from '../../kernel/index.ts'
import type { Vault } from '../../vault/index.ts'
import type { Store, StoreRole } from '../store.ts'
import { createAccountStore } from './account-store.ts'
import { createActivityStore } from './activity-store.ts'
import { createAlarmStore } from './alarm-store.ts'
import { createAuditStore } from './audit-store.ts'
import { createCallerStore } from './caller-store.ts'
import { openConnection } from './connection.ts'
import { createConnectionStore } from './connection-store.ts'
import { createConsentStore } from './consent-store.ts'
import { createConsoleStore } from './console-store.ts'
import { createDirectoryStore } from './directory-store.ts'
import { createFacadeStore } from './facade-store.ts'
import {
  createGenerationWatch,
  markGenerations,
  readGenerations,
  type GenerationMark,
} from './generations.ts'
import { createGrantStore } from './grant-store.ts'
import { createLinkStore } from './link-store.ts'
import { examineFile } from './identity.ts'
import { createKeyStore } from './key-store.ts'
import { migrate } from './migrate.ts'
import { migrations as allMigrations, type Migration } from './migrations.ts'
import { createPeopleStore } from './people-store.ts'
import { createRunStore } from './run-store.ts'
import { createSealing } from './sealing.ts'
import { createScheduleStore } from './schedule-store.ts'
import { createSessionStore } from './session-store.ts'
import { createTraceStore } from './trace-store.ts'

/** How a store is opened. */
export interface OpenSqliteStoreOptions {
  /** The database file; made when there is none. Its folder must be there. */
  readonly path: string
  readonly vault: Vault
  readonly clock: Clock
  readonly role: StoreRole
  readonly random?: RandomBytes
  /** How long a method goes on asking for a lock before it throws `store_busy` (ms). Default 5,000. */
  readonly busyDeadlineMs?: number
  /** Most pages the file may have; for tests of a full disk. */
  readonly pageLimit?: number
  /** The steps of the schema; for tests of migration. */
  readonly migrations?: readonly Migration[]
}

/**
 * Opens the store, making or migrating its file first. A file that this Evergrant must not touch
 * (wrong key, newer schema, damaged, another program's) is refused without changing a byte of it.
 *
 * @throws `store_unwritable`, `store_corrupt`, `store_foreign`, `schema_too_new`, `key_wrong`,
 *   `store_busy`, `store_full`, `store_unavailable`.
 */
export async function openSqliteStore(options: OpenSqliteStoreOptions): Promise<Store> {
  const { vault, clock, role, random = systemRandom, busyDeadlineMs = 5_000 } = options
  const migrations = options.migrations ?? allMigrations
  const path = resolve(options.path)
  examineFile(path, vault, migrations.at(-1)?.version ?? 0)

  const { pageLimit } = options
  const limits = pageLimit === undefined ? {} : { pageLimit }
  const connection = await openConnection({ path, role, clock, busyDeadlineMs, ...limits })
  let mark: GenerationMark
  try {
    await migrate(connection, migrations, vault, clock)
    mark = await connection.read(() => markGenerations(connection))
  } catch (error) {
    connection.close()
    throw error
  }

  const sealing = createSealing(connection, vault)
  const generations = createGenerationWatch(connection, clock, mark)
  return {
    kind: 'sqlite',
    place: path,
    clock,
    grants: createGrantStore(connection, sealing, random),
    connections: createConnectionStore(connection, sealing),
    keys: createKeyStore(connection, vault, sealing),
    runs: createRunStore(connection),
    directory: createDirectoryStore(connection),
    accounts: createAccountStore(connection),
    people: createPeopleStore(connection, random),
    callers: createCallerStore(connection),
    sessions: createSessionStore(connection),
    consents: createConsentStore(connection, sealing),
    links: createLinkStore(connection),
    traces: createTraceStore(connection),
    facades: createFacadeStore(connection),
    alarms: createAlarmStore(connection),
    activity: createActivityStore(connection),
    schedules: createScheduleStore(connection),
    console: createConsoleStore(connection),
    audit: createAuditStore(connection),
    readGenerations: async () => await connection.read(() => readGenerations(connection)),
    watchGenerations: (listener) => generations.watch(listener),
    checkpoint: async () => {
      await connection.checkpoint()
    },
    close: async () => {
      generations.end()
      connection.close()
    },
  }
}
