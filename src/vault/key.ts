import { createSecretKey, type KeyObject } from 'node:crypto'
import { EvergrantError, Secret, systemRandom, type RandomBytes } from '../kernel/index.ts'

/** How long a key is, in bytes: AES-256. */
export const keyBytes = 32

const keyId = /^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/

/** An encryption key under its id. Inspecting or serialising it never shows the key. */
export interface VaultKey {
  /** 1 to 32 characters of `A-Z a-z 0-9 . _ -`; stands in every value the key seals. */
  readonly id: string
  readonly key: KeyObject
}

/** Makes the text of a new random key: 32 bytes in base64. */
export function generateKey(random: RandomBytes = systemRandom): Secret {
  return new Secret(Buffer.from(random(keyBytes)).toString('base64'))
}

/**
 * Reads the text of a key strictly: exactly 32 bytes in padded base64 (RFC 4648 section 4), nothing
 * before or after.
 *
 * @throws `key_malformed` saying how many bytes or characters were seen, never which.
 */
export function readKey(id: string, text: Secret): VaultKey {
  if (!keyId.test(id)) {
    throw new EvergrantError(
      'key_malformed',
      `expected the id of a key to be 1 to 32 characters of A-Z a-z 0-9 . _ -, but one has ${id.length} characters or others among them`,
    )
  }
  const bytes = Buffer.from(text.reveal(), 'base64')
  try {
    const seen = whatIsWrong(text.reveal(), bytes)
    if (seen !== undefined) {
      throw new EvergrantError(
        'key_malformed',
        `expected key "${id}" to be ${keyBytes} bytes in base64 (44 characters), but saw ${seen}`,
      )
    }
    return { id, key: createSecretKey(bytes) }
  } finally {
    bytes.fill(0)
  }
}

function whatIsWrong(text: string, bytes: Buffer): string | undefined {
  if (text === '') return 'nothing'
  if (text.trim() !== text) return 'blanks around it'
  if (/^[0-9a-fA-F]{64}$/.test(text)) return '64 hexadecimal digits: encode the bytes in base64'
  if (bytes.toString('base64') !== text) {
    const looksUrlSafe = /^[\w-]{43}=?$/.test(text)
    if (looksUrlSafe) return `${keyBytes} bytes in base64url or without the padding`
    return `${text.length} characters that are not base64`
  }
  if (bytes.length !== keyBytes) return `${bytes.length} bytes`
  if (bytes.every((byte) => byte === bytes[0])) return `${keyBytes} equal bytes, which is no key`
  return undefined
}
