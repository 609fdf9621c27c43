import type { AuditActorKind, AuditEntry } from '../../access/index.ts'

/** A row of `audit_entries`. */
export interface AuditRow {
  readonly id: string
  readonly at: number
  readonly actor: string
  readonly actor_kind: AuditActorKind
  readonly action: string
  readonly target: string
  readonly connection: string | null
  readonly outcome: AuditEntry['outcome']
  readonly code: string | null
  readonly before: string | null
  readonly after: string | null
  readonly request_id: string | null
}

/** The columns of `auditValues`, in order. */
export const auditColumns = `id, at, actor, actor_kind, action, target, connection, outcome, code,
  before, after, request_id`

/** An entry as the values of its row. */
export function auditValues(entry: AuditEntry): readonly (string | number | null)[] {
  return [
    entry.id,
    entry.at,
    entry.actor,
    entry.actorKind,
    entry.action,
    entry.target,
    entry.connection ?? null,
    entry.outcome,
    entry.code ?? null,
    entry.before ?? null,
    entry.after ?? null,
    entry.requestId ?? null,
  ]
}

/** A row as the port shows it. */
export function asAuditEntry(row: AuditRow): AuditEntry {
  return {
    id: row.id,
    at: row.at,
    actor: row.actor,
    actorKind: row.actor_kind,
    action: row.action,
    target: row.target,
    outcome: row.outcome,
    ...(row.connection === null ? {} : { connection: row.connection }),
    ...(row.code === null ? {} : { code: row.code }),
    ...(row.before === null ? {} : { before: row.before }),
    ...(row.after === null ? {} : { after: row.after }),
    ...(row.request_id === null ? {} : { requestId: row.request_id }),
  }
}
