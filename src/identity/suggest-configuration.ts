import type { AccountStore } from '../directory/index.ts'
import type { AcceptedIssuers } from './accepted-issuers.ts'
import type { CompactJwt } from './compact-jwt.ts'
import type { Evidence } from './evidence.ts'
import type { Suggestion } from './explanation.ts'
import type { IssuerPolicy } from './issuer-policy.ts'
import { matchAccount, type MatchRule } from './match-account.ts'
import { principalOf, rolesOf, scopesOf } from './principal.ts'
import type { Refusal } from './refusal.ts'
import { kindOf } from './token-kind.ts'

/** What a suggestion is made from. */
export interface SuggestOptions {
  readonly refusal: Refusal | undefined
  readonly evidence: Evidence | undefined
  /** The token taken apart, where it is a JWT; nothing of it is verified. */
  readonly jwt: CompactJwt | undefined
  readonly issuers: AcceptedIssuers
  readonly policies: ReadonlyMap<string, IssuerPolicy>
  readonly accounts: Pick<AccountStore, 'findAccounts'> | undefined
}

/**
 * The configuration that would have let a refused token in, where there is one: tried with the
 * token itself where accounts are to be found by it. Undefined where only another token helps.
 */
export async function suggestConfiguration(
  options: SuggestOptions,
): Promise<Suggestion | undefined> {
  const { refusal, evidence, jwt } = options
  switch (refusal?.code) {
    case 'token_issuer_unknown':
      return jwt === undefined ? undefined : suggestIssuer(jwt, options.issuers)
    case 'token_audience_refused':
      return suggestAudience(options)
    case 'token_inactive':
      return suggestToken(options)
    case 'claim_missing':
    case 'account_ambiguous':
    case 'account_unmatched':
      return evidence === undefined ? undefined : suggestRule(evidence, options)
    case 'insufficient_scope':
      return evidence === undefined ? undefined : suggestScope(evidence)
    case undefined:
    default:
      return undefined
  }
}

