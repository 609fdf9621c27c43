import { redact } from '../kernel/index.ts'
import { pairsOf } from './answer-headers.ts'
import type { BodyForms, PeekedAnswer } from './answer.ts'
import { compileRule, type CompiledRule } from './compiled-rule.ts'
import { compileJsonPointer } from './json-pointer.ts'
import { rejectionPresets } from './rejection-presets.ts'
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

/** A token (session, JWT) and its end, near each other in either order; or a name made of both. */
const smell =
  /(?:access[ _-]?token|bearer|jwt|session|token)(?:[^<>{}"\n]{0,60}?)\b(?:expir\w*|lifetime|no longer valid|timed out)|(?:expir(?:ed|ing))[ _-](?:[^<>{}"\n]{0,20}?)(?:token|jwt|session)|expiredjwt|tokenexpired|expiredtoken|expiredauthenticationtoken|invalidauthenticationtoken|invalid_session_id|invalid_token/

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
export function suggestRule(answer: PeekedAnswer, body: BodyForms): RuleHint | undefined {
  const { status } = answer
  if (!statuses.has(status)) return undefined
  const preset = presetFor(answer, body)
  if (preset !== undefined) return hintOf(answer, preset)
  const statusPart = `status: ${status}`
  if (isEmptyNearEnd(answer)) {
    const minutes = Math.floor(answer.tokenAgeMs / 60_000)
    return hintOf(answer, `{ ${statusPart}, empty: true, tokenAge: ${minutes}m }`)
  }
  const header = smellingHeader(answer)
  if (header !== undefined) {
    const [name, words] = header
    return hintOf(answer, `{ ${statusPart}, header: { name: ${name}, contains: ${quote(words)} } }`)
  }
  const document = body.json()
  if (document !== undefined) {
    for (const { pointer, read } of places) {
      const value = read(document)
      if (typeof value !== 'string' || !/^[\w.-]{3,60}$/.test(value)) continue
      if (!smell.test(value.toLowerCase())) continue
      return hintOf(
        answer,
        `{ ${statusPart}, json: { pointer: ${pointer}, equals: [${quote(value)}] } }`,
      )
    }
  }
  const words = body.folded()?.slice(0, bodyBound).match(smell)?.[0]
  if (words !== undefined) return hintOf(answer, `{ ${statusPart}, text: ${quote(words)} }`)
  return undefined
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

function smellingHeader({ headers }: PeekedAnswer): readonly [string, string] | undefined {
  let left = headersBound
  for (const [header, value] of pairsOf(headers)) {
    if (left-- === 0) return undefined
    const name = header.toLowerCase()
    if (!/^(?:www-authenticate|x-[\w-]*(?:reason|error|message|status|auth)[\w-]*)$/.test(name)) {
      continue
    }
    const words = value.slice(0, valueBound).toLowerCase().match(smell)?.[0]
    if (words !== undefined) return [name, words]
  }
  return undefined
}

/** A YAML scalar in double quotes, which JSON’s are. */
function quote(text: string): string {
  return JSON.stringify(text.trim())
}
