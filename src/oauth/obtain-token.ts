import type { AccessToken, Result } from '../kernel/index.ts'
import { err } from '../kernel/index.ts'
import { mergeClaims } from './claims.ts'
import type { ClientAuthentication } from './client-authentication.ts'
import { clientCredentialsRequest, processClientCredentialsResponse } from './client-credentials.ts'
import type { ProviderProfile, TokenTarget } from './provider.ts'
import type { TokenFailure } from './token-failure.ts'
import { underDeadline, type Transport } from './transport.ts'

/** What is asked of a provider in the name of the application itself. */
export interface ApplicationTokenRequest {
  readonly provider: ProviderProfile
  readonly clientId: string
  readonly authentication: ClientAuthentication
  readonly target: TokenTarget
  /** Claims (JSON text) of a challenge. */
  readonly claims?: string
  /** Whether to declare the capability `cp1`. */
  readonly declaresCp1: boolean
}

/**
 * Obtains one access token by client credentials: finds the token endpoint, sends one request,
 * reads the answer within ten seconds. One call is at most one token request; nothing is retried,
 * cached or remembered here.
 */
export async function obtainApplicationToken(
  request: ApplicationTokenRequest,
  transport: Transport,
): Promise<Result<AccessToken, TokenFailure>> {
  const { provider, clientId, authentication, target, declaresCp1 } = request
  const found = await provider.server(transport)
  if (!found.ok) return found
  const server = found.value
  const url = new URL(server.token_endpoint ?? '')
  const claims = mergeClaims(request.claims, declaresCp1)
  const outcome = await underDeadline(transport, url, async (send, signal) => {
    const requestedAt = transport.clock.now()
    const response = await clientCredentialsRequest(
      {
        server,
        clientId,
        authentication,
        parameters: provider.tokenParameters(target),
        ...(claims === undefined ? {} : { claims }),
      },
      send,
      signal,
    )
    const now = transport.clock.now()
    const context = { server, clientId, url, requestedAt, now, secrets: authentication.secrets }
    return processClientCredentialsResponse(response, context, signal)
  })
  return 'failed' in outcome ? err(outcome.failed) : outcome.done
}
