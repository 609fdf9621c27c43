import type { Clock, RandomBytes } from '../kernel/index.ts'
import type { DirectoryRole } from './directory-roles.ts'
import type { MemberType } from './group.ts'
import type { DeltaSettings } from './journal.ts'
import type { Naming } from './person.ts'
import type { ThrottleOptions } from './throttle.ts'
import type { UserWish } from './user-changes.ts'

/** A client secret of a simulated application. */
export interface SimulatedSecret {
  readonly value: string
  /**
   * When every server knows it (epoch ms of the simulator's clock): 7000215 before. Default: at
   * once.
   */
  readonly startsAt?: number
  /** When it expires (epoch ms of the simulator's clock); never, by default. */
  readonly expiresAt?: number
}

/** A certificate registered with a simulated application. */
export interface SimulatedCertificate {
  readonly pem: string
  /** Overrides when it expires (epoch ms of the simulator's clock). */
  readonly expiresAt?: number
}

/** A federated identity credential: whose outside tokens stand for the application. */
export interface SimulatedFederation {
  readonly issuer: string
  readonly subject: string
  /** Default `api://AzureADTokenExchange`. */
  readonly audience?: string
  /** Public key of the outside issuer; RSA. */
  readonly jwk: Readonly<Record<string, unknown>>
}

/** What becomes of a refresh token that was used. */
export type Rotation =
  /** It stays valid beside the new one, as at Entra. */
  | { readonly model: 'overlap' }
  /** It stays the only one; no new one is returned. */
  | { readonly model: 'static' }
  | {
      /** It is spent. Presenting it again ends the whole family, and counts as detected reuse. */
      readonly model: 'strict'
      /** So long after its first use (of the simulator's clock) it is accepted again. Default 0. */
      readonly graceSeconds?: number
      /** How often within the grace. Default: without bound. */
      readonly graceUses?: number
      /**
       * When access tokens of the family die: with detected reuse (default), at every refresh as
       * well, or never before their time.
       */
      readonly killsAccessTokens?: 'on_reuse' | 'on_refresh' | 'never'
    }

/** An application registered, and consented to, in a simulated tenant or at an issuer. */
export interface SimulatedApplication {
  /** Client id; a GUID in a tenant. */
  readonly id: string
  /** Default: follows from the id. */
  readonly displayName?: string
  /** Whether its service principal is enabled (`accountEnabled`). Default true. */
  readonly isEnabled?: boolean
  readonly secrets?: readonly SimulatedSecret[]
  readonly certificates?: readonly SimulatedCertificate[]
  readonly federated?: readonly SimulatedFederation[]
  /** Public keys for `private_key_jwt` at an issuer (JWK; RSA or EC P-256). */
  readonly keys?: readonly Readonly<Record<string, unknown>>[]
  /** It has no credential, and must send none. Default false. */
  readonly isPublic?: boolean
  /** Compared exactly. Default: every loopback address. */
  readonly redirectUris?: readonly string[]
  /**
   * Application permissions (`roles`) its next tokens carry. Default: `User.Read.All`,
   * `Group.Read.All`, `GroupMember.Read.All`.
   */
  readonly permissions?: readonly string[]
  /** What `.default` means for users' tokens (`scp`). Default: `User.Read`. */
  readonly delegatedPermissions?: readonly string[]
  /** Whether users' consent was given already. Default true; else the page asks for it. */
  readonly isConsented?: boolean
  /** Claims its registration adds to ID tokens: whether the account is a guest. Default: none. */
  readonly optionalClaims?: readonly 'acct'[]
  /** In place of its tenant's or issuer's. */
  readonly rotation?: Rotation
}

/** A user who can sign in, besides the ones that follow from the seed. */
export interface SimulatedAccount {
  /** Object id, or the subject at an issuer. Default: follows from the name. */
  readonly id?: string
  readonly userPrincipalName: string
  readonly displayName?: string
  /** The sign-in page asks for it. Default: none, the name alone is enough. */
  readonly password?: string
  /**
   * Secret of its authenticator app (base32, 10 bytes or more); `null`: none is enrolled. Default:
   * follows from the id.
   */
  readonly totpSecret?: string | null
  /** Directory roles; with `groups` left out as well: nothing is declared. */
  readonly roles?: readonly DirectoryRole[]
  /** Display names of groups, such as `AdminAgents` of Partner Center. */
  readonly groups?: readonly string[]
  /** Invited from another directory. Default false. */
  readonly isGuest?: boolean
}

