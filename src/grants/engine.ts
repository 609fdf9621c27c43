import {
  newId,
  ownerOf,
  systemRandom,
  type AccessToken,
  type Clock,
  type Emit,
  type EvergrantError,
  type ProcessIdentity,
  type RandomBytes,
  type Result,
  type Secret,
} from '../kernel/index.ts'
import { adoptRefreshToken, type Adoption, type TrialOptions } from './adopt-refresh-token.ts'
import { createBell } from './bell.ts'
import type { ConnectionHandle, TokenGrant } from './connection-handle.ts'
import type { ConnectionDefinition } from './connection.ts'
import type { EngineContext } from './context.ts'
import { createCredentialPool } from './credential-pool.ts'
import { createVersionNaming } from './credentials.ts'
import { createCrowd } from './crowd.ts'
import type { GrantEvent } from './events.ts'
import { grantAddressOf, requireOwnGrant } from './grant-address.ts'
import { createHandles, type Handles } from './handles.ts'
import { createOutbox } from './outbox.ts'
import { createPauses } from './pauses.ts'
import type { ConnectionPause, GrantStore } from './ports.ts'
import { createRecheck } from './recheck-grants.ts'
import { createRegistry, parseAddress, type TargetChoice } from './registry.ts'
import { revokeGrant, type GrantRevocation } from './revoke-grant.ts'
import { runDue, type DueReport, type RunDueOptions } from './run-due.ts'
import { describeStatus, type ConnectionStatus } from './status.ts'
import { createStoreAccess } from './store-access.ts'
import { createTurns } from './turns.ts'

/** What an engine is made of. */
export interface GrantEngineOptions {
  readonly store: GrantStore
  /** StoreClock: the time that all processes of the store agree on. */
  readonly clock: Clock
  /** The way out; TLS settings and proxies come with it. */
  readonly fetch: typeof fetch
  readonly emit: Emit<GrantEvent>
  /** Chance for ids and the jitter of pauses; the platform’s by default. */
  readonly random?: RandomBytes
  /** What this process knows of itself and its neighbours. */
  readonly identity: ProcessIdentity
  /** Unique for this engine among all on the store; made up by default. */
  readonly instanceId?: string
  readonly connections: readonly ConnectionDefinition[]
}

/** Which of a connection’s targets is meant; its own by default. */
export interface TargetOptions {
  /** A resource or scopes, or the name of an upstream. */
  readonly target?: TargetChoice
}

/**
 * Keeps the tokens of all connections alive. One per process; safe for any number of callers. An
 * address is `name`, or `name@tenant` where the connection is a template or serves customers.
 * Whatever takes one throws `connection_unknown` (with the nearest name), `tenant_required`,
 * `tenant_invalid`, and `usage` for an upstream that is not there.
 */
export interface GrantEngine {
  /** Names of all connections, in the order of their definition. */
  readonly names: readonly string[]
  /** Returns the handle of an address; it goes on working when the definition is replaced. */
  connection(address: string, options?: TargetOptions): ConnectionHandle
  /**
   * Replaces every definition at once. A connection whose `version` is the same keeps its tokens in
   * memory; one that is not there any more answers `connection_unknown` from then on.
   */
  define(definitions: readonly ConnectionDefinition[]): void
  /**
   * Takes these for all the pauses there are. A paused connection answers `connection_paused` from
   * then on, also where a token is at hand; renewals under way end, and their tokens are kept.
   */
  pause(pauses: readonly ConnectionPause[]): void
  /** The pause of a connection by its name, for all its tenants and customers. */
  pauseOf(connection: string): ConnectionPause | undefined
  /** Tells how a connection stands, from memory and store; asks no provider, changes nothing. */
  status(address: string, options?: TargetOptions): Promise<ConnectionStatus>
  /**
   * Returns the newest token there is, of memory or store, alive or not, as evidence of what it
   * holds; asks no provider. It serves nobody.
   *
   * @throws `store_*`
   */
  newest(address: string, options?: TargetOptions): Promise<AccessToken | undefined>
  /**
   * Obtains a new token now, whatever failed before; only a provider’s Retry-After is kept. When it
   * fails while the old token lives, that one comes with a warning. Brings a revoked grant of
   * client_credentials back. With `resend` a refresh token is sent whose fate is unknown.
   */
  refresh(
    address: string,
    options?: TargetOptions & { readonly resend?: boolean },
  ): Promise<Result<TokenGrant, EvergrantError>>
  /**
   * Puts a refresh token on trial and makes it the current grant when no proof failed.
   *
   * @throws `usage` for a connection without refresh tokens and for a customer,
   *   `secret_unavailable`, `store_*`
   */
  adopt(address: string, refreshToken: Secret, options?: TrialOptions): Promise<Adoption>
  /**
   * Revokes the grant of a connection: at the provider where it can, and here in any case.
   *
   * @throws `usage` for a customer, `store_*`
   */
  revoke(address: string): Promise<GrantRevocation>
  /**
   * Learns that other processes changed something of these topics: waiting renewals look at once,
   * and on `grants` tokens of revoked, replaced and orphaned grants are forgotten before it
   * resolves, and the next caller of a grant that failed for good looks again. Never rejects.
   */
  notice(topics: readonly string[]): Promise<void>
  /** Renews the grants whose time has come. @throws `store_*` when none can be taken */
  runDue(options?: RunDueOptions): Promise<DueReport>
  /**
   * Lets no further renewal start and resolves when those under way have ended, at most half a
   * minute later. Tokens in memory go on being served.
   */
  close(): Promise<void>
}

