import type { z } from 'zod'
import {
  mayPerform,
  operations,
  type AuditEntry,
  type Caller,
  type Operation,
} from '../access/index.ts'
import type { auditEntrySchema } from './api/audit-schema.ts'

/**
 * Tells whether a caller may see how something stood before and after: as it may where the same is
 * read otherwise, or the record would be a way around its role.
 */
export function maySeeStates(caller: Caller, { action }: Pick<AuditEntry, 'action'>): boolean {
  const [noun = ''] = action.split('.')
  const reading = action === 'consent.customer_changed' ? 'customers.read' : `${noun}.read`
  return !Object.hasOwn(operations, reading) || mayPerform(caller, reading as Operation)
}

/**
 * An entry as the API sends it and `--json` prints it.
 *
 * @param hasStates Whether how it stood before and after is told. Default true.
 */
export function auditToJson(entry: AuditEntry, hasStates = true): z.input<typeof auditEntrySchema> {
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
    before: hasStates ? parsed(entry.before) : null,
    after: hasStates ? parsed(entry.after) : null,
    request_id: entry.requestId ?? null,
  }
}

function parsed(text: string | undefined): unknown {
  return text === undefined ? null : (JSON.parse(text) as unknown)
}
