/** What stands where a secret stood. */
export const redacted = '[redacted]'

/** So many characters of a secret in a row are enough to tell that it is one. */
const telling = 12

/**
 * Masks a secret in a text however it is spelled: as it is, percent-encoded (once or twice), with
 * escapes of JSON or JavaScript, as HTML entities, any mixture of these, broken over lines, in
 * Base64, or cut off by the end of the text.
 */
export function maskToken(text: string, secret: string): string {
  if (secret.length === 0) return text
  let masked = maskSpelled(text, secret)
  for (const coded of inBase64(secret)) masked = maskSpelled(masked, coded)
  return masked
}

function maskSpelled(text: string, secret: string): string {
  const first = secret.charCodeAt(0)
  const enough = Math.min(telling, secret.length)
  let masked = ''
  let copied = 0
  let at = 0
  while (at < text.length) {
    const end = spelled(text, at, first) === 0 ? at : endOfMatch(text, at, secret, enough)
    if (end === at) at++
    else {
      masked += text.slice(copied, at) + redacted
      copied = end
      at = end
    }
  }
  return copied === 0 ? text : masked + text.slice(copied)
}

/** Where the secret that begins here ends; the beginning when it is none. */
function endOfMatch(text: string, start: number, secret: string, enough: number): number {
  let at = start
  let matched = 0
  while (matched < secret.length && at < text.length) {
    const length = spelled(text, at, secret.charCodeAt(matched))
    if (length > 0) {
      at += length
      matched++
      continue
    }
    const gap = matched === 0 ? 0 : lineBreak(text, at)
    if (gap === 0) break
    at += gap
  }
  return matched >= enough ? at : start
}

/** An escape that spells one character, and how to read it. */
interface Escape {
  readonly pattern: RegExp
  read(digits: string): number
}

const named: Readonly<Record<string, number>> = { amp: 38, lt: 60, gt: 62, quot: 34, apos: 39 }
const hexadecimal = (digits: string): number => Number.parseInt(digits, 16)
const escapes: readonly Escape[] = [
  { pattern: /%25([\da-f]{2})/iy, read: hexadecimal },
  { pattern: /%([\da-f]{2})/iy, read: hexadecimal },
  { pattern: /\\u([\da-f]{4})/iy, read: hexadecimal },
  { pattern: /\\x([\da-f]{2})/iy, read: hexadecimal },
  { pattern: /&#x([\da-f]{1,6});/iy, read: hexadecimal },
  { pattern: /&#(\d{1,7});/y, read: Number },
  { pattern: /&(amp|lt|gt|quot|apos);/iy, read: (name) => named[name.toLowerCase()] ?? 0 },
  { pattern: /\\(.)/y, read: (character) => character.charCodeAt(0) },
]

/** How many characters here spell a character; 0 when they do not. */
function spelled(text: string, at: number, code: number): number {
  const seen = text.charCodeAt(at)
  if (seen === 37 || seen === 92 || seen === 38) {
    for (const { pattern, read } of escapes) {
      pattern.lastIndex = at
      const found = pattern.exec(text)
      if (found !== null && read(found[1] as string) === code) return found[0].length
    }
  }
  if (seen === code) return 1
  // A blank in a form; the two characters in which the alphabets of Base64 differ.
  if (seen === 43) return code === 32 ? 1 : 0
  return (seen === 45 && code === 43) || (seen === 95 && code === 47) ? 1 : 0
}

const breaks = /(?:\s|\\[rnt]|%0[ad9]|%20)+/iy

function lineBreak(text: string, at: number): number {
  breaks.lastIndex = at
  return breaks.exec(text)?.[0].length ?? 0
}

/**
 * What is the same in every Base64 of a text that holds the secret, for each of the three places it
 * can begin at.
 */
function inBase64(secret: string): ReadonlySet<string> {
  const found = new Set<string>()
  for (const before of [0, 1, 2]) {
    const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(secret)])
    const whole = bytes.subarray(0, bytes.length - (bytes.length % 3))
    const text = whole.toString('base64').slice(before === 0 ? 0 : before + 1)
    if (text.length >= telling) found.add(text)
  }
  return found
}
