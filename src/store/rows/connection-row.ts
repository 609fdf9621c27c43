import type { ConnectionPause, StoredConnection } from '../../grants/ports.ts'

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

/** A row of `connection_pauses`. */
export interface PauseRow {
  readonly connection: string
  readonly paused_at: number
  readonly paused_by: string
  readonly reason: string
  readonly keeps_alive: number | boolean
}

/** A row as the port shows it. */
export function asPause(row: PauseRow): ConnectionPause {
  return {
    connection: row.connection,
    pausedAt: row.paused_at,
    by: row.paused_by,
    reason: row.reason,
    keepsAlive: Boolean(row.keeps_alive),
  }
}
