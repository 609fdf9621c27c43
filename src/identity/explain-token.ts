import type { Account, AccountQuestion, AccountStore } from '../directory/index.ts'
import type { Clock } from '../kernel/index.ts'
import type { AcceptedIssuers } from './accepted-issuers.ts'
import { noteOf } from './claim-notes.ts'
import { parseCompactJwt } from './compact-jwt.ts'
import type { Evidence } from './evidence.ts'
import { accessOf, accountOf, rulesOf } from './explain-rules.ts'
import { explainStages } from './explain-stages.ts'
import { explainUnverified } from './explain-unverified.ts'
import type { ExplainedKeys, ExplainedSource, Explanation } from './explanation.ts'
import { createGathering } from './gather-claims.ts'
import type { AskedClaims, AskIssuer, IssuerPolicy } from './issuer-policy.ts'
import { settleIdentity, type Settled } from './settle-identity.ts'
import { suggestConfiguration } from './suggest-configuration.ts'
import { createTokenVerifier, type TokenVerifier } from './verify-token.ts'

/** What a token is explained by: what live requests are judged by. */
export interface ExplainOptions {
  readonly issuers: AcceptedIssuers
  readonly policies: ReadonlyMap<string, IssuerPolicy>
  /** Undefined: nobody is looked up. */
  readonly accounts: Pick<AccountStore, 'findAccounts'> | undefined
  readonly clock: Clock
}

/** Accounts named where a rule could mean several. */
const mostCandidates = 10

/**
 * Judges a token as a live request is judged, by the same steps, and tells how each went: the
 * sources that were asked, every claim with its source, each rule and why, the account, what it may
 * do, and the configuration that would have worked. Nothing is remembered. The account and those it
 * could be mistaken for are named: for operators, never for callers.
 *
 * @throws EvergrantError `store_*`
 */
export async function explainToken(token: string, options: ExplainOptions): Promise<Explanation> {
  const { issuers, accounts, clock } = options
  const asked: ExplainedSource[] = []
  const watched = watchVerifier(createTokenVerifier({ issuers, clock }))
  const policies = new Map(
    [...options.policies].map(([name, policy]) => [name, watchPolicy(policy, asked)]),
  )
  const gather = createGathering({ issuers, policies, verifier: watched.verifier, clock })
  const isOfEntra = (iss: unknown): boolean =>
    typeof iss === 'string' && issuers.find(iss)?.settings.type === 'entra'
  const told = explainUnverified(token, clock.now(), isOfEntra)
  const gathered = await gather(token)
  const evidence = gathered.ok ? gathered.value : undefined
  const questions: AccountQuestion[] = []
  const settled = evidence === undefined ? undefined : await settle(evidence)
  // Where nobody had to be looked up, no directory is needed to tell.
  const isSettled = accounts !== undefined || questions.length === 0
  const outcome = isSettled ? settled?.outcome : undefined
  const refusal = gathered.ok ? (outcome?.ok === false ? outcome.error : undefined) : gathered.error
  const judged = {
    told: told.stages,
    evidence,
    refusal,
    asked,
    isVerified:
      evidence === undefined
        ? asked.length === 0 || watched.hasHeld()
        : evidence.source === 'token' || evidence.source === 'id_token',
    settled: isSettled ? settled : undefined,
  }
  const parsed = parseCompactJwt(token)
  const jwt = parsed.ok ? parsed.value : undefined
  const suggestion = await suggestConfiguration({
    refusal,
    evidence,
    jwt,
    issuers,
    policies,
    accounts,
  })
  const said = jwt?.claims['iss']
  const issuer =
    evidence?.policy.name ??
    (typeof said === 'string' ? issuers.find(said)?.settings.name : undefined)
  const keys = keysOf(evidence, said, issuers)
  return {
    ...told,
    isJudged: true,
    refusal,
    stages: explainStages(judged),
    remarks: told.remarks,
    sources: asked,
    claims: evidence === undefined ? told.claims : claimsOf(evidence),
    // What UserInfo or introspection say does not tell what the token itself is.
    kind: told.kind ?? evidence?.kind,
    ...(issuer === undefined ? {} : { issuer }),
    ...(evidence === undefined || settled === undefined
      ? {}
      : settledFacts(evidence, settled, questions, isSettled)),
    ...(suggestion === undefined ? {} : { suggestion }),
    ...(keys === undefined ? {} : { keys }),
  }

  /**
   * Without a directory the rules are held against an empty one: which would decide shows all the
   * same.
   */
  function settle(held: Evidence): Promise<Settled> {
    const findAccounts = async (question: AccountQuestion): Promise<readonly Account[]> => {
      questions.push(question)
      return accounts === undefined ? [] : accounts.findAccounts(question)
    }
    return settleIdentity(held, { accounts: { findAccounts }, candidates: mostCandidates })
  }
}

