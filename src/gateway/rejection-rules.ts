import {
  classifyRejection,
  type RejectionHeaders,
  type RejectionReport,
  type RejectionVerdict,
} from '../grants/index.ts'
import { EvergrantError } from '../kernel/index.ts'
import { headerOf, type AnswerHeaders } from './answer-headers.ts'
import { formsOf, type PeekedAnswer } from './answer.ts'
import {
  compileRule,
  describeRule,
  readHead,
  ruleName,
  type CompiledRule,
  type HeadVerdict,
} from './compiled-rule.ts'
import { suggestRule, type RuleHint } from './expiry-hint.ts'
import { rejectionPresets } from './rejection-presets.ts'
import type { RejectionEntry } from './settings.ts'

/** One rule that was looked at, for the trace. */
export interface RuleLook {
  readonly rule: string
  readonly isMatch: boolean
  /** Why, in a few words that hold nothing of the answer but its status. */
  readonly because: string
}

/** What an answer says about the token, by 401 itself and the upstream’s rules. */
export type AnswerVerdict = {
  /** For people; holds no secret. */
  readonly detail: string
  /** The rules that were looked at, in order, at most `mostLooks`. */
  readonly looks: readonly RuleLook[]
} & (
  | { readonly kind: 'refused'; readonly rule: string }
  | { readonly kind: 'claims_challenge'; readonly rule: string; readonly claims: string }
  | {
      readonly kind: 'not_about_token'
      readonly reason: Extract<RejectionVerdict, { readonly reason: unknown }>['reason']
      /** It looks like an expired token all the same, and this rule would say so. */
      readonly hint?: RuleHint
    }
)

/** The rules of one upstream, ready to judge answers. */
export interface RejectionRules {
  /**
   * Tells from the head whether an answer may be about the token: `no`, it is passed on at once;
   * `by_head`, it is to be judged and its body need not be seen; `needs_body`, the beginning of the
   * body must be looked at first. `by_head` and `needs_body` are no verdict: `judge` gives that.
   */
  isSuspicious(status: number, headers: AnswerHeaders): HeadVerdict
  /** Judges an answer. What a 401 means by itself comes first; rules only ever add to it. */
  judge(answer: PeekedAnswer): AnswerVerdict
}

/** How many looks a verdict holds, at most. */
export const mostLooks = 16

/** The rule by which a 401 is judged, always the first. */
export const builtinRule = '401'

/** The rule of claims challenges. */
export const claimsRule = 'claims-challenge'

/**
 * Compiles the rules of an upstream: rules written out, and presets by name.
 *
 * @throws EvergrantError `config_invalid` for an unknown preset and a rule that cannot be.
 */
export function compileRules(entries: readonly RejectionEntry[]): RejectionRules {
  const rules = compileEntries(entries)
  const byStatus = new Map<number, readonly CompiledRule[]>()
  const rulesFor = (status: number): readonly CompiledRule[] => {
    const known = byStatus.get(status)
    if (known !== undefined) return known
    const found = rules.filter((rule) => rule.hasStatus(status))
    if (byStatus.size < 1_000) byStatus.set(status, found)
    return found
  }

  return {
    isSuspicious: (status, headers) => {
      if (status === 401) return isChallenge(headers) ? 'by_head' : headOf401(headers)
      const candidates = rulesFor(status)
      let verdict: HeadVerdict = status === 403 && isChallenge(headers) ? 'by_head' : 'no'
      if (candidates.length === 0) return verdict
      const head = readHead(status, headers)
      for (const rule of candidates) {
        const told = rule.judgeHead(head)
        if (told === 'by_head') return told
        if (told === 'needs_body') verdict = told
      }
      return verdict
    },
    judge: (answer) => {
      const builtin = judgeByItself(answer)
      const { detail } = builtin
      if (builtin.kind === 'claims_challenge') {
        const looks = [matched(claimsRule, 'the API asks for a token with other claims')]
        return { kind: 'claims_challenge', rule: claimsRule, claims: builtin.claims, detail, looks }
      }
      if (builtin.kind === 'refused') {
        const looks = [matched(builtinRule, 'status 401')]
        return { kind: 'refused', rule: builtinRule, detail, looks }
      }
      const { reason } = builtin
      const looks = [missed(builtinRule, because[reason](answer.status))]
      const body = formsOf(answer)
      for (const rule of rulesFor(answer.status)) {
        const misfit = rule.misfit(answer, body)
        if (misfit === undefined) {
          if (looks.length >= mostLooks) looks.pop()
          looks.push(matched(rule.name, `status ${answer.status} and every condition`))
          return { kind: 'refused', rule: rule.name, detail, looks }
        }
        if (looks.length < mostLooks) looks.push(missed(rule.name, misfit))
      }
      const hint = suggestRule(answer, body)
      return {
        kind: 'not_about_token',
        reason,
        detail,
        looks,
        ...(hint === undefined ? {} : { hint }),
      }
    },
  }
}

