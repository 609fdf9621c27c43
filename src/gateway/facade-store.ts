/** What a client of the façade is handed: a token of ours for `/proxy`, or the provider’s own. */
export type FacadeTokenKind = 'gateway' | 'upstream'

/** A client of the façade as stored; its secret is nowhere, only a hash of it. */
export interface FacadeClient {
  /** `fac_…`: the `client_id` on the wire, and the caller’s id in traces. */
  readonly id: string
  readonly name: string
  /** As addressed: `name` or `name@tenant`. */
  readonly connection: string
  /** The one upstream its tokens are good for. */
  readonly upstream?: string
  /** Compared as they are, byte by byte; never empty. */
  readonly redirectUris: readonly string[]
  readonly tokens: FacadeTokenKind
  /** Has no secret: PKCE, rotation, and an approval for each authorization. */
  readonly isPublic: boolean
  readonly requiresPkce: boolean
  /** Whether every refresh gives another refresh token. */
  readonly rotates: boolean
  /** For how long the refresh token before the newest still serves (ms). */
  readonly graceMs: number
  /** Whether refreshing takes the client’s secret, as it should. */
  readonly needsSecretOnRefresh: boolean
  /** SHA-256 of the secret, hex. */
  readonly secretHash?: string
  readonly createdAt: number
  /** When an operator approved the next authorization of a client without secret. */
  readonly approvedAt?: number
  readonly revokedAt?: number
}

/** An authorization code as stored. */
export interface FacadeCode {
  /** SHA-256 of the code, hex. */
  readonly hash: string
  readonly clientId: string
  readonly redirectUri: string
  /** Whether the request named its redirect URI, so that the exchange has to (RFC 6749 4.1.3). */
  readonly namedRedirectUri: boolean
  /** The S256 challenge of PKCE. */
  readonly challenge?: string
  readonly scope: string
  readonly expiresAt: number
  /** The family it gave, once it was used. */
  readonly usedFor?: string
}

/** Everything that one authorization gave; revoked as a whole. */
export interface FacadeFamily {
  /** `fam_…` */
  readonly id: string
  readonly clientId: string
  readonly scope: string
  readonly createdAt: number
  /** Of the newest refresh token; goes up with every rotation. */
  readonly generation: number
  readonly rotatedAt: number
  /** The provider’s token it was handed last, as SHA-256, and when. */
  readonly handedOut?: { readonly hash: string; readonly at: number }
}

/** A token of a family as stored. */
export interface FacadeToken {
  /** SHA-256 of the token, hex. */
  readonly hash: string
  readonly kind: 'access' | 'refresh'
  /** Of a refresh token: the family’s generation it came with. */
  readonly generation: number
  readonly issuedAt: number
  /** Of an access token: when it dies. Absent for refresh tokens. */
  readonly expiresAt?: number
}

/** A token found, with all it belongs to. */
export interface FoundFacadeToken {
  readonly token: FacadeToken
  readonly family: FacadeFamily
  readonly client: FacadeClient
}

/** What came of redeeming a code: only `redeemed` has changed anything. */
export type CodeRedemption = 'redeemed' | 'used' | 'unapproved' | 'gone'

/** Where clients of the façade and what they were given live. Hashes only. */
export interface FacadeStore {
  /** False when a client that is not revoked has that name. Bumps the generation `facades`. */
  addFacadeClient(client: FacadeClient): Promise<boolean>
  /** By id, revoked ones too, or by the name of a living one. */
  findFacadeClient(nameOrId: string): Promise<FacadeClient | undefined>
  /** A page by name, then id, ascending; revoked ones only when asked for. */
  listFacadeClients(query: {
    readonly limit: number
    readonly after?: { readonly name: string; readonly id: string }
    /** Only those of that connection, as addressed. */
    readonly connection?: string
    readonly withRevoked?: boolean
  }): Promise<readonly FacadeClient[]>
  /** Replaces the secret of a living client; false when there is none. Bumps `facades`. */
  setFacadeSecret(id: string, secretHash: string): Promise<boolean>
  /** Approves the next authorization of a living client; false when there is none. Bumps `facades`. */
  approveFacadeClient(id: string, now: number): Promise<boolean>
  /** Revokes a living client and erases all it was given; false when there is none. Bumps `facades`. */
  revokeFacadeClient(id: string, now: number): Promise<boolean>
  /** How many families a client has. */
  countFacadeFamilies(clientId: string): Promise<number>
  /** Keeps a code, unless `atMost` living ones of that client are there: then false. */
  addFacadeCode(code: FacadeCode, atMost: number, now: number): Promise<boolean>
  /** Used ones for a day, too. */
  getFacadeCode(hash: string): Promise<FacadeCode | undefined>
  /**
   * Uses a code and keeps what it gives, in one step: `used` when someone was faster, `gone` when
   * the code or its client is. With `approvedSince` the client’s approval is spent with it:
   * `unapproved` when there is none that young.
   */
  redeemFacadeCode(
    redemption: {
      readonly hash: string
      readonly family: FacadeFamily
      readonly tokens: readonly FacadeToken[]
      readonly approvedSince?: number
    },
    now: number,
  ): Promise<CodeRedemption>
  /** The newest of that hash that has not expired, of a client that is not revoked. */
  findFacadeToken(hash: string, now: number): Promise<FoundFacadeToken | undefined>
  /**
   * Adds tokens to a family, by compare-and-swap on its generation; false when that is another, or
   * the family is gone. Of access tokens the newest thousand stay; refresh tokens of generations
   * before the newest are remembered until `rememberUntil`.
   */
  issueFacadeTokens(
    issue: {
      readonly familyId: string
      readonly expectedGeneration: number
      /** The family as it is from now on. */
      readonly generation: number
      readonly handedOut?: { readonly hash: string; readonly at: number }
      readonly tokens: readonly FacadeToken[]
      readonly rememberUntil: number
    },
    now: number,
  ): Promise<boolean>
  /** Erases a family with all its tokens; false when it is gone. Bumps `facades`. */
  revokeFacadeFamily(id: string): Promise<boolean>
  /** Erases one access token of a family. Bumps `facades`. */
  revokeFacadeToken(hash: string, familyId: string): Promise<void>
  /** Erases codes and tokens whose time is over, a bounded number at a time, and returns how many. */
  sweepFacade(now: number): Promise<number>
}
