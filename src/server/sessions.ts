import {
  createSessionDesk,
  type Caller,
  type CallerLimits,
  type IssuedSession,
  type Judged,
  type SessionDesk,
  type SessionRecord,
} from '../access/index.ts'
import { checkAccount, errorOf } from '../identity/index.ts'
import { err, EvergrantError, isEvergrantError, ok, systemRandom } from '../kernel/index.ts'
import { bearerFactsOf, callerOfFacts, type BearerFacts } from './bearer-facts.ts'
import type { Composition } from './compose.ts'
import type { Bearer } from './open-bearer.ts'

/** What sessions rest on besides the store; asked at every use, since a reload changes it. */
export interface SessionsOptions {
  readonly bearer: () => Bearer | undefined
  readonly limits: () => CallerLimits
  /** Longest life of a session of an issuer (ms). */
  readonly longestOf: (issuer: string) => number | undefined
  /** Told of faults of the work that nobody waits for. */
  readonly onFault: (fault: unknown) => void
}

/** Sessions of a service. */
export interface Sessions {
  readonly desk: SessionDesk
  /**
   * Exchanges the token that a caller came with for a session, which ends with the token at the
   * latest.
   *
   * @throws EvergrantError `exchange_refused` for a caller that came with anything else;
   *   `token_expired`, `store_*`
   */
  exchange(caller: Caller): Promise<IssuedSession>
  /**
   * Who somebody is now by what an issuer told once: asked at every use, also of people at the
   * console.
   */
  judge(holder: Holder, kind: 'session' | 'console'): Judged | Promise<Judged>
  /** What an issuer told of a caller that brought a token, in the form that is kept. */
  identityOf(caller: Caller): { readonly identity: string; readonly facts: BearerFacts } | undefined
  /** Reads accounts again at their next use; called when the generation `accounts` moved. */
  forgetAccounts(): void
  /**
   * Revokes what issuers that are gone have left behind, and deletes what ended long ago; happens
   * by itself every ten minutes. Never rejects.
   */
  sweep(): Promise<void>
  /** The same after another configuration was taken over. */
  sweepByNewConfig(): Promise<void>
  close(): void
}

/** What is read of an account is believed for so long (ms). */
const accountMs = 1_000
/** Between two sweeps, and between the steps of one (ms). */
const sweepEveryMs = 600_000
const stepEveryMs = 1_000
/** Of the form of what is stored; another one ends the session. */
const formVersion = 1

/** Of whom something is kept that an issuer told. */
export type Holder = Pick<SessionRecord, 'identity' | 'expiresAt'>

/** What is known of a session in memory; it goes when the session is forgotten. */
interface Kept {
  readonly kind: 'session' | 'console'
  readonly facts: BearerFacts
  limits?: CallerLimits
  caller?: Caller
  outcome?: Judged
  readTick: number
  forgotten: number
  pending?: Promise<Judged> | undefined
  pendingFor?: number
}

