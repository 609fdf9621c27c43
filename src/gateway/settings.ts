/**
 * How an API’s answer tells that a token was refused. Every condition that is present must hold; at
 * least one of `status`, `header`, `json`, `text` and `isEmpty` is present. A rule adds to what a
 * 401 means by itself and never replaces it.
 */
export interface RejectionRule {
  /** For traces and messages. Default: made of its conditions. */
  readonly name?: string
  /** Any of these. Absent: any status from 400, and no status below it. */
  readonly status?: readonly number[]
  /** A header, its value containing `contains` (ignoring case) where that is given. */
  readonly header?: { readonly name: string; readonly contains?: string }
  /** A place in a JSON body (RFC 6901) and the values that tell it. */
  readonly json?: {
    readonly pointer: string
    readonly equals: readonly (string | number | boolean)[]
  }
  /** Contained in the body, ignoring case, runs of blanks counting as one. */
  readonly text?: string
  /** The answer has no body. */
  readonly isEmpty?: boolean
  /** Only for paths (below `url`, query left out) that match this pattern. */
  readonly path?: string
  /** Only for tokens at least this old (ms). */
  readonly tokenAgeMs?: number
}

/** A rule written out, or the name of a preset (`rejectionPresets`). */
export type RejectionEntry = string | RejectionRule

/** How one API is called through the gateway. Durations in milliseconds. */
export interface UpstreamSettings {
  /** Base URL without trailing slash; what is called is the base with the caller’s path appended. */
  readonly url: string
  /**
   * Headers to set, by lower-case name; `{token}` stands for the token. Default: `authorization:
   * Bearer {token}`.
   */
  readonly headers: Readonly<Record<string, string>>
  /** Query parameters to set; `{token}` stands for the token. */
  readonly query: Readonly<Record<string, string>>
  /** Upper case; empty: all. */
  readonly methods: readonly string[]
  /** Patterns of paths below `url`: `*` within a segment, `**` across; empty: all. */
  readonly paths: readonly string[]
  readonly rejected: readonly RejectionEntry[]
  /** Whether rules for 5xx and 2xx/3xx answers may replay methods that are not idempotent. */
  readonly replayUnsafe: boolean
  /** Turns what a rule recognised, and could not be repaired, into an RFC 6750 401. */
  readonly normalise: boolean
  /** Whether links of the API’s own origin are pointed back at the gateway. */
  readonly links: 'rewrite' | 'keep'
  /** Whether names may resolve to private addresses. */
  readonly allowPrivate: boolean
  /** Whether HTTP/2 is spoken where the API offers it (TLS only). */
  readonly http2: boolean
  readonly timeouts: {
    /** For a connection to open. */
    readonly connectMs: number
    /** For an answer to begin. */
    readonly headersMs: number
    /** Between two pieces of a body, either way. */
    readonly idleMs: number
  }
  /** Requests under way at once; absent: no bound of its own. */
  readonly concurrency?: number
}
