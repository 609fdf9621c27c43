import {
  err,
  EvergrantError,
  isEvergrantError,
  newId,
  Secret,
  type Clock,
  type Emit,
  type RandomBytes,
} from '../kernel/index.ts'
import type { Authenticated } from './caller-directory.ts'
import type { Caller, Role } from './caller.ts'
import type { ConsoleLinkRecord, ConsoleSessionRecord, ConsoleStore } from './console-ports.ts'
import {
  hashConsoleSecret,
  hashLinkToken,
  newConsoleSecret,
  newLinkToken,
} from './console-secret.ts'
import type { SessionEvent } from './events.ts'
import { createLookup, remember } from './lookup.ts'
import type { Judged } from './session-desk.ts'

/** Whoever signed in at an issuer. */
export interface SignedIn {
  readonly callerId: string
  readonly name: string
  readonly role: Role
  readonly issuer: string
  readonly identity: string
}

/** A link to be made. */
export interface LinkRequest {
  readonly name: string
  readonly role: Role
  readonly lifeMs: number
  readonly by: string
}

/** Sessions of people at the console, and links that begin one. */
export interface ConsoleDesk {
  /** Begins a session; the secret of its cookie is in the answer and nowhere else. @throws `store_*` */
  begin(who: SignedIn): Promise<{ readonly session: ConsoleSessionRecord; readonly secret: string }>
  /**
   * Tells whose a cookie is. Errors: `console_signed_out`, what `judge` refuses,
   * `caller_throttled`; rejects with `store_*`.
   *
   * @param isUse Whether it moves the idle end: a stream that stays open does not.
   */
  authenticate(secret: string, isUse: boolean): Authenticated | Promise<Authenticated>
  /** The session a caller came with, and when it ends if it is not used; undefined for others. */
  sessionOf(
    caller: Caller,
  ): { readonly session: ConsoleSessionRecord; readonly idleEndsAt: number } | undefined
  /** A page of living sessions, the newest first. */
  list(query: {
    readonly limit: number
    readonly after?: string
  }): Promise<readonly ConsoleSessionRecord[]>
  /** When a session ends unless it is used. */
  idleEndOf(session: ConsoleSessionRecord): number
  /**
   * Ends a session: here at once, elsewhere within a second.
   *
   * @param by Id of the caller that does.
   * @throws `session_unknown`
   */
  revoke(id: string, by: string): Promise<void>
  /** Ends the session of a cookie, if there is one; whose it was. */
  signOut(secret: string): Promise<ConsoleSessionRecord | undefined>
  /** Makes a link; its token is in the answer and nowhere else. */
  makeLink(
    request: LinkRequest,
  ): Promise<{ readonly link: ConsoleLinkRecord; readonly token: Secret }>
  /** A link that can still be spent. @throws `console_link_invalid`, `store_*` */
  readLink(token: string): Promise<ConsoleLinkRecord>
  /** Spends a link, once, for a session. @throws `console_link_invalid`, `store_*` */
  spendLink(token: string): Promise<{
    readonly session: ConsoleSessionRecord
    readonly secret: string
  }>
  /** Whether anybody ever signed in. */
  hasBegun(): Promise<boolean>
  /** Forgets what is in memory; called when the generation `sessions` moved. */
  forget(): void
  /** Deletes what was over for a day; `more` when there may be others. */
  sweep(): Promise<{ readonly more: boolean }>
}

/** What the desk is made of. */
export interface ConsoleDeskOptions {
  readonly store: ConsoleStore
  readonly clock: Pick<Clock, 'now' | 'monotonic'>
  readonly random: RandomBytes
  readonly emit: Emit<SessionEvent>
  /** Who a session is now; asked at every use. */
  readonly judge: (session: ConsoleSessionRecord) => Judged | Promise<Judged>
  /** How long a session lasts unused, and at most (ms). */
  readonly lives: () => { readonly idleMs: number; readonly longestMs: number }
}

/** A use is written at most so often (ms). */
const writeEveryMs = 60_000
const keptAfterEndMs = 24 * 3_600_000
const sweepStep = 500
const usesLimit = 20_000
/** Longest name of a session (characters). */
const longestName = 200

