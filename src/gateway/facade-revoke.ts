import { err, ok, type EvergrantError, type Result } from '../kernel/index.ts'
import { authenticateClient } from './facade-authentication.ts'
import { eventBase, type FacadeContext, type FacadeExchange } from './facade-context.ts'
import { invalid, readParameters } from './facade-parameters.ts'
import { hashOf } from './facade-secrets.ts'
import type { FormRequest } from './facade-token.ts'

/**
 * Takes a token back: a refresh token with everything of its authorization, an access token alone.
 * One that is unknown, or of another client, is no error (RFC 7009 section 2.2). The provider’s own
 * token is forgotten here and goes on living there. Yields an empty object: nobody reads it, but
 * some clients insist on JSON.
 */
export async function revoke(
  context: FacadeContext,
  exchange: FacadeExchange,
  request: FormRequest,
): Promise<Result<object, EvergrantError>> {
  const parameters = readParameters(request.body)
  if (!parameters.ok) return parameters
  const { authorization } = request
  const authenticated = await authenticateClient(context, exchange, {
    authorization,
    parameters: parameters.value,
  })
  if (!authenticated.ok) return authenticated
  const presented = parameters.value.get('token')
  if (presented === undefined) return err(invalid('expected "token"'))
  const found = await context.store.findFacadeToken(hashOf(presented), context.clock.now())
  if (found?.client.id !== authenticated.value.id) return ok({})
  const { family, token } = found
  if (token.kind === 'access') {
    await context.store.revokeFacadeToken(token.hash, family.id)
    exchange.trace.step('revoked', { family: family.id, reason: 'access_token' })
    return ok({})
  }
  await context.store.revokeFacadeFamily(family.id)
  exchange.trace.step('revoked', { family: family.id, reason: 'client' })
  context.emit({
    type: 'facade.token_revoked',
    familyId: family.id,
    ...eventBase(context, exchange),
  })
  return ok({})
}
