import type { JsonObject } from './strict-json.ts'

/** Where a claim came from. */
export type ClaimSource = 'token' | 'id_token' | 'introspection' | 'userinfo'

/** A claim with its origin. */
export interface SourcedClaim {
  /** As it is named there, an alias resolved. */
  readonly name: string
  readonly value: unknown
  readonly source: ClaimSource
}

const short = (entries: Readonly<Record<string, string>>): ReadonlyMap<string, string> =>
  new Map(Object.entries(entries))

/** Names that are addresses, as SAML and older libraries have them, and the short ones they mean. */
const aliases = short({
  'http://schemas.microsoft.com/identity/claims/objectidentifier': 'oid',
  'http://schemas.microsoft.com/identity/claims/tenantid': 'tid',
  'http://schemas.microsoft.com/identity/claims/scope': 'scp',
  'http://schemas.microsoft.com/identity/claims/identityprovider': 'idp',
  'http://schemas.microsoft.com/ws/2008/06/identity/claims/role': 'roles',
  'http://schemas.microsoft.com/ws/2008/06/identity/claims/groups': 'groups',
  'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier': 'sub',
  'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn': 'upn',
  'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress': 'email',
  'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name': 'name',
  'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname': 'given_name',
  'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname': 'family_name',
})

/** The short name of a claim. */
export function shortClaimName(name: string): string {
  return aliases.get(name) ?? name
}

/**
 * The claims of a caller from several sources. A later source only adds: what an earlier one said
 * stays, and each claim keeps its origin.
 */
export class ClaimBag {
  readonly #bySource = new Map<ClaimSource, ReadonlyMap<string, unknown>>()

  /**
   * Adds what a source says; once for each source. `null` says nothing. A claim that stands there
   * under its short name counts before one under an address.
   */
  add(source: ClaimSource, claims: JsonObject): void {
    const named = new Map<string, unknown>()
    const said = Object.entries(claims).filter(([, value]) => value !== null && value !== undefined)
    for (const [name, value] of said) named.set(name, value)
    for (const [name, value] of said) {
      const alias = aliases.get(name)
      if (alias !== undefined && !named.has(alias)) named.set(alias, value)
    }
    this.#bySource.set(source, named)
  }

  /** Sources that were added, in order. */
  get sources(): readonly ClaimSource[] {
    return [...this.#bySource.keys()]
  }

  /** A claim from the first source that has it, or from one source alone. */
  find(name: string, source?: ClaimSource): SourcedClaim | undefined {
    const wanted = shortClaimName(name)
    for (const [from, claims] of this.#bySource) {
      if (source !== undefined && source !== from) continue
      const value = claims.get(wanted)
      if (value !== undefined) return { name: wanted, value, source: from }
    }
    return undefined
  }

  /** Every claim once, by the source that counts. */
  all(): readonly SourcedClaim[] {
    const found = new Map<string, SourcedClaim>()
    for (const [source, claims] of this.#bySource) {
      for (const [name, value] of claims) {
        if (!found.has(name)) found.set(name, { name, value, source })
      }
    }
    return [...found.values()]
  }
}
