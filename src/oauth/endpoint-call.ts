import { err, type EvergrantError, type Result, type Secret } from '../kernel/index.ts'
import type { ClientAuthentication } from './client-authentication.ts'
import { isLoopback } from './endpoint-url.ts'
import type { ProviderProfile } from './provider.ts'
import type { TokenContext } from './read-token-answer.ts'
import { tokenFailure, type TokenFailure } from './token-failure.ts'
import type { ClientRequest } from './token-request.ts'
import { underDeadline, type Transport } from './transport.ts'

/** Who asks a provider, and how it proves itself. */
export interface ProviderClient {
  readonly provider: ProviderProfile
  readonly clientId: string
  readonly authentication: ClientAuthentication
  /** How far the provider’s clock is ahead of ours (ms), as a failure told; 0 by default. */
  readonly clockOffsetMs?: number
}

/** The endpoints a client calls. */
export type Endpoint = 'token_endpoint' | 'revocation_endpoint' | 'introspection_endpoint'

/** One call under way: what the pairs of request and processing work with. */
export interface EndpointCall {
  readonly request: ClientRequest
  readonly send: typeof fetch
  readonly signal: AbortSignal
  /** What the processing needs, as of now: call it as soon as the response is there. */
  readonly context: () => TokenContext
}

/**
 * Makes one call: finds the endpoint, proves the client, runs request and processing within ten
 * seconds. What fails before anything was sent has the effect `none`. Undefined when the server has
 * no such endpoint.
 *
 * @param secrets What the request carries besides the client’s own secrets.
 */
export async function callEndpoint<T>(
  client: ProviderClient,
  endpoint: Endpoint,
  secrets: readonly Secret[],
  transport: Transport,
  run: (call: EndpointCall) => Promise<Result<T, TokenFailure>>,
): Promise<Result<T, TokenFailure> | undefined> {
  const { provider, clientId, authentication, clockOffsetMs = 0 } = client
  const { clock } = transport
  const found = await provider.server(transport)
  if (!found.ok) return err({ ...found.error, effect: 'none' })
  const server = found.value
  const address = server[endpoint]
  if (address === undefined) return undefined
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (url === undefined || !isSafe(url)) return err(unsafe(provider, endpoint))
  const proof = authentication.prove(clock.now() + clockOffsetMs)
  if (!proof.ok) return err(unproven(authentication, proof.error))
  const outcome = await underDeadline(transport, url, (send, signal) => {
    const requestedAt = clock.now()
    const { issuerOf } = provider
    return run({
      request: { server, clientId, proof: proof.value },
      send,
      signal,
      context: () => ({
        server,
        clientId,
        url,
        requestedAt,
        now: clock.now(),
        secrets: [...authentication.secrets, ...secrets],
        ...(issuerOf === undefined
          ? {}
          : { issuerOf: (tenantId: string | undefined) => issuerOf(server, tenantId) }),
      }),
    })
  })
  return 'failed' in outcome ? err(outcome.failed) : outcome.done
}

/** The same for the token endpoint, without which there is no provider. */
export async function callTokenEndpoint<T>(
  client: ProviderClient,
  secrets: readonly Secret[],
  transport: Transport,
  run: (call: EndpointCall) => Promise<Result<T, TokenFailure>>,
): Promise<Result<T, TokenFailure>> {
  const outcome = await callEndpoint(client, 'token_endpoint', secrets, transport, run)
  return outcome ?? err(unsafe(client.provider, 'token_endpoint'))
}

function isSafe(url: URL): boolean {
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url))
}

function unsafe({ host }: ProviderProfile, endpoint: Endpoint): TokenFailure {
  return tokenFailure('misconfigured', `"${endpoint}" of ${host} is no https URL`, {
    effect: 'none',
  })
}

/** The credential’s own time is wrong. An outside assertion is replaced without us; nothing else is. */
function unproven(
  { method }: ClientAuthentication,
  { code, detail, remedy }: EvergrantError,
): TokenFailure {
  return tokenFailure('client_rejected', detail, {
    code,
    remedy,
    effect: 'none',
    retry: method === 'federated_assertion' ? 'backoff' : 'probe',
  })
}
