import type { AuditStore } from '../../access/index.ts'
import { auditConditions } from '../rows/audit-query.ts'
import { asAuditEntry, auditColumns, auditValues, type AuditRow } from '../rows/audit-row.ts'
import type { Connection } from './connection.ts'

/** Keeps the record of what was done in SQLite. */
export function createAuditStore({ prepare, read, write }: Connection): AuditStore {
  return {
    addEntry: async (entry) => {
      const values = auditValues(entry)
      await write(() =>
        prepare(
          `INSERT INTO audit_entries (${auditColumns})
           VALUES (${values.map(() => '?').join(', ')})`,
        ).run(...values),
      )
    },

    listEntries: async (query) => {
      const conditions = auditConditions(query)
      const where = conditions.map(([condition]) => `${condition} ?`).join(' AND ')
      const rows = await read(() =>
        prepare<unknown[], AuditRow>(
          `SELECT * FROM audit_entries ${where === '' ? '' : `WHERE ${where}`}
           ORDER BY id DESC LIMIT ?`,
        ).all(...conditions.map(([, value]) => value), query.limit),
      )
      return rows.map(asAuditEntry)
    },
  }
}
