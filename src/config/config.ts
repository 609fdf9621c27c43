/** Where a secret stands: never in the configuration itself. File paths are absolute. */
export type SecretReference =
  | { readonly env: string }
  | { readonly file: string }
  /** A command whose standard output is the secret; no shell, a deadline, read anew on demand. */
  | { readonly exec: readonly string[] }
  /** Sealed in the store, under this slot; only in connections that are kept there. */
  | { readonly sealed: string }

/** How a provider treats a refresh token that was used. */
export interface RotationConfig {
  /** `overlap`: it stays valid. `strict`: it does not, and using it again may end the grant. */
  readonly model: 'overlap' | 'strict'
  /** For how long a `strict` provider still accepts it, once. */
  readonly graceMs: number
}

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
  /** Default: `overlap`. */
  readonly rotation: RotationConfig
}

/** An OpenID Connect server that publishes its metadata. */
export interface OidcProviderConfig {
  readonly type: 'oidc'
  readonly name: string
  /** The issuer identifier, exactly as the server spells it. */
  readonly issuer: string
  /** Default: `strict`, no grace. */
  readonly rotation: RotationConfig
}

/** An OAuth 2.0 server without metadata: its endpoints are written out. */
export interface OAuth2ProviderConfig {
  readonly type: 'oauth2'
  readonly name: string
  readonly tokenEndpoint: string
  readonly authorizationEndpoint?: string
  readonly revocationEndpoint?: string
  readonly introspectionEndpoint?: string
  /** Default: `strict`, no grace. */
  readonly rotation: RotationConfig
}

export type ProviderConfig = EntraProviderConfig | OidcProviderConfig | OAuth2ProviderConfig

/** A client credential; `expiresAt` (epoch ms) is what the operator noted. */
export type CredentialConfig = { readonly expiresAt?: number } & (
  | {
      readonly type: 'secret'
      readonly secret: SecretReference
      /** `post`: in the form body; `basic`: in the Authorization header (RFC 6749 section 2.3.1). */
      readonly via: 'post' | 'basic'
    }
  | {
      readonly type: 'certificate'
      /** Certificate and private key as PEM. */
      readonly certificate: SecretReference
      /** Default: `PS256` with `x5t#S256`; `RS256` with `x5t`. */
      readonly algorithm: 'PS256' | 'RS256'
    }
  | {
      readonly type: 'federated'
      /** The assertion of an outside identity provider; read anew for every request. */
      readonly assertion: SecretReference
    }
)

/** What tokens are for: a resource (RFC 8707) or scopes (RFC 6749 section 3.3). */
export type TargetConfig = { readonly resource: string } | { readonly scope: string }

/** How an answer tells a refused token; all conditions that are present must hold. */
export interface RejectionRuleConfig {
  readonly name?: string
  /** Never empty. */
  readonly status?: readonly number[]
  /** `name` in lower case. */
  readonly header?: { readonly name: string; readonly contains?: string }
  readonly json?: {
    /** RFC 6901. */
    readonly pointer: string
    /** Never empty. */
    readonly equals: readonly (string | number | boolean)[]
  }
  readonly text?: string
  readonly isEmpty?: true
  readonly path?: string
  readonly tokenAgeMs?: number
}

/** What tokens are obtained for, and nothing that is called. */
export interface TokenUpstreamConfig {
  readonly url?: never
  readonly target: TargetConfig
}

/** An API that can be called through the gateway, which knows the same fields as its settings. */
export interface ApiUpstreamConfig {
  /** Base URL, without trailing slash. */
  readonly url: string
  readonly target: TargetConfig
  /** By lower-case name; with `authorization` unless another place takes the token. */
  readonly headers: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, string>>
  /** Upper case; empty: all. */
  readonly methods: readonly string[]
  /** Patterns; empty: all. */
  readonly paths: readonly string[]
  /** Names of packs and rules, in order. */
  readonly rejected: readonly (string | RejectionRuleConfig)[]
  readonly replayUnsafe: boolean
  readonly normalise: boolean
  readonly links: 'rewrite' | 'keep'
  readonly allowPrivate: boolean
  readonly http2: boolean
  readonly timeouts: {
    readonly connectMs: number
    readonly headersMs: number
    readonly idleMs: number
  }
  readonly concurrency?: number
}

/** An API behind a connection; `url` tells the two forms apart. */
export type UpstreamConfig = TokenUpstreamConfig | ApiUpstreamConfig

