import { ok, type Result } from '../kernel/index.ts'
import { refuse, type Refusal } from './refusal.ts'
import { parseStrictJson, type JsonObject } from './strict-json.ts'

/** A signed JWT taken apart, nothing of it verified yet. */
export interface CompactJwt {
  readonly algorithm: string
  /** Name of the key; undefined when the header has none. */
  readonly keyId: string | undefined
  readonly header: JsonObject
  readonly claims: JsonObject
  /** What was signed; ASCII. */
  readonly signed: string
  readonly signature: Buffer
}

/** Longest token that is looked at (characters). Node takes 16 KiB of headers by itself. */
export const longestToken = 16_384
/** Longest name of a key (characters). */
const longestKeyId = 256

const malformed = 'token_malformed'

/**
 * Where bytes stand that are done with before the next token is read. Memory of its own for each
 * token costs more than all that is written there.
 */
const scratch = Buffer.allocUnsafe(longestToken)

/**
 * Takes a signed JWT in compact form apart, strictly: what two parsers could read in two ways is
 * refused. Several parts tell an encrypted token, none an opaque one.
 *
 * @see RFC 7515 section 3.1, RFC 8725 section 3
 */
export function parseCompactJwt(token: string): Result<CompactJwt, Refusal> {
  if (token.length > longestToken) {
    const seen = `${token.length.toLocaleString('en-US')} characters`
    return refuse('transport', 'token_too_large', '16,384 characters at most', seen)
  }
  const headEnd = token.indexOf('.')
  const bodyEnd = token.indexOf('.', headEnd + 1)
  if (headEnd < 0 || bodyEnd < 0) {
    const seen = isOwnCredential(token) ? 'a credential of Evergrant’s own' : 'no JWT'
    return refuse('parse', 'token_opaque', 'a signed JWT: three parts with dots between', seen)
  }
  if (token.includes('.', bodyEnd + 1)) return refuseParts(token)
  const header = readHeader(token.slice(0, headEnd))
  if (!header.ok) return header
  const claims = readObject(token.slice(headEnd + 1, bodyEnd), 'payload')
  if (!claims.ok) return claims
  const folded = foldedName(claims.value)
  if (folded !== undefined) return refuseFolded(folded)
  const { algorithm } = header.value
  const unsigned = algorithm.length === 4 && /^none$/i.test(algorithm)
  const signature = decodeBase64Url(token.slice(bodyEnd + 1))
  if (signature === undefined || (signature.length === 0 && !unsigned)) {
    return refuse('parse', malformed, 'a signature in base64url', 'none that can be read')
  }
  return ok({
    ...header.value,
    claims: claims.value,
    signed: token.slice(0, bodyEnd),
    signature,
  })
}

/** Whether it looks like what Evergrant itself gives out, which is no issuer’s business. */
export function isOwnCredential(token: string): boolean {
  return /^eg[fkrs]_/.test(token)
}

type Header = Pick<CompactJwt, 'algorithm' | 'keyId' | 'header'>

/** Headers that were read and are right: the tokens of a key all have the same. */
let headers = new Map<string, Result<Header, Refusal>>()
const mostHeaders = 200
const longestKept = 512

function readHeader(part: string): Result<Header, Refusal> {
  const known = headers.get(part)
  if (known !== undefined) return known
  const read = parseHeader(part)
  if (!read.ok || part.length > longestKept) return read
  if (headers.size >= mostHeaders) headers = new Map()
  headers.set(part, read)
  return read
}

function parseHeader(part: string): Result<Header, Refusal> {
  const header = readObject(part, 'header')
  if (!header.ok) return header
  const { alg, kid, crit } = header.value
  if (typeof alg !== 'string') {
    return refuse('parse', malformed, 'a text as "alg" of the header', describe(alg))
  }
  if (kid !== undefined && (typeof kid !== 'string' || kid.length > longestKeyId)) {
    const expected = `a text of at most ${longestKeyId} characters as "kid" of the header`
    return refuse('parse', malformed, expected, describe(kid))
  }
  if (crit !== undefined || header.value['b64'] !== undefined) {
    return refuse('parse', malformed, 'no "crit" and no "b64" in the header', 'one of them')
  }
  const folded = foldedName(header.value)
  if (folded !== undefined) return refuseFolded(folded)
  return ok({ algorithm: alg, keyId: kid, header: header.value })
}

function refuseFolded(folded: string): ReturnType<typeof refuse> {
  const seen = `a name that other software takes for "${folded}"`
  return refuse('parse', malformed, 'registered names of claims as they are written', seen)
}

/** Too many parts: an encrypted token has five (RFC 7516 section 3.1). */
function refuseParts(token: string): ReturnType<typeof refuse> {
  const parts = token.split('.', 7).length
  if (parts === 5) {
    return refuse('parse', 'token_encrypted', 'a signed JWT', 'an encrypted one (five parts)')
  }
  const seen = `${parts > 6 ? 'more than six' : parts} parts`
  return refuse('parse', malformed, 'a signed JWT of three parts', seen)
}

function readObject(part: string, name: string): Result<JsonObject, Refusal> {
  const bytes = scratch.subarray(0, scratch.write(part, 'base64url'))
  if (!isSpelled(bytes, part)) {
    const seen = 'another character, padding, or bits behind the last byte'
    return refuse('parse', malformed, `a ${name} in base64url without padding`, seen)
  }
  const object = parseStrictJson(bytes)
  if (object.ok) return object
  return refuse('parse', malformed, `a ${name} that is one JSON object`, `one that ${object.error}`)
}

/**
 * Decodes base64url of which there is one spelling only; undefined for any other text. The decoder
 * itself leaves out what it does not know, and takes letters of other scripts for ASCII ones: what
 * it made of the text has to be the text again.
 */
export function decodeBase64Url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url')
  return isSpelled(bytes, text) ? bytes : undefined
}

function isSpelled(bytes: Buffer, text: string): boolean {
  return bytes.toString('base64url') === text
}

/** The bytes of what was signed, until the next token is read: to be verified at once. */
export function signedBytes({ signed }: CompactJwt): Buffer {
  return scratch.subarray(0, scratch.write(signed, 'latin1'))
}

/** Names that decide something; no other name may be taken for one of them. */
const registered = new Set(
  (
    'iss sub aud exp nbf iat jti azp appid tid oid upn email scp scope roles groups wids idtyp nonce ' +
    'at_hash c_hash preferred_username unique_name name idp acr amr auth_time cnf act ver alg kid typ cty crit'
  ).split(' '),
)
const plainName = /^[a-z0-9_.:/#-]*$/
/**
 * A longer name folds onto none: each of its letters, two units at most, becomes one or more. To
 * put thousands of marks in order, as folding does, takes tens of milliseconds.
 */
const longestFolded = 2 * Math.max(...[...registered].map((name) => name.length))

/** The registered name that another name folds onto, by case or by compatibility (U+017F is an s). */
function foldedName(object: JsonObject): string | undefined {
  for (const name in object) {
    if (registered.has(name) || plainName.test(name)) continue
    const bare = name.trim()
    if (bare.length > longestFolded) continue
    const folded = bare.normalize('NFKC').toLowerCase().trim()
    if (folded !== name && registered.has(folded)) return folded
  }
  return undefined
}

function describe(value: unknown): string {
  if (value === undefined) return 'none'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'string') return `a text of ${value.length} characters`
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
