import { EvergrantError, type Result, type Secret } from '../kernel/index.ts'
import type { TokenAnswer, TokenFailure } from '../oauth/index.ts'
import { createCommitting } from './commit-answer.ts'
import type { LoadedCredentials } from './credentials.ts'
import { asCustomerRefusal } from './customer-refusal.ts'
import { exchangeGate } from './exchange-gate.ts'
import { judge, type FailedExchange } from './failure-desk.ts'
import { holdExchange, type HeldExchange } from './held-exchange.ts'
import { planExchange, resendUntil, type ExchangePlan } from './plan-exchange.ts'
import type { GrantRecord, RenewalView, TokenSlotKey } from './ports.ts'
import type { RenewalOutcome, RenewalPurpose } from './purpose.ts'
import {
  fault,
  tooSlow,
  versionOf,
  type RenewalParts,
  type Run,
  type Step,
} from './renewal-parts.ts'
import { sendExchange } from './send-exchange.ts'
import type { Weighing } from './weigh-view.ts'

/** The exchanges of one slot. */
export interface Performing {
  planOf(view: RenewalView, purpose: RenewalPurpose): ExchangePlan
  /** Claims the exchange; sends, commits and hands out when it is ours. */
  exchange(
    plan: Extract<ExchangePlan, { kind: 'send' }>,
    view: RenewalView,
    credentials: LoadedCredentials,
    run: Run,
  ): Promise<Step>
  /** The application asks once in this process; a refresh token is never sent unjournalled. */
  withoutStore(credentials: LoadedCredentials, run: Run): Promise<RenewalOutcome>
}

