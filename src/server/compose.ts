import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import type { AuditEvent, SessionEvent } from '../access/index.ts'
import type { AlarmEvent } from '../alarms/index.ts'
import { createSecretReader, loadConfig, type Config, type SecretReader } from '../config/index.ts'
import {
  createConsentDesk,
  createCustomerDesk,
  type ConsentDesk,
  type ConsentEvent,
  type CustomerDesk,
} from '../consent/index.ts'
import type { AccountEvent } from '../directory/index.ts'
import type { FacadeEvent, GatewayEvent } from '../gateway/index.ts'
import {
  createGrantEngine,
  type ConnectionDefinition,
  type GrantEngine,
  type GrantEvent,
} from '../grants/index.ts'
import {
  createTargetOpener,
  hostFiles,
  type ColumnKey,
  type DriveDependencies,
  type FilePort,
  type ImportEvent,
  type ScheduleEvent,
  type RunDesk,
} from '../imports/index.ts'
import type { IdentityEvent } from '../identity/index.ts'
import type { JobEvent } from '../jobs/index.ts'
import {
  createEventBus,
  EvergrantError,
  newId,
  ownerOf,
  systemClock,
  systemRandom,
  type Clock,
  type EventBus,
  type ProcessIdentity,
  type RandomBytes,
} from '../kernel/index.ts'
import { nodeLeaseMs, type Store } from '../store/index.ts'
import type { Vault } from '../vault/index.ts'
import { openConnectionRegistry, type ConnectionRegistry } from './connection-registry.ts'
import { createColumnKey } from './column-key.ts'
import { createDestinationPassword } from './destination-password.ts'
import { createFollower } from './follow-changes.ts'
import { importTokensFrom } from './import-tokens.ts'
import { joinNodes } from './node-beat.ts'
import { openOutbound } from './open-outbound.ts'
import type { Outbound } from './outbound.ts'
import { openConfiguredStore } from './open-store.ts'
import { openVault } from './open-vault.ts'
import { readPauses } from './read-pauses.ts'
import { readProcessIdentity } from './process-identity.ts'
import { createTurns, requireReloadable } from './reload-config.ts'

/** Every event of every room. */
export type AnyEvent =
  | GrantEvent
  | ImportEvent
  | ScheduleEvent
  | JobEvent
  | GatewayEvent
  | FacadeEvent
  | IdentityEvent
  | SessionEvent
  | AuditEvent
  | AccountEvent
  | ConsentEvent
  | AlarmEvent

/** What the outside world is, for one composition. */
export interface ComposeOptions {
  /** Absolute path of the configuration file. */
  readonly configPath: string
  /** Where `{ env: NAME }` references are looked up. Default: the process's environment. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** `main` shares its thread with people and requests; `bulk` is a worker that writes page by page. */
  readonly role: 'main' | 'bulk'
  /**
   * Whether it stays open: then it follows what other processes change within a second. A command
   * that is over in a moment does not. Default false.
   */
  readonly isLasting?: boolean
  /** What drives the imports that are begun here. Default: a command. */
  readonly driver?: RunDesk['driver']
  readonly clock?: Clock
  readonly random?: RandomBytes
  readonly files?: FilePort
  /** Most pages the database may have; for tests of a full disk. */
  readonly storePageLimit?: number
  /** Changes the way out; for tests that stand in it. */
  readonly wrapOutbound?: (outbound: Outbound) => Outbound
}

/** Where a connection's imports read from. */
export interface ImportSource {
  /** The tenant's id, resolved when a domain is configured. */
  readonly tenantId: string
  /** Version root of Graph, e.g. `https://graph.microsoft.com/v1.0`. */
  readonly graphUrl: string
}

