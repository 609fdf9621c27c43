import { EvergrantError } from '../kernel/index.ts'
import { algorithmNames, type KeyCache } from '../oauth/index.ts'

/** An issuer whose tokens are accepted, as it is configured. */
export interface IssuerSettings {
  /** Its name in the configuration. */
  readonly name: string
  readonly type: 'entra' | 'oidc'
  /** Whom a token may be for; compared byte by byte. Never empty. */
  readonly audiences: readonly string[]
  /** Signatures that are accepted; by default every asymmetric one. */
  readonly algorithms?: readonly string[]
  /** Whether ID tokens are accepted as well. */
  readonly acceptsIdTokens: boolean
  /** False where only ID tokens are accepted. */
  readonly acceptsAccessTokens?: boolean
  /** How far clocks may be apart (ms). */
  readonly skewMs: number
  /** Longest life of a token from its issue on (ms). */
  readonly longestLifeMs: number
}

/** One value of `iss`, and whose it is. */
export interface AcceptedIssuer {
  /** Compared byte by byte with the claim. */
  readonly iss: string
  readonly settings: IssuerSettings
  readonly keys: KeyCache
  /** Entra: the tenant that `tid` has to name. */
  readonly tenantId?: string
  readonly audiences: ReadonlySet<string>
  readonly algorithms: ReadonlySet<string>
}

/** What makes an accepted issuer. */
export type AcceptedIssuerOptions = Pick<AcceptedIssuer, 'iss' | 'settings' | 'keys' | 'tenantId'>

/** All issuers there are, found by the exact text of `iss`: nothing is normalised. */
export interface AcceptedIssuers {
  find(iss: string): AcceptedIssuer | undefined
  all(): readonly AcceptedIssuer[]
}

/**
 * Makes the look-up of issuers.
 *
 * @throws EvergrantError `provider_misconfigured` when two have the same `iss`, one accepts no
 *   audience, or an algorithm that is none
 */
export function acceptIssuers(options: readonly AcceptedIssuerOptions[]): AcceptedIssuers {
  const byIss = new Map<string, AcceptedIssuer>()
  for (const one of options) {
    const { iss, settings } = one
    const { name, audiences, algorithms = algorithmNames } = settings
    if (byIss.has(iss)) throw misconfigured(`"${name}" has the issuer ${iss} of another one`)
    if (audiences.length === 0) throw misconfigured(`"${name}" accepts no audience`)
    for (const algorithm of algorithms) {
      if (!algorithmNames.includes(algorithm)) {
        throw misconfigured(
          `"${name}" accepts ${algorithm}; known are ${algorithmNames.join(', ')}`,
        )
      }
    }
    byIss.set(iss, {
      ...one,
      audiences: new Set(audiences),
      algorithms: new Set(algorithms),
    })
  }
  return { find: (iss) => byIss.get(iss), all: () => [...byIss.values()] }
}

function misconfigured(detail: string): EvergrantError {
  return new EvergrantError('provider_misconfigured', detail)
}