/** Who gets alarms, with every default filled in. */
export type AlarmTargetConfig =
  | {
      readonly type: 'webhook'
      /** The address, or where it stands. */
      readonly url: string | SecretReference
      /** What signs it; present for `plain`. */
      readonly secret?: SecretReference
      readonly format: 'plain' | 'slack' | 'teams'
      readonly allowPrivate: boolean
    }
  | {
      readonly type: 'smtp'
      readonly host: string
      readonly port: number
      /** With a password, or neither. */
      readonly user?: string
      readonly password?: SecretReference
      readonly from: string
      /** Never empty. */
      readonly to: readonly string[]
      /** `none` on this machine only. */
      readonly tls: 'starttls' | 'implicit' | 'none'
    }

/** Who is told of alarms. */
export interface AlarmConfig {
  readonly to: readonly AlarmTargetConfig[]
  /** For how long a delivery is tried again (ms). */
  readonly giveUpAfterMs: number
}

/** A connection with every default filled in. */
export interface ConnectionConfig {
  readonly name: string
  /** A key of `providers`. */
  readonly provider: string
  /** The connection's own tenant, where it overrides the provider's; `'*'` makes a template. */
  readonly tenant?: string
  readonly client: {
    readonly id: string
    /** In order of preference; empty only for public clients with `authorization_code`. */
    readonly credentials: readonly CredentialConfig[]
  }
  readonly grant: 'client_credentials' | 'authorization_code'
  /** What the tokens are for when nobody says otherwise. */
  readonly target: TargetConfig
  /** By name; `''` for the one written as `upstream`. */
  readonly upstreams: Readonly<Record<string, UpstreamConfig>>
  readonly refresh: {
    /** A token with less life than this is renewed in the background. */
    readonly beforeMs: number
    /** A token older than this counts as expired, whatever the provider said. */
    readonly maxAgeMs?: number
    /** The life of a token when the provider does not say. */
    readonly assumedLifeMs?: number
    /** Renews without any caller. */
    readonly keepWarm: boolean
  }
  /** Permissions that tokens must hold, as written beside what they are for. */
  readonly requires?: readonly RequiredScopes[]
  /** Present where the grant of a partner serves its customers. */
  readonly customers?: CustomersConfig
}

/** Permissions that the tokens for one target must hold. */
export interface RequiredScopes {
  readonly target: TargetConfig
  readonly scopes: readonly string[]
}

/** How the sign-in of a partner is tried on its customers. */
export interface CustomersConfig {
  /** Tenants to try; none: the first of Partner Center's list. */
  readonly sample: readonly string[]
  /** How many of that list. */
  readonly first: number
  /** Whether one that fails fails the sign-in. */
  readonly isRequired: boolean
}

/** One entry of `imports`, every default filled in. */
export interface ImportConfig {
  readonly name: string
  readonly connection: string
  readonly collections: readonly string[]
  /** A destination as `--to` takes it, its path absolute: `store`, `ndjson:…`, `csv:…`, … */
  readonly to: string
  /** Password of a `postgres://` destination. */
  readonly password?: SecretReference
  /** Per collection, in order; absent: the collection's default columns. */
  readonly columns: Readonly<Record<string, readonly string[]>>
  /** What is kept from the destination. */
  readonly policy?: ImportPolicyConfig
  readonly filter?: string
  readonly pageSize?: number
  /** Cursors a collection, 1 to 32, or as many as are worth it. */
  readonly concurrency: 'auto' | number
  readonly refreshBeforeMs: number
  readonly publish: 'complete' | 'partial'
  readonly csv: {
    readonly header: boolean
    /** One character. */
    readonly delimiter: string
    readonly bom: boolean
  }
  /** Whether runs read only what has changed since the last completed one. */
  readonly delta: boolean
  /** The greatest share of the known objects, 0 to 1, that one run may mark as deleted. */
  readonly deleteAtMost: number
  /** Cron expression (five fields, UTC) by which a service begins it. */
  readonly schedule?: string
}

/** Columns that are dropped, and those of which a keyed hash is written. */
export interface ImportPolicyConfig {
  readonly drop: readonly string[]
  readonly hash?: { readonly columns: readonly string[]; readonly key: SecretReference }
}

/** Where claims of a caller come from. */
export type ClaimSourceConfig = 'token' | 'id_token' | 'introspection' | 'userinfo'

/** How one account is found: every pair has to hold. */
export interface MatchRuleConfig {
  /** Never empty. */
  readonly pairs: readonly {
    readonly claim: string
    readonly column: string
    readonly source?: ClaimSourceConfig
    readonly ignoreCase: boolean
  }[]
  readonly acrossTenants: boolean
  readonly acceptMutable: boolean
}

