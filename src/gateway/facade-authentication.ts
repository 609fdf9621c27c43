import { err, EvergrantError, ok, type Result } from '../kernel/index.ts'
import { livingClient } from './facade-living-client.ts'
import type { FacadeContext, FacadeExchange } from './facade-context.ts'
import { shown, type Parameters } from './facade-parameters.ts'
import { hashOf, isSameHash } from './facade-secrets.ts'
import type { FacadeClient } from './facade-store.ts'

/** What a client says of itself. */
interface Claimed {
  readonly id?: string
  readonly secret?: string
}

/** How a request is authenticated. */
export interface AuthenticationOptions {
  /** The Authorization header. */
  readonly authorization: string | undefined
  readonly parameters: Parameters
  /**
   * The client that what it presents belongs to; it may say nothing of itself where its secret is
   * not asked for.
   */
  readonly bearer?: FacadeClient
}

/**
 * Finds out which client calls the token, revocation or introspection endpoint. Basic and form body
 * are both taken, together as well when they agree, since products differ; a wrong one is
 * `facade_client_refused` in every case, which does not tell what was wrong with it. RFC 6749
 * section 2.3.1.
 */
export async function authenticateClient(
  { store }: FacadeContext,
  exchange: FacadeExchange,
  { authorization, parameters, bearer }: AuthenticationOptions,
): Promise<Result<FacadeClient, EvergrantError>> {
  const claimed = readClaimed(authorization, parameters)
  if (!claimed.ok) return claimed
  const id = claimed.value.id ?? (bearer?.needsSecretOnRefresh === false ? bearer.id : undefined)
  if (id === undefined) return err(refused('expected "client_id", or the Authorization header'))
  const client = await livingClient(store, id)
  if (client === undefined || client.connection !== exchange.connection) {
    return err(refused(`"${shown(id)}" is no client of the connection "${exchange.connection}"`))
  }
  exchange.client = client
  const { secret } = claimed.value
  const mayOmitSecret =
    client.isPublic || (bearer?.id === client.id && !client.needsSecretOnRefresh)
  if (secret === undefined) {
    return mayOmitSecret ? ok(client) : err(refused('expected the client’s secret'))
  }
  if (client.secretHash === undefined || !isSameHash(hashOf(secret), client.secretHash)) {
    return err(refused('the secret is not the client’s'))
  }
  exchange.trace.step('authenticated', {
    client: client.name,
    by: authorization === undefined ? 'body' : 'basic',
  })
  return ok(client)
}

function readClaimed(
  authorization: string | undefined,
  parameters: Parameters,
): Result<Claimed, EvergrantError> {
  const basic = readBasic(authorization)
  if (!basic.ok) return basic
  const id = parameters.get('client_id')
  const secret = parameters.get('client_secret')
  const isTorn =
    (basic.value.id !== undefined && id !== undefined && basic.value.id !== id) ||
    (basic.value.secret !== undefined && secret !== undefined && basic.value.secret !== secret)
  if (isTorn) return err(refused('header and body name different clients'))
  const ids = basic.value.id ?? id
  const secrets = basic.value.secret ?? secret
  return ok({
    ...(ids === undefined ? {} : { id: ids }),
    ...(secrets === undefined ? {} : { secret: secrets }),
  })
}

/** Reads `Basic`; every other scheme says nothing about the client. */
function readBasic(authorization: string | undefined): Result<Claimed, EvergrantError> {
  const encoded = /^basic +([\w+/=-]+) *$/i.exec(authorization ?? '')?.[1]
  if (encoded === undefined) return ok({})
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const cut = text.indexOf(':')
  if (cut === -1) return err(refused('expected "id:secret" in the Authorization header'))
  const id = formDecoded(text.slice(0, cut))
  const secret = formDecoded(text.slice(cut + 1))
  if (id === undefined || secret === undefined) {
    return err(refused('expected id and secret form-encoded in the Authorization header'))
  }
  return ok({ ...(id === '' ? {} : { id }), ...(secret === '' ? {} : { secret }) })
}

function formDecoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return undefined
  }
}

function refused(detail: string): EvergrantError {
  return new EvergrantError('facade_client_refused', detail)
}