/**
 * A rule of a tenant or issuer by the number of what it refuses with (AADSTS…), for whom and for
 * what; whatever is left out stands for all.
 *
 * - 50072, 50074, 50076, 50078, 50079: a second factor is needed; a sign-in that has one passes.
 * - 70043 with `seconds`: the sign-in must not be older.
 * - 65001: the page asks for consent, and tokens are refused until somebody gave it.
 * - 90094, 90095: the same, but only an administrator can give it.
 * - Any other, such as 53003, 50105, 50020 or 90099: nothing is let through.
 */
export interface SimulatedPolicy {
  readonly code: number
  /** Object id or name. */
  readonly user?: string
  readonly clientId?: string
  /** Audience of tokens, such as `https://management.azure.com`. */
  readonly audience?: string
  /** Of 70043, and of 50078: how old a sign-in may be. */
  readonly seconds?: number
  /** Only at the sign-in page, or only at the token endpoint. Default: at both. */
  readonly at?: 'sign_in' | 'token'
}

/** How an authority treats users' grants; both kinds have these options. */
export interface SimulatedGrantRules {
  readonly accounts?: readonly SimulatedAccount[]
  /** Conditional Access and other rules that stand from the start. Default: none. */
  readonly policies?: readonly SimulatedPolicy[]
  /** Default: `overlap` for a tenant, `strict` for an issuer. */
  readonly rotation?: Rotation
  /** Whether authorization needs PKCE (S256). Default `optional`. */
  readonly pkce?: 'required' | 'optional'
  /** How long an unused refresh token lives, in seconds. Default 7,776,000 (90 days). */
  readonly refreshIdleSeconds?: number
  /** Whether answers say `refresh_token_expires_in`. Default false. */
  readonly announcesRefreshLife?: boolean
}

/** The groups of a simulated tenant. */
export interface SimulatedGroups {
  /** How many, 0 to 10,000,000. Default 100; they cost no memory. */
  readonly count?: number
  /** Members of the first group. Default 5,000, or as many as there are users. */
  readonly giantSize?: number
  /** Kinds of members. Default: all four. Users are always by far the most. */
  readonly memberTypes?: readonly MemberType[]
}

/** A simulated tenant. Each of its users can sign in. */
export interface SimulatedTenant extends SimulatedGrantRules {
  /** Tenant id, a GUID. */
  readonly id: string
  /** Verified domain: addresses the tenant as well as its id does, and ends its users' names. */
  readonly domain?: string
  /**
   * How many users are drawn, 0 to 100,000,000. Default 400,000, or none where there are `people`;
   * they cost no memory.
   */
  readonly users?: number
  /** Users as they are listed, besides the drawn ones and after them: whatever a test needs. */
  readonly people?: readonly UserWish[]
  /**
   * What the drawn ones are called by: `names` (default) as in most directories, `numbers` such as
   * `0000123@…`, or one prefix before the number for all of them: `emp00000123@…`.
   */
  readonly naming?: Naming
  /**
   * How far the index behind advanced queries and `$count` is behind, in milliseconds of the
   * simulator's clock: they see the users as they were then. Default 0.
   */
  readonly indexLagMs?: number
  /** Pages, repeats and lateness of deltas. */
  readonly delta?: DeltaSettings
  /** Whether it serves advanced queries and `$count`; B2C does not. Default true. */
  readonly advancedQueries?: boolean
  readonly groups?: SimulatedGroups
  /** How many devices, 0 to 10,000,000. Default: two for each group, the ones that groups name. */
  readonly devices?: number
  /** How many administrative units, 0 to 10,000. Default 12. */
  readonly administrativeUnits?: number
  readonly applications?: readonly SimulatedApplication[]
  /** Makes its people: the same seed gives the same people. Default 1. */
  readonly seed?: number
}