/** Opens the sessions of a composition. */
export function openSessions(
  { store, clock, events }: Pick<Composition, 'store' | 'clock' | 'events'>,
  { bearer, limits, longestOf, onFault }: SessionsOptions,
): Sessions {
  const states = new WeakMap<Holder, Kept>()
  let forgotten = 0
  let cancelSweep = (): void => {}
  let configReadAt = clock.now()
  let isClosed = false

  /** Under the same name another server may stand: what counts is whose tokens are accepted. */
  const isAccepted = ({ issuer, iss }: BearerFacts): boolean => {
    const issuers = bearer()?.issuers
    if (issuers === undefined) return false
    if (iss !== undefined) return issuers.find(iss)?.settings.name === issuer
    return issuers.all().some(({ settings }) => settings.name === issuer)
  }

  function judge(session: Holder, kind: 'session' | 'console'): Judged | Promise<Judged> {
    const kept = states.get(session) ?? keep(session, kind)
    if (kept === undefined) return err(ended('it is of another version of Evergrant'))
    const { facts } = kept
    if (!isAccepted(facts)) return err(ended('tokens of its issuer are not accepted any more'))
    if (facts.rules !== bearer()?.rulesOf(facts.issuer)) {
      return err(ended('what tokens of its issuer are taken for has changed'))
    }
    if (facts.account === undefined) return ok(callerOf(kept))
    const isFresh = kept.forgotten === forgotten && clock.monotonic() - kept.readTick < accountMs
    if (isFresh && kept.outcome !== undefined) {
      return kept.outcome.ok ? ok(callerOf(kept)) : kept.outcome
    }
    // One that began before accounts were forgotten may tell what no longer is.
    if (kept.pending === undefined || kept.pendingFor !== forgotten) {
      const pending = readAccount(kept).finally(() => {
        if (kept.pending === pending) kept.pending = undefined
      })
      kept.pending = pending
      kept.pendingFor = forgotten
    }
    return kept.pending
  }

  function keep(session: Holder, kind: 'session' | 'console'): Kept | undefined {
    const facts = readFacts(session.identity)
    if (facts === undefined) return undefined
    const kept: Kept = {
      kind,
      facts: { ...facts, expiresAt: session.expiresAt },
      readTick: -Infinity,
      forgotten: -1,
    }
    states.set(session, kept)
    return kept
  }

  async function readAccount(kept: Kept): Promise<Judged> {
    const begun = { readTick: clock.monotonic(), forgotten }
    const { account: key, person } = kept.facts
    if (key === undefined) return ok(callerOf(kept))
    const account = await store.accounts.getAccount(key)
    const outcome = ((): Judged => {
      if (account === undefined || account.isMissing === true) {
        return err(ended('its account is not in the directory any more'))
      }
      const refusal = checkAccount(account)
      if (refusal !== undefined) return err(errorOf(refusal))
      const isAsThen = sameLink(person, account.link)
      return isAsThen ? ok(callerOf(kept)) : err(ended('what its account may do here has changed'))
    })()
    Object.assign(kept, begun, { outcome })
    return outcome
  }

  function callerOf(kept: Kept): Caller {
    const now = limits()
    if (kept.caller === undefined || kept.limits !== now) {
      kept.limits = now
      kept.caller = callerOfFacts(kept.facts, kept.kind, now)
    }
    return kept.caller
  }

  const desk = createSessionDesk({
    store: store.sessions,
    clock,
    random: systemRandom,
    emit: events.emit,
    judge: (session) => judge(session, 'session'),
  })

  async function sweep(): Promise<void> {
    try {
      const { more } = await desk.sweep(({ identity, createdAt }) => {
        // A younger one was begun by a node whose configuration is not ours, maybe not yet.
        if (createdAt >= configReadAt) return false
        const facts = readFacts(identity)
        return facts === undefined || !isAccepted(facts)
      })
      arm(more ? stepEveryMs : sweepEveryMs)
    } catch (error) {
      // While the store is away nothing is used either; it is tried again.
      if (!isEvergrantError(error)) onFault(error)
      arm(sweepEveryMs)
    }
  }

  function arm(afterMs: number): void {
    cancelSweep()
    if (isClosed) return
    cancelSweep = clock.schedule(afterMs, () => void sweep())
  }
  arm(stepEveryMs)

  const identityOf: Sessions['identityOf'] = (caller) => {
    const facts = caller.kind === 'bearer' ? bearerFactsOf(caller) : undefined
    if (facts === undefined) return undefined
    return { facts, identity: JSON.stringify({ version: formVersion, facts }) }
  }

  return {
    desk,
    judge,
    identityOf,
    exchange: async (caller) => {
      const told = identityOf(caller)
      if (told === undefined) {
        const seen = caller.kind === 'session' ? 'a session' : 'a caller key'
        throw new EvergrantError(
          'exchange_refused',
          `expected a token of an issuer, but saw ${seen}`,
        )
      }
      const { facts, identity } = told
      const now = clock.now()
      const expiresAt = Math.min(facts.expiresAt, now + (longestOf(facts.issuer) ?? 0))
      if (expiresAt <= now) {
        throw new EvergrantError('token_expired', 'no life is left in the token for a session')
      }
      const request = {
        issuer: facts.issuer,
        identity,
        expiresAt,
        ...(facts.account === undefined ? {} : { account: facts.account }),
        ...(facts.role === undefined ? {} : { role: facts.role }),
      }
      return await desk.begin(request, caller.id)
    },
    forgetAccounts: () => {
      forgotten++
    },
    sweep,
    sweepByNewConfig: async () => {
      configReadAt = clock.now()
      await sweep()
    },
    close: () => {
      isClosed = true
      cancelSweep()
    },
  }
}

/** What a session says of its holder; undefined for another form of it. */
export function readFacts(identity: string): BearerFacts | undefined {
  try {
    const { version, facts } = JSON.parse(identity) as {
      readonly version?: unknown
      readonly facts?: BearerFacts
    }
    return version === formVersion ? facts : undefined
  } catch {
    return undefined
  }
}

/** A link that was made, taken away or changed since ends the session: a new one shows it. */
function sameLink(
  then: BearerFacts['person'],
  now:
    | {
        readonly personId: string
        readonly role?: string
        readonly connections: readonly string[]
      }
    | undefined,
): boolean {
  return (
    then?.id === now?.personId &&
    then?.role === now?.role &&
    JSON.stringify(then?.connections ?? []) === JSON.stringify(now?.connections ?? [])
  )
}

function ended(detail: string): EvergrantError {
  return new EvergrantError('session_ended', detail)
}
