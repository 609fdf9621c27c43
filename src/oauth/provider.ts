import type { AuthorizationServer } from 'oauth4webapi'
import type { Result } from '../kernel/index.ts'
import type { TokenFailure } from './token-failure.ts'
import type { Transport } from './transport.ts'

/** What a token is for: one resource, or scopes separated by blanks. */
export type TokenTarget = { readonly resource: string } | { readonly scope: string }

/** The adapter for one authorization server. */
export interface ProviderProfile {
  readonly type: 'entra' | 'oidc' | 'oauth2'
  /** The tenant as configured; empty where the provider has none. */
  readonly tenant: string
  /** Host of the authorization server, for messages. */
  readonly host: string
  /** Whether a used refresh token stays valid (`overlap`) or not (`strict`). */
  readonly rotation: 'overlap' | 'strict'
  /** For how long after its use a `strict` provider still accepts it, once (ms; 0: not at all). */
  readonly rotationGraceMs: number
  /** How long an unused refresh token lives (ms), where it is known: 90 days at Entra. */
  readonly refreshIdleMs?: number
  /** Root of Microsoft Graph, where the provider has one. */
  readonly graphUrl?: string
  /**
   * Returns the server’s metadata, its token endpoint at least. Answers from memory where it can;
   * failures are not remembered.
   */
  server(transport: Transport): Promise<Result<AuthorizationServer, TokenFailure>>
  /** The form parameters that ask for the target. */
  tokenParameters(target: TokenTarget): Readonly<Record<string, string>>
  /** Whether claims challenges can be expected for the target, so that `cp1` is worth declaring. */
  expectsClaimsChallenges(target: TokenTarget): boolean
  /** Returns the tenant’s id, from metadata when a domain is configured. */
  resolveTenantId(transport: Transport): Promise<Result<string, TokenFailure>>
}

/** The target in canonical form: equal for equal meaning, whatever the order of scopes. */
export function canonicalTarget(target: TokenTarget): string {
  if ('resource' in target) return `resource ${target.resource}`
  const scopes = [...new Set(target.scope.split(/\s+/).filter(Boolean))].toSorted()
  return `scope ${scopes.join(' ')}`
}