const guid = String.raw`[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}`
const entraForms: readonly RegExp[] = [
  new RegExp(`^https://sts\\.(?:windows\\.net|chinacloudapi\\.cn)/(${guid})/$`),
  new RegExp(
    `^https://login\\.(?:microsoftonline\\.(?:com|us)|partner\\.microsoftonline\\.cn)/(${guid})/v2\\.0$`,
  ),
]
const clouds: readonly (readonly [pattern: RegExp, cloud: string])[] = [
  [/\.us\//, 'usgov'],
  [/\.cn\//, 'china'],
]

function suggestIssuer(
  { header, claims }: CompactJwt,
  issuers: AcceptedIssuers,
): Suggestion | undefined {
  const { iss, aud } = claims
  if (typeof iss !== 'string' || iss.length > 200) return undefined
  // No configuration makes a key to this API of a token for Graph, or of proof of a sign-in.
  if (kindOf(header, claims).kind !== 'access' || audiencesOf(aud).length === 0) return undefined
  const audiences = quoted(audiencesOf(aud))
  const names = new Set(issuers.all().map(({ settings }) => settings.name))
  const tenant = entraForms.map((form) => form.exec(iss)?.[1]).find((one) => one !== undefined)
  if (tenant === undefined) {
    if (!URL.canParse(iss) || !iss.startsWith('https://')) return undefined
    const entry = `{ type: oidc, issuer: ${quote(iss)}, audiences: [${audiences}], match: [] }`
    const because = 'No issuer of that name is configured. If its tokens are to be accepted:'
    return untried(because, `issuers:\n  ${freeName('another', names)}: ${entry}`)
  }
  const cloud = clouds.find(([pattern]) => pattern.test(iss))?.[1] ?? 'global'
  // One whose other tenants have issuers of this very form: of the same cloud, at the same address.
  const known = issuers.all().find(({ iss: own, tenantId, settings }) => {
    return (
      settings.type === 'entra' && tenantId !== undefined && own === iss.replace(tenant, tenantId)
    )
  })
  if (known === undefined) {
    const where = cloud === 'global' ? '' : `, cloud: ${cloud}`
    const entry = `{ type: entra, tenants: [${tenant}]${where}, audiences: [${audiences}] }`
    const because =
      'No tenant of that cloud of Entra ID is configured. If callers of that one are to be accepted:'
    return untried(because, `issuers:\n  ${freeName('entra', names)}: ${entry}`)
  }
  const { name } = known.settings
  const tenants = issuers
    .all()
    .flatMap(({ settings, tenantId }) => (settings.name === name ? (tenantId ?? []) : []))
  const all = [...new Set([...tenants, tenant])]
  if (all.length === new Set(tenants).size) return undefined
  const because = 'The token is of another tenant. If its callers are to be accepted:'
  return untried(because, `issuers:\n  ${name}:\n    tenants: [${all.join(', ')}]`)
}

function freeName(wanted: string, taken: ReadonlySet<string>): string {
  let name = wanted
  for (let at = 2; taken.has(name); at++) name = `${wanted}-${at}`
  return name
}

function suggestAudience({ jwt, evidence, issuers }: SuggestOptions): Suggestion | undefined {
  const claims = jwt?.claims ?? evidence?.proof
  if (claims === undefined || typeof claims['iss'] !== 'string') return undefined
  // One token never serves both: only another token helps.
  if (jwt !== undefined && kindOf(jwt.header, jwt.claims).kind === 'graph') return undefined
  const { settings } = issuers.find(claims['iss']) ?? {}
  const asked = audiencesOf(claims['aud'])
  if (settings === undefined || asked.length === 0) return undefined
  // With its audience accepted it would be refused for what it is.
  if (jwt !== undefined && !settings.acceptsIdTokens) {
    if (kindOf(jwt.header, jwt.claims, settings.type === 'entra').kind === 'id_token')
      return undefined
  }
  const all = [...new Set([...settings.audiences, ...asked])]
  const because =
    'The token is for another audience. If that is another name of this same API, and only then:'
  return untried(because, `issuers:\n  ${settings.name}:\n    audiences: [${quoted(all)}]`)
}

/** A token that verifies here was put to UserInfo, which accepts tokens for Graph alone. */
function suggestToken({ jwt, issuers, policies }: SuggestOptions): Suggestion | undefined {
  if (jwt === undefined || typeof jwt.claims['iss'] !== 'string') return undefined
  const { kind } = kindOf(jwt.header, jwt.claims)
  const issuer = issuers.find(jwt.claims['iss'])
  const policy = issuer === undefined ? undefined : policies.get(issuer.settings.name)
  if (kind !== 'access' || issuer === undefined || policy === undefined) return undefined
  // What introspection calls inactive may be revoked: not asking is no way to let it in.
  if (policy.claims.includes('token') || policy.claims.includes('introspection')) return undefined
  const { name, audiences } = issuer.settings
  const all = [...new Set([...audiences, ...audiencesOf(jwt.claims['aud'])])]
  const match = jwt.claims['oid'] === undefined ? '' : '\n    match: [{ claim: oid, column: id }]'
  return untried(
    'The token can be verified here, by the keys of its issuer, and UserInfo need not be asked; take what stands under `userinfo` out of the issuer:',
    `issuers:\n  ${name}:\n    audiences: [${quoted(all)}]\n    claims: [token]${match}`,
  )
}

const byObjectId: MatchRule = {
  pairs: [{ claim: 'oid', column: 'id', compare: 'exact' }],
  isAcrossTenants: false,
}

async function suggestRule(
  evidence: Evidence,
  { accounts }: SuggestOptions,
): Promise<Suggestion | undefined> {
  const { policy, claims } = evidence
  const candidates: (readonly [rule: MatchRule, because: string])[] = []
  const oid = claims.find('oid')
  const isById = policy.match.some(({ pairs }) => pairs.some(({ claim }) => claim === 'oid'))
  if (oid !== undefined && !isById) {
    const because = `The ${oid.source} has "oid", which with its tenant names exactly one account:`
    candidates.push([byObjectId, because])
  }
  for (const rule of policy.match) {
    const anySource = {
      ...rule,
      pairs: rule.pairs.map(({ source: _none, ...pair }) => pair),
    }
    if (rule.pairs.some(({ source }) => source !== undefined)) {
      candidates.push([anySource, 'Another source has the claim that the rule needs:'])
    }
    if (rule.pairs.some(({ compare }) => compare === 'exact')) {
      const anyCase = rule.pairs.map((pair) => ({ ...pair, compare: 'lower' as const }))
      candidates.push([
        { ...rule, pairs: anyCase },
        'The directory has the value in other letters, upper case for lower or the reverse:',
      ])
    }
  }
  for (const [rule, because] of candidates) {
    if (accounts === undefined) {
      if (rule !== byObjectId) continue
      return { ...untried(because, ruleYaml(policy.name, rule)) }
    }
    const { account } = await matchAccount([rule], claims, {
      kind: principalOf(evidence.proof, evidence.kind) === 'user' ? 'user' : 'servicePrincipal',
      tenantId: evidence.tenantId,
      find: (question) => accounts.findAccounts(question),
    })
    if (account !== undefined) {
      return { because, yaml: ruleYaml(policy.name, rule), isTried: true }
    }
  }
  return undefined
}

function ruleYaml(name: string, rule: MatchRule): string {
  const { pairs, isAcrossTenants, acceptsMutable = false } = rule
  const written = pairs.map(({ claim, column, compare, source }) => {
    const from = source === undefined ? '' : `, source: ${source}`
    const fold = compare === 'lower' ? ', ignoreCase: true' : ''
    return `claim: ${plain(claim)}, column: ${plain(column)}${from}${fold}`
  })
  const [only = ''] = written
  const body =
    written.length === 1 ? only : `all: [${written.map((one) => `{ ${one} }`).join(', ')}]`
  const across = isAcrossTenants ? ', acrossTenants: true' : ''
  const mutable = acceptsMutable ? ', acceptMutable: true' : ''
  return `issuers:\n  ${name}:\n    match: [{ ${body}${across}${mutable} }]`
}

function suggestScope({ policy, proof }: Evidence): Suggestion | undefined {
  const [first] = [...scopesOf(proof), ...rolesOf(proof)]
  if (first === undefined) return undefined
  const scopes = [...policy.scopes, first].map(plain).join(', ')
  return untried(
    'If what the token may be used for is enough for this API:',
    `issuers:\n  ${policy.name}:\n    scopes: [${scopes}]`,
  )
}

function untried(because: string, yaml: string): Suggestion {
  return { because, yaml, isTried: false }
}

function audiencesOf(aud: unknown): readonly string[] {
  const all: readonly unknown[] = Array.isArray(aud) ? aud : [aud]
  return all
    .filter((one) => typeof one === 'string')
    .map((one) => one.slice(0, 200))
    .slice(0, 5)
}

function quoted(texts: readonly string[]): string {
  return texts.map(quote).join(', ')
}

/** As YAML reads it: JSON is YAML. */
function quote(text: string): string {
  return JSON.stringify(text)
}

function plain(text: string): string {
  return /^[A-Za-z][\w.-]*$/.test(text) ? text : quote(text)
}
