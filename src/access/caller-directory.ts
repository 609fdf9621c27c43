import { hash } from 'node:crypto'
import {
  err,
  EvergrantError,
  isEvergrantError,
  ok,
  type Clock,
  type Result,
} from '../kernel/index.ts'
import { createAdmission, type Release } from './admission.ts'
import { isSameHash, parseCallerKey, type ParsedKey } from './caller-key.ts'
import { createLookup, remember } from './lookup.ts'
import type { Caller, CallerLimits } from './caller.ts'
import type { CallerRecord, CallerStore } from './ports.ts'
import { readCredential, unauthenticated, type CallerHeaders } from './read-credential.ts'

/** Who calls, or why that is not known. */
export type Authenticated = Result<Caller, EvergrantError>

/**
 * Tells whom a credential of another kind belongs to; may reject with `store_*`.
 *
 * @param requestId Names the request, for whoever remembers refusals.
 */
export type Authenticator = (
  credential: string,
  requestId?: () => string,
) => Authenticated | Promise<Authenticated>

/** What the directory of callers is made of. */
export interface CallerDirectoryOptions {
  readonly store: Pick<CallerStore, 'getCaller'>
  readonly clock: Pick<Clock, 'monotonic'>
  /** Limits of callers that have none of their own, each limit by itself. */
  readonly defaults?: CallerLimits
  /** Credentials of other kinds by the four characters they begin with, such as `egf_`. */
  readonly others?: Readonly<Record<string, Authenticator>>
  /** Knows whatever has none of our prefixes; undefined while no issuer’s tokens are accepted. */
  readonly bearer?: () => Authenticator | undefined
  /** Where it is told whose tokens are accepted; stands in challenges (RFC 9728). */
  readonly resourceMetadata?: () => string | undefined
}

/** Who calls us, and how much each may ask. */
export interface CallerDirectory {
  /**
   * Tells who makes a request. Synchronous for callers in memory, which an outage of the store does
   * not touch; others are looked up. Nothing that is said tells a wrong secret from an unknown id.
   * Refusals carry what belongs into a challenge (`challengeOf`).
   *
   * @returns `caller_unauthenticated`, `credential_malformed`; `store_*` (503) for unknown callers
   *   while the store is away; `caller_throttled` for unknown ones while many that do not exist are
   *   tried; of bearer tokens what verification and matching refuse.
   */
  authenticate(
    headers: CallerHeaders,
    rawHeaders?: readonly string[],
    requestId?: () => string,
  ): Authenticated | Promise<Authenticated>
  /** The same for a credential that came another way. */
  authenticateKey: Authenticator
  /** Lets one request of a caller in, by its limits; see `Admission`. */
  admit(caller: Caller): Release | EvergrantError
  /** Forgets every caller: the next request of each is looked up. For changes in the store. */
  forget(): void
  /** Replaces the default limits, for a configuration that was read again. */
  setDefaults(limits: CallerLimits): void
}

/** Keys that were verified, as many as are remembered. */
const verifiedLimit = 20_000

