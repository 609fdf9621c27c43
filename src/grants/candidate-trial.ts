import {
  err,
  EvergrantError,
  ok,
  type AccessToken,
  type Result,
  type Secret,
} from '../kernel/index.ts'
import type { TokenSubject, TokenTarget } from '../oauth/index.ts'
import { bounded } from './bounded.ts'
import type { ConnectionDefinition } from './connection.ts'
import type { EngineContext } from './context.ts'
import type { LoadedCredentials } from './credentials.ts'
import { asCustomerRefusal } from './customer-refusal.ts'
import { evidence } from './evidence.ts'
import { slotTargetOf } from './grant-address.ts'
import { holdExchange, type HeldExchange } from './held-exchange.ts'
import { keepAliveAt } from './keep-alive.ts'
import type { GrantRecord, TokenSlotKey } from './ports.ts'
import { renewalDeadlineMs } from './purpose.ts'
import { sendExchange, type ExchangeHabits } from './send-exchange.ts'
import { holdToken } from './slot.ts'

/** Why no token came of a candidate. */
interface Refusal {
  readonly error: EvergrantError
  /** It passes by itself, and has not spent the refresh token. */
  readonly isPassing: boolean
}

/** What is redeemed for. */
interface Redemption {
  readonly target: TokenTarget
  readonly of: ConnectionDefinition
  readonly slotVersion: number
}

/** A refresh token on trial. */
export interface CandidateTrial {
  /**
   * Redeems the candidate’s refresh token for a target, be it at the authority of a customer: the
   * definition for it says so.
   */
  redeemFor(
    target: TokenTarget,
    customer?: ConnectionDefinition,
  ): Promise<Result<AccessToken, Refusal>>
  /** Whose token it is, as the last ID token said. */
  subject(): TokenSubject | undefined
}

/** Makes the trial of a candidate: each redemption is journalled and rotated like any other. */
export function createTrial(
  definition: ConnectionDefinition,
  { version, proofs }: LoadedCredentials,
  grantId: string,
  context: EngineContext,
  known: TokenSubject | undefined,
): CandidateTrial {
  const { store, clock, outbox, owner, emit } = context
  const { provider } = definition
  const isExclusive = provider.rotation === 'strict'
  const habits: ExchangeHabits = { preferred: 0, clockOffsetMs: undefined }
  const about = { connection: definition.name, tenant: provider.tenant }
  let subject = known

  async function send(
    held: HeldExchange,
    slot: TokenSlotKey,
    grant: GrantRecord,
    refreshToken: Secret,
    { target, of, slotVersion }: Redemption,
  ): Promise<Result<AccessToken, Refusal>> {
    const isOfCustomer = of.grantTenant !== undefined
    const refreshVersion = grant.refreshToken?.version ?? 0
    const answer = await sendExchange({ definition: of, target, proofs, refreshToken }, habits, {
      fetch: held.fetch,
      clock,
      onCredentialRejected: (position, { code, detail }) =>
        emit({
          type: 'grant.credential_rejected',
          at: clock.now(),
          ...about,
          position,
          code,
          detail,
        }),
    })
    const now = clock.now()
    if (!answer.ok) {
      const { error, retry, effect: seen } = asCustomerRefusal(answer.error, of)
      const effect = isExclusive ? seen : 'none'
      const failure = { ...evidence(error, now), retry, attempts: 1 }
      // A customer who refuses now may let the grant in as soon as it serves: nobody is held off.
      const isForgotten = isOfCustomer && effect === 'none'
      await outbox.deliver(grantId, () =>
        isForgotten
          ? store.abandonExchange(slot, held.attemptId)
          : store.failExchange({
              slot,
              attemptId: held.attemptId,
              failure,
              now,
              lapse: false,
              ...(isOfCustomer ? { isOfCustomer } : {}),
              redemption: { refreshVersion, effect },
            }),
      )
      return err({ error, isPassing: retry === 'backoff' && effect === 'none' })
    }
    const { token, refreshToken: rotated, refreshExpiresAt } = answer.value
    // A customer’s tenant may know the account by another id.
    if (!isOfCustomer) subject = answer.value.subject ?? subject
    const softAt = holdToken(token, definition.refresh ?? {}, 0).softAt
    const nextAt = isOfCustomer
      ? undefined
      : keepAliveAt(definition, {
          now,
          softAt,
          jitter: 0,
          ...(refreshExpiresAt === undefined ? {} : { refreshExpiresAt }),
        })
    const delivery = await outbox.deliver(grantId, () =>
      store.commitExchange({
        slot,
        attemptId: held.attemptId,
        slotVersion,
        token,
        now,
        ...(isOfCustomer ? { isOfCustomer } : {}),
        ...(nextAt === undefined ? {} : { keepAliveAt: nextAt }),
        redemption: {
          refreshVersion,
          ...(rotated === undefined ? {} : { refreshToken: rotated }),
          ...(refreshExpiresAt === undefined ? {} : { refreshExpiresAt }),
          ...(subject === undefined || isOfCustomer ? {} : { subject: subject.subject }),
        },
      }),
    )
    if (delivery.kind === 'done') return ok(token)
    // What the provider issued is worth a wait: where it rotates, there is no other.
    const saving = bounded(clock, renewalDeadlineMs, delivery.later, () => storeAway().error.error)
    return saving.then(
      () => ok(token),
      () => storeAway(),
    )
  }

  return {
    subject: () => subject,
    redeemFor: async (target, of = definition) => {
      const slot = { grantId, target: slotTargetOf(of, target), credentialVersion: version }
      const view = await store.viewForRenewal(slot)
      const facts = view?.grant.refreshToken
      if (view?.grant.standing !== 'candidate') return ofCandidate(replaced())
      if (facts === undefined || view.refreshToken === undefined) return ofCandidate(replaced())
      const slotVersion = view.slot?.version ?? 0
      const start = await holdExchange(context, {
        slot,
        slotVersion,
        owner,
        redemption: { refreshVersion: facts.version, isExclusive },
      })
      if (start.kind === 'store_away') {
        return storeAway()
      }
      if (start.kind === 'elsewhere') return ofCandidate(replaced())
      const { held } = start
      try {
        return await send(held, slot, view.grant, view.refreshToken, {
          target,
          of,
          slotVersion,
        })
      } catch (thrown) {
        await outbox.deliver(grantId, () => store.abandonExchange(slot, held.attemptId))
        throw thrown
      } finally {
        held.release()
      }
    },
  }
}

function ofCandidate(error: EvergrantError): { readonly ok: false; readonly error: Refusal } {
  return err({ error, isPassing: false })
}

function storeAway(): { readonly ok: false; readonly error: Refusal } {
  return ofCandidate(
    new EvergrantError('store_unavailable', 'the store went away during the trial'),
  )
}

/** The error of a candidate that is none any more. */
export function replaced(): EvergrantError {
  return new EvergrantError(
    'candidate_refused',
    'another refresh token was put on trial, or the grant was revoked meanwhile',
  )
}
