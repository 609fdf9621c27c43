import {
  EvergrantError,
  isEvergrantError,
  remainingLifeMs,
  type AccessToken,
  type Result,
  type Secret,
} from '../kernel/index.ts'
import {
  canonicalTarget,
  type TokenAnswer,
  type TokenFailure,
  type TokenTarget,
} from '../oauth/index.ts'
import { bounded } from './bounded.ts'
import { createClientState } from './client-state.ts'
import type { ConnectionDefinition, RefreshPolicy } from './connection.ts'
import type { EngineContext } from './context.ts'
import type { LoadedCredentials } from './credentials.ts'
import { errorOf } from './evidence.ts'
import { exchangeGate } from './exchange-gate.ts'
import { createFailureDesk, judge, type FailedExchange } from './failure-desk.ts'
import { holdExchange, type HeldExchange } from './held-exchange.ts'
import { keepAliveAt } from './keep-alive.ts'
import { planExchange, type ExchangePlan } from './plan-exchange.ts'
import type {
  ExchangeCommit,
  Flight,
  GrantRecord,
  RenewalView,
  TokenSlotKey,
  TokenSlotRecord,
} from './ports.ts'
import { renewalDeadlineMs, type RenewalOutcome, type RenewalPurpose } from './purpose.ts'
import { recheckAfterMs, type SlotEvent } from './reduce.ts'
import { sendExchange } from './send-exchange.ts'
import { capLife, holdToken, isRefused, type Slot } from './slot.ts'
import { refusalOf, standingCodes, unknownError } from './standing.ts'
import { adoptable, fallback, type JudgedBy } from './stored-token.ts'

/** What a renewal works with. */
export interface RenewalContext extends EngineContext {
  readonly definition: ConnectionDefinition
  /** As callers write it: `name`, or `name@tenant`. */
  readonly address: string
  readonly target: TokenTarget
  /** Stable fraction of the slot, 0 to 1. */
  readonly jitter: number
  readonly slot: () => Slot
  readonly dispatch: (event: SlotEvent) => void
  /** The instant that the slot lives in (epoch ms). */
  readonly instant: () => number
}

/** Renews the tokens of one slot; the caller sees to it that one runs at a time. */
export interface Renewal {
  /** Never rejects. */
  run(purpose: RenewalPurpose): Promise<RenewalOutcome>
  /** The slot in the store as this process addresses it; undefined when it cannot be known now. */
  slotKey(): Promise<TokenSlotKey | undefined>
  /** The grant that the token in memory belongs to, as far as it is known. */
  grantId(): string | undefined
  /** The credentials, as far as they were read. */
  credentials(): LoadedCredentials | undefined
}

/** Pauses between two looks at what another process is doing (ms). */
const firstPauseMs = 25
const longestPauseMs = 250

/** What one run remembers from look to look. */
interface Run {
  readonly purpose: RenewalPurpose
  readonly startedTick: number
  readonly oldExpiresAt: number | null
  readonly isForced: boolean
  /** The foreign exchange whose end is awaited. */
  waitedFor?: Flight
  /** Each second try is made once. */
  hasReread?: boolean
  hasDoubted?: boolean
}

/** What a step may answer instead of an outcome. */
type Step = RenewalOutcome | 'look_again' | 'wait'

/**
 * Makes the renewal of a slot: read credentials → look at the store → adopt what another process
 * renewed → see whether the grant may be used → wait for who is at it, or claim the exchange → send
 * it → commit → hand out. Every step that finds the world changed looks again, until the deadline.
 */
