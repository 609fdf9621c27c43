import { shortClaimName } from '../kernel/index.ts'
import { isMutableClaim, isSharedClaim } from './claim-facts.ts'
import type { Config, IssuerConfig } from './config.ts'
import type { SecretHint } from './secret-reader.ts'
import { suggest } from './suggest.ts'

/** Finds what may be right in an issuer but often is not. */
export function issuerHints({
  issuers,
  connections,
}: Pick<Config, 'issuers' | 'connections'>): readonly SecretHint[] {
  const known = Object.keys(connections)
  return Object.values(issuers).flatMap((issuer) => [
    ...ruleHints(issuer),
    ...everybodyHints(issuer),
    ...groupHints(issuer),
    ...connectionHints(issuer, known),
  ])
}

function ruleHints({ name, match }: IssuerConfig): SecretHint[] {
  return match.flatMap(({ pairs, acceptMutable, acrossTenants }, index) => {
    const askedBy = `issuers.${name}.match[${index}]`
    const hints: SecretHint[] = []
    if (pairs.some(({ column, ignoreCase }) => column === 'id' && ignoreCase)) {
      hints.push({ askedBy, hint: 'The column "id" needs no "ignoreCase": ids never have a case.' })
    }
    const hasKey = pairs.some(({ claim }) => !isMutableClaim(claim) && !isSharedClaim(claim))
    if (acceptMutable && hasKey) {
      hints.push({
        askedBy,
        hint: 'It needs no "acceptMutable": it does not rest on claims alone that change.',
      })
    }
    if (acrossTenants && !hasKey) {
      hints.push({
        askedBy,
        hint: 'It looks into every tenant by claims alone that change: whoever administers one tenant can give its users the claims of an account of another.',
      })
    }
    return hints
  })
}

/** What every caller gets is often meant for some. */
function everybodyHints({ name, access }: IssuerConfig): SecretHint[] {
  return access.flatMap(({ when, role, connections }, index) => {
    const given = [
      ...(role === 'operator' || role === 'admin' ? [`the role "${role}"`] : []),
      ...(connections === '*' || connections.includes('*@*') ? ['every connection'] : []),
    ]
    if (when !== undefined || given.length === 0) return []
    return [
      {
        askedBy: `issuers.${name}.access[${index}]`,
        hint: `Everybody whose token is accepted gets ${given.join(' and ')}: add "claim" with "value", "group" or "app" if that is not meant.`,
      },
    ]
  })
}

/** Entra names at most 200 groups in a token, then none. */
function groupHints(issuer: IssuerConfig): SecretHint[] {
  if (issuer.type !== 'entra') return []
  const { name, access, groups } = issuer
  const conditions = access.map(({ when }) => when)
  const byClaim = conditions.flatMap((when, index) =>
    when !== undefined && 'claim' in when && shortClaimName(when.claim) === 'groups'
      ? [
          {
            askedBy: `issuers.${name}.access[${index}]`,
            hint: `Write { group: ${when.value} } in place of the claim: a token of somebody in more than 200 groups has no "groups".`,
          },
        ]
      : [],
  )
  const asksGroups = conditions.some((when) => when !== undefined && 'group' in when)
  if (asksGroups && groups === undefined) {
    return [
      ...byClaim,
      {
        askedBy: `issuers.${name}.access`,
        hint: 'Without "groups", rules by group know the groups of the token alone: add groups: { connection: NAME } for tokens that have none, and for people in more than 200.',
      },
    ]
  }
  if (asksGroups || groups === undefined) return byClaim
  return [
    ...byClaim,
    { askedBy: `issuers.${name}.groups`, hint: 'Nobody is asked for groups: no rule names one.' },
  ]
}

/** Connections that have to be the store’s. */
function connectionHints(issuer: IssuerConfig, known: readonly string[]): SecretHint[] {
  const named = issuer.access.flatMap(({ connections }, index) =>
    connections === '*' || connections.includes('*@*')
      ? []
      : connections.map((permit) => ({
          askedBy: `issuers.${issuer.name}.access[${index}].connections`,
          wanted: permit.replace(/@\*$/, ''),
        })),
  )
  if (issuer.type === 'entra' && issuer.groups !== undefined) {
    const [wanted = ''] = issuer.groups.connection.split('@')
    named.push({ askedBy: `issuers.${issuer.name}.groups.connection`, wanted })
  }
  return named.flatMap(({ askedBy, wanted }) =>
    known.includes(wanted) ? [] : [{ askedBy, hint: notInFile(wanted, known) }],
  )
}

/** What is said of a connection that the file does not define. */
export function notInFile(wanted: string, known: readonly string[]): string {
  const meant = suggest(wanted, known)
  const question = meant === undefined ? '' : ` Did you mean ${JSON.stringify(meant)}?`
  return `No connection of this file is named ${JSON.stringify(wanted)}, so that it has to be one of the store.${question}`
}