/** A generic OpenID provider under `/oidc/<name>`. */
export interface SimulatedIssuer extends SimulatedGrantRules {
  /** Letters, digits, `-`, `_` and `.`. */
  readonly name: string
  /** Default: one application, see `defaultIssuer`. */
  readonly applications?: readonly SimulatedApplication[]
  /** `aud` of access tokens asked for without `resource`. Default: the issuer's own address. */
  readonly audience?: string
}

/** A number, or a range out of which each draw takes one. */
export type Range = number | readonly [minimum: number, maximum: number]

/** What `startSimulator` can be told; everything has a default. */
export interface SimulatorOptions {
  /** Default: one tenant with one application, see `defaultTenant`. */
  readonly tenants?: readonly SimulatedTenant[]
  /** Generic OpenID providers. Default: one, see `defaultIssuer`. */
  readonly issuers?: readonly SimulatedIssuer[]
  /** Address to listen on. Default `127.0.0.1`. */
  readonly host?: string
  /** Default: http on a free port. */
  readonly http?: { readonly port?: number }
  /** Also speak https, with a certificate made at start. Default: no. */
  readonly https?: boolean | { readonly port?: number }
  /** Life of new tokens in whole seconds. Default 3,599, as Entra's samples show. */
  readonly tokenLifetimeSeconds?: Range
  /**
   * `refresh_in` of new tokens, in seconds. Default: half of a life of two hours or more, else
   * none; `null`: never.
   */
  readonly refreshInSeconds?: number | null
  /** How far a client assertion's times may be off, in seconds. Default 300. */
  readonly assertionSkewSeconds?: number
  /**
   * Accept a client assertion whose `jti` was seen before. Entra does, and MSAL relies on it: it
   * sends one assertion until it expires. Default false, the stricter reading of RFC 7523.
   */
  readonly acceptsAssertionReplay?: boolean
  /**
   * Whether Partner Center refuses users' tokens that tell of no second factor (401, code 900421).
   * Default true, as of 2026.
   */
  readonly isPartnerMfaEnforced?: boolean
  /** Secrets of the simulated key vault by name. Default: every name has one. */
  readonly vaultSecrets?: Readonly<Record<string, string>>
  /** Life of a `$skiptoken` in seconds. Default: it does not expire. */
  readonly pageTokenLifetimeSeconds?: number
  /** How long every answer takes at least, in milliseconds. Default 0. */
  readonly latencyMs?: Range
  /** Resource units, as Graph charges them. Default: no throttling. */
  readonly throttle?: ThrottleOptions
  /** Largest `$top` when `signInActivity` is selected. Default 500; it has been 120. */
  readonly signInActivityPageCap?: number
  /** Most clauses that a filter may join by `or`, an `in` list counting each value. Default 15. */
  readonly maximumOrClauses?: number
  /**
   * Whether that is counted in each expression of `or` alone (default), or over all clauses of a
   * filter that has an `or`: documents can be read either way.
   */
  readonly orClausesCounted?: 'expression' | 'filter'
  /**
   * Whether members of groups take `$filter` below a cast path, in advanced mode. Default true;
   * nobody was seen to say so for every tenant.
   */
  readonly filtersMembers?: boolean
  /**
   * Application permissions any of which is enough for `directoryObjects/getByIds`. Default: those
   * of the whole directory, as documented; tenants were seen that let `User.Read.All` do.
   */
  readonly getByIdsPermissions?: readonly string[]
  /** Compress for clients that accept gzip. Default true. */
  readonly gzip?: boolean
  /** Keep encoded pages in memory (up to 512 MiB) and answer from there. Default false. */
  readonly cachePages?: boolean
  /** The clock beneath the simulator's own movable one. Default: the host's. */
  readonly clock?: Clock
  readonly random?: RandomBytes
}

/** The tenant and application of a simulator that was told of none. */
export const defaultTenant = {
  id: '11111111-2222-4333-8444-555555555555',
  domain: 'contoso.example',
  clientId: '2f0c0000-1111-4222-8333-444444444444',
  clientSecret: 'simulated~not.a.real.secret',
} as const

/** The OpenID provider of a simulator that was told of none. */
export const defaultIssuer = {
  name: 'sso',
  clientId: 'simulated-client',
  clientSecret: 'simulated~issuer.secret',
  account: 'alex@sso.example',
} as const