/** Makes an engine; it sends nothing and reads nothing until it is asked. */
export function createGrantEngine(options: GrantEngineOptions): GrantEngine {
  const registry = createRegistry(options.connections)
  const context = createContext(options)
  const { store, clock, bell, outbox } = context
  const handles = createHandles(registry, context)
  const recheck = createRecheck(handles, context)
  const definitionOf = (address: string): ConnectionDefinition => {
    const { name, tenant } = parseAddress(address)
    return registry.resolve(name, tenant)
  }

  return {
    get names() {
      return registry.names()
    },
    connection: (address, { target } = {}) => handles.handle(address, target),
    define: (definitions) => {
      registry.replace(definitions)
      handles.renew()
    },
    pauseOf: (connection) => context.pauses.of(connection),
    pause: (pauses) => {
      context.pauses.replace(pauses)
      handles.pause()
    },
    status: async (address, { target } = {}) =>
      describeStatus(handles.slot(address, target), store, clock, context.pauses),
    newest: async (address, { target } = {}) => {
      const slot = handles.slot(address, target)
      const held = slot.slot().held?.token
      if (held !== undefined) return held
      const key = await slot.renewal.slotKey()
      return key === undefined ? undefined : (await store.readSlot(key))?.token
    },
    refresh: async (address, { target, resend = false } = {}) =>
      handles.slot(address, target).refresh({ mayResend: resend }),
    adopt: async (address, refreshToken, trial) => {
      const definition = definitionOf(address)
      requireOwnGrant(definition)
      const endTurn = await context.turns.take(`adopt ${JSON.stringify(address)}`)
      const adopting = adoptRefreshToken(definition, refreshToken, context, trial)
      const adoption = await adopting.finally(endTurn)
      if (adoption.isActivated) dropTokens(handles, definition, 'superseded')
      return adoption
    },
    revoke: async (address) => {
      const definition = definitionOf(address)
      requireOwnGrant(definition)
      const revocation = await revokeGrant(definition, context)
      dropTokens(handles, definition, 'revoked')
      return revocation
    },
    notice: async (topics) => {
      if (topics.includes('grants') || topics.includes('slots')) bell.ring()
      if (topics.includes('grants')) await recheck()
    },
    runDue: async (bounds = {}) => runDue({ ...context, registry, handles }, bounds),
    close: async () => {
      bell.close()
      await handles.close()
      await outbox.close()
    },
  }
}

function createContext(options: GrantEngineOptions): EngineContext {
  const { store, clock, emit, identity, random = systemRandom } = options
  const access = createStoreAccess(
    clock,
    ({ code, detail }) => emit({ type: 'grant.store_lost', at: clock.now(), code, detail }),
    () => emit({ type: 'grant.store_regained', at: clock.now() }),
  )
  const instanceId = options.instanceId ?? newId('eng', clock.now(), random)
  const nameVersion = createVersionNaming()
  return {
    store,
    access,
    outbox: createOutbox(clock, access),
    bell: createBell(clock),
    turns: createTurns(),
    crowd: createCrowd(),
    clock,
    fetch: options.fetch,
    random,
    emit,
    identity,
    owner: ownerOf(identity, instanceId),
    pauses: createPauses(emit, () => clock.now()),
    nameVersion,
    credentials: createCredentialPool(nameVersion, clock),
  }
}

function dropTokens(
  handles: Handles,
  definition: ConnectionDefinition,
  reason: 'revoked' | 'superseded',
): void {
  const { connection, tenant } = grantAddressOf(definition)
  for (const slot of handles.slots()) {
    const its = grantAddressOf(slot.definition)
    if (its.connection === connection && its.tenant === tenant) slot.drop(reason)
  }
}
