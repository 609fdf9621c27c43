import { EvergrantError } from '../kernel/index.ts'
import { eventBase, type FacadeContext, type FacadeExchange } from './facade-context.ts'
import type { HandOut } from './facade-hand-out.ts'
import type { Parameters } from './facade-parameters.ts'
import type { FacadeFamily } from './facade-store.ts'

/** A token request, read. */
export interface TokenRequest {
  readonly authorization: string | undefined
  readonly parameters: Parameters
}

/** A token answer as it stands on the wire (RFC 6749 section 5.1). */
export interface TokenAnswer {
  readonly access_token: string
  readonly token_type: 'Bearer'
  /** Seconds the access token will really serve. */
  readonly expires_in: number
  readonly refresh_token: string
  readonly scope: string
}

/** Writes the answer and tells of it. */
export function answerOf(
  context: FacadeContext,
  exchange: FacadeExchange,
  issued: {
    readonly handed: HandOut
    readonly refreshToken: string
    readonly family: FacadeFamily
    readonly isRefresh?: boolean
  },
): TokenAnswer {
  const { handed, refreshToken, family, isRefresh = false } = issued
  const now = context.clock.now()
  const expiresInSeconds = Math.max(0, Math.floor((handed.kept.expiresAt - now) / 1_000))
  const tokens = exchange.client?.tokens ?? 'gateway'
  exchange.trace.step('handed_out', {
    tokens,
    expiresInSeconds,
    family: family.id,
    generation: family.generation,
  })
  context.emit({
    type: 'facade.token_issued',
    grantType: isRefresh ? 'refresh_token' : 'authorization_code',
    tokens,
    ...eventBase(context, exchange),
  })
  return {
    access_token: handed.accessToken,
    token_type: 'Bearer',
    expires_in: expiresInSeconds,
    refresh_token: refreshToken,
    scope: family.scope,
  }
}

/** The refusal of a code or refresh token; the client has to authorize again. */
export function refusedGrant(detail: string): EvergrantError {
  return new EvergrantError('facade_grant_refused', detail)
}
