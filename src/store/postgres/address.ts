import { readFileSync } from 'node:fs'
import type { ConnectionOptions } from 'node:tls'
import { EvergrantError } from '../../kernel/index.ts'

/** Where a database is and how it is spoken to; holds no password. */
export interface DatabaseAddress {
  /** A host name, an address, or the folder of a Unix socket. */
  readonly host: string
  readonly port: number
  readonly user: string
  readonly database: string
  /** False where the URL says so, or where the connection does not leave this machine. */
  readonly ssl: false | ConnectionOptions
  readonly sslnegotiation?: 'postgres' | 'direct'
  readonly applicationName?: string
  /** Settings for the session, as `PGOPTIONS` has them. */
  readonly options?: string
  /** The address for messages: without password and parameters. */
  readonly place: string
}

const loopback = /^(localhost|127(\.\d+){3}|::1)$/

/**
 * Reads `postgres://user@host:port/database`. Whatever is not on this machine is spoken to over
 * verified TLS unless the URL says `sslmode=disable`. Known parameters: `host` (folder of a Unix
 * socket), `sslmode`, `sslrootcert`, `sslcert`, `sslkey`, `sslnegotiation`, `application_name` and
 * `options`; others are for libpq and mean nothing here.
 *
 * @throws `config_invalid` naming what is wrong with the URL, which is never quoted.
 */
export function readAddress(url: string): DatabaseAddress {
  const parsed = URL.parse(url)
  if (parsed === null || !/^postgres(ql)?:$/.test(parsed.protocol)) {
    throw wrong('expected a URL such as postgres://user@host/database')
  }
  if (parsed.password !== '') throw wrong('expected no password in it: that stands in "password"')
  const parameters = parsed.searchParams
  const user = decodeURIComponent(parsed.username)
  if (user === '') throw wrong('expected a user in it')
  const database = decodeURIComponent(parsed.pathname.slice(1))
  if (database === '') throw wrong('expected the name of a database in it')
  const host =
    parameters.get('host') ?? decodeURIComponent(parsed.hostname).replaceAll(/^\[|\]$/g, '')
  const isSocket = host.startsWith('/')
  const port = parsed.port === '' ? 5432 : Number(parsed.port)
  const negotiation = parameters.get('sslnegotiation')
  const applicationName = parameters.get('application_name')
  const options = parameters.get('options')
  return {
    host: host === '' ? 'localhost' : host,
    port,
    user,
    database,
    ssl: tlsOf(parameters, host === '' || isSocket || loopback.test(host)),
    ...(negotiation === 'direct' ? { sslnegotiation: negotiation } : {}),
    ...(applicationName === null ? {} : { applicationName }),
    ...(options === null ? {} : { options }),
    place: `postgres://${user}@${isSocket ? host : `${parsed.hostname || 'localhost'}:${port}`}/${database}`,
  }
}

/** `require` of libpq trusts any certificate; here it is verified as `verify-full` does. */
function tlsOf(parameters: URLSearchParams, isLocal: boolean): DatabaseAddress['ssl'] {
  const mode = parameters.get('sslmode') ?? (isLocal ? 'disable' : 'verify-full')
  if (['disable', 'allow', 'prefer'].includes(mode)) return false
  if (!['require', 'verify-ca', 'verify-full'].includes(mode)) {
    throw wrong(`expected "sslmode" to be verify-full, verify-ca or disable, but saw "${mode}"`)
  }
  const authority = parameters.get('sslrootcert')
  const certificate = parameters.get('sslcert')
  const key = parameters.get('sslkey')
  return {
    rejectUnauthorized: true,
    ...(mode === 'verify-ca' ? { checkServerIdentity: () => undefined } : {}),
    ...(authority === null || authority === 'system'
      ? {}
      : { ca: contentOf('sslrootcert', authority) }),
    ...(certificate === null ? {} : { cert: contentOf('sslcert', certificate) }),
    ...(key === null ? {} : { key: contentOf('sslkey', key) }),
  }
}

function contentOf(parameter: string, file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw wrong(`expected "${parameter}" to name a file that can be read, but saw "${file}"`, error)
  }
}

function wrong(expectation: string, cause?: unknown): EvergrantError {
  return new EvergrantError('config_invalid', `the URL of "store": ${expectation}`, { cause })
}
