import {
  parseConnection,
  type Config,
  type ConnectionConfig,
  type SecretReader,
} from '../config/index.ts'
import type { ConnectionDefinition, ConnectionStore, StoredConnection } from '../grants/index.ts'
import { EvergrantError, type Secret } from '../kernel/index.ts'
import type { ProviderProfile } from '../oauth/index.ts'
import { resolveConnection, type ResolveContext } from './resolve-connections.ts'

/** A connection and where it is defined. */
export interface RegisteredConnection {
  readonly config: ConnectionConfig
  readonly origin: 'file' | 'store'
  readonly definition: ConnectionDefinition
}

/** A connection of the store that cannot be used, and why. */
export interface UnusableConnection {
  readonly name: string
  readonly detail: string
}

/** All connections, of the file and of the store, under one set of names. */
export interface ConnectionRegistry {
  /** In the order of the file, then by name. */
  all(): readonly RegisteredConnection[]
  find(name: string): RegisteredConnection | undefined
  /** Stored connections that do not fit the configuration any more, or whose name the file has. */
  unusable(): readonly UnusableConnection[]
  /**
   * Reads the store's connections again; what did not change is not parsed again. Returns whether
   * anything did.
   */
  reload(): Promise<boolean>
}

const pageSize = 500

/** Reads the connections of the file and of the store. */
export async function openConnectionRegistry(
  config: Config,
  store: ConnectionStore,
  secrets: SecretReader,
): Promise<ConnectionRegistry> {
  const profiles = new Map<string, ProviderProfile>()
  const contextFor = (connection: string): ResolveContext => ({
    providers: config.providers,
    profiles,
    readSecret: (reference, askedBy) =>
      'sealed' in reference
        ? readSealed(store, connection, reference.sealed, askedBy)
        : secrets.read(reference, askedBy),
  })
  const register = (
    connection: ConnectionConfig,
    origin: RegisteredConnection['origin'],
  ): RegisteredConnection => ({
    config: connection,
    origin,
    definition: resolveConnection(connection, contextFor(connection.name)),
  })

  const ofFile = new Map(
    Object.values(config.connections).map((one) => [one.name, register(one, 'file')]),
  )
  let ofStore = new Map<string, ParsedConnection>()

  const parse = (stored: StoredConnection): ParsedConnection => {
    const { name, version } = stored
    if (ofFile.has(name)) {
      const detail =
        'the configuration file defines a connection of that name, which is used instead'
      return { version, problem: detail }
    }
    const parsed = parseConnection(name, JSON.parse(stored.body), config)
    if (!parsed.ok) return { version, problem: parsed.error.detail }
    const registered = register(parsed.value, 'store')
    // A new secret under the same words is a new definition all the same.
    const definition = {
      ...registered.definition,
      version: `${version} ${registered.definition.version}`,
    }
    return { version, registered: { ...registered, definition } }
  }

  const reload = async (): Promise<boolean> => {
    const next = new Map<string, ParsedConnection>()
    let hasChanged = false
    let afterName: string | undefined
    for (;;) {
      const page = await store.listConnections({
        limit: pageSize,
        ...(afterName === undefined ? {} : { afterName }),
      })
      for (const stored of page) {
        const known = ofStore.get(stored.name)
        const isSame = known?.version === stored.version
        hasChanged ||= !isSame
        next.set(stored.name, isSame ? known : parse(stored))
      }
      if (page.length < pageSize) break
      afterName = page.at(-1)?.name
    }
    hasChanged ||= next.size !== ofStore.size
    ofStore = next
    return hasChanged
  }
  await reload()

  const usable = (): readonly RegisteredConnection[] =>
    [...ofStore.values()].flatMap(({ registered }) => registered ?? [])
  return {
    all: () => [...ofFile.values(), ...usable()],
    find: (name) => ofFile.get(name) ?? ofStore.get(name)?.registered,
    unusable: () =>
      [...ofStore].flatMap(([name, { problem }]) =>
        problem === undefined ? [] : [{ name, detail: problem }],
      ),
    reload,
  }
}

interface ParsedConnection {
  readonly version: number
  readonly registered?: RegisteredConnection
  readonly problem?: string
}

async function readSealed(
  store: ConnectionStore,
  connection: string,
  slot: string,
  askedBy: string,
): Promise<Secret> {
  const secret = await store.readSecret(connection, slot)
  if (secret !== undefined) return secret
  throw new EvergrantError(
    'secret_unavailable',
    `expected the secret of "${askedBy}" in the store, but there is none`,
    { remedy: `Give it with \`evergrant connections edit ${connection} --secret\`.` },
  )
}
