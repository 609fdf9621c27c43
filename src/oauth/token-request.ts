import * as oauth from 'oauth4webapi'
import { isLoopback } from './endpoint-url.ts'

/** What every request of a client to its provider is made of. */
export interface ClientRequest {
  readonly server: oauth.AuthorizationServer
  readonly clientId: string
  /** Puts the client’s proof into the request. */
  readonly proof: oauth.ClientAuth
}

/** A request to the token endpoint. */
export interface TokenRequest extends ClientRequest {
  /** `scope`, `resource` and what else the provider wants, as the wire spells it. */
  readonly parameters: Readonly<Record<string, string>>
  /** Claims request (JSON text), sent as `claims`. */
  readonly claims?: string
}

/** The form parameters of a token request, its claims among them. */
export function parametersOf({ parameters, claims }: TokenRequest): Record<string, string> {
  return claims === undefined ? { ...parameters } : { ...parameters, claims }
}

/** What the library needs to send: plain http for loopback only, redirects are not followed. */
export interface SendOptions {
  signal: AbortSignal
  [oauth.allowInsecureRequests]: boolean
  [oauth.customFetch]: (
    address: string,
    options: oauth.CustomFetchOptions<'POST', URLSearchParams>,
  ) => Promise<Response>
}

/**
 * Makes the options of one request.
 *
 * @param send Rejects as `fetch` does; the rejection is passed on.
 */
export function sendOptions(
  endpoint: string | undefined,
  send: typeof fetch,
  signal: AbortSignal,
): SendOptions {
  const url = endpoint !== undefined && URL.canParse(endpoint) ? new URL(endpoint) : undefined
  return {
    signal,
    [oauth.allowInsecureRequests]: url !== undefined && isLoopback(url),
    [oauth.customFetch]: (address, options) => send(address, options),
  }
}
