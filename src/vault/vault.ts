import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto'
import { EvergrantError, Secret, systemRandom, type RandomBytes } from '../kernel/index.ts'
import { keyBytes, type VaultKey } from './key.ts'
import { headerOf, nonceBytes, splitSealed, tagBytes } from './sealed-value.ts'

/** The cell of the store a value is sealed for; it opens nowhere else. */
export interface SealPlace {
  readonly table: string
  readonly column: string
  /** The primary key of the row, as text. */
  readonly row: string
}

/** What a check value told. */
export interface VerifiedCheck {
  /** The id of the key that made the check. */
  readonly keyId: string
  /** Whether that key is the first of the ring. */
  readonly isPrimary: boolean
}

/** Seals and opens secrets. Synchronous; its only state is which key of the ring seals. */
export interface Vault {
  /** The id of the first key of the ring: the one its owner wants to seal with. */
  readonly primaryKeyId: string
  /** The ids of all keys of the ring, in order. */
  readonly keyIds: readonly string[]
  /** The id of the key that seals now: the primary one until `sealWith` chose another. */
  readonly sealingKeyId: string
  /**
   * Seals with the key of that id from now on; what was sealed before still opens.
   *
   * @throws `key_missing` when the ring does not hold it; nothing changes then.
   */
  sealWith(keyId: string): void
  /**
   * Seals a secret for one place under a data key of its own. Sealing twice gives different bytes.
   *
   * @throws `internal` when the text holds lone surrogates, because UTF-8 cannot give it back.
   */
  seal(secret: Secret, place: SealPlace): Uint8Array
  /**
   * Opens a value with whichever key of the ring sealed it.
   *
   * @throws `unseal_failed` when a bit was changed, bytes are missing, the value was sealed for
   *   another place, or its key is not in the ring.
   */
  open(sealed: Uint8Array, place: SealPlace): Secret
  /** Makes a value that proves, later, that the key which seals now is still the right one. */
  sealCheck(): Uint8Array
  /**
   * Proves that the ring holds the key that made this check.
   *
   * @throws `key_wrong` when it does not, `unseal_failed` when the check is no sealed value at all.
   */
  verifyCheck(check: Uint8Array): VerifiedCheck
}

const checkPlace: SealPlace = { table: 'evergrant', column: 'seal_check', row: '' }
const checkText = 'evergrant'

/**
 * Every data key encrypts one message, ever, so that its nonce may be constant; the nonce of the
 * wrap is random (NIST SP 800-38D section 8.2.2: good for 2^32 values under one ring key).
 */
const valueNonce = new Uint8Array(nonceBytes)

const algorithm = 'aes-256-gcm'
const authTagLength = { authTagLength: tagBytes }

/**
 * Makes a vault over a ring of keys: the first seals unless `sealWith` chooses another, all open.
 *
 * @throws `key_missing` without any key, `key_malformed` when two keys have one id.
 */