/** Makes the desk over a store. */
export function createConsoleDesk(options: ConsoleDeskOptions): ConsoleDesk {
  const { store, clock, random, emit, judge, lives } = options
  const lookup = createLookup((hash) => store.findSession(hash), clock)
  const sessions = new WeakMap<Caller, ConsoleSessionRecord>()
  /** The last use of each session here, and which one was written. */
  const uses = new Map<string, { usedAt: number; writtenAt: number }>()

  const lastUseOf = ({ id, usedAt }: ConsoleSessionRecord): number =>
    Math.max(usedAt, uses.get(id)?.usedAt ?? 0)
  const idleEndOf = (session: ConsoleSessionRecord): number =>
    Math.min(lastUseOf(session) + lives().idleMs, session.expiresAt)

  function noteUse(session: ConsoleSessionRecord): void {
    const now = clock.now()
    const known = uses.get(session.id) ?? { usedAt: session.usedAt, writtenAt: session.usedAt }
    known.usedAt = Math.max(known.usedAt, now)
    if (!uses.has(session.id)) remember(uses, session.id, known, usesLimit)
    if (now - known.writtenAt < writeEveryMs) return
    known.writtenAt = now
    store.useSession(session.id, now).catch((error: unknown) => {
      // While the store is away the use is known here; the next one is written again.
      known.writtenAt = 0
      if (!isEvergrantError(error)) throw error
    })
  }

  /** Why a session is over; undefined while it is not. */
  function endOf(session: ConsoleSessionRecord): EvergrantError | undefined {
    if (session.revokedAt !== undefined) return signedOut('the session was ended')
    const now = clock.now()
    if (session.expiresAt <= now) {
      return signedOut(`the session ended at ${new Date(session.expiresAt).toISOString()}`)
    }
    return idleEndOf(session) <= now
      ? signedOut('the session was not used for too long')
      : undefined
  }

  function letIn(
    session: ConsoleSessionRecord,
    isUse: boolean,
  ): Authenticated | Promise<Authenticated> {
    const told = (outcome: Judged): Authenticated => {
      if (!outcome.ok) return outcome
      sessions.set(outcome.value, session)
      if (isUse) noteUse(session)
      return outcome
    }
    const outcome = judge(session)
    return outcome instanceof Promise ? outcome.then(told) : told(outcome)
  }

  async function lookAgain(hash: string, isUse: boolean): Promise<Authenticated> {
    const session = await store.findSession(hash)
    if (session === undefined) return err(signedOut('the session is not known'))
    const end = endOf(session)
    return end === undefined ? await letIn(session, isUse) : err(end)
  }

  function settle(
    hash: string,
    session: ConsoleSessionRecord | undefined,
    isUse: boolean,
  ): Authenticated | Promise<Authenticated> {
    if (session === undefined) return err(signedOut('the session is not known'))
    const end = endOf(session)
    if (end === undefined) return letIn(session, isUse)
    const isIdleAlone = session.revokedAt === undefined && session.expiresAt > clock.now()
    // It may have been used at another node meanwhile.
    return isIdleAlone ? lookAgain(hash, isUse) : err(end)
  }

  async function linkOf(token: string): Promise<ConsoleLinkRecord> {
    const hash = hashLinkToken(token)
    const link = hash === undefined ? undefined : await store.findLink(hash)
    if (link === undefined) throw invalidLink('the link is not known')
    if (link.usedAt !== undefined) {
      throw invalidLink(`the link was used at ${new Date(link.usedAt).toISOString()}`)
    }
    if (link.expiresAt <= clock.now()) {
      throw invalidLink(`the link expired at ${new Date(link.expiresAt).toISOString()}`)
    }
    return link
  }

  const newSession = (
    who: Omit<ConsoleSessionRecord, 'id' | 'hash' | 'createdAt' | 'usedAt' | 'expiresAt'>,
  ): { readonly session: ConsoleSessionRecord; readonly secret: string } => {
    const now = clock.now()
    const secret = newConsoleSecret(random)
    const session: ConsoleSessionRecord = {
      ...who,
      name: who.name.slice(0, longestName),
      id: newId('cse', now, random),
      hash: hashConsoleSecret(secret) ?? '',
      createdAt: now,
      usedAt: now,
      expiresAt: now + lives().longestMs,
    }
    return { session, secret }
  }
  const tell = ({ id, callerId, issuer, linkId, expiresAt }: ConsoleSessionRecord): void =>
    emit({
      type: 'console.signed_in',
      at: clock.now(),
      sessionId: id,
      callerId,
      ...(issuer === undefined ? {} : { issuer }),
      ...(linkId === undefined ? {} : { linkId }),
      expiresAt,
    })

  return {
    begin: async (who) => {
      const begun = newSession(who)
      await store.addSession(begun.session)
      tell(begun.session)
      return begun
    },
    authenticate: (secret, isUse) => {
      const hash = hashConsoleSecret(secret)
      if (hash === undefined) return err(signedOut('the cookie is not one of ours'))
      const known = lookup.known(hash)
      if (known !== undefined) return settle(hash, known, isUse)
      return lookup.find(hash).then((found) => settle(hash, found, isUse))
    },
    sessionOf: (caller) => {
      const session = sessions.get(caller)
      return session === undefined ? undefined : { session, idleEndsAt: idleEndOf(session) }
    },
    list: (query) => {
      const now = clock.now()
      return store.listSessions({ ...query, now, usedSince: now - lives().idleMs })
    },
    idleEndOf,
    revoke: async (id, by) => {
      const isRevoked = await store.revokeSession(id, clock.now())
      lookup.forget()
      if (isRevoked) {
        return emit({ type: 'console.signed_out', at: clock.now(), sessionId: id, by })
      }
      throw new EvergrantError(
        'session_unknown',
        `there is no living console session ${JSON.stringify(id.slice(0, 100))}`,
      )
    },
    signOut: async (secret) => {
      const hash = hashConsoleSecret(secret)
      const session = hash === undefined ? undefined : await store.findSession(hash)
      if (session === undefined) return undefined
      const isRevoked = await store.revokeSession(session.id, clock.now())
      lookup.forget()
      if (!isRevoked) return undefined
      const { id, callerId } = session
      emit({ type: 'console.signed_out', at: clock.now(), sessionId: id, by: callerId })
      return session
    },
    makeLink: (request) => makeConsoleLink(options, request),
    readLink: linkOf,
    spendLink: async (token) => {
      const link = await linkOf(token)
      const { id, name, role, hash } = link
      const begun = newSession({ callerId: id, name, role, linkId: id })
      if (!(await store.spendLink(hash, begun.session))) {
        throw invalidLink('the link was used a moment ago')
      }
      tell(begun.session)
      return begun
    },
    hasBegun: () => store.hasBegun(),
    forget: lookup.forget,
    sweep: async () => {
      const swept = await store.sweep(clock.now() - keptAfterEndMs, sweepStep)
      return { more: swept >= sweepStep }
    },
  }
}

/** Makes a link; its token is in the answer and nowhere else. @throws `store_*` */
export async function makeConsoleLink(
  { store, clock, random, emit }: Pick<ConsoleDeskOptions, 'store' | 'clock' | 'random' | 'emit'>,
  { name, role, lifeMs, by }: LinkRequest,
): Promise<{ readonly link: ConsoleLinkRecord; readonly token: Secret }> {
  const now = clock.now()
  const token = newLinkToken(random)
  const link: ConsoleLinkRecord = {
    id: newId('cln', now, random),
    hash: hashLinkToken(token) ?? '',
    name: name.slice(0, longestName),
    role,
    createdBy: by,
    createdAt: now,
    expiresAt: now + lifeMs,
  }
  await store.addLink(link)
  emit({ type: 'console.link_made', at: now, linkId: link.id, role, by })
  return { link, token: new Secret(token) }
}

function signedOut(detail: string): EvergrantError {
  return new EvergrantError('console_signed_out', detail)
}

function invalidLink(detail: string): EvergrantError {
  return new EvergrantError('console_link_invalid', detail)
}
