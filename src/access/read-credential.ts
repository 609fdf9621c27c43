import { err, EvergrantError, ok, type Result } from '../kernel/index.ts'

/** Headers of a request, names in lower case, as `node:http` gives them. */
export type CallerHeaders = Readonly<Record<string, string | readonly string[] | undefined>>

/**
 * Returns the one credential that a request carries, from `Authorization: Bearer …` (RFC 6750
 * section 2.1) or `Evergrant-Key`; never from query, body or cookie. Two that differ are refused:
 * whoever passes a request on may have left another's in. No message repeats a credential.
 *
 * @param rawHeaders As `node:http` gives them: of two `Authorization` headers it keeps only the
 *   first in `headers`.
 * @returns `caller_unauthenticated` when there is none, its challenge bare then;
 *   `credential_malformed` when there is more than one, or one that cannot be read
 */
export function readCredential(
  headers: CallerHeaders,
  rawHeaders: readonly string[] = [],
): Result<string, EvergrantError> {
  const { authorization, 'evergrant-key': key } = headers
  if (authorization !== undefined && hasAnother(rawHeaders, authorization)) {
    return malformed('"Authorization" came twice, with different values')
  }
  if (authorization === undefined) {
    if (key === undefined) return absent('no credential came with the call')
    if (typeof key === 'string' && key !== '') return ok(key)
    return malformed('expected one key in "Evergrant-Key"')
  }
  const bearer = typeof authorization === 'string' ? bearerIn(authorization) : undefined
  if (key !== undefined && key !== bearer) {
    return malformed('"Authorization" and "Evergrant-Key" came with different values')
  }
  if (bearer !== undefined) return ok(bearer)
  // Of another scheme it is no credential for us: nothing is wrong with it.
  return /^Bearer\b/i.test(String(authorization))
    ? malformed('expected "Bearer" and one token in "Authorization"')
    : absent('expected "Bearer" and a token in "Authorization"')
}

/** The refusal of a call whose caller is not known. */
export function unauthenticated(detail: string): { readonly ok: false; error: EvergrantError } {
  return err(new EvergrantError('caller_unauthenticated', detail))
}

function absent(detail: string): { readonly ok: false; error: EvergrantError } {
  return err(new EvergrantError('caller_unauthenticated', detail, { challenge: { isBare: true } }))
}

function malformed(detail: string): { readonly ok: false; error: EvergrantError } {
  return err(new EvergrantError('credential_malformed', detail))
}

/** Names and values take turns. */
function hasAnother(rawHeaders: readonly string[], authorization: unknown): boolean {
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string
    if (name.length !== 'authorization'.length) continue
    if (name.toLowerCase() === 'authorization' && rawHeaders[at + 1] !== authorization) return true
  }
  return false
}

function bearerIn(authorization: string): string | undefined {
  return /^Bearer +([^\s,]+) *$/i.exec(authorization)?.[1]
}
