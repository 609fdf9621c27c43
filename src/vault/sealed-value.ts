import { keyBytes } from './key.ts'

/** The layout this code writes; the first byte of every sealed value. */
const layoutVersion = 1

export const nonceBytes = 12
export const tagBytes = 16
const wrappedKeyBytes = nonceBytes + keyBytes + tagBytes

/** The parts of a sealed value; views into its bytes, not copies. */
export interface SealedParts {
  readonly keyId: string
  /** Version and key id: authenticated, not encrypted. */
  readonly header: Uint8Array
  readonly wrapNonce: Uint8Array
  readonly wrappedKey: Uint8Array
  readonly wrapTag: Uint8Array
  readonly ciphertext: Uint8Array
  readonly tag: Uint8Array
}

/** The header of every value sealed by the key of that id. */
export function headerOf(keyId: string): Uint8Array {
  return Buffer.concat([Buffer.from([layoutVersion, keyId.length]), Buffer.from(keyId, 'latin1')])
}

/** Takes a sealed value apart; undefined when it is cut off or has another layout. */
export function splitSealed(sealed: Uint8Array): SealedParts | undefined {
  const idLength = sealed[1]
  if (sealed[0] !== layoutVersion || idLength === undefined || idLength === 0) return undefined
  const headerEnd = 2 + idLength
  const wrapEnd = headerEnd + wrappedKeyBytes
  if (sealed.length < wrapEnd + tagBytes) return undefined
  const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength)
  const keyEnd = headerEnd + nonceBytes + keyBytes
  return {
    keyId: bytes.toString('latin1', 2, headerEnd),
    header: bytes.subarray(0, headerEnd),
    wrapNonce: bytes.subarray(headerEnd, headerEnd + nonceBytes),
    wrappedKey: bytes.subarray(headerEnd + nonceBytes, keyEnd),
    wrapTag: bytes.subarray(keyEnd, wrapEnd),
    ciphertext: bytes.subarray(wrapEnd, bytes.length - tagBytes),
    tag: bytes.subarray(bytes.length - tagBytes),
  }
}
