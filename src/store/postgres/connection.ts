import pg from 'pg'
import { EvergrantError, type Clock, type Secret } from '../../kernel/index.ts'
import type { GenerationTopic, StoreRole } from '../store.ts'
import type { DatabaseAddress } from './address.ts'
import {
  fromDriver,
  isConflict,
  isConnectionLost,
  isCrowded,
  isReadOnly,
  toStoreError,
} from './errors.ts'

/** How a database is connected to. */
export interface ConnectionOptions {
  readonly address: DatabaseAddress
  /** Asked for anew by every connection that is made. */
  readonly password?: (() => Secret | Promise<Secret>) | undefined
  readonly role: StoreRole
  readonly clock: Clock
  /** How long to go on after conflicts and for a free connection before an error (ms). */
  readonly busyDeadlineMs: number
  /** Told of the counters that a committed transaction raised. */
  readonly onBumped?: (bumped: readonly BumpedCounter[]) => void
}

/** A generation counter after this connection raised it. */
export interface BumpedCounter {
  readonly topic: GenerationTopic
  readonly shard: number
  readonly generation: number
}

/** Statements within one transaction. Every distinct text is prepared once a connection. */
export interface Reader {
  /** Runs a statement and yields its rows. */
  rows<R>(sql: string, values?: readonly unknown[]): Promise<readonly R[]>
  /** Runs a statement and yields its first row. */
  row<R>(sql: string, values?: readonly unknown[]): Promise<R | undefined>
}

/** Statements within one transaction that may write. */
export interface Transaction extends Reader {
  /** Runs a statement and yields how many rows it wrote. */
  run(sql: string, values?: readonly unknown[]): Promise<number>
  /** Counts a change of that topic when the transaction commits. */
  bump(topic: GenerationTopic): void
}

/** A small pool of connections to one database, with the house rules of transactions (README). */
export interface Connection {
  readonly address: DatabaseAddress
  /** Runs `work` on one consistent view of the data; may run it again on another connection. */
  readonly read: <T>(work: (reader: Reader) => Promise<T>) => Promise<T>
  /**
   * Runs `work` as one transaction. When `work` or the commit throws nothing has happened, unless
   * the connection broke while the commit was under way: then it is `store_unavailable`, and nobody
   * knows. After a conflict `work` runs again, so it changes nothing but the database.
   */
  readonly write: <T>(work: (transaction: Transaction) => Promise<T>) => Promise<T>
  /**
   * Lends one connection of the pool, outside any transaction; may lend another one again. Calls of
   * the driver are to be wrapped in `fromDriver`.
   */
  readonly withClient: <T>(use: (client: pg.ClientBase) => Promise<T>) => Promise<T>
  /** Makes a client that is not of the pool, for listening. It must be connected and ended. */
  readonly makeClient: () => pg.Client
  readonly isClosed: () => boolean
  readonly close: () => Promise<void>
}

/** Rows a counter is spread over, so that writers seldom wait for each other. */
export const generationShards = 16

const limitsOf: Readonly<Record<StoreRole, { connections: number; statementMs: number }>> = {
  main: { connections: 8, statementMs: 4_000 },
  bulk: { connections: 2, statementMs: 30_000 },
}
const connectDeadlineMs = 3_000
/** How long a statement waits for a row before it starts over (ms). */
const lockWaitMs = 1_500
/** How long the server lets a transaction stand still, whose process may have been stopped (ms). */
const idleInTransactionMs = 10_000
/** How much later than the server the client gives up (ms). */
const graceMs = 1_000
const idleConnectionMs = 30_000
/** How long a server may take to let a connection go that is being ended (ms). */
const goodbyeMs = 1_000
const firstRetryMs = 2
const longestRetryMs = 50

const parsers: pg.CustomTypesConfig = {
  // Integers of 64 bits as numbers: instants and counters stay far below 2^53.
  getTypeParser: (oid, format) =>
    (oid as number) === 20 ? (Number as never) : (pg.types.getTypeParser(oid, format) as never),
}

