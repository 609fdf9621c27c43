import { EvergrantError, type Clock, type RandomBytes, type Secret } from '../kernel/index.ts'
import { issueCallerKey } from './caller-key.ts'
import type { CallerLimits, Role } from './caller.ts'
import type { CallerRecord, CallerStore } from './ports.ts'

/** A caller to be made. */
export interface CallerRequest {
  /** 1 to 64 characters: a-z, 0-9, ".", "_" and "-", a letter or digit first. */
  readonly name: string
  readonly role?: Role
  /** By name without tenant; `'*'` for all, those of later included. */
  readonly connections: readonly string[] | '*'
  readonly upstream?: string
  readonly allowTokens?: boolean
  readonly limits?: CallerLimits
}

/** A caller that was made, and its key, which is nowhere else. */
export interface IssuedCaller {
  readonly caller: CallerRecord
  readonly key: Secret
}

/** Makes, lists and revokes callers. */
export interface CallerDesk {
  /**
   * Makes a caller; its key is in the answer and nowhere else. Whether the connections exist is for
   * who asks to check.
   *
   * @throws `usage` for a request that cannot be, `caller_exists`, `store_*`
   */
  add(request: CallerRequest): Promise<IssuedCaller>
  /** A page, by name. */
  list: CallerStore['listCallers']
  /** A caller by id, revoked or not. */
  get: CallerStore['getCaller']
  /**
   * Revokes a caller by name or id: here at once, in other processes within a second.
   *
   * @throws `caller_unknown`, `store_*`
   */
  revoke(nameOrId: string): Promise<void>
}

/** What the desk is made of. */
export interface CallerDeskOptions {
  readonly store: CallerStore
  readonly clock: Pick<Clock, 'now'>
  readonly random: RandomBytes
  /** Called after every change, before it is told: this process must not go on with what it knew. */
  readonly onChanged: () => void
}

const namePattern = /^[a-z0-9][a-z0-9._-]{0,63}$/
/** What ids look like: a name of that form could stand for another caller. */
const idPattern = /^(?:clr|fac)_/

/** What a rate or a concurrency may be at most, as in `server.limits`. */
const mostOfALimit = 100_000

/** Makes the desk over a store. */
export function createCallerDesk(options: CallerDeskOptions): CallerDesk {
  const { store, clock, random, onChanged } = options
  return {
    add: async (request) => {
      assertSensible(request)
      const { name, role, connections, upstream, allowTokens = false, limits = {} } = request
      const now = clock.now()
      const { id, key, secretHash } = issueCallerKey(now, random)
      const caller: CallerRecord = {
        id,
        name,
        ...(role === undefined ? {} : { role }),
        connections: connections === '*' ? '*' : [...new Set(connections)],
        ...(upstream === undefined ? {} : { upstream }),
        allowTokens,
        limits,
        secretHash,
        createdAt: now,
      }
      if (!(await store.addCaller(caller))) {
        throw new EvergrantError('caller_exists', `there is a caller "${name}" already`)
      }
      onChanged()
      return { caller, key }
    },
    list: store.listCallers,
    get: store.getCaller,
    revoke: async (nameOrId) => {
      const isRevoked = await store.revokeCaller(nameOrId, clock.now())
      onChanged()
      if (isRevoked) return
      throw new EvergrantError(
        'caller_unknown',
        `there is no caller ${JSON.stringify(nameOrId.slice(0, 100))}, or it was revoked before`,
      )
    },
  }
}

/** @throws EvergrantError `usage` */
function assertSensible({ name, connections, role, limits = {} }: CallerRequest): void {
  if (!namePattern.test(name) || idPattern.test(name)) {
    throw new EvergrantError(
      'usage',
      `"name": expected 1 to 64 characters a-z, 0-9, ".", "_" and "-", a letter or digit first, ` +
        `but saw ${JSON.stringify(name.slice(0, 100))}`,
      { remedy: 'Choose another name; "clr_" and "fac_" begin ids.' },
    )
  }
  if (connections !== '*' && connections.length === 0 && role === undefined) {
    throw new EvergrantError('usage', 'the caller could do nothing: no connection and no role', {
      remedy: 'Name connections, all of them by "*", or a role.',
    })
  }
  const { ratePerSecond: rate, concurrency } = limits
  if (rate !== undefined && !(rate > 0 && rate <= mostOfALimit)) {
    throw new EvergrantError(
      'usage',
      `"rate": expected requests a second above 0, up to ${mostOfALimit}, but saw ${rate}`,
    )
  }
  if (concurrency !== undefined && !isWholeWithin(concurrency)) {
    throw new EvergrantError(
      'usage',
      `"concurrency": expected a whole number from 1 to ${mostOfALimit}, but saw ${concurrency}`,
    )
  }
}

function isWholeWithin(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= mostOfALimit
}
