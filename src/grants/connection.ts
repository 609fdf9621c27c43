import type { Secret } from '../kernel/index.ts'
import type { ProviderProfile, TokenTarget } from '../oauth/index.ts'

/**
 * One credential of a client, read when it is needed and again after the provider rejected it.
 * Every `read` throws `secret_unavailable` when there is nothing to read.
 */
export type ClientCredential = {
  /** When the provider stops accepting it (epoch ms), if anyone noted it. */
  readonly expiresAt?: number
} & (
  | {
      readonly kind: 'secret'
      readonly method: 'client_secret_post' | 'client_secret_basic'
      readonly read: () => Secret | Promise<Secret>
    }
  | {
      readonly kind: 'certificate'
      /** `PS256` with `x5t#S256`, or `RS256` with `x5t`. */
      readonly algorithm: 'PS256' | 'RS256'
      /** Returns certificate and private key, as PEM. */
      readonly read: () => Secret | Promise<Secret>
    }
  | {
      readonly kind: 'federated'
      /** Returns the assertion of the outside identity provider; read anew for every request. */
      readonly read: () => Secret | Promise<Secret>
    }
)

/** When tokens of a connection are renewed. */
export interface RefreshPolicy {
  /** How long before expiry a renewal starts in the background (ms; 5 minutes by default). */
  readonly beforeMs?: number
  /** A token older than this is renewed in the background (ms). */
  readonly maxAgeMs?: number
  /** For APIs whose session ends before the token: a token counts as dead at this age (ms). */
  readonly assumedLifeMs?: number
  /** Renews without any caller, so that a fresh token is always at hand (false by default). */
  readonly keepWarm?: boolean
}

/** How a connection obtains its tokens. */
export type GrantType = 'client_credentials' | 'authorization_code'

/** How the sign-in of a partner is tried on its customers. */
export interface CustomerTrial {
  /** Tenants to try; none: the first of Partner Center’s list. */
  readonly sample: readonly string[]
  /** How many of that list. */
  readonly first: number
  /** Whether one that fails fails the sign-in. */
  readonly isRequired: boolean
}

/** A connection with everything resolved that can be resolved without asking anyone. */
export interface ConnectionDefinition {
  readonly name: string
  /** The provider, for the tenant of this connection. */
  readonly provider: ProviderProfile
  readonly clientId: string
  /**
   * In the order in which they are tried. At least one, but for public clients, which have none and
   * whose grant is `authorization_code`.
   */
  readonly credentials: readonly ClientCredential[]
  readonly grant: GrantType
  /** What tokens are for when nobody says otherwise. */
  readonly target: TokenTarget
  /** What else tokens may be obtained for, by the name of the upstream. */
  readonly targets?: ReadonlyMap<string, TokenTarget>
  readonly refresh?: RefreshPolicy
  /**
   * Whether to declare that we handle claims challenges; by default where the provider expects them
   * for the target (Microsoft Graph).
   */
  readonly declaresCp1?: boolean
  /**
   * Present on templates (`tenant: '*'`): makes the definition for one tenant, whose `name` is the
   * template’s. A template itself gives no tokens.
   *
   * @throws `tenant_invalid` when the text names no tenant.
   */
  readonly forTenant?: (tenant: string) => ConnectionDefinition
  /**
   * Present where one grant also serves the tenants of customers: makes the definition for one,
   * with `grantTenant`.
   *
   * @throws `tenant_invalid` when the text names no tenant.
   */
  readonly forCustomer?: (tenant: string) => ConnectionDefinition
  /**
   * Present on the definition for a customer, whose provider is of the customer’s tenant: the
   * tenant of the grant that its tokens come from.
   */
  readonly grantTenant?: string
  /** How customers are tried; present with `forCustomer`. */
  readonly customers?: CustomerTrial
  /** Permissions that tokens must hold, by the canonical form of what they are for. */
  readonly requires?: ReadonlyMap<string, readonly string[]>
  /** Names this definition’s content: an equal one need not replace a handle in use. */
  readonly version: string
}
