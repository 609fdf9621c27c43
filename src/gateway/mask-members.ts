import { redacted } from './mask-token.ts'

/** How deep JSON in a string of JSON is looked into. */
const deepest = 3

/**
 * Masks what stands under a name that promises a secret, such as `access_token` or `password`: in
 * JSON (broken off or within a string, too), forms and queries, and XML. Linear in the text.
 */
export function maskMembers(text: string, depth = 0): string {
  return maskMarkup(maskPairs(maskJson(text, depth)))
}

const telltales =
  /token|secret|passw|passphrase|pwd|apikey|assertion|credential|authorization|privatekey|accesskey|accountkey|sharedkey|signature|cookie|session|verifier|otp/
const exact = new Set(['sig', 'pin', 'auth', 'pass', 'jwt', 'key', 'pw'])
/** Names in which one of the words above promises nothing secret. */
const harmless = new Set(['tokentype', 'tokenexpires', 'tokenexpiry', 'sessionstate'])

/** Whether a member, parameter or element of that name holds something secret. */
export function isSecretName(name: string): boolean {
  const plain = name.toLowerCase().replaceAll(/[^a-z\d]/g, '')
  return !harmless.has(plain) && (telltales.test(plain) || exact.has(plain))
}

function maskJson(text: string, depth: number): string {
  let masked = ''
  let copied = 0
  let at = text.indexOf('"')
  while (at !== -1) {
    const end = endOfString(text, at)
    const value = afterColon(text, end)
    if (value === undefined) {
      const inner = maskInner(text.slice(at, end), depth)
      if (inner !== undefined) {
        masked += text.slice(copied, at) + inner
        copied = end
      }
      at = text.indexOf('"', end)
      continue
    }
    if (isSecretName(unescaped(text.slice(at, end)))) {
      masked += `${text.slice(copied, value)}"${redacted}"`
      copied = endOfValue(text, value)
      at = text.indexOf('"', copied)
    } else at = text.indexOf('"', value)
  }
  return masked + text.slice(copied)
}

/** Just behind the closing quote, or the end of the text. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 92) at++
    else if (code === 34) return at + 1
  }
  return text.length
}

const colon = /\s*:\s*/y

function afterColon(text: string, at: number): number | undefined {
  colon.lastIndex = at
  return colon.test(text) ? colon.lastIndex : undefined
}

const openers = '{['
const closers = '}]'

/** Where a value ends that nobody says is well-formed. */
function endOfValue(text: string, start: number): number {
  if (text[start] === '"') return endOfString(text, start)
  if (!openers.includes(text[start] ?? ' ')) {
    const plain = /[,}\]\s]/g
    plain.lastIndex = start
    return plain.exec(text)?.index ?? text.length
  }
  let open = 0
  for (let at = start; at < text.length; at++) {
    const seen = text[at] as string
    if (seen === '"') at = endOfString(text, at) - 1
    else if (openers.includes(seen)) open++
    else if (closers.includes(seen) && --open === 0) return at + 1
  }
  return text.length
}

/** JSON within a string of JSON, masked and written back; undefined when there is none. */
function maskInner(literal: string, depth: number): string | undefined {
  if (depth >= deepest || !literal.includes('\\"')) return undefined
  const inner = unescaped(literal)
  const masked = maskMembers(inner, depth + 1)
  if (masked === inner) return undefined
  const isClosed = literal.endsWith('"') && literal.length > 1
  return isClosed ? JSON.stringify(masked) : JSON.stringify(masked).slice(0, -1)
}

/** What a string of JSON says; as much of it as can be read when it is broken off. */
function unescaped(literal: string): string {
  const cut = literal.replace(/\\(?:u[\da-f]{0,3})?$/i, '')
  for (const text of [literal, `${literal}"`, `${cut}"`]) {
    try {
      return String(JSON.parse(text))
    } catch {
      // Perhaps it reads with its end mended.
    }
  }
  return literal.slice(1).replaceAll('\\"', '"')
}

/** `name=value` of forms and queries, `name="value"` of attributes and headers. */
function maskPairs(text: string): string {
  return text
    .replaceAll(
      /([\w.:%$@-]{1,100})(\s{0,4}=\s{0,4}")([^"]*)/g,
      (whole, name: string, is: string) =>
        isSecretName(decoded(name)) ? `${name}${is}${redacted}` : whole,
    )
    .replaceAll(/([\w.:%$@-]{1,100})=([^&\s"'<>;\\]+)/g, (whole, name: string) =>
      isSecretName(decoded(name)) || isCode(name) ? `${name}=${redacted}` : whole,
    )
}

/** An authorization code; as a member of JSON the same word names an error. */
function isCode(name: string): boolean {
  return name.toLowerCase() === 'code'
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}

/** Texts of elements. */
function maskMarkup(text: string): string {
  return text.replaceAll(
    /<([\w:.-]{1,100})(\s[^<>]{0,500})?>([^<]+)/g,
    (whole, name: string, attributes: string | undefined) =>
      isSecretName(name) ? `<${name}${attributes ?? ''}>${redacted}` : whole,
  )
}
