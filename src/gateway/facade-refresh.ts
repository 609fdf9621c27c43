import { err, EvergrantError, ok, type Result } from '../kernel/index.ts'
import { authenticateClient } from './facade-authentication.ts'
import { eventBase, type FacadeContext, type FacadeExchange } from './facade-context.ts'
import { handOut } from './facade-hand-out.ts'
import { invalid } from './facade-parameters.ts'
import { hashOf, newFacadeSecret } from './facade-secrets.ts'
import type { FacadeClient, FacadeFamily, FacadeToken } from './facade-store.ts'
import {
  answerOf,
  refusedGrant,
  type TokenAnswer,
  type TokenRequest,
} from './facade-token-answer.ts'

/** For how long refresh tokens that were rotated away are told from unknown ones (ms): 30 days. */
const rotatedMemoryMs = 2_592_000_000
/** How often a refresh that others overtake starts over. */
const attempts = 20

/**
 * Exchanges a refresh token. A static one serves any number of parallel refreshes and comes back
 * with the answer. One of a client that rotates is replaced: the one before it still serves within
 * the grace and then gives a sibling of the newest; any other revokes its whole family, for either
 * the client or a thief holds a copy (RFC 9700 section 4.14.2).
 */
export async function refresh(
  context: FacadeContext,
  exchange: FacadeExchange,
  request: TokenRequest,
): Promise<Result<TokenAnswer, EvergrantError>> {
  const presented = request.parameters.get('refresh_token')
  if (presented === undefined) return err(invalid('expected "refresh_token"'))
  const hash = hashOf(presented)
  let found = await context.store.findFacadeToken(hash, context.clock.now())
  const bearer = found?.token.kind === 'refresh' ? found.client : undefined
  const authenticated = await authenticateClient(context, exchange, {
    ...request,
    ...(bearer === undefined ? {} : { bearer }),
  })
  if (!authenticated.ok) return authenticated
  const client = authenticated.value

  for (let attempt = 0; attempt < attempts; attempt++) {
    if (found?.token.kind !== 'refresh' || found.client.id !== client.id) {
      return err(refusedGrant('the refresh token is not one of this client, or was revoked'))
    }
    const { family, token } = found
    const now = context.clock.now()
    const generation = nextGeneration(client, family, token, now)
    if (generation === undefined) return await reused(context, exchange, family)
    const handed = await handOut(context, exchange, client, family)
    if (!handed.ok) return handed
    const fresh = client.rotates ? newFacadeSecret('egr', context.random).reveal() : undefined
    const { handedOut, kept } = handed.value
    const isIssued = await context.store.issueFacadeTokens(
      {
        familyId: family.id,
        expectedGeneration: family.generation,
        generation,
        tokens: [
          kept,
          ...(fresh === undefined
            ? []
            : [{ hash: hashOf(fresh), kind: 'refresh', generation, issuedAt: now } as const]),
        ],
        rememberUntil: now + rotatedMemoryMs,
        ...(handedOut === undefined ? {} : { handedOut }),
      },
      now,
    )
    if (isIssued) {
      const issued = { handed: handed.value, refreshToken: fresh ?? presented, isRefresh: true }
      return ok(answerOf(context, exchange, { ...issued, family: { ...family, generation } }))
    }
    // A parallel refresh rotated the family, or somebody revoked it: look again.
    found = await context.store.findFacadeToken(hash, context.clock.now())
  }
  return err(
    new EvergrantError('store_busy', 'the refresh was overtaken by others again and again'),
  )
}

/** The family’s generation after this refresh; undefined when the token must not be used any more. */
function nextGeneration(
  { rotates, graceMs }: FacadeClient,
  family: FacadeFamily,
  { generation }: FacadeToken,
  now: number,
): number | undefined {
  if (!rotates) return family.generation
  if (generation === family.generation) return generation + 1
  const isPrevious = generation === family.generation - 1
  return isPrevious && now - family.rotatedAt <= graceMs ? family.generation : undefined
}

async function reused(
  context: FacadeContext,
  exchange: FacadeExchange,
  family: FacadeFamily,
): Promise<Result<TokenAnswer, EvergrantError>> {
  await context.store.revokeFacadeFamily(family.id)
  exchange.trace.step('revoked', { family: family.id, reason: 'token_reused' })
  context.emit({
    type: 'facade.token_reused',
    familyId: family.id,
    ...eventBase(context, exchange),
  })
  return err(refusedGrant('the refresh token was replaced before; its authorization is revoked'))
}
