import { EvergrantError } from '../kernel/index.ts'

/** A destination as the operator named it, in canonical form: paths absolute, never a password. */
export type DestinationName =
  | { readonly kind: 'store' }
  | { readonly kind: 'ndjson' | 'csv'; readonly folder: string }
  | { readonly kind: 'sqlite'; readonly file: string }
  | { readonly kind: 'postgres'; readonly url: string }

const expected =
  '"store", "ndjson:DIR", "csv:DIR", "sqlite:FILE" or "postgres://USER@HOST/DATABASE"'

/**
 * Reads `store`, `ndjson:DIR`, `csv:DIR`, `sqlite:FILE` or `postgres://USER@HOST[:PORT]/DATABASE`
 * (`postgresql://` as well).
 *
 * @param resolvePath Makes a path absolute.
 * @throws EvergrantError `destination_invalid`: also for an address that holds a password, which
 *   would end up in the run's options, in shell histories and process lists
 */
export function parseDestination(
  text: string,
  resolvePath: (path: string) => string,
): DestinationName {
  if (text === 'store') return { kind: 'store' }
  if (/^postgres(ql)?:/.test(text)) return parseAddress(text)
  const [, kind, path] = /^(ndjson|csv|sqlite):(.+)$/.exec(text) ?? []
  if (kind === undefined || path === undefined) throw unknown(text)
  if (kind === 'sqlite') return { kind, file: resolvePath(path) }
  return { kind: kind === 'csv' ? 'csv' : 'ndjson', folder: resolvePath(path) }
}

/** Writes a destination the way `parseDestination` reads it. */
export function formatDestination(destination: DestinationName): string {
  switch (destination.kind) {
    case 'store':
      return 'store'
    case 'ndjson':
    case 'csv':
      return `${destination.kind}:${destination.folder}`
    case 'sqlite':
      return `sqlite:${destination.file}`
    case 'postgres':
      return destination.url
  }
}

function parseAddress(text: string): DestinationName {
  const url = URL.parse(text)
  if (url === null || !/^postgres(ql)?:$/.test(url.protocol)) {
    throw new EvergrantError(
      'destination_invalid',
      'expected postgres://USER@HOST[:PORT]/DATABASE, but that address cannot be read',
    )
  }
  if (url.password !== '' || url.searchParams.has('password')) {
    throw new EvergrantError(
      'destination_invalid',
      `the address of ${url.host || 'the database'} holds a password`,
      {
        remedy:
          'Write the address without it, and give the password as PGPASSWORD in the environment or as `imports.NAME.password` in the configuration.',
      },
    )
  }
  if (url.host === '' && !url.searchParams.has('host')) {
    throw new EvergrantError('destination_invalid', 'the postgres:// address names no host')
  }
  if (url.pathname.length < 2) {
    throw new EvergrantError(
      'destination_invalid',
      `expected postgres://${url.host}/DATABASE, but the address names no database`,
    )
  }
  // One spelling, so that equal addresses are equal options.
  url.protocol = 'postgres:'
  return { kind: 'postgres', url: url.href.replace(/^postgresql:/, 'postgres:') }
}

function unknown(text: string): EvergrantError {
  // What follows the kind may hold a password, as in a database's address.
  const kind = /^[^:]{0,40}/.exec(text)?.[0] ?? ''
  const seen = JSON.stringify(kind === text ? text : `${kind}:…`)
  return new EvergrantError('destination_invalid', `expected ${expected}, but saw ${seen}`)
}