export function createRenewal(context: RenewalContext): Renewal {
  const { definition, target, address, store, access, outbox, bell, clock, emit } = context
  const { slot, dispatch, instant } = context
  const { provider } = definition
  const policy: RefreshPolicy = definition.refresh ?? {}
  const isRedemption = definition.grant === 'authorization_code'
  const isExclusive = isRedemption && provider.rotation === 'strict'
  const grantAddress = { connection: definition.name, tenant: provider.tenant }
  const targetName = canonicalTarget(target)
  const about = { ...grantAddress, target: targetName }
  const isDefaultTarget = targetName === canonicalTarget(definition.target)
  let grantId: string | undefined
  /** What the last failure was about; it is forgotten when that has changed. */
  let failedWith: string | undefined
  let toldUnknown: string | undefined

  const desk = createFailureDesk({ ...context, about, grantId: () => grantId })
  const client = createClientState(definition, context.nameVersion, clock, () => {
    desk.forget()
    dispatch({ type: 'credentials_changed' })
    emit({ type: 'grant.credentials_changed', at: clock.now(), ...about })
  })

  const slotKeyOf = (id: string, credentialVersion: string): TokenSlotKey => ({
    grantId: id,
    target: targetName,
    credentialVersion,
  })
  const judgedBy = (purpose: RenewalPurpose): JudgedBy => ({
    slot: slot(),
    purpose,
    policy,
    jitter: context.jitter,
    instant: instant(),
    now: clock.now(),
  })

  async function renew(purpose: RenewalPurpose): Promise<RenewalOutcome> {
    const isForced = purpose.reason === 'rejected' || purpose.reason === 'claims_challenge'
    const replaced = slot().held?.token ?? (isForced ? slot().refused.at(-1) : undefined)
    const run: Run = {
      purpose,
      startedTick: clock.monotonic(),
      oldExpiresAt: replaced?.expiresAt ?? null,
      isForced,
    }
    if (!isExclusive) return pursue(run)
    const endTurn = await context.turns.take(JSON.stringify(grantAddress))
    try {
      return await pursue(run)
    } finally {
      endTurn()
    }
  }

  /** Looks, and does the next step, until there is an outcome. */
  async function pursue(run: Run): Promise<RenewalOutcome> {
    const failedBefore = slot().failure?.error.code
    const wasAboutCredentials =
      failedBefore === 'client_rejected' || failedBefore === 'secret_unavailable'
    await client.credentials(run.purpose.isOverride === true || wasAboutCredentials)
    let pauseMs = firstPauseMs
    let outcome = await step(run)
    while (typeof outcome === 'string') {
      if (outcome === 'wait') {
        await bell.pause(pauseMs)
        pauseMs = Math.min(pauseMs * 2, longestPauseMs)
      }
      if (bell.isClosed) throw closedError(address)
      if (clock.monotonic() - run.startedTick >= renewalDeadlineMs) throw tooSlow(address)
      outcome = await step(run)
    }
    if (run.waitedFor !== undefined) {
      const durationMs = Math.round(clock.monotonic() - run.startedTick)
      emit({ type: 'grant.waited', at: clock.now(), ...about, outcome: outcome.kind, durationMs })
    }
    return outcome
  }

  async function step(run: Run): Promise<Step> {
    const credentials = await client.credentials(false)
    const view = await look(credentials.version)
    if (view === undefined) return withoutStore(credentials, run)
    const settled = await weigh(view, run)
    if (settled !== undefined) return settled
    const plan = planOf(view, run.purpose)
    switch (plan.kind) {
      case 'wait':
        run.waitedFor = plan.flight
        return 'wait'
      case 'unknown':
        return giveUpUnknown(view, run.purpose)
      case 'send':
        return exchange(plan, view, credentials, run)
    }
  }

  /** Grant, slot, refresh token and journal as of now; undefined while the store is away. */
  async function look(credentialVersion: string): Promise<RenewalView | undefined> {
    for (let round = 0; round < 3; round++) {
      const before = grantId
      if (before === undefined) {
        const made = await access.attempt(() => store.ensureGrant(grantAddress, clock.now()))
        if (made === undefined) return undefined
        grantId = made.value.id
      }
      const key = slotKeyOf(grantId ?? '', credentialVersion)
      const seen = await access.attempt(() => store.viewForRenewal(key))
      if (seen === undefined) return undefined
      if (seen.value?.grant.standing === 'current') return seen.value
      grantId = undefined
      if (before !== undefined && slot().held !== undefined) {
        dispatch({ type: 'dropped' })
        emit({ type: 'grant.dropped', at: clock.now(), ...about, reason: 'superseded' })
      }
    }
    throw new Error('a grant that was just made is not there')
  }

  /** What the view settles without any exchange; undefined when one is needed. */
  async function weigh(view: RenewalView, run: Run): Promise<RenewalOutcome | undefined> {
    const { purpose } = run
    const stored = view.slot
    if (stored?.blockedUntil !== undefined && stored.blockedUntil > instant()) {
      dispatch({ type: 'blocked', until: stored.blockedUntil, at: instant() })
    }
    if (adopt(stored, purpose)) {
      desk.forget()
      const newExpiresAt = slot().held?.token.expiresAt ?? 0
      const { oldExpiresAt } = run
      emit({ type: 'grant.adopted', at: clock.now(), ...about, oldExpiresAt, newExpiresAt })
      return { kind: 'adopted' }
    }
    const spare = fallback(stored, judgedBy(purpose))
    if (spare !== undefined) dispatch({ type: 'found', held: spare })
    const refusal = await admit(view, purpose)
    if (refusal !== undefined) {
      desk.refuse(purpose, refusal)
      return { kind: 'failed', error: slot().failure?.error ?? refusal }
    }
    cure(view)
    const shared = share(view, run)
    if (shared !== undefined) return { kind: 'failed', error: shared }
    const gate = exchangeGate(slot(), instant())
    if (gate.isOpen || (purpose.isOverride === true && gate.why !== 'blocked')) return undefined
    dispatch({ type: 'rechecked', at: instant() })
    await desk.lapseWhenDead()
    return { kind: 'failed', error: gate.error }
  }

  function adopt(stored: TokenSlotRecord | undefined, purpose: RenewalPurpose): boolean {
    const held = adoptable(stored, judgedBy(purpose))
    if (held === undefined) return false
    dispatch({ type: 'adopted', held })
    return slot().held === held
  }

  /** Says why the grant may not be used; one that may come back comes back here. */
  async function admit(
    view: RenewalView,
    purpose: RenewalPurpose,
  ): Promise<EvergrantError | undefined> {
    const { grant } = view
    const isOperators = purpose.isOverride === true && !isRedemption
    if (grant.state === 'revoked' && isOperators) {
      await reinstate(grant, 'pending')
      return undefined
    }
    const refusal = refusalOf(view, definition.grant, address)
    if (refusal?.code === 'grant_revoked' && slot().held !== undefined) {
      dispatch({ type: 'dropped' })
      emit({ type: 'grant.dropped', at: clock.now(), ...about, reason: 'revoked' })
    }
    if (refusal === undefined && grant.state === 'orphaned') {
      await reinstate(grant, grant.lastRefreshedAt === undefined ? 'pending' : 'active')
    }
    return refusal
  }

  async function reinstate(grant: GrantRecord, state: 'pending' | 'active'): Promise<void> {
    await access.attempt(() => store.setGrantState(grant.id, state, clock.now()))
    const from = grant.state === 'revoked' ? 'revoked' : 'orphaned'
    emit({ type: 'grant.reinstated', at: clock.now(), ...about, from })
  }

  /** Forgets a failure that was about something else than what is there now. */
  function cure({ grant }: RenewalView): void {
    const { failure } = slot()
    if (failure === undefined) return
    const isOfStanding = standingCodes.has(failure.error.code)
    if (!isOfStanding && failedWith === versionOf(grant)) return
    if (isOfStanding && grant.refreshToken?.unknownSince !== undefined) return
    if (isOfStanding || (failedWith !== undefined && failure.retry !== 'backoff')) {
      desk.forget()
      dispatch({ type: 'cured' })
    }
  }

  /** Takes another process’s failure as one’s own; returns it when that answers this run. */
  function share(view: RenewalView, { waitedFor, purpose }: Run): EvergrantError | undefined {
    const failure = view.slot?.failure
    if (failure === undefined || purpose.isOverride === true) return undefined
    const ageMs = clock.now() - failure.at
    const shiftMs = instant() - clock.now()
    const isTaken = failure.retry === 'backoff' || (ageMs < recheckAfterMs && ageMs >= 0)
    if (isTaken) {
      const { retry, attempts, at, retryAt } = failure
      failedWith = versionOf(view.grant)
      dispatch({
        type: 'shared',
        failure: {
          error: errorOf(failure),
          retry,
          attempts,
          at: at + shiftMs,
          ...(retryAt === undefined ? {} : { retryAt: retryAt + shiftMs }),
        },
      })
    }
    if (waitedFor === undefined || failure.at < waitedFor.startedAt) return undefined
    if (view.slot?.flight?.attemptId === waitedFor.attemptId) return undefined
    return slot().failure?.error
  }

  function planOf(view: RenewalView, purpose: RenewalPurpose): ExchangePlan {
    const own = view.slot?.flight ?? view.intent
    if (isExclusive && own !== undefined && outbox.isPending(view.grant.id)) {
      return { kind: 'wait', flight: own }
    }
    return planExchange(view, {
      now: clock.now(),
      identity: context.identity,
      rotation: isRedemption ? provider.rotation : undefined,
      rotationGraceMs: provider.rotationGraceMs,
      mayResend: purpose.mayResend === true,
    })
  }

  async function giveUpUnknown(
    { grant }: RenewalView,
    purpose: RenewalPurpose,
  ): Promise<RenewalOutcome> {
    const error = unknownError(address)
    const facts = grant.refreshToken
    if (facts !== undefined && facts.unknownSince === undefined) {
      const now = clock.now()
      await access.attempt(() => store.markRefreshUnknown(grant.id, facts.version, now))
    }
    if (facts !== undefined) tellUnknown(grant)
    const { code, detail, remedy } = error
    const isTold = slot().failure?.error.code === code
    desk.refuse(purpose, error)
    if (!isTold) {
      const kept = { code, detail, remedy, at: clock.now() }
      await access.attempt(() => store.recordFailure(grant.id, kept, { lapse: false }))
    }
    return { kind: 'failed', error: slot().failure?.error ?? error }
  }

  function tellUnknown(grant: GrantRecord): void {
    if (toldUnknown === versionOf(grant)) return
    toldUnknown = versionOf(grant)
    const refreshVersion = grant.refreshToken?.version ?? 0
    emit({ type: 'grant.refresh_unknown', at: clock.now(), ...about, refreshVersion })
  }

  /** Claims the exchange; sends, commits and hands out when it is ours. */
  async function exchange(
    plan: Extract<ExchangePlan, { kind: 'send' }>,
    view: RenewalView,
    credentials: LoadedCredentials,
    run: Run,
  ): Promise<Step> {
    const { grant, slot: stored, refreshToken } = view
    const key = slotKeyOf(grant.id, credentials.version)
    const { displaces, resends } = plan
    const facts = isRedemption ? grant.refreshToken : undefined
    if (facts !== undefined && outbox.isFull) return withoutStore(credentials, run)
    const start = await holdExchange(context, {
      slot: key,
      slotVersion: stored?.version ?? 0,
      owner: context.owner,
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
    })
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
      if (held.wasHeldBack()) {
        await giveUp(key, held)
        return 'look_again'
      }
      return answer.ok
        ? await succeed(answer.value, held, key, view, run)
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
    failure: TokenFailure,
    held: HeldExchange,
    key: TokenSlotKey,
    view: RenewalView,
    credentials: LoadedCredentials,
    run: Run,
  ): Promise<Step> {
    if (failure.kind === 'client_rejected' && run.hasReread !== true) {
      run.hasReread = true
      const reread = await client.credentials(true)
      if (reread.version !== credentials.version) {
        await giveUp(key, held)
        return 'look_again'
      }
    }
    const facts = isRedemption ? view.grant.refreshToken : undefined
    let judged = judge(failure, { isSettling: client.isSettling(), isDefaultTarget })
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
    failedWith = versionOf(view.grant)
    const error = await desk.fail(run.purpose, judged, exchanged)
    if (effect === 'none') return { kind: 'failed', error }
    const isLastTime = view.intent !== undefined || provider.rotationGraceMs === 0
    if (isLastTime) tellUnknown(view.grant)
    const resendInMs = Math.max(0, (slot().failure?.retryAt ?? 0) - instant())
    return { kind: 'failed', error, ...(isLastTime ? {} : { resendInMs }) }
  }

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
    const kept = holdToken(capLife(token, policy), policy, context.jitter, run.isForced)
    const wish = keepAliveAt(definition, {
      now: clock.now(),
      softAt: kept.softAt,
      jitter: context.jitter,
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
      ...(facts === undefined ? {} : { redemption: redeemed(facts.version, answer) }),
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
        if (adopt(done.slot, run.purpose)) return { kind: 'adopted' }
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
    const held = holdToken(capLife(token, policy), policy, context.jitter, run.isForced)
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

  /** The application asks once in this process; a refresh token is never sent unjournalled. */
  async function withoutStore(credentials: LoadedCredentials, run: Run): Promise<RenewalOutcome> {
    const { purpose } = run
    if (isRedemption) {
      const error = new EvergrantError(
        'store_unavailable',
        `the refresh token of "${address}" is not sent while the store is away`,
      )
      const failure = { error, retry: 'backoff', isLapse: false } as const
      return { kind: 'failed', error: await desk.fail(purpose, failure) }
    }
    const gate = exchangeGate(slot(), instant())
    if (!gate.isOpen && !(purpose.isOverride === true && gate.why !== 'blocked')) {
      dispatch({ type: 'rechecked', at: instant() })
      return { kind: 'failed', error: gate.error }
    }
    const answer = await send(credentials, purpose, context.fetch, undefined)
    const flaw = answer.ok ? flawOf(answer.value.token) : undefined
    if (answer.ok && flaw === undefined) return handOut(answer.value.token, run, false)
    const facts = { isSettling: client.isSettling(), isDefaultTarget }
    const failure = answer.ok
      ? ({ error: flaw ?? tooSlow(address), retry: 'backoff', isLapse: false } as const)
      : judge(answer.error, facts)
    return { kind: 'failed', error: await desk.fail(purpose, failure) }
  }

  return {
    run: async (purpose) => {
      try {
        return await bounded(clock, renewalDeadlineMs, renew(purpose), () => tooSlow(address))
      } catch (thrown) {
        const error = isEvergrantError(thrown) ? thrown : fault(thrown)
        if (error.code === 'engine_closed') return { kind: 'failed', error }
        const isPassing = error.code === 'token_wait_timeout' || error.code === 'internal'
        const retry = isPassing ? 'backoff' : 'never'
        const failure = { error, retry, isLapse: false } as const
        const failed = await desk.fail(purpose, failure).catch(() => undefined)
        if (error.code === 'internal') return { kind: 'fault', fault: thrown }
        return { kind: 'failed', error: failed ?? error }
      }
    },
    slotKey: async () => {
      const credentials = await client.credentials(false).catch(() => undefined)
      const grant = await access.attempt(() => store.findGrant(grantAddress))
      if (credentials === undefined || grant?.value === undefined) return undefined
      return slotKeyOf(grant.value.id, credentials.version)
    },
    grantId: () => grantId,
    credentials: client.known,
  }
}

function redeemed(
  refreshVersion: number,
  { refreshToken, refreshExpiresAt, subject }: TokenAnswer,
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
    ...(subject === undefined ? {} : { subject: subject.subject }),
  }
}

function versionOf({ id, refreshToken }: GrantRecord): string {
  return `${id} ${refreshToken?.version ?? 0}`
}

function hasMoved(before: GrantRecord, after: GrantRecord | undefined): boolean {
  if (after?.standing !== 'current' || after.state === 'revoked') return true
  return versionOf(before) !== versionOf(after)
}

function isSame(a: AccessToken | undefined, b: AccessToken): boolean {
  return a?.secret.equals(b.secret) ?? false
}

function tooSlow(address: string): EvergrantError {
  return new EvergrantError(
    'token_wait_timeout',
    `renewing the token of "${address}" took longer than ${renewalDeadlineMs / 1_000} seconds`,
  )
}

function closedError(address: string): EvergrantError {
  return new EvergrantError('engine_closed', `no token of "${address}" can be renewed any more`)
}

function fault(thrown: unknown): EvergrantError {
  const kind = thrown instanceof Error ? thrown.name : typeof thrown
  return new EvergrantError('internal', `renewing a token ended in an unexpected ${kind}`, {
    cause: thrown,
  })
}
