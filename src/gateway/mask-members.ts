import { maskMarkup } from './mask-markup.ts'
import { decoded, maskPairs } from './mask-pairs.ts'
import { redacted } from './mask-token.ts'
import { isSecretName } from './secret-name.ts'

/** How deep JSON in a string of JSON is looked into. */
const deepest = 3

type IsSecret = (name: string) => boolean

/**
 * Masks what stands under a name that promises a secret, such as `access_token` or `password`: in
 * JSON (broken off or within a string, too), forms and queries, headers and settings, and XML.
 * Linear in the text.
 */
export function maskMembers(text: string, depth = 0): string {
  const isSecret = namesSecrets(text) ? isSecretOrValue : isSecretName
  return maskMarkup(maskPairs(maskJson(text, depth, isSecret), isSecret), isSecret)
}

/** The same for a form, where a value ends at the next parameter alone. */
export function maskForm(text: string): string {
  return text
    .split('&')
    .map((part) => {
      const is = part.indexOf('=')
      if (is === -1) return maskMembers(part)
      const name = decoded(part.slice(0, is))
      const last = name.split('[').at(-1) as string
      return isSecretName(name) || isSecretName(last) || name.toLowerCase() === 'code'
        ? `${part.slice(0, is)}=${redacted}`
        : `${part.slice(0, is)}=${maskMembers(part.slice(is + 1))}`
    })
    .join('&')
}

const labels = [
  /\b(?:name|key|id|field|header|label|parameter|property|type)\\?["']?\s{0,4}[:=]\s{0,4}\\?["']([\w.:-]{1,64})\\?["']/gi,
  /\b(?:name|key|id)=([\w.:-]{1,64})/gi,
  /<(?:name|key|field|header|property)>\s{0,4}([\w.:-]{1,64})\s{0,4}</gi,
]

/** Whether names stand beside their values, as in `{"name":"password","value":"…"}`. */
function namesSecrets(text: string): boolean {
  return labels.some((label) => {
    for (const [, name = ''] of text.matchAll(label)) if (isSecretName(name)) return true
    return false
  })
}

const values = new Set([
  'value',
  'values',
  'val',
  'content',
  'text',
  'string',
  'stringvalue',
  'data',
])
const isSecretOrValue: IsSecret = (name) => isSecretName(name) || values.has(name.toLowerCase())

function maskJson(text: string, depth: number, isSecret: IsSecret): string {
  let masked = ''
  let copied = 0
  let at = text.indexOf('"')
  while (at !== -1) {
    const end = endOfString(text, at)
    const value = afterColon(text, end)
    if (value === undefined) {
      const paired = pairedValue(text, at, end)
      if (paired !== undefined) {
        masked += `${text.slice(copied, paired)}"${redacted}"`
        copied = endOfString(text, paired)
        at = text.indexOf('"', copied)
        continue
      }
      const inner = maskInner(text.slice(at, end), depth)
      if (inner !== undefined) {
        masked += text.slice(copied, at) + inner
        copied = end
      }
      at = text.indexOf('"', end)
      continue
    }
    if (isSecret(unescaped(text.slice(at, end)))) {
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

const pair = /\s{0,40},\s{0,40}(?=")/y

/** Where the second string begins of an array such as `["password","…"]`. */
function pairedValue(text: string, start: number, end: number): number | undefined {
  pair.lastIndex = end
  if (end - start > 66 || text[start - 1] !== '[' || !pair.test(text)) return undefined
  return isSecretName(text.slice(start + 1, end - 1)) ? pair.lastIndex : undefined
}

/** As JSON has it, with comments and zeros as some write it. */
const colon =
  /(?:[\s\0]|\/\*[^*]{0,200}\*\/|\/\/[^\n]{0,200}\n)*:(?:[\s\0]|\/\*[^*]{0,200}\*\/|\/\/[^\n]{0,200}\n)*/y

function afterColon(text: string, at: number): number | undefined {
  colon.lastIndex = at
  return colon.test(text) ? colon.lastIndex : undefined
}

const openers = '{['
const closers = '}]'
const closerOf: Readonly<Record<string, string>> = { '{': '}', '[': ']' }

/** Where a value ends that nobody says is well-formed. */
function endOfValue(text: string, start: number): number {
  if (text[start] === '"') return endOfString(text, start)
  if (!openers.includes(text[start] ?? ' ')) {
    const plain = /[,}\]\s]/g
    plain.lastIndex = start
    return plain.exec(text)?.index ?? text.length
  }
  const open: string[] = []
  for (let at = start; at < text.length; at++) {
    const seen = text[at] as string
    if (seen === '"') at = endOfString(text, at) - 1
    else if (openers.includes(seen)) open.push(closerOf[seen] as string)
    else if (closers.includes(seen) && seen === open.at(-1)) {
      open.pop()
      if (open.length === 0) return at + 1
    }
  }
  return text.length
}

/** JSON within a string of JSON, masked and written back; undefined when there is none. */
function maskInner(literal: string, depth: number): string | undefined {
  if (!literal.includes('\\"')) return undefined
  const inner = unescaped(literal)
  if (depth >= deepest) return isSecretName(inner) ? `"${redacted}"` : undefined
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
