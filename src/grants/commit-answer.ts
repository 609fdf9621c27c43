import { EvergrantError, remainingLifeMs, type AccessToken, type Secret } from '../kernel/index.ts'
import type { TokenAnswer } from '../oauth/index.ts'
import type { HeldExchange } from './held-exchange.ts'
import { keepAliveAt } from './keep-alive.ts'
import type { ExchangeCommit, RenewalView, TokenSlotKey } from './ports.ts'
import type { RenewalOutcome, RenewalPurpose } from './purpose.ts'
import type { RenewalParts, Run, Step } from './renewal-parts.ts'
import { capLife, holdToken, isRefused } from './slot.ts'
import type { Weighing } from './weigh-view.ts'

/** What becomes of what a provider issued. */
export interface Committing {
  /** Commits what came, and hands it out: where the old refresh token is dead, in this order. */
  succeed(
    answer: TokenAnswer,
    held: HeldExchange,
    key: TokenSlotKey,
    view: RenewalView,
    run: Run,
  ): Promise<Step>
  handOut(token: AccessToken, run: Run, isPersisted: boolean): RenewalOutcome
  /** Says what makes a token useless that was just issued. */
  flawOf(token: AccessToken): EvergrantError | undefined
}

/** Makes the committing of one slot. */
export function createCommitting(parts: RenewalParts, weighing: Weighing): Committing {
  const { definition, store, access, outbox, clock, emit, slot, dispatch } = parts
  const { about, policy, isRedemption, isExclusive, isOfCustomer, desk } = parts
  const { provider } = definition

  /** Commits what came, and hands it out: where the old refresh token is dead, in this order. */
  async function succeed(
    answer: TokenAnswer,
    held: HeldExchange,
    key: TokenSlotKey,
    view: RenewalView,
    run: Run,
  ): Promise<Step> {
    const { token } = answer
    const facts = isRedemption ? view.grant.refreshToken : undefined
    const flaw = flawOf(token)
    if (flaw !== undefined && facts === undefined) {
      const failure = { error: flaw, retry: 'backoff', isLapse: false } as const
      return { kind: 'failed', error: await desk.fail(run.purpose, failure, { held, slot: key }) }
    }
    const kept = holdToken(capLife(token, policy), policy, parts.jitter, run.isForced)
    // A customer’s tenant says nothing of the sign-in at home, which alone is kept alive.
    const wish = isOfCustomer
      ? undefined
      : keepAliveAt(definition, {
          now: clock.now(),
          softAt: kept.softAt,
          jitter: parts.jitter,
          ...(answer.refreshExpiresAt === undefined
            ? {}
            : { refreshExpiresAt: answer.refreshExpiresAt }),
        })
    const nextAt = nextKeepAlive(wish, view.grant.keepAliveAt, run.purpose)
    const { claims } = run.purpose
    const success = {
      slot: key,
      attemptId: held.attemptId,
      slotVersion: view.slot?.version ?? 0,
      token,
      ...(claims === undefined ? {} : { claims }),
      ...(nextAt === undefined ? {} : { keepAliveAt: nextAt }),
      ...(isOfCustomer ? { isOfCustomer } : {}),
      ...(facts === undefined ? {} : { redemption: redeemed(facts.version, answer, isOfCustomer) }),
    }
    const commit = (): Promise<ExchangeCommit> =>
      store.commitExchange({ ...success, now: clock.now() })
    const delivery = await outbox.deliver(key.grantId, commit)
    if (delivery.kind === 'pending') {
      emit({ type: 'grant.unsaved', at: clock.now(), ...about })
      void delivery.later.then(
        () => emit({ type: 'grant.saved_late', at: clock.now(), ...about }),
        () => {},
      )
    }
    if (delivery.kind === 'pending' && !isExclusive) {
      if (flaw === undefined) return handOut(token, run, false)
    } else {
      const done = delivery.kind === 'done' ? delivery.value : await delivery.later
      if (done.token === 'superseded' && !isSame(done.slot.token, token)) {
        if (weighing.adopt(done.slot, run.purpose)) return { kind: 'adopted' }
        const now = await access.attempt(() => store.getGrant(key.grantId))
        const isStill = now?.value?.standing === 'current' && now.value.state !== 'revoked'
        if (now !== undefined && !isStill) return 'look_again'
        if (flaw === undefined) return handOut(token, run, false)
      }
    }
    if (flaw === undefined) return handOut(token, run, true)
    const failure = { error: flaw, retry: 'backoff', isLapse: false } as const
    return { kind: 'failed', error: await desk.fail(run.purpose, failure) }
  }

  function handOut(token: AccessToken, run: Run, isPersisted: boolean): RenewalOutcome {
    const held = holdToken(capLife(token, policy), policy, parts.jitter, run.isForced)
    desk.forget()
    dispatch({ type: 'issued', held })
    emit({
      type: 'grant.refreshed',
      at: clock.now(),
      ...about,
      reason: run.purpose.reason,
      oldExpiresAt: run.oldExpiresAt,
      newExpiresAt: held.token.expiresAt,
      durationMs: Math.round(clock.monotonic() - run.startedTick),
      isPersisted,
    })
    return { kind: 'issued' }
  }

  /** Says what makes a token useless that was just issued. */
  function flawOf(token: AccessToken): EvergrantError | undefined {
    if (isRefused(slot(), token)) {
      return new EvergrantError(
        'token_refused',
        `${provider.host} issued the very token again that was refused`,
      )
    }
    if (remainingLifeMs(capLife(token, policy), clock.now()) > 0) return undefined
    return new EvergrantError(
      'token_life_too_short',
      `the token of ${provider.host} was dead before it arrived`,
    )
  }

  /** With several warm tokens behind one grant the earliest decides; its own time sets it anew. */
  function nextKeepAlive(
    wish: number | undefined,
    planned: number | undefined,
    { isDue = false }: RenewalPurpose,
  ): number | undefined {
    if (wish === undefined || isDue || policy.keepWarm !== true) return wish
    return planned !== undefined && planned > clock.now() ? Math.min(wish, planned) : wish
  }

  return { succeed, handOut, flawOf }
}

function redeemed(
  refreshVersion: number,
  { refreshToken, refreshExpiresAt, subject }: TokenAnswer,
  isOfCustomer: boolean,
): {
  readonly refreshVersion: number
  readonly refreshToken?: Secret
  readonly refreshExpiresAt?: number
  readonly subject?: string
} {
  return {
    refreshVersion,
    ...(refreshToken === undefined ? {} : { refreshToken }),
    ...(refreshExpiresAt === undefined ? {} : { refreshExpiresAt }),
    // A customer’s tenant may know the account by another id.
    ...(subject === undefined || isOfCustomer ? {} : { subject: subject.subject }),
  }
}

function isSame(a: AccessToken | undefined, b: AccessToken): boolean {
  return a?.secret.equals(b.secret) ?? false
}
