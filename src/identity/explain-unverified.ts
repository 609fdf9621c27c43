import { formatDuration } from '../kernel/index.ts'
import { lackingInUserInfo, noteOf } from './claim-notes.ts'
import { parseCompactJwt, type CompactJwt } from './compact-jwt.ts'
import type { ExplainedStage, Explanation } from './explanation.ts'
import { stages, type Refusal, type Stage } from './refusal.ts'
import { kindOf, type TokenKind } from './token-kind.ts'

/**
 * Tells what can be told of a token without any configuration: whether it can be read, what it is,
 * which claims it has and what they are good for. Nothing of it is verified.
 *
 * @param isOfEntra Whether an issuer is known to be Entra ID; else its address tells.
 */
export function explainUnverified(
  token: string,
  now: number,
  isOfEntra: (iss: unknown) => boolean = () => false,
): Explanation {
  const parsed = parseCompactJwt(token)
  if (!parsed.ok) return unreadable(parsed.error)
  const { header, claims } = parsed.value
  const kind = kindOf(header, claims, isOfEntra(claims['iss']))
  const lacking = lackingInUserInfo(claims, kind)
  return {
    isJudged: false,
    stages: stages.map((stage) => openStage(stage, parsed.value, now)),
    refusal: undefined,
    kind,
    header,
    claims: Object.entries(claims).map(([name, value]) => {
      const note = noteOf(name)
      return { name, value, source: 'token', quality: note?.quality, note: note?.note }
    }),
    lackingInUserInfo: lacking,
    remarks: remarksOn(parsed.value, kind, lacking, now),
  }
}

function unreadable(refusal: Refusal): Explanation {
  return {
    isJudged: false,
    stages: stages.map((stage) => unreadableStage(stage, refusal)),
    refusal,
    kind: undefined,
    header: undefined,
    claims: [],
    lackingInUserInfo: [],
    remarks: [],
  }
}

function unreadableStage(stage: Stage, refusal: Refusal): ExplainedStage {
  const [at, failedAt] = [stages.indexOf(stage), stages.indexOf(refusal.stage)]
  if (at < failedAt) return { stage, outcome: 'passed', what: 'short enough' }
  if (at > failedAt) return { stage, outcome: 'open', what: 'not reached' }
  const what = `expected ${refusal.expected}, but saw ${refusal.seen}`
  return { stage, outcome: 'failed', what }
}

function openStage(stage: Stage, jwt: CompactJwt, now: number): ExplainedStage {
  switch (stage) {
    case 'transport':
      return { stage, outcome: 'passed', what: 'short enough' }
    case 'parse':
      return { stage, outcome: 'passed', what: 'a signed JWT that can be read in one way only' }
    case 'issuer':
      return { stage, outcome: 'open', what: `it says ${quote(jwt.claims['iss'])}` }
    case 'key':
      return { stage, outcome: 'open', what: `it says ${quote(jwt.keyId)}, ${jwt.algorithm}` }
    case 'time':
      return { stage, outcome: 'open', what: describeTimes(jwt.claims, now) }
    case 'audience':
      return { stage, outcome: 'open', what: `it says ${quote(jwt.claims['aud'])}` }
    case 'tenant':
      return { stage, outcome: 'open', what: `it says ${quote(jwt.claims['tid'])}` }
    default:
      return { stage, outcome: 'open', what: 'nothing to hold it against' }
  }
}

function describeTimes({ exp, nbf }: CompactJwt['claims'], now: number): string {
  if (typeof exp !== 'number' || !Number.isFinite(exp)) return 'it says no end that is a number'
  const left = exp * 1_000 - now
  if (left <= 0) return `it says that it ended ${formatDuration(-left)} ago`
  if (typeof nbf === 'number' && nbf * 1_000 > now) {
    return `it says that it begins in ${formatDuration(nbf * 1_000 - now)}`
  }
  return `it says that it lives for another ${formatDuration(left)}`
}

function remarksOn(
  { header, claims }: CompactJwt,
  kind: TokenKind,
  lacking: readonly string[],
  now: number,
): readonly string[] {
  const remarks: string[] = []
  const { exp, oid, tid, upn, email } = claims
  if (kind.kind === 'graph') {
    remarks.push(
      'Nobody but Microsoft Graph can verify it: its header has a nonce that was not the one signed. An API of your own needs a token with its own audience; request the scope api://YOUR-API/.default.',
    )
  }
  if (kind.kind === 'id_token') {
    remarks.push(
      `It is an ID token (${kind.because}): it tells an application who signed in, and is no key to an API. Send the access token.`,
    )
  }
  if (kind.principal === 'application') {
    remarks.push('It stands for an application: it can match a service principal, never a user.')
  }
  if (typeof exp === 'number' && exp * 1_000 <= now) {
    remarks.push('By its own words it has expired; by this machine’s clock, which may be wrong.')
  }
  if (oid !== undefined && tid !== undefined) {
    remarks.push(
      'oid together with tid finds exactly one account: match `oid` with the column `id`.',
    )
  }
  if (kind.entra !== undefined && upn === undefined && kind.principal !== 'application') {
    remarks.push(
      'It has no upn: version 2 tokens have it as an optional claim alone, tokens of guests not even then.',
    )
  }
  if (email !== undefined && claims['xms_edov'] !== true) {
    remarks.push(
      'Its e-mail address proves nothing: it can be the same in several tenants and is not verified (xms_edov).',
    )
  }
  if (claims['_claim_names'] !== undefined || claims['hasgroups'] !== undefined) {
    remarks.push('It has more groups than fit: they have to be asked for at Graph.')
  }
  if (lacking.length > 0) {
    remarks.push(
      `Entra’s UserInfo never tells ${list(lacking)}: rules on these need the token as their source.`,
    )
  }
  if (header['jku'] !== undefined || header['x5u'] !== undefined || header['jwk'] !== undefined) {
    remarks.push('Its header brings a key or the address of one: that is never used.')
  }
  return remarks
}

function list(names: readonly string[]): string {
  const last = names.at(-1) ?? ''
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} or ${last}`
}

function quote(value: unknown): string {
  if (value === undefined) return 'nothing'
  const text = JSON.stringify(value)
  return text.length > 200 ? `${text.slice(0, 200)}…` : text
}
