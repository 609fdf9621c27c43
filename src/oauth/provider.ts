import type { AuthorizationServer } from 'oauth4webapi'
import type { Result } from '../kernel/index.ts'
import type { TokenFailure } from './token-failure.ts'
import type { Transport } from './transport.ts'

/** What a token is for: one resource, or scopes separated by blanks. */
export type TokenTarget = { readonly resource: string } | { readonly scope: string }

/** The grant types of the wire that ask for tokens. RFC 6749 section 4. */
export type WireGrant = 'client_credentials' | 'authorization_code' | 'refresh_token'

/** How a provider treats a refresh token that was used. */
export interface RotationOptions {
  /** `overlap`: it stays valid. `strict`: it does not, and using it again may end the grant. */
  readonly model: 'overlap' | 'strict'
  /** For how long a `strict` provider still accepts it, once (ms). */
  readonly graceMs: number
}

/** What a provider that says nothing is taken for: strict, without grace. */
export const strictRotation: RotationOptions = { model: 'strict', graceMs: 0 }

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
  /**
   * The form parameters that ask for the target by that grant (`client_credentials` by default).
   * The scope of a code was settled at the sign-in, so that only Entra and RFC 8707 name it again.
   */
  tokenParameters(target: TokenTarget, grant?: WireGrant): Readonly<Record<string, string>>
  /**
   * The issuer that an ID token of this provider must name, given the tenant the token itself
   * names; undefined when that is another tenant than ours. Absent where ID tokens cannot be
   * checked, which are then passed over.
   */
  readonly issuerOf?: (
    server: AuthorizationServer,
    tenantId: string | undefined,
  ) => string | undefined
  /**
   * The same provider for another of its tenants; absent where there are none.
   *
   * @throws `tenant_invalid` when the text names no tenant.
   */
  readonly forTenant?: (tenant: string) => ProviderProfile
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
