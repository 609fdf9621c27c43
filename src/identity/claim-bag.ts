import { shortClaimName } from '../kernel/index.ts'
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
      const wanted = shortClaimName(name)
      if (!named.has(wanted)) named.set(wanted, value)
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
