import {
  err,
  EvergrantError,
  type Clock,
  type Emit,
  type RandomBytes,
  type Result,
  type Secret,
} from '../kernel/index.ts'
import type { Authenticated, Authenticator } from './caller-directory.ts'
import { isSameHash } from './caller-key.ts'
import type { Caller } from './caller.ts'
import type { SessionEvent } from './events.ts'
import { createLookup, remember } from './lookup.ts'
import type { SessionRecord, SessionStore } from './session-ports.ts'
import { hashSessionToken, issueSessionToken } from './session-token.ts'

/** A session to be made. */
export type SessionRequest = Pick<
  SessionRecord,
  'issuer' | 'identity' | 'account' | 'role' | 'expiresAt'
>

/** A session that was made, and its token, which is nowhere else. */
export interface IssuedSession {
  readonly session: SessionRecord
  readonly token: Secret
}

/** Makes sessions, knows their callers, lists and revokes them. */
export interface SessionDesk {
  /**
   * Makes a session; its token is in the answer and nowhere else.
   *
   * @param callerId Whom it stands for.
   * @throws `caller_throttled` for whoever begins one after the other, `store_*`
   */
  begin(request: SessionRequest, callerId: string): Promise<IssuedSession>
  /**
   * Tells whose an `egs_` token is: at once when it and the state of its account are in memory.
   * Errors: `session_ended`, what `judge` refuses, `caller_throttled`; rejects with `store_*`.
   */
  authenticate: Authenticator
  /** A page of living sessions, the newest first. */
  list(query: {
    readonly limit: number
    readonly after?: string
  }): Promise<readonly SessionRecord[]>
  /**
   * Revokes a session: here at once, elsewhere within a second.
   *
   * @param by Id of the caller that does.
   * @throws `session_unknown`
   */
  revoke(id: string, by: string): Promise<void>
  /** Which session a caller came with; undefined for every other one. */
  idOf(caller: Caller): string | undefined
  /** Forgets what is in memory; called when the generation `sessions` moved. */
  forget(): void
  /**
   * Deletes sessions that ended more than a day ago, and revokes living ones that `isStray` tells
   * of; a bounded number of each, `more` when there may be others.
   */
  sweep(isStray: (session: SessionRecord) => boolean): Promise<{ readonly more: boolean }>
}

/** What the desk is made of. */
export interface SessionDeskOptions {
  readonly store: SessionStore
  readonly clock: Pick<Clock, 'now' | 'monotonic'>
  readonly random: RandomBytes
  readonly emit: Emit<SessionEvent>
  /**
   * Who a session is now, asked at every use: its issuer still has to be accepted, its account to
   * be in order.
   */
  readonly judge: (session: SessionRecord) => Judged | Promise<Judged>
}

/** Who a session is, or why it is nobody any more. */
export type Judged = Result<Caller, EvergrantError>

/** Sessions that ended are kept for so long, for whoever asks what became of one (ms). */
const keptAfterEndMs = 24 * 3_600_000
/**
 * Sessions that one caller may begin within so long (ms), in one process: each is a row that stays
 * for a day after its end, whatever it was good for.
 */
const mostBegun = 300
const begunWindowMs = 600_000
/** Callers whose beginnings are counted; the one that came first is forgotten first. */
const countedLimit = 20_000
/** Rows in one step of a sweep. */
const sweepStep = 500

/** Makes the desk over a store. */
export function createSessionDesk(options: SessionDeskOptions): SessionDesk {
  const { store, clock, random, judge, emit } = options
  const lookup = createLookup((hash) => store.findSession(hash), clock)
  const ids = new WeakMap<Caller, string>()

  const counted = new Map<string, { readonly startedAt: number; begun: number }>()
  const admitBegin = (callerId: string): void => {
    const now = clock.monotonic()
    const known = counted.get(callerId)
    if (known === undefined || now >= known.startedAt + begunWindowMs) {
      counted.delete(callerId)
      remember(counted, callerId, { startedAt: now, begun: 1 }, countedLimit)
      return
    }
    if (known.begun >= mostBegun) {
      throw new EvergrantError(
        'caller_throttled',
        `the caller has begun ${mostBegun} sessions; one serves until it ends, however often it is used`,
        { retryAfterMs: Math.ceil(known.startedAt + begunWindowMs - now) },
      )
    }
    known.begun++
  }

  const judged = (session: SessionRecord, outcome: Judged): Authenticated => {
    if (outcome.ok) ids.set(outcome.value, session.id)
    return outcome
  }

  function settle(
    hash: string,
    session: SessionRecord | undefined,
  ): Authenticated | Promise<Authenticated> {
    if (session === undefined || !isSameHash(hash, session.hash)) {
      return err(ended('the session token is not known'))
    }
    if (session.revokedAt !== undefined) return err(ended('the session was revoked'))
    if (session.expiresAt <= clock.now()) {
      return err(ended(`the session ended at ${new Date(session.expiresAt).toISOString()}`))
    }
    const outcome = judge(session)
    return outcome instanceof Promise
      ? outcome.then((late) => judged(session, late))
      : judged(session, outcome)
  }

  return {
    begin: async (request, callerId) => {
      admitBegin(callerId)
      const now = clock.now()
      const { id, token, hash } = issueSessionToken(now, random)
      const session: SessionRecord = { ...request, id, hash, createdAt: now }
      await store.addSession(session)
      const { issuer, expiresAt } = session
      emit({ type: 'session.began', at: now, sessionId: id, issuer, callerId, expiresAt })
      return { session, token }
    },
    authenticate: (credential) => {
      const hash = hashSessionToken(credential)
      if (hash === undefined) return err(ended('it is no session token'))
      const known = lookup.known(hash)
      if (known !== undefined) return settle(hash, known)
      return lookup.find(hash).then((found) => settle(hash, found))
    },
    list: (query) => store.listSessions({ ...query, now: clock.now() }),
    revoke: async (id, by) => {
      const isRevoked = await store.revokeSession(id, clock.now())
      lookup.forget()
      if (isRevoked) return emit({ type: 'session.revoked', at: clock.now(), sessionId: id, by })
      throw new EvergrantError(
        'session_unknown',
        `there is no living session ${JSON.stringify(id.slice(0, 100))}`,
      )
    },
    idOf: (caller) => ids.get(caller),
    forget: lookup.forget,
    sweep: async (isStray) => {
      const now = clock.now()
      const deleted = await store.sweepSessions(now - keptAfterEndMs, sweepStep)
      let after: string | undefined
      let revoked = 0
      for (;;) {
        const page = await store.listSessions({
          limit: sweepStep,
          now,
          ...(after === undefined ? {} : { after }),
        })
        for (const session of page.filter(isStray)) {
          if (!(await store.revokeSession(session.id, now))) continue
          revoked++
          emit({ type: 'session.revoked', at: now, sessionId: session.id })
        }
        after = page.at(-1)?.id
        if (page.length < sweepStep || revoked >= sweepStep) break
      }
      if (revoked > 0) lookup.forget()
      return { more: deleted === sweepStep || revoked >= sweepStep }
    },
  }
}

function ended(detail: string): EvergrantError {
  return new EvergrantError('session_ended', detail)
}
