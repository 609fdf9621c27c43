import { readFile } from 'node:fs/promises'
import { createSecretReader, loadConfig, type Config } from '../config/index.ts'
import {
  createGrantEngine,
  type ConnectionDefinition,
  type GrantEngine,
  type GrantEvent,
} from '../grants/index.ts'
import {
  hostFiles,
  type DriveDependencies,
  type FilePort,
  type ImportEvent,
  type RunDesk,
} from '../imports/index.ts'
import {
  createEventBus,
  EvergrantError,
  systemClock,
  systemRandom,
  type Clock,
  type EventBus,
  type ProcessIdentity,
  type RandomBytes,
} from '../kernel/index.ts'
import { openSqliteStore, type Store } from '../store/index.ts'
import { createVault, readKey, type Vault } from '../vault/index.ts'
import { importTokensFrom } from './import-tokens.ts'
import { createOutbound } from './outbound.ts'
import { readProcessIdentity } from './process-identity.ts'
import { resolveConnections } from './resolve-connections.ts'

/** Every event of every room. */
export type AnyEvent = GrantEvent | ImportEvent

/** What the outside world is, for one composition. */
export interface ComposeOptions {
  /** Absolute path of the configuration file. */
  readonly configPath: string
  /** Where `{ env: NAME }` references are looked up. Default: the process's environment. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** `main` shares its thread with people and requests; `bulk` is a worker that writes page by page. */
  readonly role: 'main' | 'bulk'
  readonly clock?: Clock
  readonly random?: RandomBytes
  readonly files?: FilePort
  /** Most pages the database may have; for tests of a full disk. */
  readonly storePageLimit?: number
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
  readonly config: Config
  readonly store: Store
  readonly engine: GrantEngine
  readonly events: EventBus<AnyEvent>
  readonly clock: Clock
  readonly identity: ProcessIdentity
  /** What begins, resumes and ends import runs. */
  readonly desk: RunDesk
  /** A connection as resolved. @throws EvergrantError `connection_unknown` */
  definition(connection: string): ConnectionDefinition
  /**
   * Where a connection's imports read from.
   *
   * @throws EvergrantError `connection_unknown`, `usage` when its provider has no Graph,
   *   `provider_*`
   */
  importSource(connection: string): Promise<ImportSource>
  /** What drives an import over the given connection. */
  driving(connection: string): DriveDependencies
  /** Ends flights and connections and closes the store. Idempotent. */
  close(): Promise<void>
}

/**
 * Composes Evergrant from its configuration: the one composition root of service, CLI, workers and
 * tests. Clock, randomness, fetch and environment enter here and nowhere else.
 *
 * @throws EvergrantError `config_*`, `secret_unavailable`, `key_*`, `store_*`, `schema_too_new`
 */
export async function compose(options: ComposeOptions): Promise<Composition> {
  const {
    clock = systemClock,
    env = process.env,
    files = hostFiles,
    random = systemRandom,
  } = options
  const config = await loadConfig(options.configPath, { readFile, workingDirectory: '/' })
  const secrets = createSecretReader({ env, readFile })
  const vault = await openVault(config, secrets)
  const store = await openSqliteStore({
    path: config.store.path,
    vault,
    clock,
    role: options.role,
    random,
    ...(options.storePageLimit === undefined ? {} : { pageLimit: options.storePageLimit }),
  })
  const outbound = createOutbound(clock)
  const events = createEventBus<AnyEvent>()
  const identity = readProcessIdentity()
  const definitions = resolveConnections(config, secrets)
  const engine = createGrantEngine({
    store: store.grants,
    clock,
    fetch: outbound.fetch,
    emit: events.emit,
    connections: definitions,
  })
  const definition = (name: string): ConnectionDefinition => {
    // The engine knows how to say that there is none, with the nearest name.
    engine.connection(name)
    const found = definitions.find((one) => one.name === name)
    if (found === undefined) throw new EvergrantError('connection_unknown', name)
    return found
  }
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
  let isClosed = false
  return {
    config,
    store,
    engine,
    events,
    clock,
    identity,
    desk: { store: store.runs, files, clock, random, identity, sourceOf: importSource },
    definition,
    importSource,
    driving: (name) => ({
      store: store.runs,
      files,
      tokens: importTokensFrom(engine.connection(name)),
      transport: outbound.transport,
      clock,
      random: () => (random(4)[0] ?? 0) / 255,
      emit: events.emit,
    }),
    close: async () => {
      if (isClosed) return
      isClosed = true
      await engine.close()
      await outbound.close()
      await store.close()
    },
  }
}

async function openVault(
  config: Config,
  secrets: ReturnType<typeof createSecretReader>,
): Promise<Vault> {
  const keys = []
  for (const [position, { id, source }] of config.encryption.keys.entries()) {
    const askedBy = `encryption.keys[${position}]`
    try {
      keys.push(readKey(id, await secrets.read(source, askedBy)))
    } catch (error) {
      throw keyError(error)
    }
  }
  return createVault(keys)
}

/** A key that is not there is told as such: `init` and `keys new` make one. */
function keyError(error: unknown): unknown {
  if (!(error instanceof EvergrantError) || error.code !== 'secret_unavailable') return error
  return new EvergrantError('key_missing', error.detail, { cause: error })
}
