import type { z } from 'zod'
import type { AuditEntry } from '../access/index.ts'
import type { auditEntrySchema } from './api/audit-schema.ts'

/** An entry as the API sends it and `--json` prints it. */
export function auditToJson(entry: AuditEntry): z.input<typeof auditEntrySchema> {
  const { id, at, actor, actorKind, action, target, connection, outcome, code } = entry
  return {
    id,
    at: new Date(at).toISOString(),
    actor,
    actor_kind: actorKind,
    action,
    target,
    connection: connection ?? null,
    outcome,
    code: code ?? null,
    before: parsed(entry.before),
    after: parsed(entry.after),
    request_id: entry.requestId ?? null,
  }
}

function parsed(text: string | undefined): unknown {
  return text === undefined ? null : (JSON.parse(text) as unknown)
}
