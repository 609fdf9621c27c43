import { EvergrantError, formatDuration } from '../kernel/index.ts'
import { headerOf, type AnswerHeaders } from './answer-headers.ts'
import { fold, longestPeek, type BodyForms, type PeekedAnswer } from './answer.ts'
import { compileJsonPointer } from './json-pointer.ts'
import { compilePathPattern } from './path-pattern.ts'
import type { RejectionRule } from './settings.ts'

/** What the head of an answer alone tells about a rule. */
export type HeadVerdict = 'no' | 'by_head' | 'needs_body'

/** A rule ready to judge. */
export interface CompiledRule {
  /** Letters, digits and `-._:`, so that it fits a header; unique among its neighbours. */
  readonly name: string
  hasStatus(status: number): boolean
  judgeHead(head: AnswerHead): HeadVerdict
  /** What does not fit, in a few words; undefined when the rule matches. */
  misfit(answer: PeekedAnswer, body: BodyForms): string | undefined
}

/** Status and headers, with what several rules ask of them. */
export interface AnswerHead {
  readonly status: number
  readonly headers: AnswerHeaders
  /** Of the body as sent; undefined when the headers do not tell. */
  readonly contentLength: number | undefined
  /** Whether the body may hold words or JSON at all. */
  readonly isReadable: boolean
  readonly isEncoded: boolean
}

/** Reads what rules ask of a head. */
export function readHead(status: number, headers: AnswerHeaders): AnswerHead {
  const length = headerOf(headers, 'content-length')
  return {
    status,
    headers,
    contentLength: length !== undefined && /^\d{1,15}$/.test(length) ? Number(length) : undefined,
    isReadable: isReadable(status, headerOf(headers, 'content-type')),
    isEncoded: !/^(?:identity)?$/i.test(headerOf(headers, 'content-encoding') ?? ''),
  }
}

/** Event streams are never held up; a success that is no text is passed on unread. */
function isReadable(status: number, contentType: string | undefined): boolean {
  const type = (contentType ?? '').toLowerCase()
  if (type.startsWith('text/event-stream')) return false
  if (/^(?:image|audio|video|font)\//.test(type)) return type.startsWith('image/svg')
  if (status >= 400) return true
  return !/^(?:application\/(?:octet-stream|zip|gzip|pdf)|multipart\/)/.test(type)
}

/**
 * Compiles a rule.
 *
 * @throws EvergrantError `config_invalid` for a rule without a condition that an answer can meet, a
 *   success without a marker, and a pointer that is none.
 */
export function compileRule(rule: RejectionRule, name: string): CompiledRule {
  const { status, header, json, text, isEmpty, path, tokenAgeMs } = rule
  const hasMarker =
    header !== undefined || json !== undefined || text !== undefined || isEmpty === true
  const statuses = status === undefined || status.length === 0 ? undefined : new Set(status)
  if (statuses === undefined && !hasMarker) {
    throw invalid(name, 'needs at least one of status, header, json, text and empty')
  }
  if (!hasMarker && status?.some((one) => one >= 200 && one < 300) === true) {
    throw invalid(name, 'is for a successful status, so it needs header, json, text or empty, too')
  }
  const pointer = json === undefined ? undefined : compileJsonPointer(json.pointer)
  if (json !== undefined && pointer === undefined) {
    throw invalid(name, `has "${json.pointer}", which is no JSON pointer such as /error/code`)
  }
  const words = text === undefined ? undefined : fold(text)
  if (words?.trim() === '') throw invalid(name, 'has an empty text')
  const equals = new Set(json?.equals.map(String))
  const headerName = header?.name.toLowerCase() ?? ''
  const headerPart = header?.contains?.toLowerCase()
  const matchesPath = path === undefined ? undefined : compilePathPattern(path)
  const readsBody = json !== undefined || words !== undefined

  const hasStatus = (seen: number): boolean =>
    statuses === undefined ? seen >= 400 : statuses.has(seen)
  const misfitOfHeader = (headers: AnswerHeaders): string | undefined => {
    if (header === undefined) return undefined
    const value = headerOf(headers, headerName)
    if (value === undefined) return `no header ${headerName}`
    if (headerPart === undefined || value.toLowerCase().includes(headerPart)) return undefined
    return `header ${headerName} is another one`
  }

  return {
    name,
    hasStatus,
    judgeHead: (head) => {
      const { headers, contentLength, isEncoded } = head
      if (!hasStatus(head.status) || misfitOfHeader(headers) !== undefined) return 'no'
      if (isEmpty === true && contentLength !== undefined) {
        return contentLength === 0 && !readsBody ? 'by_head' : 'no'
      }
      if (!readsBody) return isEmpty === true ? 'needs_body' : 'by_head'
      if (!head.isReadable || contentLength === 0) return 'no'
      const isTooLong = contentLength !== undefined && contentLength > longestPeek && !isEncoded
      return json !== undefined && isTooLong ? 'no' : 'needs_body'
    },
    misfit: (answer, body) => {
      if (!hasStatus(answer.status)) return `status ${answer.status}`
      if (matchesPath?.(answer.path) === false) return `another path than ${path}`
      if (tokenAgeMs !== undefined && !(answer.tokenAgeMs >= tokenAgeMs)) {
        return `the token is younger than ${formatDuration(tokenAgeMs)}`
      }
      const misfit = misfitOfHeader(answer.headers)
      if (misfit !== undefined) return misfit
      if (isEmpty === true) {
        if (answer.method === 'HEAD') return 'an answer to HEAD is always empty'
        const isSeenEmpty = answer.body === '' && answer.isBodyComplete
        const isToldEmpty = headerOf(answer.headers, 'content-length') === '0'
        if (!isSeenEmpty && !isToldEmpty) {
          return answer.body === undefined || answer.body === ''
            ? 'the body’s end was not seen'
            : 'the body is not empty'
        }
      }
      if (json !== undefined && pointer !== undefined) {
        if (answer.body === undefined) return 'the body was not looked at'
        if (!answer.isBodyComplete) return 'the body was cut off, so its JSON is not read'
        const value = body.json() === undefined ? undefined : pointer(body.json())
        if (value === undefined) return `nothing at ${json.pointer}`
        if (!isPrimitive(value) || !equals.has(String(value))) {
          return `another value at ${json.pointer}`
        }
      }
      if (words !== undefined) {
        const folded = body.folded()
        if (folded === undefined) return 'the body was not looked at'
        if (!folded.includes(words)) return 'the text is not there'
      }
      return undefined
    },
  }
}

function isPrimitive(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}

function invalid(name: string, detail: string): EvergrantError {
  return new EvergrantError('config_invalid', `rejection rule "${name}" ${detail}`)
}

/** Makes a name fit for a header; at most 64 characters. */
export function ruleName(text: string): string {
  const name = text.replaceAll(/[^\w.:-]+/g, '-').replaceAll(/^-+|-+$/g, '')
  return name.slice(0, 64) || 'rule'
}

/** The name of a rule that was given none: its conditions. */
export function describeRule({ status, header, json, text, isEmpty, path }: RejectionRule): string {
  return [
    status?.join('-'),
    header === undefined ? undefined : `${header.name} ${header.contains ?? ''}`,
    json === undefined ? undefined : `${json.pointer} ${json.equals.join('-')}`,
    text,
    isEmpty === true ? 'empty' : undefined,
    path,
  ]
    .filter((part) => part !== undefined && part !== '')
    .join(' ')
}
