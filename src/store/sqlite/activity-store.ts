import type { ActivityCount, ActivityStore } from '../../activity/ports.ts'
import type { Connection } from './connection.ts'

/** Keeps counts of activity in SQLite. */
export function createActivityStore({ prepare, read, write }: Connection): ActivityStore {
  return {
    addActivity: async (counts) =>
      await write(() => {
        const add = prepare(
          `INSERT INTO activity (hour, kind, connection, count) VALUES (?, ?, ?, ?)
           ON CONFLICT DO UPDATE SET count = count + excluded.count`,
        )
        for (const { hour, kind, connection, count } of counts) {
          add.run(hour, kind, connection, count)
        }
      }),

    totalActivity: async (from, until) =>
      await read(() =>
        prepare<unknown[], Omit<ActivityCount, 'connection'>>(
          `SELECT hour, kind, sum(count) AS count FROM activity WHERE hour >= ? AND hour < ?
           GROUP BY hour, kind ORDER BY hour, kind`,
        ).all(from, until),
      ),

    busiestActivity: async (from, until, limit) =>
      await read(() =>
        prepare<unknown[], ActivityCount>(
          `SELECT hour, kind, connection, count FROM activity
           WHERE hour >= @from AND hour < @until AND connection IN (
             SELECT connection FROM activity
             WHERE hour >= @from AND hour < @until AND connection <> ''
             GROUP BY connection ORDER BY sum(count) DESC, connection LIMIT @limit)
           ORDER BY connection, hour, kind`,
        ).all({ from, until, limit }),
      ),

    sweepActivity: async (before, limit) =>
      await write(
        () =>
          prepare(
            `DELETE FROM activity WHERE (hour, kind, connection) IN (
               SELECT hour, kind, connection FROM activity WHERE hour < ? LIMIT ?)`,
          ).run(before, limit).changes,
      ),
  }
}
