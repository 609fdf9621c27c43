import type { AccessToken } from '../kernel/index.ts'
import type { AnswerHeaders } from './answer-headers.ts'

/** An API’s answer, as far as it was looked at, and what was sent to get it. */
export interface PeekedAnswer {
  readonly status: number
  readonly headers: AnswerHeaders
  /** The beginning of its body as text, decoded; absent when it was not looked at. */
  readonly body?: string
  /** Whether `body` is all of it. Of what was cut off no JSON is read and no emptiness believed. */
  readonly isBodyComplete: boolean
  /** Method and path below the upstream’s `url`, without query. */
  readonly method: string
  readonly path: string
  /** The token that was sent, and how old it was (ms). */
  readonly token: AccessToken
  readonly tokenAgeMs: number
}

/** How many characters of a body are looked at, at most. */
export const longestPeek = 65_536

/** What rules read of a body; each form is made once, and only if a rule asks. */
export interface BodyForms {
  /** Lower case, runs of blanks as one; undefined when the body was not looked at. */
  folded(): string | undefined
  /** Parsed JSON; undefined when it is none, or was cut off. */
  json(): unknown
}

/** Reads a body in the forms that rules want. */
export function formsOf({ body, isBodyComplete }: PeekedAnswer): BodyForms {
  let folded: string | undefined
  let parsed: { readonly value: unknown } | undefined
  return {
    folded: () => (folded ??= body === undefined ? undefined : fold(body.slice(0, longestPeek))),
    json: () => {
      parsed ??= { value: body === undefined || !isBodyComplete ? undefined : parseJson(body) }
      return parsed.value
    },
  }
}

/** Lower case, runs of blanks as one. */
export function fold(text: string): string {
  // Single blanks, the most there are, are left where they stand.
  return text.toLowerCase().replaceAll(/[^\S ]\s*|\s{2,}/g, ' ')
}

function parseJson(text: string): unknown {
  if (text.length > longestPeek) return undefined
  try {
    return JSON.parse(text.startsWith('\ufeff') ? text.slice(1) : text) as unknown
  } catch {
    return undefined
  }
}
