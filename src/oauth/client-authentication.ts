import * as oauth from 'oauth4webapi'
import { ok, type EvergrantError, type Result, type Secret } from '../kernel/index.ts'

/** How a client can prove itself; the names of the IANA registry where it has one. */
export type ClientAuthenticationMethod =
  'client_secret_post' | 'client_secret_basic' | 'private_key_jwt' | 'federated_assertion' | 'none'

/**
 * How a client proves itself to a provider, as a value: it is made from one credential and proves
 * any number of requests.
 */
export interface ClientAuthentication {
  readonly method: ClientAuthenticationMethod
  /**
   * Makes the proof of one request. Refuses with `certificate_invalid` or `assertion_invalid` when
   * the credential’s own time is over or has not come.
   *
   * @param now The instant on the provider’s clock, as far as it is known (epoch ms).
   */
  readonly prove: (now: number) => Result<oauth.ClientAuth, EvergrantError>
  /** What must never be kept from an answer. */
  readonly secrets: readonly Secret[]
  /** When the credential itself says that it ends (epoch ms), if it does. */
  readonly expiresAt?: number
}

/** The secret in the form body. RFC 6749 section 2.3.1. */
export function clientSecretPost(secret: Secret): ClientAuthentication {
  return {
    method: 'client_secret_post',
    prove: () => ok(oauth.ClientSecretPost(secret.reveal())),
    secrets: [secret],
  }
}

/** The secret in an HTTP Basic header, form-encoded first. RFC 6749 section 2.3.1. */
export function clientSecretBasic(secret: Secret): ClientAuthentication {
  return {
    method: 'client_secret_basic',
    prove: () => ok(oauth.ClientSecretBasic(secret.reveal())),
    secrets: [secret],
  }
}

/** No proof: a public client says its id alone. RFC 6749 section 2.1. */
export function noAuthentication(): ClientAuthentication {
  return { method: 'none', prove: () => ok(oauth.None()), secrets: [] }
}

/** Puts an assertion into a request. RFC 7523 section 2.2. */
export function sendAssertion(clientId: string, body: URLSearchParams, assertion: string): void {
  body.set('client_id', clientId)
  body.set('client_assertion_type', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer')
  body.set('client_assertion', assertion)
}