/** Evergrant, put together. The one place where rooms meet the world and each other. */
export interface Composition {
  /** As it is now: `reloadConfig` puts another in its place. */
  readonly config: Config
  /** Absolute path of the configuration file: what a worker composes itself from. */
  readonly configPath: string
  /** Where `{ env: NAME }` references are looked up. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly store: Store
  readonly vault: Vault
  readonly engine: GrantEngine
  readonly connections: ConnectionRegistry
  /** Reads secrets by reference. */
  readonly secrets: SecretReader
  readonly events: EventBus<AnyEvent>
  /** StoreClock: what every shared instant is told by. */
  readonly clock: Clock
  readonly identity: ProcessIdentity
  /** Names this composition among all that share the store. */
  readonly instanceId: string
  /** The way out: proxy, certificate authorities and all. */
  readonly fetch: typeof fetch
  /** Opens connections to one API, for calls through the gateway. */
  readonly pool: Outbound['pool']
  /** What begins, resumes and ends import runs. */
  readonly desk: RunDesk
  /** Where consent is begun and finished. */
  readonly consent: ConsentDesk
  /** Where customers of a partner consent. */
  readonly customers: CustomerDesk
  /** A connection as resolved. @throws EvergrantError `connection_unknown` */
  definition(connection: string): ConnectionDefinition
  /**
   * Where a connection's imports read from.
   *
   * @throws EvergrantError `connection_unknown`, `usage` when its provider has no Graph,
   *   `provider_*`
   */
  importSource(connection: string): Promise<ImportSource>
  /**
   * The key by which an import hashes columns, as the configuration or the environment has it;
   * undefined when neither does.
   *
   * @throws EvergrantError `secret_unavailable`
   */
  columnKey(importName: string): Promise<ColumnKey | undefined>
  /** What drives an import over the given connection. */
  driving(connection: string): DriveDependencies
  /** Reads the store’s connections and pauses again and lets the engine know them. */
  reloadConnections(): Promise<void>
  /**
   * Reads the configuration file again and takes it over in one step: connections, providers,
   * imports and what the service looks up in `config`. Whatever is wrong with it, or thrown by
   * `check`, changes nothing (ADR 0016). One reload at a time.
   *
   * @throws EvergrantError `config_*`, `reload_needs_restart`, `store_*`
   */
  reloadConfig(check?: (next: Config) => Promise<void>): Promise<void>
  /** Says now that this process lives, and takes over the sealing key that the store names. */
  beat(): Promise<void>
  /** Ends flights and connections and closes the store. Idempotent. */
  close(): Promise<void>
}

/** The environment of the process, which enters here. */
export function hostEnvironment(): NonNullable<ComposeOptions['env']> {
  return process.env
}

/**
 * Composes Evergrant from its configuration: the one composition root of service, CLI, workers and
 * tests. Clock, randomness, fetch and environment enter here and nowhere else.
 *
 * @throws EvergrantError `config_*`, `secret_unavailable`, `key_*`, `store_*`, `schema_too_new`
 */
