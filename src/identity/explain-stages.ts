import type { Evidence } from './evidence.ts'
import type { ExplainedSource, ExplainedStage } from './explanation.ts'
import { scopesOf } from './principal.ts'
import { stages, type Refusal, type Stage } from './refusal.ts'
import type { Settled } from './settle-identity.ts'

/** What is known of how a token was judged. */
export interface JudgedToken {
  /** What its own words say of each stage, nothing of it verified. */
  readonly told: readonly ExplainedStage[]
  readonly evidence: Evidence | undefined
  readonly refusal: Refusal | undefined
  /** Issuers that were asked about it. */
  readonly asked: readonly ExplainedSource[]
  /** Whether its signature was looked at here. */
  readonly isVerified: boolean
  /** Undefined where no directory was there to look into. */
  readonly settled: Settled | undefined
}

/** What only a signature can prove: left to the issuer where that is asked instead. */
const bySignature = new Set<Stage>(['key', 'signature', 'tenant', 'token_kind'])

/** How each stage went, in order. */
export function explainStages(judged: JudgedToken): readonly ExplainedStage[] {
  const failedAt = judged.refusal === undefined ? Infinity : stages.indexOf(judged.refusal.stage)
  return stages.map((stage, at): ExplainedStage => {
    const { refusal, isVerified } = judged
    if (refusal?.stage === stage) {
      const what = `expected ${refusal.expected}, but saw ${refusal.seen}`
      return { stage, outcome: 'failed', what }
    }
    if (!isVerified) return askedStage(stage, at, failedAt, judged)
    if (at > failedAt) return { stage, outcome: 'open', what: 'not reached' }
    return passed(stage, judged)
  })
}

/** A stage of a token that its issuer was asked about, which it is before anything else is known. */
function askedStage(
  stage: Stage,
  at: number,
  failedAt: number,
  judged: JudgedToken,
): ExplainedStage {
  const { evidence, refusal } = judged
  const [asked] = judged.asked
  if (stage === 'transport') return { stage, outcome: 'passed', what: 'short enough' }
  if (stage === 'parse') {
    const isJwt = judged.told.find((one) => one.stage === 'parse')?.outcome === 'passed'
    const what = isJwt ? 'a JWT, whose issuer is asked' : 'no JWT: issuers are asked about it'
    return { stage, outcome: 'passed', what }
  }
  const name = evidence?.policy.name ?? asked?.issuer
  if (stage === 'issuer' && name !== undefined) {
    return { stage, outcome: evidence === undefined ? 'open' : 'passed', what: `asked: "${name}"` }
  }
  const isTold =
    evidence !== undefined || refusal?.stage === 'time' || refusal?.stage === 'audience'
  if (stage === 'claim_source' && isTold) return passed(stage, judged)
  if (bySignature.has(stage)) return { stage, outcome: 'open', what: 'left to the issuer' }
  if (evidence === undefined || at > failedAt) {
    return { stage, outcome: 'open', what: 'not reached' }
  }
  if (evidence.source === 'userinfo' && (stage === 'time' || stage === 'audience')) {
    return { stage, outcome: 'open', what: 'UserInfo says nothing of it' }
  }
  return passed(stage, judged)
}

function passed(stage: Stage, judged: JudgedToken): ExplainedStage {
  const { evidence, settled, told } = judged
  const own = told.find((one) => one.stage === stage)?.what.replace(/^it says (?:that )?/, '') ?? ''
  if (stage === 'mapping' || stage === 'account_state' || stage === 'scope') {
    if (settled === undefined)
      return { stage, outcome: 'open', what: 'no directory was looked into' }
    return { stage, outcome: 'passed', what: settledWords(stage, settled, evidence) }
  }
  const words = evidence === undefined ? undefined : evidenceWords(stage, evidence, judged.asked)
  return { stage, outcome: 'passed', what: words ?? (stage === 'signature' ? 'holds' : own) }
}

function evidenceWords(
  stage: Stage,
  { issuer, times, kind, keyId, source, policy }: Evidence,
  asked: readonly ExplainedSource[],
): string | undefined {
  switch (stage) {
    case 'issuer':
      return `${issuer.iss}, "${policy.name}"`
    case 'key':
      return keyId === undefined ? 'the only one that fits' : `"${keyId}"`
    case 'time':
      return `until ${new Date(times.expiresAt).toISOString()}`
    case 'audience':
      return 'one that is accepted'
    case 'tenant':
      return issuer.tenantId ?? 'not looked at: its issuer has none'
    case 'token_kind':
      return kind.because
    case 'claim_source': {
      const added = asked.filter((one) => one.outcome === 'told' && one.source !== source)
      return [source, ...added.map((one) => one.source)].join(', then ')
    }
    default:
      return undefined
  }
}

function settledWords(
  stage: 'mapping' | 'account_state' | 'scope',
  { match, account }: Settled,
  evidence: Evidence | undefined,
): string {
  if (stage === 'scope') {
    const scopes = evidence === undefined ? [] : scopesOf(evidence.proof)
    const wanted = evidence?.policy.scopes ?? []
    return wanted.length === 0 ? 'none is needed' : `has ${scopes.join(' ') || 'an app role'}`
  }
  if (account === undefined) {
    if (stage === 'account_state') return 'there is no account to be disabled'
    return match === undefined
      ? 'no account is needed'
      : 'no account, but a rule lets the application in'
  }
  if (stage === 'account_state') return 'enabled'
  const rule = (match?.rules.findIndex(({ kind }) => kind === 'decided') ?? 0) + 1
  return `${account.kind} ${account.id}, by rule ${rule}`
}
