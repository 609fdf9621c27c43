import { err, ok, type Result } from '../kernel/index.ts'
import { headerOf, type SimulatedRequest } from './answer.ts'
import { authenticateByAssertion } from './client-assertion.ts'
import { clientRefusals } from './client-refusals.ts'
import type { EntraRefusal } from './entra-errors.ts'
import { readJwt } from './jwt.ts'
import type { Application, Realm } from './realms.ts'
import type { World } from './world.ts'

/** How a client proved itself. */
export type ClientMethod =
  'secret_post' | 'secret_basic' | 'certificate' | 'federated' | 'private_key_jwt' | 'none'

/** A client that proved itself. */
export interface AuthenticatedClient {
  readonly application: Application
  readonly method: ClientMethod
}

/** The form of a request, with the credentials of a Basic header put where the body would have them. */
export function readForm(request: SimulatedRequest): URLSearchParams {
  const form = new URLSearchParams(request.body)
  const basic = basicOf(request)
  if (basic === undefined) return form
  const pair = Buffer.from(basic, 'base64').toString('utf8')
  const colon = pair.indexOf(':')
  if (colon < 0) return form
  form.set('client_id', formDecoded(pair.slice(0, colon)))
  form.set('client_secret', formDecoded(pair.slice(colon + 1)))
  return form
}

/** The encoded pair of a Basic header. */
export function basicOf(request: SimulatedRequest): string | undefined {
  return /^basic +(\S+)$/i.exec(headerOf(request, 'authorization') ?? '')?.[1]
}

/** RFC 6749 section 2.3.1: both halves are form-encoded; what is not passes as it is. */
function formDecoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}

/** The client a request says it is from: by its parameter, else by its assertion. */
export function clientIdOf(form: URLSearchParams): string | undefined {
  const named = form.get('client_id')
  if (named) return named
  const subject = readJwt(form.get('client_assertion') ?? '')?.claims['sub']
  return typeof subject === 'string' ? subject : undefined
}

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
  const known = application.secrets.filter(({ value }) => value === secret)
  if (known.length === 0) return err(clientRefusals.wrongSecret(application.id))
  const isExpired = known.every(
    ({ expiresAt }) => expiresAt !== undefined && expiresAt <= request.receivedAt,
  )
  if (isExpired) return err(clientRefusals.expiredSecret(application.id))
  const method = basicOf(request) === undefined ? 'secret_post' : 'secret_basic'
  return ok({ application, method })
}

/** Finds an application; GUIDs of tenants in any case. */
export function findApplication(realm: Realm, clientId: string): Application | undefined {
  return realm.applications.get(realm.kind === 'entra' ? clientId.toLowerCase() : clientId)
}