interface WatchedVerifier {
  readonly verifier: TokenVerifier
  /** Whether it found that the token holds. */
  hasHeld(): boolean
}

function watchVerifier(verifier: TokenVerifier): WatchedVerifier {
  let isHeld = false
  return {
    hasHeld: () => isHeld,
    verifier: {
      ...verifier,
      verify: async (token) => {
        const verdict = await verifier.verify(token)
        isHeld ||= verdict.ok
        return verdict
      },
    },
  }
}

/** The same policy; what its issuer says is noted down. */
function watchPolicy(policy: IssuerPolicy, asked: ExplainedSource[]): IssuerPolicy {
  const { introspect, askUserInfo, name } = policy
  const watch =
    (ask: AskIssuer, source: ExplainedSource['source']): AskIssuer =>
    async (token) => {
      const answer = await ask(token)
      asked.push({ issuer: name, source, outcome: answer.kind, detail: detailOf(answer) })
      return answer
    }
  return {
    ...policy,
    ...(introspect === undefined ? {} : { introspect: watch(introspect, 'introspection') }),
    ...(askUserInfo === undefined ? {} : { askUserInfo: watch(askUserInfo, 'userinfo') }),
  }
}

function detailOf(answer: AskedClaims): string {
  if (answer.kind !== 'told') return answer.detail
  const names = Object.keys(answer.claims)
  return names.length === 0 ? 'no claim' : names.slice(0, 30).join(', ')
}

function claimsOf({ claims }: Evidence): Explanation['claims'] {
  return claims.all().map(({ name, value, source }) => {
    const note = noteOf(name)
    return { name, value, source, quality: note?.quality, note: note?.note }
  })
}

function settledFacts(
  evidence: Evidence,
  { match, account, rules, outcome }: Settled,
  questions: readonly AccountQuestion[],
  isLookedUp: boolean,
): Partial<Explanation> {
  const identity = outcome.ok && isLookedUp ? outcome.value : undefined
  return {
    rules: rulesOf(evidence.policy.match, match, questions, isLookedUp),
    candidates: (match?.candidates ?? []).map(accountOf),
    ...(account === undefined ? {} : { account: accountOf(account) }),
    ...(rules === undefined || !isLookedUp ? {} : { access: accessOf(rules, account) }),
    ...(identity === undefined ? {} : { connections: identity.connections }),
    ...(identity?.role === undefined ? {} : { role: identity.role }),
  }
}

function keysOf(
  evidence: Evidence | undefined,
  said: unknown,
  issuers: AcceptedIssuers,
): ExplainedKeys | undefined {
  const issuer = evidence?.issuer ?? (typeof said === 'string' ? issuers.find(said) : undefined)
  if (issuer === undefined) return undefined
  const { keyIds, fetchedAt, failure } = issuer.keys.health()
  // Nobody needed them.
  if (fetchedAt === undefined && failure === undefined) return undefined
  return { iss: issuer.iss, keyIds, fetchedAt, failure }
}
