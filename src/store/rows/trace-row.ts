import type { TraceKind, TraceOutcome, TraceRecord, TraceStep } from '../../gateway/index.ts'
import type { ErrorCode } from '../../kernel/index.ts'

/** A row of `traces`. */
export interface TraceRow {
  readonly id: string
  readonly at: number
  readonly kind: TraceKind
  readonly outcome: TraceOutcome
  readonly request_id: string
  readonly connection: string
  readonly connection_name: string
  readonly upstream: string
  readonly caller_id: string
  readonly caller_name: string
  readonly method: string
  readonly path: string
  readonly status: number
  readonly duration_ms: number
  readonly was_renewed: boolean | 0 | 1
  readonly was_replayed: boolean | 0 | 1
  readonly rule: string | null
  readonly code: ErrorCode | null
  readonly request_bytes: number
  readonly response_bytes: number
  readonly steps: string
  readonly bodies: string | null
}

/** A row as the port shows it. */
export function asTrace(row: TraceRow): TraceRecord {
  return {
    id: row.id,
    at: row.at,
    kind: row.kind,
    outcome: row.outcome,
    requestId: row.request_id,
    connection: row.connection,
    upstream: row.upstream,
    callerId: row.caller_id,
    callerName: row.caller_name,
    method: row.method,
    path: row.path,
    status: row.status,
    durationMs: row.duration_ms,
    wasRenewed: Boolean(row.was_renewed),
    wasReplayed: Boolean(row.was_replayed),
    ...(row.rule === null ? {} : { rule: row.rule }),
    ...(row.code === null ? {} : { code: row.code }),
    requestBytes: row.request_bytes,
    responseBytes: row.response_bytes,
    steps: JSON.parse(row.steps) as readonly TraceStep[],
    ...(row.bodies === null
      ? {}
      : { bodies: JSON.parse(row.bodies) as NonNullable<TraceRecord['bodies']> }),
  }
}

/** A column of `traces`, its type in PostgreSQL, and its value; flags apart. */
type TraceColumn = readonly [
  name: string,
  type: string,
  value: (trace: TraceRecord) => string | number | null,
]

/** What a trace is written as, in the order of the statement's parameters. */
export const traceColumns: readonly TraceColumn[] = [
  ['id', 'text', ({ id }) => id],
  ['at', 'bigint', ({ at }) => at],
  ['kind', 'text', ({ kind }) => kind],
  ['outcome', 'text', ({ outcome }) => outcome],
  ['request_id', 'text', ({ requestId }) => requestId],
  ['connection', 'text', ({ connection }) => connection],
  ['connection_name', 'text', ({ connection }) => connectionNameOf(connection)],
  ['upstream', 'text', ({ upstream }) => upstream],
  ['caller_id', 'text', ({ callerId }) => callerId],
  ['caller_name', 'text', ({ callerName }) => callerName],
  ['method', 'text', ({ method }) => method],
  ['path', 'text', ({ path }) => path],
  ['status', 'int', ({ status }) => status],
  ['duration_ms', 'double precision', ({ durationMs }) => durationMs],
  ['was_renewed', 'int', ({ wasRenewed }) => (wasRenewed ? 1 : 0)],
  ['was_replayed', 'int', ({ wasReplayed }) => (wasReplayed ? 1 : 0)],
  ['rule', 'text', ({ rule }) => rule ?? null],
  ['code', 'text', ({ code }) => code ?? null],
  ['request_bytes', 'bigint', ({ requestBytes }) => requestBytes],
  ['response_bytes', 'bigint', ({ responseBytes }) => responseBytes],
  ['steps', 'text', ({ steps }) => JSON.stringify(steps)],
  ['bodies', 'text', ({ bodies }) => (bodies === undefined ? null : JSON.stringify(bodies))],
]

function connectionNameOf(address: string): string {
  const at = address.indexOf('@')
  return at === -1 ? address : address.slice(0, at)
}

/** How many of the oldest go with a batch, at most: nobody waits long for the lock. */
export function pruneLimit(appended: number): number {
  return Math.max(10_000, appended * 2)
}
