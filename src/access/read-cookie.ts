import { err, EvergrantError, ok, type Result } from '../kernel/index.ts'

/**
 * Returns the value of the one cookie of that name; undefined when there is none. Two are refused:
 * whoever can set a cookie for a parent domain or another path puts one beside ours. The name has
 * to match to the letter, and the value is taken as it came.
 *
 * @param header As `node:http` gives it: several `Cookie` headers joined by "; ".
 * @see RFC 6265 section 5.4
 */
export function readCookie(
  header: string | undefined,
  name: string,
): Result<string | undefined, EvergrantError> {
  const found: string[] = []
  for (const pair of (header ?? '').split(';')) {
    const at = pair.indexOf('=')
    if (at !== -1 && pair.slice(0, at).trim() === name) found.push(pair.slice(at + 1).trim())
  }
  if (found.length < 2) return ok(found[0])
  return err(new EvergrantError('credential_malformed', `the cookie "${name}" came twice`))
}
