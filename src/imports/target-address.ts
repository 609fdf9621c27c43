import { readFileSync } from 'node:fs'
import type { ConnectionOptions } from 'node:tls'
import { EvergrantError } from '../kernel/index.ts'

/** Where a target database is and how it is spoken to; holds no password. */
export interface TargetAddress {
  /** A host name, an address, or the folder of a Unix socket. */
  readonly host: string
  readonly port: number
  readonly user: string
  readonly database: string
  /** False on this machine, or where the URL says so. */
  readonly ssl: false | ConnectionOptions
  /** The address for messages. */
  readonly place: string
}

/**
 * Reads `postgres://user@host:port/database`, checked by `parseDestination` before. Whatever is not
 * on this machine is spoken to over verified TLS unless the URL says `sslmode=disable`; known
 * parameters besides it are `host` (folder of a Unix socket) and `sslrootcert`.
 *
 * @throws EvergrantError `destination_invalid`
 */
export function readTargetAddress(text: string): TargetAddress {
  const url = new URL(text)
  const parameters = url.searchParams
  const host = parameters.get('host') ?? decodeURIComponent(url.hostname).replaceAll(/^\[|\]$/g, '')
  const port = url.port === '' ? 5432 : Number(url.port)
  const user = decodeURIComponent(url.username)
  if (user === '') {
    throw new EvergrantError('destination_invalid', 'the postgres:// address names no user')
  }
  const database = decodeURIComponent(url.pathname.slice(1))
  const isLocal = host.startsWith('/') || /^(localhost|127(\.\d+){3}|::1)$/.test(host)
  return {
    host,
    port,
    user,
    database,
    ssl: tlsOf(parameters, isLocal),
    place: `postgres://${user}@${host.startsWith('/') ? host : `${url.hostname}:${port}`}/${database}`,
  }
}

function tlsOf(parameters: URLSearchParams, isLocal: boolean): TargetAddress['ssl'] {
  const mode = parameters.get('sslmode') ?? (isLocal ? 'disable' : 'verify-full')
  if (mode === 'disable') return false
  if (mode !== 'require' && mode !== 'verify-full') {
    throw new EvergrantError(
      'destination_invalid',
      `expected "sslmode" to be "verify-full" or "disable", but saw ${JSON.stringify(mode)}`,
    )
  }
  const authority = parameters.get('sslrootcert')
  if (authority === null) return { rejectUnauthorized: true }
  try {
    return { rejectUnauthorized: true, ca: readFileSync(authority, 'utf8') }
  } catch (error) {
    throw new EvergrantError(
      'destination_invalid',
      `expected "sslrootcert" to name a file that can be read, but saw ${JSON.stringify(authority)}`,
      { cause: error },
    )
  }
}
