import { err, ok, type Result } from '../kernel/index.ts'
import type { SimulatedRequest } from './answer.ts'
import type { AuthenticatedClient } from './authenticated-client.ts'
import { authenticateByAssertion } from './client-assertion.ts'
import { clientRefusals } from './client-refusals.ts'
import type { EntraRefusal } from './entra-refusal.ts'
import { findApplication, type Realm } from './realms.ts'
import { basicOf, clientIdOf } from './token-form.ts'
import type { World } from './world.ts'

/**
 * Tells who the client is: a secret by post or Basic, a signed assertion, or nothing for a public
 * one. `audiences` are the values an assertion may carry, the one to name in a refusal first.
 */
export function authenticateClient(
  world: World,
  realm: Realm,
  request: SimulatedRequest,
  form: URLSearchParams,
  audiences: readonly string[],
): Result<AuthenticatedClient, EntraRefusal> {
  const clientId = clientIdOf(form)
  if (clientId === undefined) return err(clientRefusals.missing('client_id'))
  const application = findApplication(realm, clientId)
  if (application === undefined) {
    const directory = 'domain' in realm ? String(realm.domain) : realm.id
    return err(clientRefusals.unknown(clientId, directory))
  }
  const secret = form.get('client_secret')
  const assertion = form.get('client_assertion')
  if (application.isPublic) {
    const isBare = !secret && !assertion
    return isBare ? ok({ application, method: 'none' }) : err(clientRefusals.isPublic)
  }
  if (assertion) {
    const type = form.get('client_assertion_type')
    if (type !== 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer') {
      return err(clientRefusals.wrongAssertionType)
    }
    return authenticateByAssertion(world, realm, application, assertion, {
      audiences,
      now: request.receivedAt,
    })
  }
  if (!secret) return err(clientRefusals.noCredential)
  const known = application.secrets.filter(
    ({ value, startsAt = 0 }) => value === secret && startsAt <= request.receivedAt,
  )
  if (known.length === 0) return err(clientRefusals.wrongSecret(application.id))
  const isExpired = known.every(
    ({ expiresAt }) => expiresAt !== undefined && expiresAt <= request.receivedAt,
  )
  if (isExpired) return err(clientRefusals.expiredSecret(application.id))
  const method = basicOf(request) === undefined ? 'secret_post' : 'secret_basic'
  return ok({ application, method })
}
