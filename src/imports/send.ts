import type { Clock } from '../kernel/index.ts'
import { authorizationHeader, EvergrantError, type Result } from '../kernel/index.ts'
import { backoffMs } from './backoff.ts'
import { classifyAnswer } from './classify-answer.ts'
import type { DeltaReset } from './delta-reset.ts'
import type { Journal } from './journal.ts'
import type { Pacer, Permit } from './pacer.ts'
import { costOf } from './request-cost.ts'
import type { RunControl } from './run-control.ts'
import type { PageDefect } from './scan-page.ts'
import type { Place, TokenKeeper } from './token-keeper.ts'
import { TransportFailure, type Transport, type TransportAnswer } from './transport.ts'
import type { WaitingState } from './waiting-state.ts'

/** How long without one success before a run gives up, to be resumed later. */
export const outageLimitMs = 3_600_000
/** A Retry-After shorter than this (also one in the past) is no wait; the backoff is taken then. */
const leastWaitMs = 1_000
/** Faults that rarely pass by themselves end the run after so many in a row. */
const stubbornFaultLimit = 5
/** A fresh token refused so many times in a row is not about its age. */
const refusalLimit = 5

/** What a run needs to send requests. */
export interface SendDependencies {
  readonly transport: Transport
  readonly tokens: TokenKeeper
  readonly pacer: Pacer
  readonly journal: Journal
  readonly waiting: WaitingState
  readonly control: RunControl
  readonly clock: Clock
  readonly random: () => number
  readonly columns: readonly string[]
  /** The application permission that is enough for what is asked, for remedies. */
  readonly permission?: string
}

/** An answer that was understood, or one of the refusals that a walk recovers from by itself. */
export type Sent<T> =
  | {
      readonly kind: 'answer'
      readonly value: T
      readonly answer: TransportAnswer
      readonly tokenLifeMs: number
      readonly fetchMs: number
    }
  | { readonly kind: 'page_token_expired'; readonly error: EvergrantError }
  | { readonly kind: 'page_too_large'; readonly maximum: number; readonly error: EvergrantError }
  | {
      readonly kind: 'columns_refused'
      readonly columns: readonly string[]
      readonly error: EvergrantError
    }

/** What a request for a page of a delta may meet besides. */
type SentForDelta<T> =
  | Sent<T>
  | { readonly kind: 'delta_reset'; readonly reason: DeltaReset; readonly error: EvergrantError }

/** A failure that passes. */
interface Again {
  readonly kind: 'again'
  readonly error: EvergrantError
  readonly retryAfterMs?: number
  readonly pausesAll?: boolean
  readonly isStubborn?: boolean
}

/** How long to wait before the next attempt. */
interface Waiting {
  readonly waitMs: number
}

type Attempt<T> = SentForDelta<T> | { readonly kind: 'replay' } | Again
type Settled<T> = Exclude<Attempt<T>, Again> | (Again & Waiting)

/**
 * Sends one request until it is answered: checks the token before every attempt, renews a refused
 * one and replays, waits out throttling and outages (visible in the run's state), and gives up only
 * on what no waiting mends. Throws `EvergrantError` when it gives up, `RunStopped` when the run is
 * to end.
 *
 * @param accept Reads a 200; a defect counts as a fault of the way and is asked for again.
 * @param body Makes a POST of it; of a question, since it may be sent several times.
 */
export async function send<T>(
  deps: SendDependencies,
  url: string,
  headers: Readonly<Record<string, string>>,
  place: Place,
  accept: (answer: TransportAnswer) => Result<T, PageDefect>,
  body?: string,
): Promise<Sent<T>> {
  const sent = await sendForDelta(deps, url, headers, place, accept, body)
  // Nothing but a delta is reset; of any other list this is a refusal.
  if (sent.kind === 'delta_reset') throw sent.error
  return sent
}

