import { resolve } from 'node:path'
import type { Rule } from './fields.ts'
import { isLoopback } from './urls.ts'

/** A rule with its test. */
export interface TestedRule extends Rule {
  readonly test: (value: string) => boolean
}

const scheme = /^postgres(?:ql)?:/i

/** Tells whether a text is meant as the address of a PostgreSQL database. */
export function isPostgres(value: string): boolean {
  return scheme.test(value)
}

const parse = (value: string): URL | null => (isPostgres(value) ? URL.parse(value) : null)
const passwordWords = new Set(['password', 'sslpassword', 'passfile'])
/** What may stand in the query: how to connect, never a secret. */
const options = new Set([
  'application_name',
  'host',
  'options',
  'sslcert',
  'sslkey',
  'sslmode',
  'sslnegotiation',
  'sslrootcert',
])
const fileOptions = ['sslcert', 'sslkey', 'sslrootcert'] as const
const safeModes = ['require', 'verify-ca', 'verify-full']

const form = 'an address such as postgres://user@host:5432/database'

/**
 * What the address of a PostgreSQL database keeps to, in the order in which it is looked at.
 *
 * @param howInstead How to write the address and its password, for one that holds it.
 */
export const postgresRules = (howInstead: string): readonly TestedRule[] => [
  {
    test: (value) => !hasPassword(value),
    expected: `${form}, without a password in it`,
    remedy: `Secrets never stand in this file: write ${howInstead}. Treat a password that stood here as known, and replace it.`,
  },
  {
    test: (value) => parse(value) !== null,
    expected: form,
    remedy: 'Write scheme, user, host and database; special characters percent-encoded.',
  },
  {
    test: (value) => parse(value)?.username !== '',
    expected: `${form}, with the user`,
    remedy: 'Put the name of the database’s user before the host: postgres://user@host/database.',
  },
  {
    test: (value) => /^\/[^/]+$/.test(parse(value)?.pathname ?? '') && parse(value)?.hash === '',
    expected: `${form}, with one database and no fragment`,
    remedy: 'Put the name of the database after the host: postgres://user@host/database.',
  },
  {
    test: (value) =>
      [...(parse(value)?.searchParams.keys() ?? [])].every((key) => options.has(key)),
    expected: `${form}; after "?" only ${[...options].join(', ')}`,
    remedy: 'Remove the others, or see whether one is misspelt.',
  },
  {
    test: (value) => (parse(value)?.searchParams.get('host') ?? '/').startsWith('/'),
    expected: 'after "?host=" the absolute folder of a socket',
    remedy: 'Name another machine in front of the database: postgres://user@host/database.',
  },
  {
    test: (value) => {
      const url = parse(value)
      const mode = url?.searchParams.get('sslmode') ?? 'verify-full'
      return url === null || isHere(url) || safeModes.includes(mode)
    },
    expected: `for another machine sslmode ${safeModes.join(', ')}; what is not encrypted is for this machine only (localhost, 127.0.0.1, a socket)`,
    remedy:
      'Leave sslmode out, which means verify-full, and name the authority with sslrootcert=FILE where it is your own: otherwise sealed tokens and the directory would cross the network readable by others.',
  },
]

/** Whether a text that is meant as an address carries a password, even where it is no valid URL. */
function hasPassword(value: string): boolean {
  const userInfo = /^[a-z]+:\/\/(.*)@/is.exec(value)?.[1]
  if (userInfo?.includes(':') === true) return true
  const query = value.slice(value.indexOf('?') + 1)
  return (
    value.includes('?') &&
    [...new URLSearchParams(query).keys()].some((key) => passwordWords.has(key.toLowerCase()))
  )
}

/** Whether the database is reached without leaving this machine. */
function isHere(url: URL): boolean {
  const socket = url.searchParams.get('host') !== null || /^%2f/i.test(url.hostname)
  return socket || isLoopback(url.hostname)
}

/**
 * Writes an address that keeps to the rules with what it means: paths absolute, and `verify-full`
 * for another machine unless it says more.
 */
export function resolvePostgresUrl(value: string, directory: string): string {
  const url = new URL(value)
  const changes = new Map<string, string>()
  for (const option of fileOptions) {
    const path = url.searchParams.get(option)
    if (path !== null && path !== 'system') changes.set(option, resolve(directory, path))
  }
  if (!isHere(url) && !url.searchParams.has('sslmode')) changes.set('sslmode', 'verify-full')
  const before = url.href
  for (const [name, to] of changes) {
    if (url.searchParams.get(name) !== to) url.searchParams.set(name, to)
  }
  // An address that says it all stays as it was written.
  return url.href === before ? value : url.href
}
