import type { Operations } from '../../../../src/client/index.ts'

type Told = Operations['bearer.explain']['result']

/** One claim, and what it is good for. */
export interface ExplainedClaim {
  readonly name: string
  readonly value: unknown
  readonly source: string
  readonly quality: string | null
  readonly note: string | null
}

/** An account that a token means, or could mean. */
export interface ExplainedAccount {
  readonly tenantId: string
  readonly kind: 'user' | 'servicePrincipal'
  readonly id: string
  readonly name?: string
}

/** An explanation with the shape that the service gives its inner objects. */
export type Explained = Omit<
  Told,
  'refusal' | 'claims' | 'rules' | 'access' | 'suggestion' | 'account' | 'candidates'
> & {
  readonly refusal: {
    readonly stage: string
    readonly code: string
    readonly expected: string
    readonly seen: string
    readonly remedy: string
  } | null
  readonly claims: readonly ExplainedClaim[]
  readonly rules: readonly {
    readonly rule: string
    readonly outcome: string
    readonly because: string
  }[]
  readonly access: readonly {
    readonly rule: string
    readonly applies: boolean
    readonly because: string
  }[]
  readonly suggestion: {
    readonly because: string
    readonly yaml: string
    readonly tried: boolean
  } | null
  readonly account: ExplainedAccount | null
  readonly candidates: readonly ExplainedAccount[]
}

/** The document leaves inner objects open; this is what stands in them (`explanation-view.ts`). */
export function explanationOf(told: Told): Explained {
  return told as Explained
}
