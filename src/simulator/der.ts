/**
 * Writes one ASN.1 value in Distinguished Encoding Rules: tag, shortest length, contents.
 *
 * @see ITU-T X.690 section 10
 */
export function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(contents)
  return Buffer.concat([Buffer.from([tag, ...lengthOctets(body.length)]), body])
}

function lengthOctets(length: number): number[] {
  if (length < 0x80) return [length]
  const octets: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256)
  return [0x80 | octets.length, ...octets]
}

/** SEQUENCE of already encoded values. */
export function derSequence(...contents: readonly Uint8Array[]): Buffer {
  return der(0x30, ...contents)
}

/** OBJECT IDENTIFIER from its dotted form. */
export function derObjectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const octets = [first * 40 + second]
  for (const arc of rest) {
    const groups = [arc & 0x7f]
    for (let high = arc >>> 7; high > 0; high >>>= 7) groups.unshift((high & 0x7f) | 0x80)
    octets.push(...groups)
  }
  return der(0x06, Uint8Array.from(octets))
}

/** Positive INTEGER from big-endian magnitude bytes. */
export function derInteger(magnitude: Uint8Array): Buffer {
  let start = 0
  while (start < magnitude.length - 1 && magnitude[start] === 0) start++
  const trimmed = magnitude.subarray(start)
  const needsSignByte = trimmed.length === 0 || (trimmed[0] ?? 0) >= 0x80
  return der(0x02, needsSignByte ? Uint8Array.of(0) : Uint8Array.of(), trimmed)
}

/** BIT STRING of whole bytes; `unusedBits` of the last one do not count. */
export function derBitString(bytes: Uint8Array, unusedBits = 0): Buffer {
  return der(0x03, Uint8Array.of(unusedBits), bytes)
}

/** OCTET STRING. */
export function derOctetString(bytes: Uint8Array): Buffer {
  return der(0x04, bytes)
}

/** UTF8String. */
export function derText(text: string): Buffer {
  return der(0x0c, Buffer.from(text, 'utf8'))
}

/** UTCTime (years 1950 to 2049) from `YYMMDDhhmmssZ`. */
export function derUtcTime(text: string): Buffer {
  return der(0x17, Buffer.from(text, 'ascii'))
}
