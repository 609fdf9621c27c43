import type { BodyCapture, TraceQuery, TraceStore } from '../../gateway/ports.ts'
import { traceListing, type TraceListing } from '../rows/trace-listing.ts'
import { asTrace, pruneLimit, traceColumns, type TraceRow } from '../rows/trace-row.ts'
import type { Connection } from './connection.ts'

const names = traceColumns.map(([name]) => name)
const isFlag = (name: string): boolean => name.startsWith('was_')

/** One statement for the whole batch; what is there already takes no sequence. */
const insertSql = `
  INSERT INTO evergrant.traces (${names.join(', ')})
  SELECT ${names.map((name) => (isFlag(name) ? `${name} = 1` : name)).join(', ')}
  FROM unnest(${traceColumns.map(([, type], i) => `$${i + 1}::${type}[]`).join(', ')})
    WITH ORDINALITY AS batch (${names.join(', ')}, position)
  WHERE NOT EXISTS (SELECT FROM evergrant.traces AS known WHERE known.id = batch.id)
  ORDER BY position
  ON CONFLICT (id) DO NOTHING`

/** Sequences may have gaps after a failure; then a few less than `keep` are kept for a while. */
export const pruneSql = `
  DELETE FROM evergrant.traces WHERE sequence <= least(
    (SELECT max(sequence) FROM evergrant.traces) - $1,
    (SELECT min(sequence) FROM evergrant.traces) + $2 - 1)`

/** The statement that answers a query. */
export function listingOf(query: TraceQuery): TraceListing {
  return traceListing(query, {
    table: 'evergrant.traces',
    parameter: (position) => `$${position}`,
    flag: (column, isSet) => (isSet ? column : `NOT ${column}`),
  })
}

/** Keeps traces and captures in PostgreSQL. */
export function createTraceStore({ read, write }: Connection): TraceStore {
  return {
    appendTraces: async (traces, keep) => {
      if (traces.length === 0) return
      const columns = traceColumns.map(([, , value]) => traces.map(value).map(storable))
      await write(async (transaction) => {
        await transaction.run(insertSql, columns)
        await transaction.run(pruneSql, [keep, pruneLimit(traces.length)])
      })
    },

    getTrace: async (id) => {
      const row = await read(
        async (reader) =>
          await reader.row<TraceRow>('SELECT * FROM evergrant.traces WHERE id = $1', [id]),
      )
      return row === undefined ? undefined : asTrace(row)
    },

    listTraces: async (query) => {
      const { sql, values } = listingOf(query)
      const rows = await read(async (reader) => await reader.rows<TraceRow>(sql, values))
      return rows.map(asTrace)
    },

    setCapture: async (name, until) => {
      await write(async (transaction) => {
        if (until === 0) {
          await transaction.run('DELETE FROM evergrant.captures WHERE connection = $1', [name])
        } else {
          await transaction.run(
            `INSERT INTO evergrant.captures VALUES ($1, $2)
             ON CONFLICT (connection) DO UPDATE SET until = excluded.until`,
            [name, until],
          )
        }
        transaction.bump('captures')
      })
    },

    listCaptures: async (now) =>
      await read(
        async (reader) =>
          await reader.rows<BodyCapture>(
            `SELECT connection, until FROM evergrant.captures WHERE until > $1
             ORDER BY connection`,
            [now],
          ),
      ),
  }
}

/** PostgreSQL keeps no U+0000 in a text: U+FFFD takes its place. */
function storable<T>(value: T): T | string {
  return typeof value === 'string' && value.includes('\0')
    ? value.replaceAll('\0', '\ufffd')
    : value
}