function compileEntries(entries: readonly RejectionEntry[]): readonly CompiledRule[] {
  const names = new Set<string>([builtinRule, claimsRule])
  const uniqueName = (wanted: string): string => {
    const name = ruleName(wanted)
    let unique = name
    for (let n = 2; names.has(unique); n++) unique = `${name}-${n}`
    names.add(unique)
    return unique
  }
  const presets = new Set<string>()
  return entries.flatMap((entry) => {
    if (typeof entry !== 'string') {
      return [compileRule(entry, uniqueName(entry.name ?? describeRule(entry)))]
    }
    const preset = Object.hasOwn(rejectionPresets, entry) ? rejectionPresets[entry] : undefined
    if (preset === undefined) {
      const known = Object.keys(rejectionPresets).join(', ')
      throw new EvergrantError('config_invalid', `no preset "${entry}"; known are ${known}`)
    }
    // A preset within another one, or named twice, adds nothing.
    return preset.rules.flatMap((rule) => {
      const name = rule.name ?? describeRule(rule)
      if (presets.has(name)) return []
      presets.add(name)
      return [compileRule(rule, uniqueName(name))]
    })
  })
}

function judgeByItself({ status, headers, body, token }: PeekedAnswer): RejectionVerdict {
  return classifyRejection({ status, headers: challengesOf(headers), body, token })
}

/**
 * Makes the report of an answer that was judged to refuse the token, for `reportRejection`: the
 * engine renews it whatever the status, and keeps account of the rule.
 */
export function reportOf(
  { status, headers, body, token }: PeekedAnswer,
  verdict: Exclude<AnswerVerdict, { readonly kind: 'not_about_token' }>,
  upstream: string,
): RejectionReport {
  const ruling = { rule: verdict.rule, upstream }
  return { status, headers: challengesOf(headers), body, token, ruling }
}

/** All that is to be known of the headers to tell a claims challenge. */
function challengesOf(headers: AnswerHeaders): RejectionHeaders {
  return { 'www-authenticate': headerOf(headers, 'www-authenticate') }
}

const because: Readonly<
  Record<
    Extract<RejectionVerdict, { readonly reason: unknown }>['reason'],
    (status: number) => string
  >
> = {
  permission: (status) => `status ${status}: a permission is missing`,
  audience: (status) => `status ${status}: the token is for another API`,
  other_scheme: (status) => `status ${status}: asks for another way to authenticate`,
  status: (status) => `status ${status}`,
}

function matched(rule: string, why: string): RuleLook {
  return { rule, isMatch: true, because: why }
}

function missed(rule: string, why: string): RuleLook {
  return { rule, isMatch: false, because: why }
}

function isChallenge(headers: AnswerHeaders): boolean {
  return headerOf(headers, 'www-authenticate')?.includes('insufficient_claims') === true
}

/** Only the body may tell that a 401 is about the audience. */
function headOf401(headers: AnswerHeaders): HeadVerdict {
  return headerOf(headers, 'content-length') === '0' ? 'by_head' : 'needs_body'
}
