import { createHmac, timingSafeEqual } from 'node:crypto'

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
const stepMs = 30_000

/**
 * The six digits an authenticator app shows for a secret (base32) at an instant (epoch ms): SHA-1
 * and steps of 30 seconds, as Entra's enrolment has it.
 *
 * @see RFC 6238 section 4; RFC 4226 section 5.3
 */
export function totpAt(secret: string, at: number): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(at / stepMs)))
  const digest = createHmac('sha1', fromBase32(secret)).update(counter).digest()
  const offset = (digest.at(-1) ?? 0) & 0x0f
  const number = digest.readUInt32BE(offset) & 0x7fff_ffff
  return String(number % 1_000_000).padStart(6, '0')
}

/** Whether a code is right at an instant, or was one step before, or will be one step after. */
export function isTotpRight(secret: string, code: string, at: number): boolean {
  const given = Buffer.from(code.replaceAll(/\s/g, ''))
  return [0, -stepMs, stepMs].some((shift) => {
    const right = Buffer.from(totpAt(secret, at + shift))
    return right.length === given.length && timingSafeEqual(right, given)
  })
}

/** Writes bytes in base32 without padding (RFC 4648 section 6). */
export function toBase32(bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  const groups = bits.match(/.{1,5}/g) ?? []
  return groups.map((group) => alphabet[Number.parseInt(group.padEnd(5, '0'), 2)]).join('')
}

/** Whether a text can be a secret: base32 of at least ten bytes. */
export function isTotpSecret(text: string): boolean {
  return /^[A-Z2-7]{16,}=*$/i.test(text)
}

function fromBase32(text: string): Buffer {
  const digits = text.toUpperCase().replaceAll('=', '').split('')
  const bits = digits.map((digit) => alphabet.indexOf(digit).toString(2).padStart(5, '0')).join('')
  const bytes = bits.match(/.{8}/g) ?? []
  return Buffer.from(bytes.map((byte) => Number.parseInt(byte, 2)))
}
