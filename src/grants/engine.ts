import {
  EvergrantError,
  systemRandom,
  type Clock,
  type Emit,
  type RandomBytes,
  type Result,
} from '../kernel/index.ts'
import {
  createConnection,
  type ConnectionHandle,
  type ManagedConnection,
  type TokenGrant,
} from './connection-handle.ts'
import type { ConnectionDefinition } from './connection.ts'
import type { GrantEvent } from './events.ts'
import { nearestName } from './nearest-name.ts'
import type { GrantStore } from './ports.ts'
import { describeStatus, type ConnectionStatus } from './status.ts'
import { createStoreAccess } from './store-access.ts'

/** What an engine is made of. */
export interface GrantEngineOptions {
  readonly store: GrantStore
  readonly clock: Clock
  /** The way out; TLS settings and proxies come with it. */
  readonly fetch: typeof fetch
  readonly emit: Emit<GrantEvent>
  /** Chance for the jitter of pauses; the platform’s by default. */
  readonly random?: RandomBytes
  readonly connections: readonly ConnectionDefinition[]
}

/** Keeps the tokens of all connections alive. One per process; safe for any number of callers. */
export interface GrantEngine {
  /** Names of all connections, in the order of their definition. */
  readonly names: readonly string[]
  /**
   * Returns the handle of a connection, always the same one.
   *
   * @throws `connection_unknown`, with the nearest name.
   */
  connection(name: string): ConnectionHandle
  /**
   * Tells how a connection stands, from memory and store; asks no provider and changes nothing.
   *
   * @throws `connection_unknown`
   */
  status(name: string): Promise<ConnectionStatus>
  /**
   * Obtains a new token now, whatever failed before; only a provider’s Retry-After is kept. When it
   * fails while the old token lives, that one comes with a warning.
   *
   * @throws `connection_unknown`
   */
  refresh(name: string): Promise<Result<TokenGrant, EvergrantError>>
  /**
   * Lets no further renewal start and resolves when those under way have ended, at most half a
   * minute later. Tokens in memory go on being served.
   */
  close(): Promise<void>
}

/** Makes an engine; it sends nothing and reads nothing until it is asked. */
export function createGrantEngine(options: GrantEngineOptions): GrantEngine {
  const { store, clock, emit, random = systemRandom, connections } = options
  const access = createStoreAccess(
    clock,
    ({ code, detail }) => emit({ type: 'grant.store_lost', at: clock.now(), code, detail }),
    () => emit({ type: 'grant.store_regained', at: clock.now() }),
  )
  const context = { store, access, clock, fetch: options.fetch, random, emit }
  const byName = new Map<string, ManagedConnection>(
    connections.map((definition) => [definition.name, createConnection(definition, context)]),
  )
  const names = [...byName.keys()]

  const find = (name: string): ManagedConnection => {
    const found = byName.get(name)
    if (found === undefined) throw unknown(name, names)
    return found
  }

  return {
    names,
    connection: find,
    status: async (name) => describeStatus(find(name), store, clock),
    refresh: async (name) => find(name).refresh(),
    close: async () => {
      await Promise.all([...byName.values()].map((connection) => connection.close()))
    },
  }
}

function unknown(name: string, names: readonly string[]): EvergrantError {
  const meant = nearestName(name, names)
  const known =
    names.length === 0 ? 'none is defined' : `known are ${names.slice(0, 10).join(', ')}`
  const shown = JSON.stringify(name.slice(0, 100))
  return new EvergrantError(
    'connection_unknown',
    meant === undefined
      ? `there is no connection ${shown}; ${known}`
      : `there is no connection ${shown}; did you mean "${meant}"?`,
  )
}