export function createVault(
  keys: readonly VaultKey[],
  { random = systemRandom }: { readonly random?: RandomBytes } = {},
): Vault {
  const [primary] = keys
  if (primary === undefined) {
    throw new EvergrantError('key_missing', 'expected at least one key in "encryption.keys"')
  }
  const ring = new Map<string, KeyObject>()
  for (const { id, key } of keys) {
    if (ring.has(id)) {
      throw new EvergrantError('key_malformed', `expected unique ids, but two keys are "${id}"`)
    }
    ring.set(id, key)
  }

  let sealing = primary

  const seal: Vault['seal'] = (secret, place) => {
    const { id, key } = sealing
    const text = secret.reveal()
    if (!text.isWellFormed()) {
      throw new EvergrantError('internal', 'a text with lone surrogates cannot be sealed')
    }
    const header = headerOf(id)
    const aad = bind(header, place)
    const fresh = random(keyBytes + nonceBytes)
    const dataKey = fresh.subarray(0, keyBytes)
    const wrapNonce = fresh.subarray(keyBytes)
    try {
      const wrap = createCipheriv(algorithm, key, wrapNonce, authTagLength).setAAD(aad)
      const wrappedKey = wrap.update(dataKey)
      wrap.final()
      const cipher = createCipheriv(algorithm, asKey(dataKey), valueNonce, authTagLength)
      cipher.setAAD(aad)
      const ciphertext = cipher.update(text, 'utf8')
      cipher.final()
      return Buffer.concat([
        header,
        wrapNonce,
        wrappedKey,
        wrap.getAuthTag(),
        ciphertext,
        cipher.getAuthTag(),
      ])
    } finally {
      dataKey.fill(0)
    }
  }

  const unseal = (sealed: Uint8Array, place: SealPlace): Unsealed => {
    const parts = splitSealed(sealed)
    if (parts === undefined) return { kind: 'not_sealed' }
    const key = ring.get(parts.keyId)
    if (key === undefined) return { kind: 'key_absent', keyId: parts.keyId }
    const aad = bind(parts.header, place)
    try {
      const unwrap = createDecipheriv(algorithm, key, parts.wrapNonce, authTagLength)
      unwrap.setAAD(aad).setAuthTag(parts.wrapTag)
      const dataKey = unwrap.update(parts.wrappedKey)
      unwrap.final()
      const decipher = createDecipheriv(algorithm, asKey(dataKey), valueNonce, authTagLength)
      dataKey.fill(0)
      decipher.setAAD(aad).setAuthTag(parts.tag)
      const text = decipher.update(parts.ciphertext, undefined, 'utf8') + decipher.final('utf8')
      return { kind: 'opened', keyId: parts.keyId, text }
    } catch {
      // The library's error says nothing an operator could use, so it is not kept as a cause.
      return { kind: 'refused', keyId: parts.keyId }
    }
  }

  const open: Vault['open'] = (sealed, place) => {
    const outcome = unseal(sealed, place)
    if (outcome.kind === 'opened') return new Secret(outcome.text)
    if (outcome.kind === 'key_absent') {
      throw new EvergrantError(
        'unseal_failed',
        `${nameOf(place)} was sealed with key ${idForPeople(outcome.keyId)}, but the ring holds ${idsForPeople(ring)}`,
        { remedy: 'Add that key to `encryption.keys` again: the first key seals, all open.' },
      )
    }
    throw new EvergrantError(
      'unseal_failed',
      outcome.kind === 'refused'
        ? `${nameOf(place)} does not open with key "${outcome.keyId}" that sealed it`
        : `expected ${nameOf(place)} to be a sealed value, but saw ${sealed.length} bytes that are cut off or of another layout`,
    )
  }

  const verifyCheck: Vault['verifyCheck'] = (check) => {
    const outcome = unseal(check, checkPlace)
    if (outcome.kind === 'opened') {
      return { keyId: outcome.keyId, isPrimary: outcome.keyId === primary.id }
    }
    if (outcome.kind === 'not_sealed') {
      throw new EvergrantError(
        'unseal_failed',
        `expected the store’s check value to be a sealed value, but saw ${check.length} bytes that are cut off or of another layout`,
      )
    }
    throw new EvergrantError(
      'key_wrong',
      outcome.kind === 'refused'
        ? `the store was sealed with another key than the one given as "${outcome.keyId}"`
        : `the store was sealed with key ${idForPeople(outcome.keyId)}, but the ring holds ${idsForPeople(ring)}`,
    )
  }

  return {
    primaryKeyId: primary.id,
    keyIds: keys.map(({ id }) => id),
    get sealingKeyId() {
      return sealing.id
    },
    sealWith: (keyId) => {
      const key = keys.find(({ id }) => id === keyId)
      if (key === undefined) {
        throw new EvergrantError(
          'key_missing',
          `key ${idForPeople(keyId)} is not in the ring, which holds ${idsForPeople(ring)}`,
          { remedy: 'Add that key to `encryption.keys`.' },
        )
      }
      sealing = key
    },
    seal,
    open,
    sealCheck: () => seal(new Secret(checkText), checkPlace),
    verifyCheck,
  }
}

/** The id of the key that a sealed value names; undefined when it is no sealed value at all. */
export function keyIdOf(sealed: Uint8Array): string | undefined {
  return splitSealed(sealed)?.keyId
}

type Unsealed =
  | { readonly kind: 'opened'; readonly keyId: string; readonly text: string }
  | { readonly kind: 'not_sealed' }
  | { readonly kind: 'key_absent'; readonly keyId: string }
  | { readonly kind: 'refused'; readonly keyId: string }

/**
 * The additional authenticated data: the header, which ends itself, and the place as a JSON array,
 * so that no two places give the same bytes.
 */
function bind(header: Uint8Array, { table, column, row }: SealPlace): Uint8Array {
  const place = JSON.stringify([table, column, row])
  const aad = Buffer.allocUnsafe(header.length + Buffer.byteLength(place))
  aad.set(header)
  aad.write(place, header.length)
  return aad
}

function nameOf({ table, column, row }: SealPlace): string {
  return `"${table}.${column}" of row "${row}"`
}

/** Takes raw bytes as a key object: measured 6 times quicker than giving a cipher the bytes. */
const asKey = (bytes: Uint8Array): KeyObject => createSecretKey(bytes)

/** A damaged value may name anything as its key, so only ids of the right form are shown. */
function idForPeople(keyId: string): string {
  return /^[A-Za-z0-9._-]+$/.test(keyId) ? `"${keyId}"` : 'of an unreadable id'
}

function idsForPeople(ring: ReadonlyMap<string, KeyObject>): string {
  return [...ring.keys()].map((id) => `"${id}"`).join(', ')
}
