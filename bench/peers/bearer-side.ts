import type { JsonWebKey } from 'node:crypto'
import { serve } from '../serve.ts'

/** Tokens of one algorithm. */
export interface BearerTokens {
  readonly algorithm: 'RS256' | 'ES256'
  /** Each another one. */
  readonly tokens: readonly string[]
  /** What verifies them, as its issuer publishes it. */
  readonly jwk: JsonWebKey
}

/** What a side of the bearer benchmark is to do. */
export interface BearerJob {
  readonly issuer: string
  readonly audience: string
  readonly tenantId: string
  readonly kinds: readonly BearerTokens[]
  /** Whether verdicts are kept, where a side has a choice. */
  readonly keeps: boolean
  readonly measureMs: number
}

/** How many tokens were judged in a second, by algorithm. */
export type BearerOutcome = Readonly<Record<string, number>>

/**
 * Judges a token: the `sub` of a good one, at once or later; a bad one is thrown. `undefined` where
 * a side reads no claims.
 */
export type JudgeToken = (token: string) => string | undefined | Promise<string | undefined>

/** How many are under way at once where a side answers later: libraries that use other threads gain. */
const underWay = 16

/** Makes this process a side: `open` makes what judges the tokens of one algorithm. */
export function serveBearers(
  open: (job: BearerJob, kind: BearerTokens) => JudgeToken | Promise<JudgeToken>,
): void {
  serve(async (job: BearerJob): Promise<BearerOutcome> => {
    const outcome: Record<string, number> = {}
    for (const kind of job.kinds) {
      const judge = await open(job, kind)
      await prove(judge, kind.tokens)
      // For the compiler, and so that every verdict is kept where verdicts are kept.
      await judgeInTurn(judge, kind.tokens, job.measureMs / 2)
      outcome[kind.algorithm] = await judgeInTurn(judge, kind.tokens, job.measureMs)
    }
    return outcome
  })
}

/** Good tokens are told apart, and a changed one is refused: what is measured does its work. */
async function prove(judge: JudgeToken, tokens: readonly string[]): Promise<void> {
  const subjects = new Set<string | undefined>()
  for (const token of tokens) subjects.add(await judge(token))
  if (!subjects.has(undefined) && subjects.size !== tokens.length) {
    throw new Error(`${subjects.size} subjects in ${tokens.length} tokens`)
  }
  const [first = '', second = ''] = tokens
  const forged = `${first.slice(0, first.lastIndexOf('.'))}${second.slice(second.lastIndexOf('.'))}`
  const isTaken = await Promise.resolve()
    .then(() => judge(forged))
    .then(
      () => true,
      () => false,
    )
  if (isTaken) throw new Error('a token with the signature of another one was accepted')
}

async function judgeInTurn(
  judge: JudgeToken,
  tokens: readonly string[],
  leastMs: number,
): Promise<number> {
  const start = performance.now()
  let judged = 0
  let elapsedMs = 0
  do {
    const isLater = judge(tokens[0] ?? '') instanceof Promise
    if (isLater) {
      for (let at = 0; at < tokens.length; at += underWay) {
        await Promise.all(tokens.slice(at, at + underWay).map(async (token) => judge(token)))
      }
    } else for (const token of tokens) void judge(token)
    judged += tokens.length + 1
    elapsedMs = performance.now() - start
  } while (elapsedMs < leastMs)
  return (judged * 1_000) / elapsedMs
}
