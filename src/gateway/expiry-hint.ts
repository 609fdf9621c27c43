import { redact } from '../kernel/index.ts'
import { pairsOf } from './answer-headers.ts'
import { fold, type BodyForms, type PeekedAnswer } from './answer.ts'
import { compileRule, type CompiledRule } from './compiled-rule.ts'
import { compileJsonPointer } from './json-pointer.ts'
import { rejectionPresets } from './rejection-presets.ts'
import { ruleYaml } from './rule-yaml.ts'
import type { RejectionRule } from './settings.ts'

/** What an operator may add so that answers like this one are recognised. */
export interface RuleHint {
  /** For people, in one line; holds no secret. */
  readonly message: string
  /** The entry for `rejected`, as YAML in one line: a preset’s name or a rule. */
  readonly entry: string
}

const statuses = new Set([400, 403, 407, 419, 440, 498, 500])

/** What is looked at of a body and of one header, and how many headers (characters, number). */
const bodyBound = 8_192
const valueBound = 256
const headersBound = 64

/**
 * A token (session, JWT) and its end, a few plain words between them, in either order; or a name
 * made of both. Only plain words, so that no part of a token that is quoted is ever taken along.
 */
const smell =
  /\b(?:access[ _-]?token|bearer|jwt|session|token)(?:[\s:,.'"]+[a-z]{1,12}){0,6}[\s:,.'"]+(?:expir(?:ed|es|ing|y)|lifetime|no longer valid|timed out)\b|\bexpir(?:ed|ing)[ _-](?:[a-z]{1,12}[ _-]){0,2}(?:token|jwt|session)\b|expired_?(?:jwt|token|session)|(?:jwt|token|session)_?expired|(?:expired|invalid)authenticationtoken|invalid_session_id|invalid_token/

const places = [
  '/error/code',
  '/error',
  '/code',
  '/errorCode',
  '/errors/0/code',
  '/error/status',
  '/status',
].map((pointer) => ({ pointer, read: compileJsonPointer(pointer) ?? (() => undefined) }))

/** Emptiness tells something about the token only near its end (ms). */
const nearEndMs = 10 * 60_000

/**
 * Suggests a rule for an answer that no rule recognised and that still looks as if the token had
 * expired. Bounded work: a look at 8 KiB of the body and at 64 headers.
 */
export function suggestRule(answer: PeekedAnswer, whole: BodyForms): RuleHint | undefined {
  const status = [answer.status]
  if (!statuses.has(answer.status)) return undefined
  if (isEmptyNearEnd(answer)) {
    const wholeMinutes = Math.floor(answer.tokenAgeMs / 60_000) * 60_000
    return hintOf(answer, ruleYaml({ status, isEmpty: true, tokenAgeMs: wholeMinutes }))
  }
  const start = answer.body?.slice(0, bodyBound)
  const folded = start === undefined ? undefined : fold(start)
  const body: BodyForms = { folded: () => folded, json: () => whole.json() }
  const preset = presetFor(answer, body)
  if (preset !== undefined) return hintOf(answer, preset)
  const marker = smellingHeader(answer) ?? smellingCode(body) ?? smellingWords(body)
  return marker === undefined ? undefined : hintOf(answer, ruleYaml({ status, ...marker }))
}

function hintOf(answer: PeekedAnswer, entry: string): RuleHint {
  const shown = redact(entry, [answer.token.secret])
  return {
    message: `looks like an expired token, but no rule matches; to have it renewed, add to rejected: [${shown}]`,
    entry: shown,
  }
}

let known: readonly { readonly preset: string; readonly rule: CompiledRule }[] | undefined

/** The preset that knows this answer by a marker of its own; never the union of several. */
function presetFor(answer: PeekedAnswer, body: BodyForms): string | undefined {
  known ??= Object.entries(rejectionPresets)
    .filter(([preset]) => preset !== 'microsoft')
    .flatMap(([preset, { rules }]) =>
      rules
        .filter(isDistinctive)
        .map((rule) => ({ preset, rule: compileRule(rule, rule.name ?? preset) })),
    )
  const found = known.find(({ rule }) => rule.misfit(answer, body) === undefined)
  return found?.preset
}

/** Bare numbers, plain words and ages mean something else, or the same, in the next API. */
function isDistinctive({ header, json, text, tokenAgeMs }: RejectionRule): boolean {
  if (tokenAgeMs !== undefined) return false
  const hasWord = json?.equals.some((value) => typeof value === 'string') === true
  const isPlain = text === undefined || /^[a-z]+(?: [a-z]+)+$/i.test(text)
  return header !== undefined || !isPlain || hasWord
}

function isEmptyNearEnd({ status, method, body, isBodyComplete, ...rest }: PeekedAnswer): boolean {
  if (status !== 403 || method === 'HEAD' || body !== '' || !isBodyComplete) return false
  const { token, tokenAgeMs } = rest
  return token.expiresAt - token.issuedAt - tokenAgeMs <= nearEndMs
}

function smellingHeader({ headers }: PeekedAnswer): Pick<RejectionRule, 'header'> | undefined {
  let left = headersBound
  for (const [header, value] of pairsOf(headers)) {
    if (left-- === 0) return undefined
    const name = header.toLowerCase()
    if (!/^(?:www-authenticate|x-[\w-]*(?:reason|error|message|status|auth)[\w-]*)$/.test(name)) {
      continue
    }
    const contains = value.slice(0, valueBound).toLowerCase().match(smell)?.[0]
    if (contains !== undefined) return { header: { name, contains: contains.trim() } }
  }
  return undefined
}

function smellingCode(body: BodyForms): Pick<RejectionRule, 'json'> | undefined {
  const document = body.json()
  if (document === undefined) return undefined
  for (const { pointer, read } of places) {
    const value = read(document)
    if (typeof value !== 'string' || !/^[\w.-]{3,60}$/.test(value)) continue
    if (smell.test(value.toLowerCase())) return { json: { pointer, equals: [value] } }
  }
  return undefined
}

function smellingWords(body: BodyForms): Pick<RejectionRule, 'text'> | undefined {
  const text = body.folded()?.match(smell)?.[0]
  return text === undefined ? undefined : { text: text.trim() }
}
