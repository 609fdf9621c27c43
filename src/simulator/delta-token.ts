import { err, ok, type Result } from '../kernel/index.ts'
import { hashText } from './page-token.ts'

/** What a `$skiptoken` or `$deltatoken` of a delta stands for. */
export interface DeltaToken {
  readonly tenant: string
  /** The path it goes on with, version left out. */
  readonly path: string
  /** Columns, as the first call selected them; null: none was. */
  readonly select: readonly string[] | null
  /** Object ids the first call asked for; null: all. */
  readonly ids: readonly string[] | null
  /** Where in the journal the round begins; null: everything there is, as in a first round. */
  readonly from: number | null
  /** Where in the journal the round ends: a delta link begins there. */
  readonly to: number
  /** Where the next page begins; null in a delta link. */
  readonly cursor: readonly [number, number] | null
  /** The rows of the last page once more, and that is the end of the round. */
  readonly isAgain: boolean
  /** How often the service had been reset. */
  readonly resets: number
  /** Page tokens handed out before they are expired by hand are of an epoch before. */
  readonly epoch: number
  readonly issuedAt: number
  readonly roundSince: number
}

/** Writes a token: opaque to clients, a text that any other simulator refuses. */
export function writeDeltaToken(token: DeltaToken): string {
  const text = JSON.stringify(token)
  return Buffer.from(`${hashText(text).toString(16).padStart(8, '0')}${text}`).toString('base64url')
}

/** Reads a token; anything altered is refused. */
export function readDeltaToken(token: string): Result<DeltaToken, 'invalid'> {
  const text = Buffer.from(token, 'base64url').toString('utf8')
  const body = text.slice(8)
  const isOurs = hashText(body).toString(16).padStart(8, '0') === text.slice(0, 8)
  return isOurs ? ok(JSON.parse(body) as DeltaToken) : err('invalid')
}