/** Makes the exchanges of one slot. */
export function createPerforming(parts: RenewalParts, weighing: Weighing): Performing {
  const { definition, target, address, store, access, outbox, clock, emit } = parts
  const {
    slot,
    dispatch,
    instant,
    about,
    isRedemption,
    isExclusive,
    isDefaultTarget,
    isOfCustomer,
  } = parts
  const { desk, client, memory } = parts
  const { provider } = definition
  const committing = createCommitting(parts, weighing)

  function planOf(view: RenewalView, purpose: RenewalPurpose): ExchangePlan {
    const own = view.slot?.flight ?? view.intent
    if (isExclusive && own !== undefined && outbox.isPending(view.grant.id)) {
      return { kind: 'wait', flight: own }
    }
    return planExchange(view, {
      now: clock.now(),
      identity: parts.identity,
      rotation: isRedemption ? provider.rotation : undefined,
      rotationGraceMs: provider.rotationGraceMs,
      mayResend: purpose.mayResend === true,
    })
  }

  /** Claims the exchange; sends, commits and hands out when it is ours. */
  async function exchange(
    plan: Extract<ExchangePlan, { kind: 'send' }>,
    view: RenewalView,
    credentials: LoadedCredentials,
    run: Run,
  ): Promise<Step> {
    const { grant, slot: stored, refreshToken } = view
    const key = parts.slotKeyOf(grant.id, credentials.version)
    const { displaces, resends } = plan
    const facts = isRedemption ? grant.refreshToken : undefined
    if (facts !== undefined && outbox.isFull) return withoutStore(credentials, run)
    const claim = {
      slot: key,
      slotVersion: stored?.version ?? 0,
      owner: parts.owner,
      ...(displaces === undefined ? {} : { displaces: displaces.attemptId }),
      ...(facts === undefined
        ? {}
        : {
            redemption: {
              refreshVersion: facts.version,
              isExclusive,
              ...(resends === undefined ? {} : { resends: resends.intent.attemptId }),
            },
          }),
    }
    // Finding endpoint and credentials takes time, too, which counts against the grace.
    const isGraceful = isExclusive && resends?.by === 'grace'
    const sendBy = isGraceful ? resendUntil(resends.intent, provider.rotationGraceMs) : undefined
    const start = await holdExchange(parts, claim, sendBy)
    if (start.kind === 'store_away') return withoutStore(credentials, run)
    if (start.kind === 'elsewhere') return start.start.kind === 'moved' ? 'look_again' : 'wait'
    const { held } = start
    if (displaces !== undefined) {
      const heldForMs = Math.max(0, held.startedAt - displaces.startedAt)
      emit({ type: 'grant.taken_over', at: clock.now(), ...about, heldForMs })
    }
    if (resends !== undefined && isExclusive) {
      const refreshVersion = facts?.version ?? 0
      emit({ type: 'grant.resent', at: clock.now(), ...about, refreshVersion, by: resends.by })
    }
    try {
      const answer = await send(credentials, run.purpose, held.fetch, refreshToken)
      // The store may be away for long from here on; the provider has nothing to do with it.
      run.ticket?.leave()
      delete run.ticket
      if (held.wasHeldBack()) {
        await giveUp(key, held)
        return 'look_again'
      }
      return answer.ok
        ? await committing.succeed(answer.value, held, key, view, run)
        : await decline(answer.error, held, key, view, credentials, run)
    } catch (thrown) {
      if (!isExclusive || !held.hasSent()) {
        await giveUp(key, held)
        throw thrown
      }
      // A fault of ours while a refresh token may be spent.
      const failure = { error: fault(thrown), retry: 'backoff', isLapse: false } as const
      const redemption = { refreshVersion: facts?.version ?? 0, effect: 'unknown' } as const
      await desk.fail(run.purpose, failure, { held, slot: key, redemption })
      return { kind: 'fault', fault: thrown }
    } finally {
      held.release()
    }
  }

  function send(
    { proofs }: LoadedCredentials,
    { claims }: RenewalPurpose,
    fetch: typeof globalThis.fetch,
    refreshToken: Secret | undefined,
  ): Promise<Result<TokenAnswer, TokenFailure>> {
    const order = {
      definition,
      target,
      proofs,
      ...(claims === undefined ? {} : { claims }),
      ...(isRedemption && refreshToken !== undefined ? { refreshToken } : {}),
    }
    const onCredentialRejected = (position: number, { code, detail }: EvergrantError): void =>
      emit({ type: 'grant.credential_rejected', at: clock.now(), ...about, position, code, detail })
    return sendExchange(order, client.habits, { fetch, clock, onCredentialRejected })
  }

  const giveUp = async (key: TokenSlotKey, { attemptId }: HeldExchange): Promise<void> => {
    await outbox.deliver(key.grantId, () => store.abandonExchange(key, attemptId))
  }

  /** The provider said no, or nothing: doubts that first, then records it. */
  async function decline(
    refusal: TokenFailure,
    held: HeldExchange,
    key: TokenSlotKey,
    view: RenewalView,
    credentials: LoadedCredentials,
    run: Run,
  ): Promise<Step> {
    const failure = asCustomerRefusal(refusal, definition)
    // A bare 401 may come from something in between, after the provider has spent a strict token.
    const mayTryAgain = !isExclusive || failure.effect === 'none'
    if (failure.kind === 'client_rejected' && mayTryAgain && run.hasReread !== true) {
      run.hasReread = true
      const reread = await client.credentials(true)
      if (reread.version !== credentials.version) {
        await giveUp(key, held)
        return 'look_again'
      }
    }
    if (held.isOver() && (await wasOvertaken(key, view))) {
      // It stood still so long that another one has brought what this one failed to bring.
      await giveUp(key, held)
      return 'look_again'
    }
    const facts = isRedemption ? view.grant.refreshToken : undefined
    let judged = judge(failure, {
      isSettling: client.isSettling(),
      isDefaultTarget,
      isOfCustomer,
    })
    if (failure.kind === 'grant_lapsed' && facts !== undefined && run.hasDoubted !== true) {
      const seen = await access.attempt(() => store.viewForRenewal(key))
      if (seen !== undefined && hasMoved(view.grant, seen.value?.grant)) {
        run.hasDoubted = true
        await giveUp(key, held)
        return 'look_again'
      }
      // Without the store nobody knows whether someone rotated.
      if (seen === undefined) judged = { ...judged, retry: 'backoff', isLapse: false }
    }
    const effect = isExclusive ? failure.effect : 'none'
    const exchanged: FailedExchange = {
      held,
      slot: key,
      ...(facts === undefined ? {} : { redemption: { refreshVersion: facts.version, effect } }),
    }
    memory.failedWith = versionOf(view.grant)
    const error = await desk.fail(run.purpose, judged, exchanged)
    if (effect === 'none') return { kind: 'failed', error }
    const isLastTime = view.intent !== undefined || provider.rotationGraceMs === 0
    if (isLastTime) weighing.tellUnknown(view.grant)
    const resendInMs = Math.max(0, (slot().failure?.retryAt ?? 0) - instant())
    return { kind: 'failed', error, ...(isLastTime ? {} : { resendInMs }) }
  }

  async function wasOvertaken(key: TokenSlotKey, before: RenewalView): Promise<boolean> {
    const seen = await access.attempt(() => store.viewForRenewal(key))
    if (seen?.value === undefined) return false
    return (seen.value.slot?.version ?? 0) > (before.slot?.version ?? 0)
  }

  /** The application asks once in this process; a refresh token is never sent unjournalled. */
  async function withoutStore(credentials: LoadedCredentials, run: Run): Promise<RenewalOutcome> {
    const { purpose } = run
    if (isRedemption) {
      const { unseen } = memory
      // A value that no key opens is no outage, and only a person can end it.
      const isUnreadable = unseen !== undefined && !unseen.code.startsWith('store_')
      const error = isUnreadable ? unseen : unsent(address)
      const failure = { error, retry: 'backoff', isLapse: false } as const
      return { kind: 'failed', error: await desk.fail(purpose, failure) }
    }
    const gate = exchangeGate(slot(), instant())
    if (!gate.isOpen && !(purpose.isOverride === true && gate.why !== 'blocked')) {
      dispatch({ type: 'rechecked', at: instant() })
      return { kind: 'failed', error: gate.error }
    }
    const answer = await send(credentials, purpose, parts.fetch, undefined)
    const flaw = answer.ok ? committing.flawOf(answer.value.token) : undefined
    if (answer.ok && flaw === undefined) return committing.handOut(answer.value.token, run, false)
    const facts = { isSettling: client.isSettling(), isDefaultTarget, isOfCustomer }
    const failure = answer.ok
      ? ({ error: flaw ?? tooSlow(address), retry: 'backoff', isLapse: false } as const)
      : judge(answer.error, facts)
    return { kind: 'failed', error: await desk.fail(purpose, failure) }
  }

  return { planOf, exchange, withoutStore }
}

function hasMoved(before: GrantRecord, after: GrantRecord | undefined): boolean {
  if (after?.standing !== 'current' || after.state === 'revoked') return true
  return versionOf(before) !== versionOf(after)
}

function unsent(address: string): EvergrantError {
  return new EvergrantError(
    'store_unavailable',
    `the refresh token of "${address}" is not sent while the store is away`,
  )
}
