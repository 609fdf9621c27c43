import { err, EvergrantError, newId, ok, type Result } from '../kernel/index.ts'
import { authenticateClient } from './facade-authentication.ts'
import { eventBase, type FacadeContext, type FacadeExchange } from './facade-context.ts'
import { approvalLifeMs } from './facade-desk.ts'
import { handOut } from './facade-hand-out.ts'
import { invalid, readParameters, shown, type Parameters } from './facade-parameters.ts'
import { refresh } from './facade-refresh.ts'
import { fitsChallenge, hashOf, newFacadeSecret } from './facade-secrets.ts'
import type { FacadeClient, FacadeCode, FacadeFamily } from './facade-store.ts'
import {
  answerOf,
  refusedGrant,
  type TokenAnswer,
  type TokenRequest,
} from './facade-token-answer.ts'

/** A request at the token or the revocation endpoint. */
export interface FormRequest {
  /** The Authorization header. */
  readonly authorization: string | undefined
  /** The form body as it came. */
  readonly body: string
}

/** Serves a token request. Errors: `facade_*`, and whatever keeps the provider from a token. */
export async function token(
  context: FacadeContext,
  exchange: FacadeExchange,
  request: FormRequest,
): Promise<Result<TokenAnswer, EvergrantError>> {
  const parameters = readParameters(request.body)
  if (!parameters.ok) return parameters
  const grantType = parameters.value.get('grant_type')
  const served = { authorization: request.authorization, parameters: parameters.value }
  exchange.trace.step('asked', { grantType: shown(grantType ?? '') })
  if (grantType === 'authorization_code') return await redeem(context, exchange, served)
  if (grantType === 'refresh_token') return await refresh(context, exchange, served)
  if (grantType === undefined) return err(invalid('expected "grant_type"'))
  const detail = `"grant_type": "${shown(grantType)}" is not known`
  return err(new EvergrantError('facade_grant_type_unsupported', detail))
}

/**
 * Exchanges a code, once: by the client it was made for, with the redirect URI it was sent to and
 * the verifier of its challenge. A second use revokes what the first gave (RFC 6749 section 10.5).
 */
async function redeem(
  context: FacadeContext,
  exchange: FacadeExchange,
  request: TokenRequest,
): Promise<Result<TokenAnswer, EvergrantError>> {
  const authenticated = await authenticateClient(context, exchange, request)
  if (!authenticated.ok) return authenticated
  const client = authenticated.value
  const code = request.parameters.get('code')
  if (code === undefined) return err(invalid('expected "code"'))
  const hash = hashOf(code)
  const kept = await context.store.getFacadeCode(hash)
  if (kept?.clientId !== client.id) return err(refusedGrant('the code is not one of this client'))
  if (kept.usedFor !== undefined) return await replayed(context, exchange, kept.usedFor)
  const mismatch = findMismatch(client, kept, request.parameters, context.clock.now())
  if (mismatch !== undefined) return err(mismatch)

  const handed = await handOut(context, exchange, client)
  if (!handed.ok) return handed
  const now = context.clock.now()
  const refreshToken = newFacadeSecret('egr', context.random).reveal()
  const { handedOut } = handed.value
  const family: FacadeFamily = {
    id: newId('fam', now, context.random),
    clientId: client.id,
    scope: kept.scope,
    createdAt: now,
    generation: 1,
    rotatedAt: now,
    ...(handedOut === undefined ? {} : { handedOut }),
  }
  const redeemed = await context.store.redeemFacadeCode(
    {
      hash,
      family,
      tokens: [
        handed.value.kept,
        { hash: hashOf(refreshToken), kind: 'refresh', generation: 1, issuedAt: now },
      ],
      ...(client.isPublic ? { approvedSince: now - approvalLifeMs } : {}),
    },
    now,
  )
  switch (redeemed) {
    case 'redeemed':
      return ok(answerOf(context, exchange, { handed: handed.value, refreshToken, family }))
    case 'used': {
      const usedFor = (await context.store.getFacadeCode(hash))?.usedFor
      return await replayed(context, exchange, usedFor ?? '')
    }
    case 'unapproved':
      return err(
        new EvergrantError('facade_not_approved', `the approval of "${client.name}" was spent`),
      )
    case 'gone':
      return err(refusedGrant('the code or its client is gone'))
  }
}

function findMismatch(
  client: FacadeClient,
  code: FacadeCode,
  parameters: Parameters,
  now: number,
): EvergrantError | undefined {
  if (code.expiresAt <= now) return refusedGrant('the code has expired; it lives for a minute')
  const redirectUri = parameters.get('redirect_uri')
  if (redirectUri === undefined ? code.namedRedirectUri : redirectUri !== code.redirectUri) {
    return refusedGrant('"redirect_uri" is not the one that the code was sent to')
  }
  const verifier = parameters.get('code_verifier')
  if (code.challenge === undefined) {
    // Who sends a verifier has sent a challenge: somebody took it out (RFC 9700 section 4.8.2).
    if (verifier !== undefined) return refusedGrant('the code was made without "code_challenge"')
    return client.requiresPkce ? refusedGrant('the code was made without PKCE') : undefined
  }
  if (verifier === undefined) return refusedGrant('expected "code_verifier"')
  if (!/^[\w.~-]{43,128}$/.test(verifier) || !fitsChallenge(verifier, code.challenge)) {
    return refusedGrant('"code_verifier" does not fit "code_challenge"')
  }
  return undefined
}

async function replayed(
  context: FacadeContext,
  exchange: FacadeExchange,
  familyId: string,
): Promise<Result<TokenAnswer, EvergrantError>> {
  await context.store.revokeFacadeFamily(familyId)
  exchange.trace.step('revoked', { family: familyId, reason: 'code_replayed' })
  context.emit({ type: 'facade.code_replayed', familyId, ...eventBase(context, exchange) })
  return err(refusedGrant('the code was used before; what it gave is revoked'))
}