export async function compose(options: ComposeOptions): Promise<Composition> {
  const {
    clock: hostClock = systemClock,
    env = hostEnvironment(),
    files = hostFiles,
    random = systemRandom,
    isLasting = false,
  } = options
  const readConfig = (): Promise<Config> =>
    loadConfig(options.configPath, { readFile, workingDirectory: '/' })
  let config = await readConfig()
  const secrets = createSecretReader({ env, readFile, clock: hostClock })
  const vault = await openVault(config, secrets)
  // What is opened is closed again when a later step fails, the last first.
  const opened: (() => Promise<void> | void)[] = []
  const closeAll = async (): Promise<void> => {
    for (const close of opened.splice(0).toReversed()) await close()
  }
  try {
    const store = await openConfiguredStore(config, {
      vault,
      secrets,
      clock: hostClock,
      random,
      role: options.role,
      ...(options.storePageLimit === undefined ? {} : { pageLimit: options.storePageLimit }),
    })
    opened.push(() => store.close())
    const { clock } = store
    const identity = readProcessIdentity()
    const instanceId = newId('ins', clock.now(), random)
    const node = await joinNodes(store.keys, vault, ownerOf(identity, instanceId), clock)
    opened.push(() => node.leave())
    const wayOut = await openOutbound(config, { secrets, clock: hostClock, env, readFile })
    opened.push(() => wayOut.close())
    const outbound = options.wrapOutbound?.(wayOut) ?? wayOut
    const events = createEventBus<AnyEvent>()
    let registry = await openConnectionRegistry(config, store.connections, secrets)
    const connections: ConnectionRegistry = {
      all: () => registry.all(),
      find: (name) => registry.find(name),
      unusable: () => registry.unusable(),
      reload: () => registry.reload(),
    }
    const definitions = (): readonly ConnectionDefinition[] =>
      connections.all().map(({ definition }) => definition)
    const engine = createGrantEngine({
      store: store.grants,
      clock,
      fetch: outbound.fetch,
      emit: events.emit,
      random,
      identity,
      instanceId,
      connections: definitions(),
    })
    opened.push(() => engine.close())
    const loadPauses = async (): Promise<void> => engine.pause(await readPauses(store.connections))
    await loadPauses()
    const inTurn = createTurns()
    const reloadConnections = (): Promise<void> =>
      inTurn(async () => {
        // Pauses first: whatever is the matter with a definition, they hold.
        await loadPauses()
        if (await registry.reload()) engine.define(definitions())
      })
    // In turn with the store's changes: a registry made from what was read before one would miss it.
    const reloadConfig: Composition['reloadConfig'] = (check) =>
      inTurn(async () => {
        const next = await readConfig()
        requireReloadable(config, next)
        const nextRegistry = await openConnectionRegistry(next, store.connections, secrets)
        await check?.(next)
        registry = nextRegistry
        config = next
        engine.define(definitions())
      })
    if (isLasting) {
      const follower = createFollower({ engine, reloadConnections, beat: node.beat, clock })
      opened.push(
        follower.end,
        store.watchGenerations(({ topics }) => void follower.follow(topics)),
      )
    }
    const definition = (name: string): ConnectionDefinition => engine.connection(name).definition
    const targets = createTargetOpener(
      createDestinationPassword(() => config.imports, secrets, env),
    )
    const importSource = async (name: string): Promise<ImportSource> => {
      const { provider } = definition(name)
      if (provider.graphUrl === undefined) {
        throw new EvergrantError(
          'usage',
          `connection "${name}": imports read Microsoft Graph, but its provider is "${provider.type}"`,
          { remedy: 'Name a connection whose provider is of type "entra".' },
        )
      }
      const tenantId = await provider.resolveTenantId({ fetch: outbound.fetch, clock })
      if (!tenantId.ok) throw tenantId.error.error
      return { tenantId: tenantId.value, graphUrl: `${provider.graphUrl}/v1.0` }
    }
    const upstreamUrl = (name: string, upstream: string): string | undefined =>
      registry.find(name)?.config.upstreams[upstream]?.url
    const consent = createConsentDesk({
      store: store.consents,
      links: store.links,
      engine,
      fetch: outbound.fetch,
      clock,
      random,
      emit: events.emit,
      vault,
      worker: instanceId,
      livingWorkers: async () => {
        const nodes = await store.keys.listNodes(clock.now() - nodeLeaseMs)
        return new Set(nodes.map(({ owner }) => owner.instanceId))
      },
      upstreamUrl,
    })
    const columnKey = createColumnKey(() => config.imports, secrets, env)
    let isClosed = false
    return {
      get config() {
        return config
      },
      configPath: options.configPath,
      env,
      store,
      vault,
      engine,
      connections,
      secrets,
      events,
      clock,
      identity,
      instanceId,
      fetch: outbound.fetch,
      pool: (settings) => outbound.pool(settings),
      desk: {
        store: store.runs,
        files,
        targets,
        clock,
        random,
        identity,
        driver: options.driver ?? 'command',
        host: hostname(),
        sourceOf: importSource,
        columnKey,
      },
      consent,
      customers: createCustomerDesk({
        engine,
        fetch: outbound.fetch,
        clock,
        emit: events.emit,
        upstreamUrl,
      }),
      definition,
      importSource,
      columnKey,
      driving: (name) => ({
        columnKey,
        store: store.runs,
        files,
        targets,
        tokens: importTokensFrom(engine.connection(name)),
        transport: outbound.transport,
        clock,
        random: () => (random(4)[0] ?? 0) / 255,
        emit: events.emit,
      }),
      reloadConnections,
      reloadConfig,
      beat: node.beat,
      close: async () => {
        if (isClosed) return
        isClosed = true
        await closeAll()
      },
    }
  } catch (error) {
    await closeAll().catch(() => {})
    throw error
  }
}
