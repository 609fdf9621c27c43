/** What a person or machine may do with our own API; each role holds the ones before it. */
export type Role = 'viewer' | 'operator' | 'admin'

/** How much a caller may ask of us; absent means no bound. */
export interface CallerLimits {
  /** Requests a second, averaged; a burst of as many is let through at once. */
  readonly ratePerSecond?: number
  /** Requests under way at once. */
  readonly concurrency?: number
}

/** The account of the directory that a caller is. */
export interface CallerAccount {
  readonly tenantId: string
  readonly kind: 'user' | 'servicePrincipal'
  readonly id: string
}

/**
 * Whoever calls us, once known: a caller key, the holder of a façade’s token, of a bearer token of
 * an issuer, or of a session, and whoever is signed in to the console.
 */
export interface Caller {
  /**
   * Stable and unique, such as `clr_…` or `fac_…`; stands in traces and logs. Of bearers the same
   * for every token and session of an account: `usr_` or `spn_`, tenant and object id (a hash of
   * them where they are no GUIDs); without an account `sub_` and a hash of issuer, tenant and
   * subject.
   */
  readonly id: string
  readonly name: string
  readonly kind: 'key' | 'facade' | 'bearer' | 'session' | 'console'
  /** Of bearers and sessions, where there is one. */
  readonly account?: CallerAccount
  /** Absent: no API role, only the permitted connections through the gateway. */
  readonly role?: Role
  /** Connections it may call, by name without tenant; `'*'` for all. See `ownTenant` for `@*`. */
  readonly connections: readonly string[] | '*'
  /** The one tenant it may name, where it is bound to one; empty: it may name none. */
  readonly tenant?: string
  /**
   * Of bearers and sessions: the tenant whose part of templates it may call, besides templates that
   * its permits name with `@*`; empty where it has none.
   */
  readonly ownTenant?: string
  /** The one upstream it may call, where it is bound to one. */
  readonly upstream?: string
  /** Whether it may be handed raw tokens. */
  readonly allowTokens: boolean
  readonly limits: CallerLimits
  /** When the token or session it came with ends (epoch ms): no stream of it lasts longer. */
  readonly expiresAt?: number
}
