import type { LookupColumn } from '../../directory/index.ts'
import { EvergrantError, isEvergrantError, type Clock } from '../../kernel/index.ts'
import { lookupName } from '../rows/account-row.ts'
import { createLookupSql } from './account-sql.ts'
import type { Connection } from './connection.ts'
import { fromDriver, toStoreError } from './errors.ts'

/** Which index a look-up needs. */
type Wanted = Omit<LookupColumn, 'kind'>

/** The indexes by which accounts are found. */
export interface Lookups {
  readonly has: (column: Wanted) => Promise<boolean>
  /** Makes an index while others go on writing; waits when another node is making it. */
  readonly make: (column: Wanted) => Promise<void>
}

/** How long making an index may take (ms): an hour. */
const makingDeadlineMs = 3_600_000
/** How often is looked whether another node is done (ms). */
const lookEveryMs = 500

/**
 * What became of an index: `CONCURRENTLY` leaves an invalid one behind when it is broken off, and
 * has an invalid one while it works.
 */
const stateSql = `
  SELECT indisvalid AS is_valid, EXISTS (
    SELECT FROM pg_stat_progress_create_index WHERE index_relid = indexrelid) AS is_making
  FROM pg_index WHERE indexrelid = to_regclass($1)`

interface State {
  readonly is_valid: boolean
  readonly is_making: boolean
}

/** Says what to do where the user of the service may read and write tables, but owns none. */
function named(error: unknown): unknown {
  if (!isEvergrantError(error) || error.code !== 'store_refused') return error
  return new EvergrantError(error.code, `an index for look-ups of accounts: ${error.detail}`, {
    remedy:
      'Run `evergrant migrate` as the owner of the tables, with the same issuers in the configuration.',
    cause: error,
  })
}

/** Makes what makes look-ups quick. */
export function createLookups(connection: Connection, clock: Clock): Lookups {
  const stateOf = async (column: Wanted): Promise<State | undefined> =>
    await connection.read(
      async (reader) => await reader.row<State>(stateSql, [`evergrant.${lookupName(column)}`]),
    )
  const has = async (column: Wanted): Promise<boolean> => (await stateOf(column))?.is_valid === true

  /** Outside any transaction, on a connection of its own: it may take long. */
  const run = async (sql: string): Promise<void> => {
    const client = connection.makeClient()
    try {
      await fromDriver(client.connect())
      // Known to the driver, though not to its types.
      const statement = { text: sql, query_timeout: makingDeadlineMs }
      await fromDriver(client.query(statement))
    } catch (error) {
      throw named(toStoreError(error, connection.address.place))
    } finally {
      await client.end().catch(() => {})
    }
  }

  return {
    has,
    make: async (column) => {
      const deadline = clock.monotonic() + makingDeadlineMs
      let failure: unknown
      for (let triesLeft = 3; triesLeft > 0;) {
        const state = await stateOf(column)
        if (state?.is_valid === true) return
        if (clock.monotonic() >= deadline) {
          throw new EvergrantError('store_busy', 'an index was not made within an hour')
        }
        if (state?.is_making === true) {
          await clock.sleep(lookEveryMs)
          continue
        }
        triesLeft -= 1
        try {
          // What was broken off serves nobody and costs every write.
          if (state !== undefined) {
            await run(`DROP INDEX CONCURRENTLY IF EXISTS evergrant.${lookupName(column)}`)
          }
          await run(createLookupSql(column))
          // How values are spread is known of an index only once it was looked at.
          await run('ANALYZE evergrant.directory_objects')
        } catch (error) {
          // Another node may have begun at the same moment.
          failure = error
        }
      }
      if (!(await has(column))) throw failure
    },
  }
}
