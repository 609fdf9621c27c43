/** Where a secret stands: never in the configuration itself. File paths are absolute. */
export type SecretReference = { readonly env: string } | { readonly file: string }

/** A Microsoft Entra tenant in one of its clouds. */
export interface EntraProviderConfig {
  readonly type: 'entra'
  readonly name: string
  /** The tenant's id (GUID, lower case) or one of its domains. */
  readonly tenant: string
  readonly cloud: 'global' | 'usgov' | 'china'
  /** Origin of the login endpoint where it is not the cloud's own; no trailing slash. */
  readonly authority?: string
  /** Origin of Microsoft Graph where it is not the cloud's own; no trailing slash. */
  readonly graph?: string
}

/** Any OpenID Connect or OAuth 2.0 server that publishes its metadata. */
export interface OidcProviderConfig {
  readonly type: 'oidc'
  readonly name: string
  /** The issuer identifier, exactly as the server spells it. */
  readonly issuer: string
}

export type ProviderConfig = EntraProviderConfig | OidcProviderConfig

/** A client secret and how it is sent. */
export interface SecretCredentialConfig {
  readonly type: 'secret'
  readonly secret: SecretReference
  /** When the provider stops accepting it (epoch ms), if the operator noted it. */
  readonly expiresAt?: number
  /** `post`: in the form body; `basic`: in the Authorization header (RFC 6749 section 2.3.1). */
  readonly via: 'post' | 'basic'
}

/** A connection with every default filled in. */
export interface ConnectionConfig {
  readonly name: string
  /** A key of `providers`. */
  readonly provider: string
  /** The connection's own tenant, where it overrides the provider's. */
  readonly tenant?: string
  readonly client: {
    readonly id: string
    /** In order of preference; never empty. */
    readonly credentials: readonly SecretCredentialConfig[]
  }
  readonly grant: 'client_credentials'
  /** What the tokens are for: a resource (RFC 8707) or scopes (RFC 6749 section 3.3). */
  readonly target: { readonly resource: string } | { readonly scope: string }
  readonly refresh: {
    /** A token with less life than this is renewed in the background. */
    readonly beforeMs: number
    /** A token older than this counts as expired, whatever the provider said. */
    readonly maxAgeMs?: number
    /** The life of a token when the provider does not say. */
    readonly assumedLifeMs?: number
  }
}

/** The whole configuration: checked, defaults filled in, paths absolute. Holds no secret. */
export interface Config {
  /** The file it came from, as it was named. */
  readonly file: string
  readonly store: { readonly type: 'sqlite'; readonly path: string }
  /** The first key seals, all open; ids are unique; never empty. */
  readonly encryption: {
    readonly keys: readonly { readonly id: string; readonly source: SecretReference }[]
  }
  readonly providers: Readonly<Record<string, ProviderConfig>>
  readonly connections: Readonly<Record<string, ConnectionConfig>>
}
