import pg from 'pg'
import { EvergrantError, isEvergrantError, type ErrorCode } from '../../kernel/index.ts'

interface Meaning {
  readonly code: ErrorCode
  readonly detail: string
  readonly remedy?: string
}

/** Whoever asks for it, or wants it kept, has to word it otherwise; it is no fault of ours. */
const unkept: Meaning = {
  code: 'usage',
  detail: 'keeps no text with U+0000 in it',
  remedy: 'Leave the character U+0000 out.',
}

/** What SQLSTATEs mean (PostgreSQL appendix A); the first that fits counts. */
const meanings: readonly (readonly [prefix: string, meaning: Meaning])[] = [
  ['40', { code: 'store_busy', detail: 'kept other transactions in the way' }],
  ['55P03', { code: 'store_busy', detail: 'kept a row locked' }],
  ['57014', { code: 'store_busy', detail: 'did not finish a statement within its deadline' }],
  ['25P03', { code: 'store_busy', detail: 'ended a transaction that stood still' }],
  [
    '25006',
    {
      code: 'store_unavailable',
      detail: 'is a read-only standby, or was made read-only',
      remedy: 'Point `store` at the primary server; after a fail-over it may take a moment.',
    },
  ],
  ['53100', { code: 'store_full', detail: 'cannot grow: the disk of the server is full' }],
  ['54', { code: 'store_full', detail: 'has reached a limit of the server' }],
  [
    '53300',
    {
      code: 'store_unavailable',
      detail: 'takes no more connections',
      remedy:
        'Raise `max_connections` of the server, or put PgBouncer before it; a node of Evergrant keeps at most ten.',
    },
  ],
  ['53', { code: 'store_unavailable', detail: 'is short of resources' }],
  ['57', { code: 'store_unavailable', detail: 'is starting, stopping or restarting' }],
  ['58', { code: 'store_unavailable', detail: 'has trouble with its system' }],
  ['08', { code: 'store_unavailable', detail: 'broke the connection' }],
  ['28', { code: 'store_refused', detail: 'refuses the user or the password' }],
  ['3D000', { code: 'store_refused', detail: 'is not there: the server has no such database' }],
  ['42501', { code: 'store_refused', detail: 'denies the user a right that Evergrant needs' }],
  ['22021', unkept],
  ['22P05', unkept],
  ['XX001', { code: 'store_corrupt', detail: 'is damaged' }],
  ['XX002', { code: 'store_corrupt', detail: 'is damaged' }],
]

/**
 * What `pg` threw. Wrapping it where it is thrown keeps a broken connection, which is a plain
 * error, apart from a mistake of ours.
 */
export class DriverFailure extends Error {
  override readonly name = 'DriverFailure'
  readonly reason: unknown

  constructor(reason: unknown) {
    super('the database driver failed')
    this.reason = reason
  }
}

/** Waits for the driver, so that whatever it throws is known to be its own. */
export async function fromDriver<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw new DriverFailure(error)
  }
}

/** Thrown by work that met another transaction half-way and succeeds when it begins anew. */
export class StartOver extends Error {
  override readonly name = 'StartOver'
}

function sqlStateOf(error: unknown): string | undefined {
  if (!(error instanceof DriverFailure)) return undefined
  return error.reason instanceof pg.DatabaseError ? error.reason.code : undefined
}

/** Tells whether another transaction was in the way, so that the same work may succeed again. */
export function isConflict(error: unknown): boolean {
  const state = sqlStateOf(error)
  return state === '40001' || state === '40P01' || state === '55P03' || error instanceof StartOver
}

/** Tells whether the server takes no more connections for the moment. */
export function isCrowded(error: unknown): boolean {
  return sqlStateOf(error) === '53300'
}

/** Tells whether the server refused to write because it is a standby now. */
export function isReadOnly(error: unknown): boolean {
  return sqlStateOf(error) === '25006'
}

/**
 * Tells whether the connection is of no use any more: it broke, the server ended it, or an answer
 * is overdue.
 */
export function isConnectionLost(error: unknown): boolean {
  if (!(error instanceof DriverFailure) || isEvergrantError(error.reason)) return false
  const state = sqlStateOf(error)
  if (state === undefined) return true
  return state.startsWith('57P') || state.startsWith('08') || state === '25P03'
}

/**
 * Turns a failure of the driver into an `EvergrantError` naming the database: `store_busy`,
 * `store_full`, `store_unavailable`, `store_refused` or `store_corrupt`; `internal` for a statement
 * of ours that the server refused. Other errors come back as they are. The server’s own texts may
 * quote values, so only its codes and the names of its objects are kept.
 */
export function toStoreError(error: unknown, place: string): unknown {
  if (error instanceof StartOver) {
    return new EvergrantError('store_busy', `"${place}" kept other transactions in the way`)
  }
  if (!(error instanceof DriverFailure)) return error
  const { reason } = error
  if (isEvergrantError(reason) || !(reason instanceof Error)) return reason
  if (!(reason instanceof pg.DatabaseError)) return connectionError(reason, place)
  const state = reason.code ?? ''
  const cause = new Error(
    `PostgreSQL: SQLSTATE ${state}, table "${reason.table ?? ''}", constraint "${reason.constraint ?? ''}"`,
  )
  const meaning = meanings.find(([prefix]) => state.startsWith(prefix))?.[1]
  if (meaning === undefined) {
    return new EvergrantError('internal', `PostgreSQL refused a statement (${state})`, { cause })
  }
  const { code, detail, remedy } = meaning
  return new EvergrantError(code, `"${place}" ${detail} (${state})`, {
    cause,
    ...(remedy === undefined ? {} : { remedy }),
  })
}

/** Codes of Node.js for a certificate that cannot be trusted or a server without TLS. */
const tlsTrouble = /CERT|SSL|TLS|ALTNAME/

function connectionError(error: Error, place: string): EvergrantError {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  if (tlsTrouble.test(code ?? '') || error.message.includes('does not support SSL')) {
    return new EvergrantError(
      'store_refused',
      `"${place}" cannot be spoken to over verified TLS${code === undefined ? '' : ` (${code})`}`,
      {
        cause: error,
        remedy:
          'Give the server a certificate for its name, and name its authority with `sslrootcert=FILE` where it is your own.',
      },
    )
  }
  const what =
    code === undefined
      ? `cannot be reached: ${error.message.toLowerCase()}`
      : `cannot be reached (${code})`
  return new EvergrantError('store_unavailable', `"${place}" ${what}`, { cause: error })
}
