import type { CallerLimits, Role } from './caller.ts'

/** A caller key as stored; the key itself is nowhere, only a hash of its secret part. */
export interface CallerRecord {
  /** `clr_…`; its UUID is the `<id>` in `egk_<id>_<secret>`. */
  readonly id: string
  readonly name: string
  readonly role?: Role
  readonly connections: readonly string[] | '*'
  /** The one upstream it may call, where it is bound to one. */
  readonly upstream?: string
  readonly allowTokens: boolean
  readonly limits: CallerLimits
  /** SHA-256 of the secret part, hex. */
  readonly secretHash: string
  readonly createdAt: number
  readonly revokedAt?: number
}

/** Where callers live. */
export interface CallerStore {
  /** False when a caller that is not revoked has that name. Bumps the generation `callers`. */
  addCaller(caller: CallerRecord): Promise<boolean>
  /** Revoked ones, too. */
  getCaller(id: string): Promise<CallerRecord | undefined>
  /** A page by name, then id, ascending; revoked ones only when asked for. */
  listCallers(query: {
    readonly limit: number
    readonly after?: { readonly name: string; readonly id: string }
    readonly withRevoked?: boolean
  }): Promise<readonly CallerRecord[]>
  /**
   * Revokes the living caller of that id, else of that name; false when there is none. Bumps the
   * generation `callers`.
   */
  revokeCaller(nameOrId: string, now: number): Promise<boolean>
}
