/**
 * Scrambles 32 bits one to one (the lowbias32 mixer), so that a row's properties follow from its
 * index and nothing has to be stored.
 */
export function mix(value: number): number {
  let x = value >>> 0
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad)
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97)
  return (x ^ (x >>> 15)) >>> 0
}

const inverseOfFirst = inverseOf(0x21f0aaad)
const inverseOfSecond = inverseOf(0x735a2d97)

/** Undoes `mix`: how an object id leads back to the row's index. */
export function unmix(value: number): number {
  let x = Math.imul(unshift(value >>> 0, 15), inverseOfSecond)
  x = Math.imul(unshift(x >>> 0, 15), inverseOfFirst)
  return unshift(x >>> 0, 16)
}

/** Solves `y = x ^ (x >>> shift)` for x. */
function unshift(y: number, shift: number): number {
  let x = y
  for (let known = shift; known < 32; known += shift) x = y ^ (x >>> shift)
  return x >>> 0
}

/** The multiplicative inverse of an odd number modulo 2^32, by Newton's iteration. */
function inverseOf(odd: number): number {
  let inverse = odd
  for (let i = 0; i < 5; i++) inverse = Math.imul(inverse, 2 - Math.imul(odd, inverse))
  return inverse >>> 0
}

/** A version 4 shaped GUID from four 32-bit words; the first one stands in it unchanged. */
export function guidOf(a: number, b: number, c: number, d: number): string {
  const node = `${hex(c, 4)}${hex(d, 8)}`
  return `${hex(a, 8)}-${hex(b >>> 16, 4)}-${hex(versionOf(b), 4)}-${hex(variantOf(c), 4)}-${node}`
}

function hex(value: number, digits: number): string {
  return (value >>> 0).toString(16).padStart(digits, '0').slice(-digits)
}

/** The third group of the GUID: version 4 and twelve bits of `b`. */
export function versionOf(b: number): number {
  return 0x4000 | (b & 0x0fff)
}

/** The fourth group of the GUID: the RFC 9562 variant and fourteen bits of `c`. */
export function variantOf(c: number): number {
  return 0x8000 | ((c >>> 16) & 0x3fff)
}
