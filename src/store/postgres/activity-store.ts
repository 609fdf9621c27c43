import type { ActivityCount, ActivityStore } from '../../activity/ports.ts'
import type { Connection } from './connection.ts'

/** Adds counts in the order of their keys: two nodes never wait for each other crosswise. */
const addSql = `INSERT INTO evergrant.activity AS known (hour, kind, connection, count)
  SELECT hour, kind, connection, count
  FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[])
    AS given (hour, kind, connection, count)
  ORDER BY hour, kind COLLATE "C", connection COLLATE "C"
  ON CONFLICT (hour, kind, connection) DO UPDATE SET count = known.count + excluded.count`

/** Keeps counts of activity in PostgreSQL. */
export function createActivityStore({ read, write }: Connection): ActivityStore {
  return {
    addActivity: async (counts) => {
      await write(
        async (transaction) =>
          await transaction.run(addSql, [
            counts.map(({ hour }) => hour),
            counts.map(({ kind }) => kind),
            counts.map(({ connection }) => connection),
            counts.map(({ count }) => count),
          ]),
      )
    },

    totalActivity: async (from, until) =>
      await read(
        async (reader) =>
          await reader.rows<Omit<ActivityCount, 'connection'>>(
            `SELECT hour, kind, sum(count)::bigint AS count FROM evergrant.activity
             WHERE hour >= $1 AND hour < $2 GROUP BY hour, kind ORDER BY hour, kind`,
            [from, until],
          ),
      ),

    busiestActivity: async (from, until, limit) =>
      await read(
        async (reader) =>
          await reader.rows<ActivityCount>(
            `SELECT hour, kind, connection, count FROM evergrant.activity
             WHERE hour >= $1 AND hour < $2 AND connection IN (
               SELECT connection FROM evergrant.activity
               WHERE hour >= $1 AND hour < $2 AND connection <> ''
               GROUP BY connection ORDER BY sum(count) DESC, connection LIMIT $3)
             ORDER BY connection, hour, kind`,
            [from, until, limit],
          ),
      ),

    sweepActivity: async (before, limit) =>
      await write(
        async (transaction) =>
          await transaction.run(
            `DELETE FROM evergrant.activity WHERE (hour, kind, connection) IN (
               SELECT hour, kind, connection FROM evergrant.activity WHERE hour < $1 LIMIT $2)`,
            [before, limit],
          ),
      ),
  }
}
