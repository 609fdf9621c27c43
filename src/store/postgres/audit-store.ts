import type { AuditStore } from '../../access/index.ts'
import { auditConditions } from '../rows/audit-query.ts'
import { asAuditEntry, auditColumns, auditValues, type AuditRow } from '../rows/audit-row.ts'
import type { Connection } from './connection.ts'

/** Keeps the record of what was done in PostgreSQL. */
export function createAuditStore({ read, write }: Connection): AuditStore {
  return {
    addEntry: async (entry) => {
      const values = auditValues(entry)
      const places = values.map((_, at) => `$${at + 1}`).join(', ')
      await write((transaction) =>
        transaction.run(
          `INSERT INTO evergrant.audit_entries (${auditColumns}) VALUES (${places})`,
          values,
        ),
      )
    },

    listEntries: async (query) => {
      const conditions = auditConditions(query)
      const where = conditions.map(([condition], at) => `${condition} $${at + 2}`).join(' AND ')
      const rows = await read((reader) =>
        reader.rows<AuditRow>(
          `SELECT * FROM evergrant.audit_entries ${where === '' ? '' : `WHERE ${where}`}
           ORDER BY id DESC LIMIT $1`,
          [query.limit, ...conditions.map(([, value]) => value)],
        ),
      )
      return rows.map(asAuditEntry)
    },
  }
}
