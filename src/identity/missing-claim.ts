import { entraUserInfoClaims } from '../kernel/index.ts'
import type { Evidence } from './evidence.ts'
import type { RuleOutcome } from './match-account.ts'

/**
 * What to do about a claim that no rule was satisfied by: where else it is, whether the source that
 * was searched can have it at all, and which claim there is instead. Undefined where nothing more
 * exact is known than the registry says.
 */
export function missingClaimRemedy(
  { claims, policy, issuer }: Pick<Evidence, 'claims' | 'policy' | 'issuer'>,
  rules: readonly RuleOutcome[],
): string | undefined {
  for (const rule of rules) {
    if (rule.kind !== 'passed_over') continue
    const elsewhere = claims.find(rule.claim)
    if (elsewhere !== undefined) {
      return `"${rule.claim}" is in the ${elsewhere.source}, but the rule looks at the ${rule.lookedIn.join(', ')} alone. Have an operator leave \`source\` out of the rule.`
    }
    const isUserInfoAlone = rule.lookedIn.every((source) => source === 'userinfo')
    if (isUserInfoAlone && issuer.settings.type === 'entra' && !isInUserInfo(rule.claim)) {
      return `UserInfo of Entra ID never tells "${rule.claim}": it knows ${entraUserInfoClaims.join(', ')}, and nothing else can be configured there. Have an operator match what a token for this API says: claims: [token], match: [{ claim: oid, column: id }].`
    }
  }
  const matchesById = policy.match.some(({ pairs }) => pairs.some(({ claim }) => claim === 'oid'))
  const oid = claims.find('oid')
  if (oid === undefined || matchesById) return undefined
  return `The ${oid.source} has "oid", which finds exactly one account: have an operator write match: [{ claim: oid, column: id }]. Nothing about the token has to change.`
}

function isInUserInfo(claim: string): boolean {
  return entraUserInfoClaims.includes(claim)
}
