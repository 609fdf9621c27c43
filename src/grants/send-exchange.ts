import {
  isEvergrantError,
  type Clock,
  type EvergrantError,
  type Result,
  type Secret,
} from '../kernel/index.ts'
import {
  obtainApplicationToken,
  redeemRefreshToken,
  type TokenAnswer,
  type TokenFailure,
  type TokenTarget,
} from '../oauth/index.ts'
import type { ConnectionDefinition } from './connection.ts'
import type { Proof } from './credentials.ts'

/** What a connection has learnt about its own requests; kept between exchanges. */
export interface ExchangeHabits {
  /** The credential that worked last is tried first. */
  preferred: number
  /** How far the provider’s clock is ahead of ours (ms), once it said so. */
  clockOffsetMs: number | undefined
}

/** One exchange to be sent. */
export interface ExchangeOrder {
  readonly definition: ConnectionDefinition
  readonly target: TokenTarget
  readonly proofs: readonly Proof[]
  /** Present when a refresh token is redeemed; else the application asks for itself. */
  readonly refreshToken?: Secret
  /** Claims (JSON text) of a challenge. */
  readonly claims?: string
}

/** What an exchange needs of the world. */
export interface ExchangeWorld {
  readonly fetch: typeof fetch
  readonly clock: Clock
  /** Told of every credential that did not do. */
  readonly onCredentialRejected: (position: number, error: EvergrantError) => void
}

/**
 * Obtains one token: one request, and one more for each credential that the provider rejects, and
 * one more when it says that our clock is wrong. Nothing is sent again after a request that may
 * have spent the refresh token.
 *
 * @throws `secret_unavailable`, `assertion_invalid` when no credential could be read at all.
 */
export async function sendExchange(
  order: ExchangeOrder,
  habits: ExchangeHabits,
  world: ExchangeWorld,
): Promise<Result<TokenAnswer, TokenFailure>> {
  const { proofs } = order
  let answer: Result<TokenAnswer, TokenFailure> | undefined
  let unreadable: EvergrantError | undefined
  for (let i = 0; i < proofs.length; i++) {
    const index = (habits.preferred + i) % proofs.length
    const proof = proofs[index]
    if (proof === undefined) continue
    try {
      answer = await attempt(order, proof, habits, world)
    } catch (error) {
      if (!isEvergrantError(error)) throw error
      unreadable ??= error
      world.onCredentialRejected(proof.position, error)
      continue
    }
    if (answer.ok) habits.preferred = index
    if (answer.ok || !mayGoOn(answer.error, order)) return answer
    world.onCredentialRejected(proof.position, answer.error.error)
  }
  if (answer !== undefined) return answer
  throw unreadable ?? new Error('credentials are loaded, so there is at least one')
}

/** One request with one credential; a second one when the first shows that the clocks differ. */
async function attempt(
  order: ExchangeOrder,
  proof: Proof,
  habits: ExchangeHabits,
  world: ExchangeWorld,
): Promise<Result<TokenAnswer, TokenFailure>> {
  const first = await request(order, proof, habits, world)
  const offset = first.ok ? undefined : first.error.clockOffsetMs
  if (first.ok || offset === undefined || offset === habits.clockOffsetMs) return first
  if (!mayGoOn({ ...first.error, kind: 'client_rejected' }, order)) return first
  habits.clockOffsetMs = offset
  return request(order, proof, habits, world)
}

async function request(
  { definition, target, refreshToken, claims }: ExchangeOrder,
  proof: Proof,
  { clockOffsetMs }: ExchangeHabits,
  { fetch, clock }: ExchangeWorld,
): Promise<Result<TokenAnswer, TokenFailure>> {
  const { provider, clientId } = definition
  const asked = {
    provider,
    clientId,
    authentication: await proof.authenticate(),
    target,
    declaresCp1: definition.declaresCp1 ?? provider.expectsClaimsChallenges(target),
    ...(claims === undefined ? {} : { claims }),
    ...(clockOffsetMs === undefined ? {} : { clockOffsetMs }),
  }
  if (refreshToken === undefined) return obtainApplicationToken(asked, { fetch, clock })
  return redeemRefreshToken({ ...asked, refreshToken }, { fetch, clock })
}

function mayGoOn({ kind, effect }: TokenFailure, { refreshToken }: ExchangeOrder): boolean {
  return kind === 'client_rejected' && (refreshToken === undefined || effect === 'none')
}
