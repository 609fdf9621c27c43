import { err, EvergrantError, ok, type AccessToken, type Result } from '../kernel/index.ts'
import { eventBase, type FacadeContext, type FacadeExchange } from './facade-context.ts'
import { hashOf, newFacadeSecret } from './facade-secrets.ts'
import type { FacadeClient, FacadeFamily, FacadeToken } from './facade-store.ts'

/** An access token on its way to a client. */
export interface HandOut {
  /** The token itself; secret. */
  readonly accessToken: string
  readonly kept: FacadeToken & { readonly expiresAt: number }
  /** The provider’s token and when the family was first handed it. */
  readonly handedOut?: { readonly hash: string; readonly at: number }
}

/** Life of a token for `/proxy` (ms). */
const gatewayTokenLifeMs = 3_600_000
/** A provider’s token with less life than this is renewed before it is handed out (ms). */
const renewBelowMs = 300_000
/** Refreshes that soon after a hand-out are parallel ones, and no report of a rejection (ms). */
export const parallelMs = 30_000

/**
 * Makes or obtains the access token for a client. A token for `/proxy` is ours: that the connection
 * works is only tried for a family’s first one, so that whoever sets it up meets the error at once
 * and a refresh needs no provider. Yields the provider’s refusals as the engine tells them.
 *
 * @param family What the token is for; undefined for the first one.
 */
export async function handOut(
  context: FacadeContext,
  exchange: FacadeExchange,
  client: FacadeClient,
  family?: FacadeFamily,
): Promise<Result<HandOut, EvergrantError>> {
  if (client.tokens === 'upstream') return await handOutUpstream(context, exchange, client, family)
  if (family === undefined) {
    const tried = await obtain(context, client)
    if (!tried.ok) return tried
  }
  const now = context.clock.now()
  const token = newFacadeSecret('egf', context.random).reveal()
  return ok({
    accessToken: token,
    kept: {
      hash: hashOf(token),
      kind: 'access',
      generation: 0,
      issuedAt: now,
      expiresAt: now + gatewayTokenLifeMs,
    },
  })
}

type Obtained = Result<
  {
    readonly handle: ReturnType<FacadeContext['connection']>
    readonly token: AccessToken
  },
  EvergrantError
>

async function obtain(context: FacadeContext, client: FacadeClient): Promise<Obtained> {
  try {
    const { connection, upstream } = client
    const handle = context.connection(
      connection,
      upstream === undefined ? {} : { target: upstream },
    )
    const granted = await handle.getToken({ renewBelowMs })
    return granted.ok ? ok({ handle, token: granted.value.token }) : granted
  } catch (error) {
    // A connection that was removed, or has no such upstream any more.
    if (error instanceof EvergrantError) return err(error)
    throw error
  }
}

/**
 * The provider’s own token. A client refreshes because an API refused the token, or the clock said
 * so; in the first case the same token again would help nobody. So a refresh while the token that
 * the family was handed last is still the current one counts as a report that it was refused.
 */
async function handOutUpstream(
  context: FacadeContext,
  exchange: FacadeExchange,
  client: FacadeClient,
  family: FacadeFamily | undefined,
): Promise<Result<HandOut, EvergrantError>> {
  const obtained = await obtain(context, client)
  if (!obtained.ok) return obtained
  const { handle } = obtained.value
  let { token } = obtained.value
  const last = family?.handedOut
  const isSame = last?.hash === hashOf(token.secret.reveal())
  if (last !== undefined && isSame && context.clock.now() - last.at > parallelMs) {
    const rejection = await handle.reportRejection({ status: 401, headers: {}, token })
    const outcome = rejection.kind
    exchange.trace.step('rejection_reported', { outcome })
    context.emit({ type: 'facade.rejection_reported', outcome, ...eventBase(context, exchange) })
    if (rejection.kind === 'renewal_failed') return err(rejection.error)
    if (rejection.kind !== 'not_about_token') ({ token } = rejection)
  }
  const now = context.clock.now()
  const text = token.secret.reveal()
  const hash = hashOf(text)
  return ok({
    accessToken: text,
    kept: { hash, kind: 'access', generation: 0, issuedAt: now, expiresAt: token.expiresAt },
    handedOut: last?.hash === hash ? last : { hash, at: now },
  })
}
