import type { Secret } from '../kernel/index.ts'
import type { ProviderProfile, TokenTarget } from '../oauth/index.ts'

/** One credential of a client, read when it is needed and again after the provider rejected it. */
export interface ClientCredential {
  readonly method: 'client_secret_post' | 'client_secret_basic'
  /** Returns the secret as it is now; throws `secret_unavailable`. */
  readonly read: () => Secret | Promise<Secret>
}

/** When tokens of a connection are renewed. */
export interface RefreshPolicy {
  /** How long before expiry a renewal starts in the background (ms; 5 minutes by default). */
  readonly beforeMs?: number
  /** A token older than this is renewed in the background (ms). */
  readonly maxAgeMs?: number
  /** For APIs whose session ends before the token: a token counts as dead at this age (ms). */
  readonly assumedLifeMs?: number
}

/** A connection with everything resolved that can be resolved without asking anyone. */
export interface ConnectionDefinition {
  readonly name: string
  /** The provider, for the tenant of this connection. */
  readonly provider: ProviderProfile
  readonly clientId: string
  /** In the order in which they are tried; at least one. */
  readonly credentials: readonly ClientCredential[]
  readonly grant: 'client_credentials'
  readonly target: TokenTarget
  readonly refresh?: RefreshPolicy
  /**
   * Whether to declare that we handle claims challenges; by default where the provider expects them
   * for the target (Microsoft Graph).
   */
  readonly declaresCp1?: boolean
}
