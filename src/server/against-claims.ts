import type { ClaimSourceConfig, IssuerConfig } from '../config/index.ts'
import type { Account, AccountKind } from '../directory/index.ts'
import { ClaimBag } from '../identity/index.ts'
import { entraUserInfoClaims, shortClaimName } from '../kernel/index.ts'
import type { Subject } from './against-subjects.ts'

/** The properties that Entra ID makes claims of. */
const entraClaims: Readonly<Record<AccountKind, Readonly<Record<string, string>>>> = {
  user: {
    oid: 'id',
    upn: 'userPrincipalName',
    unique_name: 'userPrincipalName',
    preferred_username: 'userPrincipalName',
    email: 'mail',
    name: 'displayName',
    given_name: 'givenName',
    family_name: 'surname',
  },
  servicePrincipal: { oid: 'id', appid: 'appId', azp: 'appId' },
}

/** The property that a claim of a simulated caller is taken from; undefined: nobody has it. */
export type PropertyOf = (claim: string) => string | undefined

/**
 * Tells what claims of callers are taken from, the same for both configurations: what Entra ID
 * makes of the directory, else the column that the running rules compare, else that of the new
 * ones.
 */
export function propertiesFor({ running, next }: Subject, kind: AccountKind): PropertyOf {
  const properties = new Map<string, string>()
  for (const issuer of [running, next]) {
    for (const { pairs } of issuer?.match ?? []) {
      for (const { claim, column } of pairs) {
        const name = shortClaimName(claim)
        if (!properties.has(name)) properties.set(name, column)
      }
    }
  }
  const known = (running ?? next)?.type === 'entra' ? entraClaims[kind] : {}
  for (const [name, property] of Object.entries(known)) {
    if (properties.has(name)) properties.set(name, property)
  }
  return (claim) => properties.get(shortClaimName(claim))
}

/** The claims that somebody with this account would bring to an issuer, as its rules need them. */
export function claimsOf(account: Account, issuer: IssuerConfig, propertyOf: PropertyOf): ClaimBag {
  const bag = new ClaimBag()
  const names = issuer.match.flatMap(({ pairs }) => pairs.map(({ claim }) => claim))
  for (const source of issuer.claims) {
    const told: Record<string, string> = {}
    for (const name of names) {
      if (!canTell(source, issuer, name)) continue
      const value = valueOf(account, propertyOf(name))
      if (value !== undefined) told[shortClaimName(name)] = value
    }
    bag.add(source, told)
  }
  return bag
}

function canTell(source: ClaimSourceConfig, { type }: IssuerConfig, claim: string): boolean {
  if (type !== 'entra' || source !== 'userinfo') return true
  return entraUserInfoClaims.includes(shortClaimName(claim))
}

/** Empty claims are left out of tokens, and what is no text is none of a rule’s. */
function valueOf(account: Account, property: string | undefined): string | undefined {
  if (property === undefined) return undefined
  const value = property === 'id' ? account.id : account.properties[property]
  return typeof value === 'string' && value.trim() !== '' ? value : undefined
}