/** Makes the directory of one process. */
export function createCallerDirectory(options: CallerDirectoryOptions): CallerDirectory {
  const { store, clock, others = {}, bearer, resourceMetadata } = options
  let { defaults = {} } = options
  const lookup = createLookup((id) => store.getCaller(id), clock)
  const admission = createAdmission(clock)
  /** Verified keys by their SHA-256: no key stays in memory in clear, and none is parsed twice. */
  let verified = new Map<string, Authenticated>()

  const judge = (parsed: ParsedKey, record: CallerRecord | undefined): Authenticated => {
    if (record === undefined || !isSameHash(parsed.secretHash, record.secretHash)) {
      return unauthenticated('the caller key is not known')
    }
    if (record.revokedAt !== undefined) {
      return unauthenticated(`the key of caller "${record.name}" was revoked`)
    }
    return ok(asCaller(record, defaults))
  }

  const settle = (parsed: ParsedKey, digest: string, record: CallerRecord): Authenticated => {
    const outcome = judge(parsed, record)
    if (outcome.ok) remember(verified, digest, outcome, verifiedLimit)
    return outcome
  }

  const lookUp = async (parsed: ParsedKey, digest: string): Promise<Authenticated> => {
    const atFirst = verified
    const record = await lookup.find(parsed.id)
    if (record === undefined || verified !== atFirst) return judge(parsed, record)
    return settle(parsed, digest, record)
  }

  const askOther: Authenticator = (credential, requestId) => {
    const prefix = credential.slice(0, 4)
    const isOurs = /^eg[a-z]_$/.test(prefix)
    const other = Object.hasOwn(others, prefix) ? others[prefix] : isOurs ? undefined : bearer?.()
    if (other === undefined) return unauthenticated('expected a caller key, "egk_…"')
    const answer = other(credential, requestId)
    return answer instanceof Promise ? foreseen(answer) : answer
  }

  const authenticateAny: Authenticator = (credential, requestId) => {
    if (!credential.startsWith('egk_')) return askOther(credential, requestId)
    const digest = hash('sha256', credential)
    const known = verified.get(digest)
    if (known !== undefined) return known
    const parsed = parseCallerKey(credential)
    if (parsed === undefined) return unauthenticated('expected a caller key, "egk_…"')
    const record = lookup.known(parsed.id)
    return record === undefined ? foreseen(lookUp(parsed, digest)) : settle(parsed, digest, record)
  }

  /** A refusal of the credential says where it is told what would be accepted. */
  const challenging = (outcome: Authenticated): Authenticated => {
    if (outcome.ok || outcome.error.definition.status !== 401) return outcome
    const { code, detail, remedy, judgement, challenge, cause } = outcome.error
    const resource = resourceMetadata?.()
    if (resource === undefined || challenge?.resourceMetadata !== undefined) return outcome
    return err(
      new EvergrantError(code, detail, {
        remedy,
        ...(judgement === undefined ? {} : { judgement }),
        ...(cause === undefined ? {} : { cause }),
        challenge: { ...challenge, resourceMetadata: resource },
      }),
    )
  }

  const authenticateKey: Authenticator = (credential, requestId) => {
    const outcome = authenticateAny(credential, requestId)
    return outcome instanceof Promise ? outcome.then(challenging) : challenging(outcome)
  }

  const forget = (): void => {
    lookup.forget()
    verified = new Map()
  }

  return {
    authenticate: (headers, rawHeaders, requestId) => {
      const credential = readCredential(headers, rawHeaders)
      return credential.ok ? authenticateKey(credential.value, requestId) : challenging(credential)
    },
    authenticateKey,
    admit: admission.admit,
    forget,
    setDefaults: (limits) => {
      defaults = limits
      forget()
    },
  }
}

/** The caller that a record describes. */
function asCaller(record: CallerRecord, defaults: CallerLimits): Caller {
  const { id, name, role, connections, upstream, allowTokens, limits } = record
  return {
    id,
    name,
    kind: 'key',
    ...(role === undefined ? {} : { role }),
    connections,
    ...(upstream === undefined ? {} : { upstream }),
    allowTokens,
    limits: { ...defaults, ...limits },
  }
}

/** Turns what was to be expected of a look-up into a refusal. */
async function foreseen(work: Promise<Authenticated>): Promise<Authenticated> {
  try {
    return await work
  } catch (error) {
    if (!isEvergrantError(error)) throw error
    if (error.code === 'caller_throttled') return err(error)
    if (!error.code.startsWith('store_')) throw error
    // A stranger is told that the store is away, not where it stands.
    const { code, retryAfterMs } = error
    return err(
      new EvergrantError(code, 'who makes the call cannot be looked up in the store now', {
        cause: error,
        ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      }),
    )
  }
}
