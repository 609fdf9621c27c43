import { EvergrantError, err, ok, Secret } from '../kernel/index.ts'
import { sendAssertion, type ClientAuthentication } from './client-authentication.ts'
import { readJwt } from './jwt.ts'

/**
 * The JWT of an outside identity provider in place of a secret. It is sent as it is; make a new
 * value from the newest JWT for every request, since its file is replaced while we run. One that
 * has expired is refused before anything is sent.
 *
 * @throws `assertion_invalid` when the text is no signed JWT.
 * @see RFC 7523 section 2.2
 * @see https://learn.microsoft.com/en-us/entra/workload-id/workload-identity-federation
 */
export function federatedAssertion(jwt: Secret): ClientAuthentication {
  const assertion = new Secret(jwt.reveal().trim())
  const content = readJwt(assertion.reveal())
  if (content === undefined) {
    throw new EvergrantError(
      'assertion_invalid',
      'expected a signed JWT (three parts, JSON in the first two), but saw something else',
    )
  }
  const { exp } = content.claims
  const expiresAt = typeof exp === 'number' && Number.isFinite(exp) ? exp * 1_000 : undefined
  return {
    method: 'federated_assertion',
    secrets: [assertion],
    ...(expiresAt === undefined ? {} : { expiresAt }),
    prove: (now) => {
      if (expiresAt !== undefined && expiresAt <= now) return err(expired(expiresAt))
      return ok((_server, client, body) => {
        sendAssertion(client.client_id, body, assertion.reveal())
      })
    },
  }
}

function expired(at: number): EvergrantError {
  return new EvergrantError(
    'assertion_invalid',
    `the federated assertion expired at ${instantText(at)}`,
  )
}

/** An instant for people; `exp` may name one that no calendar has. */
function instantText(at: number): string {
  return Math.abs(at) <= 8.64e15 ? new Date(at).toISOString() : 'an impossible time'
}
