import { authenticateOnce, type ConnectionDefinition } from '../grants/index.ts'
import { err, EvergrantError, isEvergrantError, type Result, type Secret } from '../kernel/index.ts'
import {
  noAuthentication,
  redeemAuthorizationCode,
  type ClientAuthentication,
  type TokenAnswer,
  type TokenTarget,
  type Transport,
} from '../oauth/index.ts'
import { nonceOf } from './begin-consent.ts'

/** A code, with what belongs to its sign-in. */
interface CodeOfSignIn {
  readonly code: Secret
  readonly verifier: Secret
  readonly redirectUri: string
  readonly target: TokenTarget
}

/**
 * Redeems a code with the first of the client’s credentials that the provider takes. A refusal of
 * the client leaves the code as it was, so the next credential is tried; nothing else is.
 */
export async function redeemCode(
  definition: ConnectionDefinition,
  { code, verifier, redirectUri, target }: CodeOfSignIn,
  transport: Transport,
): Promise<Result<TokenAnswer, EvergrantError>> {
  const { provider, clientId, declaresCp1 = provider.expectsClaimsChallenges(target) } = definition
  let refusal: EvergrantError | undefined
  for (const authenticate of waysToAuthenticate(definition)) {
    let authentication: ClientAuthentication
    try {
      authentication = await authenticate()
    } catch (error) {
      if (!isEvergrantError(error)) throw error
      refusal ??= error
      continue
    }
    const answer = await redeemAuthorizationCode(
      {
        provider,
        clientId,
        authentication,
        target,
        declaresCp1,
        code,
        codeVerifier: verifier,
        redirectUri,
        // Without an issuer to check it against, an ID token proves nobody.
        ...(provider.issuerOf === undefined ? {} : { nonce: nonceOf(verifier) }),
      },
      transport,
    )
    if (answer.ok) return answer
    const { error, kind, effect } = answer.error
    refusal = error
    if (kind !== 'client_rejected' || effect !== 'none') break
  }
  return err(refusal ?? new EvergrantError('secret_unavailable', 'the client has no credential'))
}

function waysToAuthenticate({
  credentials,
}: ConnectionDefinition): readonly (() => ClientAuthentication | Promise<ClientAuthentication>)[] {
  if (credentials.length === 0) return [noAuthentication]
  return credentials.map((credential) => () => authenticateOnce(credential))
}
