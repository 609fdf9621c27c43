import { err, EvergrantError, ok, type Result } from '../kernel/index.ts'

/** The parameters of an OAuth request by name; those without a value are left out. */
export type Parameters = ReadonlyMap<string, string>

/**
 * Reads a query or a form body. Empty values count as absent (RFC 6749 section 3.1). One that
 * stands twice yields `facade_request_invalid` with its name: which of the two holds is anybody’s
 * guess.
 */
export function readParameters(text: string): Result<Parameters, EvergrantError> {
  const parameters = new Map<string, string>()
  for (const [name, value] of new URLSearchParams(text)) {
    if (value === '') continue
    if (parameters.has(name)) return err(invalid(`"${shown(name)}" stands twice in the request`))
    parameters.set(name, value)
  }
  return ok(parameters)
}

/**
 * The value of a query parameter as it stands in the URL, still encoded; undefined when there is
 * none, or it is not printable ASCII and cannot stand in a header.
 */
export function rawParameter(query: string, name: string): string | undefined {
  for (const pair of query.split('&')) {
    const cut = pair.indexOf('=')
    if (cut === -1 || pair.slice(0, cut) !== name) continue
    const value = pair.slice(cut + 1)
    return value !== '' && /^[\u0021-\u007e]+$/.test(value) ? value : undefined
  }
  return undefined
}

/** The refusal of a request as it stands. */
export function invalid(detail: string): EvergrantError {
  return new EvergrantError('facade_request_invalid', detail)
}

/** Text of a stranger, short enough for a message. */
export function shown(text: string): string {
  return text.length > 100 ? `${text.slice(0, 99)}…` : text
}

/**
 * The scope that is granted for one that was asked for. Tokens are good for the connection,
 * whatever the words, so that every word is granted but `openid`: no ID tokens are issued.
 */
export function grantScope(asked: string | undefined): Result<string, EvergrantError> {
  if (asked === undefined) return ok('api')
  if (asked.length > 1_000 || !/^[\u0021\u0023-\u005b\u005d-\u007e ]+$/.test(asked)) {
    return err(invalid('expected "scope" as at most 1,000 printable characters'))
  }
  const words = asked.split(' ').filter((word) => word !== '' && word !== 'openid')
  return ok(words.length === 0 ? 'api' : words.join(' '))
}
