import { redacted } from './mask-token.ts'

const opening = /(<|&lt;|\\u003c)([\w:.-]{1,100})/gi

/**
 * Masks what elements hold that `isSecret` by their name, or by an attribute that names them: all
 * between their tags, whatever it is made of, or up to the end of a text that is broken off.
 */
export function maskMarkup(text: string, isSecret: (name: string) => boolean): string {
  let masked = ''
  let copied = 0
  opening.lastIndex = 0
  for (let found = opening.exec(text); found !== null; found = opening.exec(text)) {
    const [, bracket = '<', name = ''] = found
    const inside = endOfTag(text, opening.lastIndex, bracket)
    const attributes = text.slice(opening.lastIndex, inside)
    const isTold = isSecret(name) || namesSecret(attributes, isSecret)
    if (!isTold || /\/(?:>|&gt;|\\u003e)$/i.test(attributes)) continue
    const closing = text.indexOf(`${bracket}/${name}`, inside)
    const end = closing === -1 ? text.length : closing
    if (end > inside) masked += `${text.slice(copied, inside)}${redacted}`
    else masked += text.slice(copied, inside)
    copied = end
    opening.lastIndex = end
  }
  return copied === 0 ? text : masked + text.slice(copied)
}

/** Just behind the bracket that closes a tag. */
function endOfTag(text: string, from: number, bracket: string): number {
  if (bracket !== '<') {
    const close = bracket.startsWith('&') ? '&gt;' : '\\u003e'
    const at = text.indexOf(close, from)
    return at === -1 ? text.length : at + close.length
  }
  let quote = ''
  for (let at = from; at < text.length; at++) {
    const seen = text[at] as string
    if (quote !== '') quote = seen === quote ? '' : quote
    else if (seen === '>') return at + 1
    else if (seen === '"' || seen === "'") quote = seen
    else if (seen === '<') return at
  }
  return text.length
}

function namesSecret(attributes: string, isSecret: (name: string) => boolean): boolean {
  const named = /\b(?:name|key|id|type)\s{0,4}=\s{0,4}["']([^"'<>]{1,100})/gi
  for (const [, value = ''] of attributes.slice(0, 1_000).matchAll(named))
    if (isSecret(value)) return true
  return false
}
