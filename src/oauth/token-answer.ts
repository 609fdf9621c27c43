import type { AccessToken, Secret } from '../kernel/index.ts'

/** Who a token is for, as the provider’s ID token says. */
export interface TokenSubject {
  /** `oid` where there is one (Entra), else `sub`. */
  readonly subject: string
  /** `tid`, lower case, where there is one. */
  readonly tenantId?: string
  /** The account’s name for people: `preferred_username`, `upn` or `email`. */
  readonly userName?: string
}

/** A successful answer of a token endpoint. Holds secrets in `Secret` alone. */
export interface TokenAnswer {
  readonly token: AccessToken
  /** A new refresh token; absent when the provider returned none. */
  readonly refreshToken?: Secret
  /** When it dies (epoch ms), if the provider said so. */
  readonly refreshExpiresAt?: number
  /** The ID token as it came, checked as RFC and provider demand for one from a token endpoint. */
  readonly idToken?: Secret
  readonly subject?: TokenSubject
}
