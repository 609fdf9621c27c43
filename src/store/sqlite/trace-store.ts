import type { BodyCapture, TraceQuery, TraceStore } from '../../gateway/ports.ts'
import { traceListing, type TraceListing } from '../rows/trace-listing.ts'
import { asTrace, pruneLimit, traceColumns, type TraceRow } from '../rows/trace-row.ts'
import type { Connection } from './connection.ts'
import { bumpGeneration } from './generations.ts'

const insertSql = `INSERT INTO traces (${traceColumns.map(([name]) => name).join(', ')})
  VALUES (${traceColumns.map(() => '?').join(', ')}) ON CONFLICT (id) DO NOTHING`

/** Sequences have no gaps: rows only go at the lower end. */
export const pruneSql = `DELETE FROM traces WHERE sequence <= min(
  (SELECT max(sequence) FROM traces) - ?, (SELECT min(sequence) FROM traces) + ? - 1)`

/** The statement that answers a query. */
export function listingOf(query: TraceQuery): TraceListing {
  return traceListing(query, {
    table: 'traces',
    parameter: () => '?',
    flag: (column, isSet) => `${column} = ${isSet ? 1 : 0}`,
  })
}

/** Keeps traces and captures in SQLite. */
export function createTraceStore(connection: Connection): TraceStore {
  const { prepare, read, write } = connection
  return {
    appendTraces: async (traces, keep) => {
      if (traces.length === 0) return
      await write(() => {
        const insert = prepare(insertSql)
        for (const trace of traces) insert.run(...traceColumns.map(([, , value]) => value(trace)))
        prepare(pruneSql).run(keep, pruneLimit(traces.length))
      })
    },

    getTrace: async (id) => {
      const row = await read(() =>
        prepare<[string], TraceRow>('SELECT * FROM traces WHERE id = ?').get(id),
      )
      return row === undefined ? undefined : asTrace(row)
    },

    listTraces: async (query) => {
      const { sql, values } = listingOf(query)
      const rows = await read(() => prepare<unknown[], TraceRow>(sql).all(...values))
      return rows.map(asTrace)
    },

    setCapture: async (name, until) => {
      await write(() => {
        if (until === 0) prepare('DELETE FROM captures WHERE connection = ?').run(name)
        else {
          prepare(
            `INSERT INTO captures VALUES (?, ?)
             ON CONFLICT (connection) DO UPDATE SET until = excluded.until`,
          ).run(name, until)
        }
        bumpGeneration(connection, 'captures')
      })
    },

    listCaptures: async (now) =>
      await read(() =>
        prepare<[number], BodyCapture>(
          'SELECT connection, until FROM captures WHERE until > ? ORDER BY connection',
        ).all(now),
      ),
  }
}