/** Makes the pool; connects to nothing yet. */
export function openConnection(options: ConnectionOptions): Connection {
  const { address, password, role, clock, busyDeadlineMs } = options
  const { place } = address
  const { connections, statementMs } = limitsOf[role]
  const config: pg.ClientConfig = {
    host: address.host,
    port: address.port,
    user: address.user,
    database: address.database,
    ssl: address.ssl,
    // Always a function: without one the driver would look into the environment and home folder.
    password: async function (this: unknown) {
      try {
        return password === undefined ? '' : (await password()).reveal()
      } catch (error) {
        // The driver would leave the connection open, and the server waiting for a password.
        if (this instanceof pg.Client) this.connection.stream.destroy()
        throw error
      }
    },
    application_name: address.applicationName ?? `evergrant ${role}`,
    sslnegotiation: address.sslnegotiation,
    options: address.options,
    connectionTimeoutMillis: connectDeadlineMs,
    query_timeout: statementMs + graceMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    pipeline: true,
    types: parsers,
  }
  const pool = new pg.Pool({
    ...config,
    max: connections,
    idleTimeoutMillis: idleConnectionMs,
    allowExitOnIdle: true,
  })
  // A connection that breaks while nobody uses it is replaced; one in use tells its user.
  pool.on('error', () => {})
  const clients = new Set<pg.Client>()
  pool.on('connect', (client) => {
    client.on('error', () => {})
    clients.add(client)
  })
  pool.on('remove', (client) => clients.delete(client))
  let closing: Promise<void> | undefined

  // Settings are given with every transaction instead of at connect: a pooler in transaction mode
  // hands sessions from one client to the next.
  const settings =
    `SET LOCAL statement_timeout = ${statementMs}; SET LOCAL lock_timeout = ${lockWaitMs}; ` +
    `SET LOCAL idle_in_transaction_session_timeout = ${idleInTransactionMs}` +
    // A plan made while a table was empty would be kept while an import fills it; and whatever
    // statistics say of it, a page's rows are looked up by their keys.
    (role === 'bulk'
      ? '; SET LOCAL plan_cache_mode = force_custom_plan; SET LOCAL enable_hashjoin = off; ' +
        'SET LOCAL enable_mergejoin = off; SET LOCAL enable_seqscan = off; SET LOCAL jit = off'
      : '')
  const beginRead = `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ${settings}`
  // What was committed is durable, also where the database was set to be quicker than safe.
  const beginWrite =
    `BEGIN ISOLATION LEVEL READ COMMITTED; ${settings}; ` +
    `SELECT set_config('synchronous_commit', 'on', true) ` +
    `WHERE current_setting('synchronous_commit') = 'off'`

  const names = new Map<string, string>()
  const nameOf = (sql: string): string => {
    let name = names.get(sql)
    if (name === undefined) {
      name = `evergrant_${role}_${names.size + 1}`
      names.set(sql, name)
    }
    return name
  }
  const query = async <R extends pg.QueryResultRow>(
    client: pg.ClientBase,
    text: string,
    values: readonly unknown[],
  ): Promise<pg.QueryResult<R>> =>
    await fromDriver(client.query<R>({ name: nameOf(text), text, values: [...values] }))
  const readerOf = (client: pg.ClientBase): Reader => ({
    rows: async <R>(sql: string, values: readonly unknown[] = []) =>
      (await query(client, sql, values)).rows as unknown as readonly R[],
    row: async <R>(sql: string, values: readonly unknown[] = []) =>
      (await query(client, sql, values)).rows[0] as unknown as R | undefined,
  })

  const checkOut = async (): Promise<pg.PoolClient> => {
    if (closing !== undefined) {
      throw new EvergrantError('store_unavailable', 'the store was closed')
    }
    return await fromDriver(pool.connect())
  }

  const readOnce = async <T>(
    client: pg.PoolClient,
    work: (reader: Reader) => Promise<T>,
  ): Promise<T> => {
    // Not waited for: the first statement travels with it. Did it fail, so does that one.
    client.query(beginRead).catch(() => {})
    const result = await work(readerOf(client))
    client.query('COMMIT').catch(() => {})
    return result
  }

  let turn = 0
  const writeOnce = async <T>(
    client: pg.PoolClient,
    work: (transaction: Transaction) => Promise<T>,
    onBegun: () => void,
  ): Promise<T> => {
    // Not waited for: the first statements travel with it, and fail when it does.
    const begun = fromDriver(client.query(beginWrite)).then(onBegun)
    begun.catch(() => {})
    const topics = new Set<GenerationTopic>()
    // Of statements that travel together the first to fail tells why, whichever is heard of first.
    let failure: unknown
    const noting = async <Q>(asked: Promise<Q>): Promise<Q> => {
      try {
        return await asked
      } catch (error) {
        failure ??= error
        throw error
      }
    }
    const reader = readerOf(client)
    const result = await work({
      rows: async (sql, values) => await noting(reader.rows(sql, values)),
      row: async (sql, values) => await noting(reader.row(sql, values)),
      run: async (sql, values = []) => (await noting(query(client, sql, values))).rowCount ?? 0,
      bump: (topic) => topics.add(topic),
    }).catch(async (error: unknown) => {
      await begun
      throw failure ?? error
    })
    await begun
    const shard = turn++ % generationShards
    // The counters last, so that their rows are locked for one round trip.
    const bumping =
      topics.size === 0
        ? undefined
        : query<{ topic: GenerationTopic; generation: number }>(client, bumpSql, [
            shard,
            [...topics],
          ])
    const [bumped, commit] = await Promise.allSettled([
      bumping,
      fromDriver(client.query<pg.QueryResultRow>('COMMIT')),
    ])
    if (bumped.status === 'rejected') throw bumped.reason
    if (commit.status === 'rejected') throw commit.reason
    if (commit.value.command !== 'COMMIT') throw new Error('a failed statement was passed over')
    if (bumped.value !== undefined) {
      options.onBumped?.(bumped.value.rows.map((row) => ({ ...row, shard })))
    }
    return result
  }

  /** Runs a transaction until it succeeded, failed for good, or time is up. */
  const insist = async <T>(
    isRead: boolean,
    attempt: (client: pg.PoolClient, onBegun: () => void) => Promise<T>,
  ): Promise<T> => {
    const deadline = clock.monotonic() + busyDeadlineMs
    // After a restart of the server every idle connection may turn out to be dead.
    let staleLeft = connections + 1
    let waitMs = firstRetryMs
    for (;;) {
      let hasBegun = false
      let client: pg.PoolClient | undefined
      try {
        client = await checkOut()
        const result = await attempt(client, () => {
          hasBegun = true
        })
        client.release()
        return result
      } catch (error) {
        if (client !== undefined) await putBack(client, error)
        const wasStale =
          client !== undefined && isConnectionLost(error) && (isRead || !hasBegun) && staleLeft > 0
        if (wasStale) {
          staleLeft -= 1
          continue
        }
        const mayPass = isConflict(error) || isCrowded(error)
        if (!mayPass || clock.monotonic() >= deadline) throw toStoreError(error, place)
      }
      await clock.sleep(waitMs)
      waitMs = Math.min(waitMs * 2, longestRetryMs)
    }
  }

  return {
    address,
    read: async (work) => await insist(true, async (client) => await readOnce(client, work)),
    write: async (work) =>
      await insist(false, async (client, onBegun) => await writeOnce(client, work, onBegun)),
    withClient: async (use) => await insist(true, async (client) => await use(client)),
    makeClient: () => {
      const client = new pg.Client(config)
      client.on('error', () => {})
      return client
    },
    isClosed: () => closing !== undefined,
    close: async () => {
      closing ??= withGoodbye(clock, () => pool.end(), clients)
      await closing
    },
  }
}

/**
 * Waits until connections have ended, and breaks them off when the server does not let them go: one
 * that was stopped, or is cut off, says nothing for many minutes.
 */
export async function withGoodbye(
  clock: Clock,
  end: () => Promise<void>,
  clients: Iterable<pg.Client>,
): Promise<void> {
  const cancel = clock.schedule(goodbyeMs, () => {
    for (const client of clients) client.connection.stream.destroy()
  })
  try {
    await end()
  } finally {
    cancel()
  }
}

const bumpSql = `
  UPDATE evergrant.generations SET generation = generation + 1
  WHERE shard = $1 AND topic = ANY($2::text[]) RETURNING topic, generation`

/** Gives a connection back whose transaction failed; destroys it when it may be of no use. */
async function putBack(client: pg.PoolClient, error: unknown): Promise<void> {
  if (isConnectionLost(error) || isReadOnly(error)) {
    client.release(true)
    return
  }
  try {
    await client.query('ROLLBACK')
    client.release()
  } catch {
    client.release(true)
  }
}
