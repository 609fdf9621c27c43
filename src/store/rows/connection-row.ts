import type { StoredConnection } from '../../grants/ports.ts'

/** A row of `connections`. */
export interface ConnectionRow {
  readonly name: string
  readonly body: string
  readonly version: number
  readonly created_at: number
  readonly updated_at: number
}

/** A row as the port shows it. */
export function asConnection(row: ConnectionRow): StoredConnection {
  return {
    name: row.name,
    body: row.body,
    version: row.version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}
