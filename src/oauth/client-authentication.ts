import * as oauth from 'oauth4webapi'
import type { Secret } from '../kernel/index.ts'

/**
 * How a client proves itself at the token endpoint, as a value: it is made from one credential and
 * applied to one request.
 */
export interface ClientAuthentication {
  readonly method: 'client_secret_post' | 'client_secret_basic'
  /** Puts the proof into the request. */
  readonly apply: oauth.ClientAuth
  /** What must never be kept from an answer. */
  readonly secrets: readonly Secret[]
}

/** The secret in the form body. RFC 6749 section 2.3.1. */
export function clientSecretPost(secret: Secret): ClientAuthentication {
  return {
    method: 'client_secret_post',
    apply: oauth.ClientSecretPost(secret.reveal()),
    secrets: [secret],
  }
}

/** The secret in an HTTP Basic header, form-encoded first. RFC 6749 section 2.3.1. */
export function clientSecretBasic(secret: Secret): ClientAuthentication {
  return {
    method: 'client_secret_basic',
    apply: oauth.ClientSecretBasic(secret.reveal()),
    secrets: [secret],
  }
}
