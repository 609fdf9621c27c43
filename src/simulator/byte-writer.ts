/**
 * A growing run of bytes. Pages are written straight as UTF-8: joining JavaScript strings first and
 * encoding them afterwards was measured to take four times as long.
 */
export interface ByteWriter {
  bytes: Uint8Array
  length: number
}

/** Makes an empty run with room for `capacity` bytes. */
export function createByteWriter(capacity: number): ByteWriter {
  return { bytes: Buffer.allocUnsafe(capacity), length: 0 }
}

/** Makes sure that `room` more bytes fit; the `put…` functions do not check. */
export function reserve(out: ByteWriter, room: number): void {
  if (out.length + room <= out.bytes.length) return
  const larger = Buffer.allocUnsafe(Math.max(out.bytes.length * 2, out.length + room))
  larger.set(out.bytes.subarray(0, out.length))
  out.bytes = larger
}

/** Adds text of ASCII characters only. */
export function putAscii(out: ByteWriter, text: string): void {
  const { bytes } = out
  let at = out.length
  for (let i = 0; i < text.length; i++) bytes[at++] = text.charCodeAt(i)
  out.length = at
}

/** Adds bytes as they are. */
export function putBytes(out: ByteWriter, source: Uint8Array): void {
  const { bytes } = out
  let at = out.length
  for (let i = 0; i < source.length; i++) bytes[at++] = source[i] as number
  out.length = at
}

/** Adds one byte. */
export function putByte(out: ByteWriter, byte: number): void {
  out.bytes[out.length++] = byte
}

/** Adds a non-negative integer in decimal. */
export function putNumber(out: ByteWriter, value: number, minimumDigits = 1): void {
  let digits = minimumDigits
  for (let limit = 10 ** digits; value >= limit; limit *= 10) digits++
  let rest = value
  for (let at = out.length + digits - 1; at >= out.length; at--) {
    out.bytes[at] = 48 + (rest % 10)
    rest = Math.floor(rest / 10)
  }
  out.length += digits
}

const hexDigits = Buffer.from('0123456789abcdef')

/** Adds the low `digits` × 4 bits in hexadecimal. */
export function putHex(out: ByteWriter, value: number, digits: number): void {
  for (let shift = (digits - 1) * 4; shift >= 0; shift -= 4) {
    out.bytes[out.length++] = hexDigits[(value >>> shift) & 15] as number
  }
}

/** The bytes written so far; shares memory with the writer. */
export function written(out: ByteWriter): Buffer {
  return Buffer.from(out.bytes.buffer, out.bytes.byteOffset, out.length)
}
