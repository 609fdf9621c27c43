import { isSecretName } from './secret-name.ts'
import { redacted } from './mask-token.ts'

/** Longest name that is looked at (characters). */
const longestName = 100
const separator = /=>?|%(?:25)?3d|\\u003d|&#61;|&#x3d;|:/gi
const nameCharacter = /[\w.%$@+()[\]!\\/?&;#-]/
const quotes = '"\'`'

/**
 * Masks the values of `name=value`, `name: value` and `name => value` where the name promises a
 * secret: in queries, attributes, headers, settings, and code, quoted or not. Linear in the text.
 */
export function maskPairs(
  text: string,
  isSecret: (name: string) => boolean = isSecretName,
): string {
  let masked = ''
  let copied = 0
  separator.lastIndex = 0
  for (let found = separator.exec(text); found !== null; found = separator.exec(text)) {
    const mark = found[0]
    const name = nameBefore(text, found.index, copied)
    const start = blanks(text, separator.lastIndex)
    const isTold = name !== undefined && (isSecret(name.text) || isCode(name.text, mark))
    const end = isTold ? endOfValue(text, start, mark, name) : start
    if (end > start) {
      const isQuoted = quotes.includes(text[start] as string)
      const quote = isQuoted
        ? (text[start] as string)
        : isEscaped(text, start)
          ? text.slice(start, start + 2)
          : ''
      const isClosed = isQuoted && end > start + 1 && text[end - 1] === quote
      masked += `${text.slice(copied, start)}${quote}${redacted}${isClosed ? quote : ''}`
      copied = end
      separator.lastIndex = end
    }
  }
  return copied === 0 ? text : masked + text.slice(copied)
}

interface Name {
  readonly text: string
  readonly isQuoted: boolean
  /** Whether it is the first of its line, or of a member of an object. */
  readonly opens: '' | 'line' | 'escaped line' | 'member'
}

/** An authorization code; as a member of JSON the same word names an error. */
function isCode(name: string, mark: string): boolean {
  return mark !== ':' && name.toLowerCase() === 'code'
}

function nameBefore(text: string, separatorAt: number, from: number): Name | undefined {
  let end = separatorAt
  for (let most = 4; most > 0 && end > from && isBlank(text[end - 1]); most--) end--
  let isQuoted = false
  for (
    let most = 4;
    most > 0 && end > from && `${quotes}]\\`.includes(text[end - 1] as string);
    most--
  ) {
    end--
    isQuoted = true
  }
  let start = end
  while (
    start > from &&
    end - start < longestName &&
    nameCharacter.test(text[start - 1] as string)
  ) {
    start--
  }
  if (start === end) return undefined
  const whole = decoded(text.slice(start, end))
  const last = whole.split(/[?&;#/]/).findLast((part) => part !== '') ?? ''
  return { text: last.replace(/^.*\\[nrt]/s, ''), isQuoted, opens: opening(text, start, whole) }
}

function opening(text: string, start: number, name: string): Name['opens'] {
  if (/\\[nr][\w-]*$/.test(name)) return 'escaped line'
  let at = start
  for (let most = 40; most > 0 && (isBlank(text[at - 1]) || text[at - 1] === '-'); most--) at--
  const before = at === 0 ? '\n' : (text[at - 1] as string)
  if (before === '\n' || before === '\r') return 'line'
  return before === '{' || before === ',' ? 'member' : ''
}

function isEscaped(text: string, at: number): boolean {
  return text[at] === '\\' && quotes.includes(text[at + 1] ?? ' ')
}

function endOfValue(text: string, start: number, mark: string, name: Name): number {
  const first = text[start]
  if (first === undefined) return start
  if (quotes.includes(first)) return endOfQuoted(text, start, first)
  if (first === '{') return endAt(text, start, /\}/g)
  if (isEscaped(text, start)) return endAt(text, start + 2, /\\["'`]/g)
  if (mark === ':') {
    if (name.isQuoted || name.opens === 'member') return endAt(text, start, /[,}\]\n\r"]/g)
    if (name.opens === 'line') return endAt(text, start, /[\n\r]/g)
    if (name.opens === 'escaped line') return endAt(text, start, /\\[nr]|"/g)
    // In the midst of prose, what follows a blank tells what is wrong with it.
    if (isBlank(text[start - 1]) || text.startsWith('//', start)) return start
  }
  return endAt(text, start, /[&\s"'<>;\\,]|%(?:25)?26/g)
}

function endOfQuoted(text: string, start: number, quote: string): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === quote) return at + 1
  }
  return text.length
}

function endAt(text: string, start: number, end: RegExp): number {
  end.lastIndex = start
  return end.exec(text)?.index ?? text.length
}

function blanks(text: string, from: number): number {
  let at = from
  while (at < from + 4 && text[at] !== '\n' && isBlank(text[at])) at++
  return at
}

function isBlank(character: string | undefined): boolean {
  return character === ' ' || character === '\t' || character === '\u00A0' || character === '\0'
}

/** What a name says that is percent-encoded, more than once perhaps. */
export function decoded(name: string): string {
  let text = name
  for (let times = 0; times < 3 && /[%\\]/.test(text); times++) {
    text = text.replaceAll(/(?:%|\\u00)([\da-f]{2})/gi, (_, digits: string) =>
      String.fromCharCode(Number.parseInt(digits, 16)),
    )
  }
  return text
}