/** What callers may do: all, or those whom the condition names. */
export interface AccessRuleConfig {
  readonly when?:
    | { readonly claim: string; readonly value: string }
    /** The id of a group, in lower case. */
    | { readonly group: string }
    | { readonly app: string }
  readonly role?: 'viewer' | 'operator' | 'admin'
  readonly connections: readonly string[] | '*'
}

/** One entry of `issuers`; durations in milliseconds. */
export type IssuerConfig = {
  readonly name: string
  readonly audiences: readonly string[]
  readonly skewMs: number
  readonly longestLifeMs: number
  /** In order; never empty. */
  readonly claims: readonly ClaimSourceConfig[]
  /** In order; empty: callers need no account. */
  readonly match: readonly MatchRuleConfig[]
  readonly userName: string
  /** A token needs one of them; empty: none. */
  readonly scopes: readonly string[]
  readonly access: readonly AccessRuleConfig[]
  readonly client?: {
    readonly id: string
    readonly credentials: readonly CredentialConfig[]
  }
  readonly introspection: { readonly endpoint?: string; readonly clients: readonly string[] }
  readonly userinfo: { readonly endpoint?: string; readonly acceptAnyAudience: boolean }
  readonly longestSessionMs: number
} & (
  | {
      readonly type: 'entra'
      /** Ids in lower case. */
      readonly tenants: readonly string[]
      readonly cloud: 'global' | 'usgov' | 'china'
      readonly authority?: string
      /** Whose token asks Graph for the groups of a caller: `connection` or `template@tenant`. */
      readonly groups?: { readonly connection: string }
    }
  | {
      readonly type: 'oidc'
      readonly issuer: string
      /** The tenant whose accounts its callers are, in lower case. */
      readonly tenant?: string
    }
)

/** Where the data is kept. */
export type StoreConfig =
  | { readonly type: 'sqlite'; readonly path: string }
  | {
      readonly type: 'postgres'
      /** `postgres://user@host:port/database`, never with a password. */
      readonly url: string
      readonly password?: SecretReference
    }

/** How the service is reached; durations in milliseconds. */
export interface ServerConfig {
  readonly listen: { readonly host: string; readonly port: number }
  /** How callers reach it from outside: an origin. Its port is 0 where that of `listen` is. */
  readonly publicUrl: string
  /** PEM; absent: plain HTTP, for loopback or behind a proxy that speaks TLS. */
  readonly tls?: { readonly cert: string; readonly key: SecretReference }
  /** Addresses and networks (CIDR) whose `X-Forwarded-*` are believed. */
  readonly trustedProxies: readonly string[]
  /** How long calls under way may take to end after SIGTERM. */
  readonly drainMs: number
  /** For callers without limits of their own. */
  readonly limits: { readonly ratePerSecond?: number; readonly concurrency?: number }
  readonly traces: {
    /** How many of the newest are kept. */
    readonly keep: number
  }
  readonly log: { readonly level: 'debug' | 'info' | 'warn' | 'error' }
  readonly console: {
    readonly enabled: boolean
    /** How long a session lasts unused, and at most. */
    readonly idleMs: number
    readonly longestMs: number
    /** Whose people sign in; absent: those of every issuer with a `client`. */
    readonly issuers?: Readonly<
      Record<
        string,
        { readonly scope?: string | undefined; readonly resource?: string | undefined }
      >
    >
  }
}

/** The whole configuration: checked, defaults filled in, paths absolute. Holds no secret. */
export interface Config {
  /** The file it came from, as it was named. */
  readonly file: string
  readonly store: StoreConfig
  /** The first key seals, all open; ids are unique; never empty. */
  readonly encryption: {
    readonly keys: readonly { readonly id: string; readonly source: SecretReference }[]
  }
  readonly server: ServerConfig
  readonly network: {
    /** `env`: HTTP(S)_PROXY and NO_PROXY (the default); `none`; or the proxy's URL. */
    readonly proxy: 'env' | 'none' | { readonly url: string; readonly password?: SecretReference }
    /** Files of certificate authorities to trust besides the platform's, absolute. */
    readonly ca: readonly string[]
  }
  readonly providers: Readonly<Record<string, ProviderConfig>>
  readonly connections: Readonly<Record<string, ConnectionConfig>>
  readonly imports: Readonly<Record<string, ImportConfig>>
  readonly issuers: Readonly<Record<string, IssuerConfig>>
  readonly alarms: AlarmConfig
}
