import { err, EvergrantError, ok, type Result } from '../kernel/index.ts'
import type { FacadeContext, FacadeExchange } from './facade-context.ts'
import { readParameters } from './facade-parameters.ts'
import { hashOf } from './facade-secrets.ts'

/** Who a token stands for: the connection, since nobody signs in at the façade. */
export interface UserInfo {
  /** `connection`, or `connection:upstream`; the same for ever. */
  readonly sub: string
  readonly name: string
  readonly preferred_username: string
  /** Nobody’s mailbox (RFC 2606): products ask for one. */
  readonly email: string
  readonly email_verified: false
}

/**
 * Tells who the holder of an access token is. The token may come in the Authorization header, in
 * the query or in a form body, since products differ. Error: `facade_token_refused`.
 */
export async function userinfo(
  context: FacadeContext,
  exchange: FacadeExchange,
  request: {
    readonly authorization: string | undefined
    readonly query: string
    readonly body: string
  },
): Promise<Result<UserInfo, EvergrantError>> {
  const query = readParameters(request.query)
  if (!query.ok) return query
  const body = readParameters(request.body)
  if (!body.ok) return body
  const presented =
    /^bearer +([^\s]+) *$/i.exec(request.authorization ?? '')?.[1] ??
    query.value.get('access_token') ??
    body.value.get('access_token')
  if (presented === undefined) return err(refused('expected an access token'))
  const found = await context.store.findFacadeToken(hashOf(presented), context.clock.now())
  if (found?.token.kind !== 'access' || found.client.connection !== exchange.connection) {
    return err(refused('the token is not one of this connection’s façade, or has expired'))
  }
  exchange.client = found.client
  const { connection, upstream } = found.client
  const sub = upstream === undefined ? connection : `${connection}:${upstream}`
  const mailbox = sub.replaceAll(/[^\w.-]/g, '-')
  return ok({
    sub,
    name: sub,
    preferred_username: sub,
    email: `${mailbox}@evergrant.invalid`,
    email_verified: false,
  })
}

function refused(detail: string): EvergrantError {
  return new EvergrantError('facade_token_refused', detail)
}
