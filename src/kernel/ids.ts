/** Fills and returns a byte array with random bytes, like `crypto.getRandomValues`. */
export type RandomBytes = (length: number) => Uint8Array

/** The platform's cryptographic randomness. */
export const systemRandom: RandomBytes = (length) => crypto.getRandomValues(new Uint8Array(length))

/**
 * Makes a prefixed UUIDv7 such as `run_0199a1c2-…`: ids made later sort later.
 *
 * @param prefix What the id names, without the underscore: `run`, `grt`, `log`.
 * @see RFC 9562 section 5.7
 */
export function newId(prefix: string, now: number, random: RandomBytes = systemRandom): string {
  const bytes = random(16)
  let time = now
  for (let i = 5; i >= 0; i--) {
    bytes[i] = time % 256
    time = Math.floor(time / 256)
  }
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  let hex = ''
  for (const byte of bytes) hex += byte.toString(16).padStart(2, '0')
  const uuid = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join('-')
  return `${prefix}_${uuid}`
}
