import type { TraceQuery } from '../../gateway/ports.ts'

/** A listing of traces as a statement and the values of its parameters. */
export interface TraceListing {
  readonly sql: string
  readonly values: readonly (string | number)[]
}

/** How a database writes a table's name, the n-th parameter (from 1), and a flag. */
export interface Dialect {
  readonly table: string
  readonly parameter: (position: number) => string
  readonly flag: (column: string, isSet: boolean) => string
}

/**
 * The statement that answers a query. Each combination of filters has a text of its own, so that
 * each can use an index that gives the rows in order; the literal halves are what the partial
 * indexes say, word for word.
 */
export function traceListing(query: TraceQuery, { table, parameter, flag }: Dialect): TraceListing {
  const values: (string | number)[] = []
  const conditions: string[] = []
  const demand = (column: string, operator: string, value: string | number | undefined): void => {
    if (value === undefined) return
    values.push(value)
    conditions.push(`${column} ${operator} ${parameter(values.length)}`)
  }
  const { kind, outcome, connection, caller, status, since, until, wasReplayed } = query
  demand('id', '<', query.before)
  demand('request_id', '=', query.requestId)
  demand('code', '=', query.code)
  demand('kind', '=', kind)
  if (kind !== undefined && kind !== 'call') conditions.push(`kind <> 'call'`)
  demand('outcome', '=', outcome)
  if (outcome !== undefined && outcome !== 'served') conditions.push(`outcome <> 'served'`)
  demand('status', '=', status)
  if (status !== undefined && status >= 300) conditions.push('status >= 300')
  if (connection !== undefined) {
    // A tenant narrows further, but has no index of its own.
    demand('connection_name', '=', connection.split('@', 1)[0])
    if (connection.includes('@')) demand('connection', '=', connection)
  }
  demand(caller !== undefined && isId(caller) ? 'caller_id' : 'caller_name', '=', caller)
  if (wasReplayed !== undefined) conditions.push(flag('was_replayed', wasReplayed))
  demand('at', '>=', since)
  if (since !== undefined) demand('id', '>=', idAt(since - slackMs))
  demand('at', '<', until)
  if (until !== undefined) demand('id', '<', idAt(until + slackMs))
  values.push(query.limit)
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`
  return {
    sql: `SELECT * FROM ${table} ${where} ORDER BY id DESC LIMIT ${parameter(values.length)}`,
    values,
  }
}

/** How far apart the instant in an id and the trace's own may be (ms). */
const slackMs = 60_000

/** The last instant that fits into an id. */
const lastInstant = 2 ** 48 - 1

/** Before all ids of traces made at that instant, after all made earlier (RFC 9562 section 5.7). */
function idAt(instant: number): string {
  const hex = Math.min(Math.max(0, Math.trunc(instant)), lastInstant)
    .toString(16)
    .padStart(12, '0')
  return `trc_${hex.slice(0, 8)}-${hex.slice(8, 12)}`
}

function isId(caller: string): boolean {
  return /^[a-z]{3}_[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/.test(caller)
}
