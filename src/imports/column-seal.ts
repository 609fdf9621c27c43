import { createHmac, createSecretKey } from 'node:crypto'
import { EvergrantError, type Secret } from '../kernel/index.ts'
import { skipSpace, skipString } from './json-bytes.ts'
import type { RunRecord } from './ports.ts'

/** Replaces the values of some columns by keyed hashes, before anyone sees them. */
export interface ColumnSeal {
  /** Whether a property, whatever the case of its name, is one of them. */
  has(property: string): boolean
  /**
   * The JSON value that stands between two offsets, checked before, with every text, number and
   * boolean in it replaced by the hash of it; null, the nesting and the names of properties stay.
   */
  value(property: string, body: Buffer, from: number, end: number): string
}

/** A key that hashes columns. */
export interface ColumnKey {
  readonly key: Secret
  /** Where it stands, for messages. */
  readonly from: string
}

/** Entra takes these for the same in any case, and gives them as somebody once typed them. */
const caseless: ReadonlySet<string> = new Set(
  [
    'userPrincipalName',
    'mail',
    'mailNickname',
    'otherMails',
    'proxyAddresses',
    'imAddresses',
    'onPremisesUserPrincipalName',
    'onPremisesSamAccountName',
  ].map((name) => name.toLowerCase()),
)

/**
 * Whoever knows one text and its hash tries keys: billions a second. 16 characters of `openssl rand
 * -base64` hold 96 bits, of `-hex` 64; a word of everyday has fewer, and is found.
 */
const leastKeyLength = 16

/**
 * Makes the seal of some columns: HMAC-SHA-256 under the key, 43 characters of base64url. The same
 * text has the same hash in every column, run and tenant, so that rows can be joined; addresses are
 * hashed in lower case.
 */
export function createColumnSeal(columns: readonly string[], key: Secret): ColumnSeal {
  const names = new Set(columns.map((name) => name.toLowerCase()))
  const secret = createSecretKey(key.reveal(), 'utf8')
  const hash = (text: string): string =>
    `"${createHmac('sha256', secret).update(text).digest('base64url')}"`
  return {
    has: (property) => names.has(property.toLowerCase()),
    value: (property, body, from, end) => {
      const isCaseless = caseless.has(property.toLowerCase())
      return sealValue(body, from, end, (text) => hash(isCaseless ? text.toLowerCase() : text))
    },
  }
}

/** Where the key of an import stands whose configuration names none. */
export const keyVariable = 'EVERGRANT_HASH_KEY'

/** The field that refers to the key of an import. */
export function keyFieldOf(importName: string): string {
  return `imports.${importName}.policy.hash.key`
}

/**
 * Names the key of an import without telling anything of it, so that rows of two keys are not mixed
 * in one run.
 *
 * @throws EvergrantError `config_invalid` for a key that can be found by trying: one with fewer
 *   than 16 characters other than blanks
 */
export function printOfKey({ key, from }: ColumnKey): string {
  const text = key.reveal()
  const { length } = text.replaceAll(/\s/g, '')
  if (length < leastKeyLength) {
    throw new EvergrantError(
      'config_invalid',
      `${from}: expected a key of at least ${leastKeyLength} characters other than blanks, but it has ${length}`,
      { remedy: 'Make one with `openssl rand -base64 32`.' },
    )
  }
  return createHmac('sha256', text).update('evergrant column key').digest('base64url').slice(0, 22)
}

/**
 * The seal that a run began with; undefined when it hashes nothing.
 *
 * @param keyOf Reads the key of an import by its name.
 * @throws EvergrantError `import_not_resumable` when the key is another or gone; `secret_*`
 */
export async function openSeal(
  { id, name, options: { policy } }: RunRecord,
  keyOf: ((importName: string) => Promise<ColumnKey | undefined>) | undefined,
): Promise<ColumnSeal | undefined> {
  if (policy === undefined || policy.hashed.length === 0) return undefined
  const key = await keyOf?.(name)
  if (key !== undefined && printOfKey(key) === policy.keyPrint) {
    return createColumnSeal(policy.hashed, key.key)
  }
  throw new EvergrantError(
    'import_not_resumable',
    `${id} hashes ${policy.hashed.join(', ')}: expected the key it began with in ${
      key === undefined
        ? `"${keyFieldOf(name)}" or ${keyVariable}, but there is none now`
        : `${key.from}, but that is another one now`
    }`,
    { remedy: 'Restore the key, or start a new run: rows hashed with two keys cannot be joined.' },
  )
}

/** A value of a row, and what takes its place. */
export interface SealedValue {
  readonly from: number
  readonly end: number
  readonly json: string
}

/** Copies a row in Graph's usual form, with hashes in the place of some of its values. */
export function sealRow(
  body: Buffer,
  start: number,
  end: number,
  hidden: readonly SealedValue[],
): string {
  let text = ''
  let at = start
  for (const value of hidden) {
    text += body.toString('utf8', at, value.from) + value.json
    at = value.end
  }
  return text + body.toString('utf8', at, end)
}

/** Goes through the tokens of a value that was checked before. */
function sealValue(
  body: Buffer,
  from: number,
  end: number,
  hash: (text: string) => string,
): string {
  const passage = { sawLineBreak: false }
  let sealed = ''
  for (let at = skipSpace(body, from, passage); at < end; at = skipSpace(body, at, passage)) {
    const byte = body[at] ?? 0
    if (byte === 0x22) {
      const behind = skipString(body, at)
      const raw = body.toString('utf8', at, behind)
      const isName = body[skipSpace(body, behind, passage)] === 0x3a && behind < end
      sealed += isName
        ? raw
        : hash(raw.includes('\\') ? (JSON.parse(raw) as string) : raw.slice(1, -1))
      at = behind
    } else if (isStructure(byte)) {
      sealed += String.fromCodePoint(byte)
      at++
    } else {
      const behind = endOfWord(body, at, end)
      const word = body.toString('latin1', at, behind)
      sealed += word === 'null' ? word : hash(word)
      at = behind
    }
  }
  return sealed
}

/** Brackets, braces, commas and colons. */
function isStructure(byte: number): boolean {
  return (
    byte === 0x2c ||
    byte === 0x3a ||
    byte === 0x5b ||
    byte === 0x5d ||
    byte === 0x7b ||
    byte === 0x7d
  )
}

/** Behind a number or one of the three words of JSON. */
function endOfWord(body: Buffer, from: number, end: number): number {
  let at = from
  while (at < end && (body[at] ?? 0) > 0x20 && !isStructure(body[at] ?? 0)) at++
  return at
}
