import type { AccountRole } from '../directory/index.ts'
import type { ClaimSource } from './claim-bag.ts'
import type { MatchRule } from './match-account.ts'
import type { JsonObject } from './strict-json.ts'

/** What a rule gives to all callers of an issuer, or to those whom its condition names. */
export interface AccessRule {
  readonly when?:
    | { readonly claim: string; readonly value: string }
    /** The id of a group, in lower case. */
    | { readonly group: string }
    | { readonly app: string }
  readonly role?: AccountRole
  readonly connections: readonly string[] | '*'
}

/** It cannot be told now, and when to ask again; whoever was asked about is not to blame. */
export interface Unavailable {
  readonly kind: 'unavailable'
  readonly detail: string
  readonly retryAfterMs: number
  /** It was this question that could not be answered: others may be asked meanwhile. */
  readonly isOwn?: true
}

/** What an issuer says of a token that it is asked about. */
export type AskedClaims =
  | { readonly kind: 'told'; readonly claims: JsonObject }
  /** The token is none, or no longer one, that it accepts. */
  | { readonly kind: 'refused'; readonly detail: string; readonly remedy?: string }
  /** Tokens of that kind are nothing it tells about: a token that rests on it does not hold. */
  | { readonly kind: 'passed_over'; readonly detail: string }
  | Unavailable

/** Asks an issuer about a token. Never rejects but with faults; answers within a deadline. */
export type AskIssuer = (token: string) => Promise<AskedClaims>

/** Which of the groups somebody is in, directly or not; or why that cannot be told now. */
export type AskedGroups =
  { readonly kind: 'told'; readonly groups: ReadonlySet<string> } | Unavailable

/** Asks a directory about groups, by ids in lower case. Never rejects but with faults. */
export type GroupsOf = (question: {
  readonly tenantId: string
  readonly objectId: string
  readonly principal: 'user' | 'application'
  readonly groupIds: readonly string[]
}) => Promise<AskedGroups>

/** How the claims of an issuer’s tokens become an account, and what it may do. */
export interface IssuerPolicy {
  /** Name of the issuer in the configuration. */
  readonly name: string
  /** In order; never empty. */
  readonly claims: readonly ClaimSource[]
  /** In order; empty: callers need no account. */
  readonly match: readonly MatchRule[]
  /** The claim that is shown as the name of the caller. */
  readonly userName: string
  /** A token needs one of them; empty: none. */
  readonly scopes: readonly string[]
  readonly access: readonly AccessRule[]
  /** The tenant whose accounts the callers are, where tokens name none. */
  readonly tenantId?: string
  /** Clients whose tokens are accepted although introspection names no audience. */
  readonly introspectionClients: readonly string[]
  readonly introspect?: AskIssuer
  readonly askUserInfo?: AskIssuer
  readonly groupsOf?: GroupsOf
}