/** As `send`, for what stands on a delta: how Graph takes that back is an outcome. */
export async function sendForDelta<T>(
  deps: SendDependencies,
  url: string,
  headers: Readonly<Record<string, string>>,
  place: Place,
  accept: (answer: TransportAnswer) => Result<T, PageDefect>,
  body?: string,
): Promise<SentForDelta<T>> {
  const { clock, control, journal, pacer, waiting } = deps
  const waiter = {}
  const cost = costOf(url)
  const startedAt = clock.monotonic()
  let failures = 0
  let stubbornFaults = 0
  let refusals = 0
  try {
    for (;;) {
      const outcome = await paced()
      switch (outcome.kind) {
        case 'answer':
        case 'page_token_expired':
        case 'page_too_large':
        case 'columns_refused':
        case 'delta_reset':
          await waiting.end(waiter)
          return outcome
        case 'replay':
          control.checkpoint()
          continue
        case 'again':
          await again(outcome)
      }
    }
  } catch (error) {
    waiting.forget(waiter)
    throw error
  }

  /** One attempt when its turn has come. A pause begins before anybody else may go. */
  async function paced(): Promise<Settled<T>> {
    const permit = await pacer.acquire(cost, control.waits)
    try {
      const outcome = await attempt(permit)
      if (outcome.kind !== 'again') return outcome
      failures++
      const waitMs = waitAfter(outcome)
      if (outcome.pausesAll === true) {
        journal.count({ throttled: 1, pausedMs: Math.round(permit.throttled(waitMs)) })
      }
      return { ...outcome, waitMs }
    } finally {
      permit.release()
    }
  }

  function waitAfter({ pausesAll, retryAfterMs }: Again): number {
    if (retryAfterMs !== undefined && retryAfterMs >= leastWaitMs) return retryAfterMs
    // Many cursors that fail once each are one that fails many times.
    const times = pausesAll === true ? Math.max(failures, pacer.pausesInARow() + 1) : failures
    return backoffMs(times, { random: deps.random })
  }

  async function attempt(permit: Permit): Promise<Attempt<T>> {
    const token = await deps.tokens.beforeRequest(place, control.waits)
    if (!token.ok) return fromTokenError(token.error)
    const sentAt = clock.monotonic()
    let answer: TransportAnswer
    try {
      journal.count({ requests: 1 })
      answer = await deps.transport(
        url,
        { authorization: authorizationHeader(token.value), ...headers },
        { signal: control.everything, ...(body === undefined ? {} : { body }) },
      )
    } catch (error) {
      if (!(error instanceof TransportFailure)) throw error
      return {
        kind: 'again',
        error: new EvergrantError('graph_unavailable', `Graph: ${error.message}`, { cause: error }),
        isStubborn: ['tls', 'too_large', 'undecodable'].includes(error.kind),
      }
    }
    const units = permit.answered(answer.headers, answer.status, clock.monotonic() - sentAt)
    journal.count({ bytes: answer.wireBytes, units })
    const means = classifyAnswer(
      answer,
      deps.columns,
      clock.now(),
      token.value.secret,
      deps.permission,
    )
    switch (means.kind) {
      case 'success': {
        const accepted = accept(answer)
        if (!accepted.ok) {
          const error = new EvergrantError('graph_answer_invalid', accepted.error.detail)
          return { kind: 'again', error, isStubborn: true }
        }
        const tokenLifeMs = token.value.expiresAt - clock.now()
        const fetchMs = Math.round(clock.monotonic() - sentAt)
        return { kind: 'answer', value: accepted.value, answer, tokenLifeMs, fetchMs }
      }
      case 'transient': {
        const { retryAfterMs } = means.error
        const wait = retryAfterMs === undefined ? {} : { retryAfterMs }
        return { kind: 'again', error: means.error, pausesAll: means.isThrottled, ...wait }
      }
      case 'unauthorized': {
        refusals++
        if (refusals > refusalLimit) throw means.error
        const recovery = await deps.tokens.afterRefusal(answer, token.value, place, control.waits)
        switch (recovery.kind) {
          case 'replay':
            // One backend may refuse good tokens for a while: replay at once, then ever more slowly.
            if (refusals <= 2) return { kind: 'replay' }
            return { kind: 'again', error: means.error }
          case 'hopeless':
            throw new EvergrantError(
              'graph_resource_wrong',
              `${means.error.detail} (${recovery.detail})`,
              means.error.upstream === undefined ? {} : { upstream: means.error.upstream },
            )
          case 'failed':
            return fromTokenError(recovery.error)
        }
        throw means.error
      }
      case 'refused':
        throw means.error
      case 'page_token_expired':
      case 'page_too_large':
      case 'columns_refused':
      case 'delta_reset':
        return means
    }
  }

  async function again({ error, isStubborn, waitMs }: Again & Waiting): Promise<void> {
    if (isStubborn === true) stubbornFaults++
    const hasWaitedMs = clock.monotonic() - startedAt
    if (stubbornFaults >= stubbornFaultLimit || hasWaitedMs + waitMs > outageLimitMs) throw error
    journal.count({ retries: 1 })
    journal.note(
      {
        type: 'request_retried',
        collection: place.collection,
        page: place.page,
        attempt: failures,
        code: error.code,
        detail: error.detail,
        waitMs: Math.round(waitMs),
      },
      'warn',
    )
    await waiting.during(waiter, error, failures, waitMs, () =>
      clock.sleep(waitMs, { signal: control.waits }),
    )
  }

  function fromTokenError(error: EvergrantError): Attempt<T> {
    if (error.definition.retry === 'never') throw error
    const { retryAfterMs } = error
    return { kind: 'again', error, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }
  }
}
