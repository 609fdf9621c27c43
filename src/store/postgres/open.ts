import {
  newId,
  systemRandom,
  type Clock,
  type RandomBytes,
  type Secret,
} from '../../kernel/index.ts'
import type { Vault } from '../../vault/index.ts'
import type { Store, StoreRole } from '../store.ts'
import { readAddress } from './address.ts'
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
import { toStoreError } from './errors.ts'
import { createGenerationWatch, readCounters, sumOf, type GenerationWatch } from './generations.ts'
import { createGrantStore } from './grant-store.ts'
import { createLinkStore } from './link-store.ts'
import { assertPrepared, assertPrimary, examine } from './identity.ts'
import { createKeyStore } from './key-store.ts'
import { createLookups } from './lookups.ts'
import { migrations as allMigrations, type Migration } from './migrations.ts'
import { createPeopleStore } from './people-store.ts'
import { createRunStore } from './run-store.ts'
import { createSealing } from './sealing.ts'
import { createScheduleStore } from './schedule-store.ts'
import { createSessionStore } from './session-store.ts'
import { openServerClock, type ServerClock } from './server-clock.ts'
import { settleSealingKey } from './settle-keys.ts'
import { createTraceStore } from './trace-store.ts'

/** How a store is opened. */
export interface OpenPostgresStoreOptions {
  /** `postgres://user@host:port/database`, without a password (`address.ts` tells its parameters). */
  readonly url: string
  /** Asked for whenever a connection is made, so that a changed password is taken up. */
  readonly password?: () => Secret | Promise<Secret>
  readonly vault: Vault
  /** The host's clock: its monotonic side carries the server's time, its timers are used. */
  readonly clock: Clock
  readonly role: StoreRole
  readonly random?: RandomBytes
  /** How long a method goes on after conflicts before it throws `store_busy` (ms). Default 4,000. */
  readonly busyDeadlineMs?: number
  /** The steps of the schema; for tests of migration. */
  readonly migrations?: readonly Migration[]
}

/**
 * Opens the store in a database that `migratePostgresStore` has prepared. A database that this
 * Evergrant must not touch (wrong key, newer or older schema, another program's, a standby) is
 * refused, and nothing in it is changed.
 *
 * @throws `store_unavailable`, `store_refused`, `store_unwritable`, `store_foreign`,
 *   `schema_outdated`, `schema_too_new`, `key_wrong`, `config_invalid`.
 */
export async function openPostgresStore(options: OpenPostgresStoreOptions): Promise<Store> {
  const { url, vault, clock: host, role, random = systemRandom, busyDeadlineMs = 4_000 } = options
  const migrations = options.migrations ?? allMigrations
  const address = readAddress(url)
  const { place } = address
  let generations: GenerationWatch | undefined
  let serverClock: ServerClock | undefined
  const connection = openConnection({
    address,
    password: options.password,
    role,
    clock: host,
    busyDeadlineMs,
    onBumped: (bumped) => generations?.noteOwn(bumped),
  })
  try {
    const newest = migrations.at(-1)?.version ?? 0
    await connection.withClient(async (client) => {
      const identity = await examine(client, place, vault, newest)
      assertPrepared(identity, place, newest)
      await assertPrimary(client, place)
    })
    const time = await openServerClock(connection, host)
    serverClock = time
    await settleSealingKey(connection, vault, time.clock.now())
    const sealing = createSealing(vault)
    const counters = await connection.read(readCounters)
    const instanceId = newId('str', host.now(), random)
    const watch = createGenerationWatch(connection, host, counters, instanceId, {
      onReconnected: () => void time.measure().catch(() => {}),
    })
    generations = watch
    const lookups = createLookups(connection, host)
    return {
      kind: 'postgres',
      place,
      clock: time.clock,
      grants: createGrantStore(connection, sealing, random),
      connections: createConnectionStore(connection, sealing),
      keys: createKeyStore(connection, vault, sealing),
      runs: createRunStore(connection),
      directory: createDirectoryStore(connection, lookups),
      accounts: createAccountStore(connection, lookups),
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
      readGenerations: async () => sumOf(await connection.read(readCounters)),
      watchGenerations: (listener) => watch.watch(listener),
      checkpoint: async () => {},
      close: async () => {
        time.end()
        await watch.end()
        await connection.close()
      },
    }
  } catch (error) {
    serverClock?.end()
    await connection.close()
    throw toStoreError(error, place)
  }
}
