import { entraUserInfoClaims } from '../kernel/index.ts'
import { isMutableClaim, isSharedClaim } from './claim-facts.ts'
import { columnSlip, neverEqual } from './column-facts.ts'
import { describeSeen } from './describe-seen.ts'
import type { Finding } from './explain-issue.ts'
import { member } from './json-schema.ts'
import type { ReadIssuer, ReadPair, ReadRule } from './read-issuer.ts'
import { listNames } from './suggest.ts'

/** Finds rules that lack something, that can never match, or that a caller could bend. */
export function checkRules(issuer: ReadIssuer): readonly Finding[] {
  if (issuer.rules === undefined) return checkDefault(issuer)
  return issuer.rules.flatMap((rule) => [
    ...checkForm(issuer, rule),
    ...rule.pairs.flatMap((pair) => [...checkSource(issuer, pair), ...checkColumn(issuer, pair)]),
    ...checkKey(rule),
  ])
}

/** The default of Entra, the object id, is none of what UserInfo tells. */
function checkDefault({ path, isEntraUserInfo }: ReadIssuer): Finding[] {
  if (!isEntraUserInfo) return []
  return [
    {
      path: [...path, 'claims'],
      at: 'value',
      expected: '"match" beside "userinfo" alone, as its default needs the claim "oid"',
      seen: 'UserInfo of Entra ID alone, which does not tell it',
      remedy: useToken,
    },
  ]
}

const useToken =
  'Write claims: [token], and match by the token’s { claim: oid, column: id }: what UserInfo of Entra ID tells cannot be extended.'

function checkForm({ type, written: issuer }: ReadIssuer, { path, written }: ReadRule): Finding[] {
  const findings: Finding[] = []
  const hasAll = member(written, 'all') !== undefined
  const needsColumn = !hasAll && member(written, 'claim') !== undefined
  if (needsColumn && member(written, 'column') === undefined) {
    findings.push({
      path,
      at: 'value',
      expected: '"column" beside "claim"',
      seen: 'none',
      remedy: 'Name the property of accounts that has to be equal, such as column: id.',
    })
  }
  for (const field of ['column', 'source', 'ignoreCase']) {
    if (!hasAll || member(written, field) === undefined) continue
    findings.push({
      path: [...path, field],
      at: 'name',
      expected: `no ${JSON.stringify(field)} beside "all"`,
      seen: 'both',
      remedy: 'Write it into the pair of "all" that it is about.',
    })
  }
  const hasTenant = member(issuer, 'tenant') !== undefined
  if (type === 'oidc' && !hasTenant && member(written, 'acrossTenants') !== true) {
    findings.push({
      path,
      at: 'value',
      expected: 'a tenant that the accounts are of, as tokens of this issuer name none',
      seen: 'neither "tenant" nor "acrossTenants"',
      remedy:
        'Add tenant: the id of the tenant that was imported, to the issuer; or acrossTenants: true to the rule.',
    })
  }
  return findings
}

/** A source that is not asked, and a claim that the only source never has. */
function checkSource(issuer: ReadIssuer, { path, claim, only }: ReadPair): Finding[] {
  const { claims, type, source } = issuer
  if (only !== undefined && !claims.includes(only)) {
    return [
      {
        path: [...path, 'source'],
        at: 'value',
        expected: `a source that "claims" has: ${listNames(claims.map(String))}`,
        seen: describeSeen([...path, 'source'], source, true),
        remedy: `Remove it, or add ${only} to "claims".`,
      },
    ]
  }
  const isUserInfo = type === 'entra' && (only === 'userinfo' || issuer.isEntraUserInfo)
  if (!isUserInfo || entraUserInfoClaims.includes(claim)) return []
  return [
    {
      path: [...path, 'claim'],
      at: 'value',
      expected: `a claim that UserInfo of Entra ID tells: ${listNames(entraUserInfoClaims)}`,
      seen: describeSeen([...path, 'claim'], source, true),
      remedy: useToken,
    },
  ]
}

/** A column that no account has, or that is never what the claim is. */
function checkColumn({ source, type }: ReadIssuer, { path, claim, column }: ReadPair): Finding[] {
  if (column === undefined) return []
  const wrong = columnSlip(column) ?? neverEqual(claim, column, type === 'entra')
  if (wrong === undefined) return []
  const seen = describeSeen([...path, 'column'], source, true)
  return [{ path: [...path, 'column'], at: 'value', seen, ...wrong }]
}

/** What a rule rests on has to tell callers apart, and to stay theirs. */
function checkKey({ path, written, pairs }: ReadRule): Finding[] {
  if (pairs.length === 0 || pairs.some(({ claim }) => isKey(claim))) return []
  const names = listNames(
    pairs.map(({ claim }) => claim),
    'and',
  )
  const seen = pairs.length === 1 ? `${names} alone` : names
  if (pairs.every(({ claim }) => isSharedClaim(claim))) {
    return [
      {
        path,
        at: 'value',
        expected: 'a claim that tells one caller from another, such as "oid"',
        seen,
        remedy: 'Match by { claim: oid, column: id }, or name the claim with the caller’s own id.',
      },
    ]
  }
  if (member(written, 'acceptMutable') === true) return []
  return [
    {
      path,
      at: 'value',
      expected: 'a claim that stays with its account, or acceptMutable: true',
      seen,
      remedy:
        'Match by { claim: oid, column: id }. Such a claim changes, and may be what a user chose or what somebody else had before: whoever gets it gets the account. If that is as it should be, add acceptMutable: true.',
    },
  ]
}

const isKey = (claim: string): boolean => !isMutableClaim(claim) && !isSharedClaim(claim)
