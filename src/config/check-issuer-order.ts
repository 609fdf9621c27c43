import { isInEveryEntraToken } from './claim-facts.ts'
import type { Finding } from './explain-issue.ts'
import type { ReadIssuer, ReadPair, ReadRule } from './read-issuer.ts'
import { listNames } from './suggest.ts'

/** Finds rules that no caller ever reaches, as one before them decides. */
export function checkRuleOrder(issuer: ReadIssuer): readonly Finding[] {
  const { rules = [] } = issuer
  return rules.flatMap((rule, index): Finding[] => {
    const before = rules.slice(0, index)
    const always = before.findIndex((earlier) => alwaysApplies(earlier, issuer))
    const covering = before.findIndex((earlier) => covers(earlier, rule))
    const decider = always === -1 ? covering : always
    const earlier = rules[decider]
    if (earlier === undefined) return []
    const names = listNames(
      earlier.pairs.map(({ claim }) => claim),
      'and',
    )
    const why =
      always === -1
        ? `whose claims (${names}) are there whenever this one’s are`
        : `whose claims (${names}) every access token of Entra ID has`
    return [
      {
        path: rule.path,
        at: 'value',
        expected: 'a rule that can be reached',
        seen: `one after rule ${decider + 1}, ${why}`,
        remedy:
          'Remove it, or put it in front: the first rule whose claims are all there decides, and where it finds nobody, no other one is tried.',
      },
    ]
  })
}

/** Whether a rule applies to each token of an issuer. */
function alwaysApplies({ pairs }: ReadRule, { type, claims }: ReadIssuer): boolean {
  const isTokenAlone = type === 'entra' && claims.every((one) => one === 'token')
  return isTokenAlone && pairs.length > 0 && pairs.every(({ claim }) => isInEveryEntraToken(claim))
}

/** Whether a rule applies wherever another one does. */
function covers(earlier: ReadRule, later: ReadRule): boolean {
  const isCovered = (pair: ReadPair): boolean =>
    later.pairs.some(
      ({ claim, only }) => claim === pair.claim && (pair.only === undefined || pair.only === only),
    )
  return earlier.pairs.length > 0 && earlier.pairs.every(isCovered)
}
