import { resolve } from 'node:path'
import type { ConfigFile } from './config-schema.ts'
import type {
  Config,
  ImportConfig,
  ImportPolicyConfig,
  ProviderConfig,
  StoreConfig,
} from './config.ts'
import { isPostgres, resolvePostgresUrl } from './postgres-url.ts'
import { resolveAlarms } from './resolve-alarms.ts'
import { locate, resolveConnection } from './resolve-connection.ts'
import { resolveIssuer } from './resolve-issuer.ts'
import { resolveServer } from './resolve-server.ts'
import { sqlitePath } from './store-schema.ts'

/** Fills in the defaults that depend on other fields and makes paths absolute. */
export function resolveConfig(read: ConfigFile, file: string, directory: string): Config {
  const providers = mapValues(read.providers, nameProvider)
  return {
    file,
    store: resolveStore(read.store, directory),
    encryption: {
      keys: read.encryption.keys.map((key) => ({ id: key.id, source: locate(key, directory) })),
    },
    server: resolveServer(read.server, directory),
    network: {
      proxy: resolveProxy(read.network.proxy, directory),
      ca: read.network.ca.map((path) => resolve(directory, path)),
    },
    providers,
    connections: mapValues(read.connections, (name, connection) =>
      resolveConnection(name, connection, providers[connection.provider], directory),
    ),
    imports: mapValues(read.imports, (name, entry) => resolveImport(name, entry, directory)),
    issuers: mapValues(read.issuers, (name, issuer) => resolveIssuer(name, issuer, directory)),
    alarms: resolveAlarms(read.alarms, directory),
  }
}

function resolveStore(written: ConfigFile['store'], directory: string): StoreConfig {
  if (typeof written !== 'string') {
    const { url, password } = written
    return {
      type: 'postgres',
      url: resolvePostgresUrl(url, directory),
      password: locate(password, directory),
    }
  }
  if (isPostgres(written)) return { type: 'postgres', url: resolvePostgresUrl(written, directory) }
  return { type: 'sqlite', path: resolve(directory, sqlitePath(written)) }
}

function resolveProxy(
  written: ConfigFile['network']['proxy'],
  directory: string,
): Config['network']['proxy'] {
  if (typeof written !== 'string') {
    return { url: written.url, password: locate(written.password, directory) }
  }
  return written === 'env' || written === 'none' ? written : { url: written }
}

function nameProvider(
  name: string,
  { rotation, ...provider }: ConfigFile['providers'][string],
): ProviderConfig {
  const named = { name, rotation: { model: rotation.model, graceMs: rotation.grace } }
  switch (provider.type) {
    case 'oidc':
      return { ...provider, ...named }
    case 'oauth2': {
      const { authorizationEndpoint, revocationEndpoint, introspectionEndpoint, ...rest } = provider
      return {
        ...rest,
        ...(authorizationEndpoint === undefined ? {} : { authorizationEndpoint }),
        ...(revocationEndpoint === undefined ? {} : { revocationEndpoint }),
        ...(introspectionEndpoint === undefined ? {} : { introspectionEndpoint }),
        ...named,
      }
    }
    case 'entra': {
      const { authority, graph, ...rest } = provider
      return {
        ...rest,
        ...(authority === undefined ? {} : { authority }),
        ...(graph === undefined ? {} : { graph }),
        ...named,
      }
    }
  }
}

function resolveImport(
  name: string,
  read: ConfigFile['imports'][string],
  directory: string,
): ImportConfig {
  const { password, policy, filter, pageSize, schedule } = read
  return {
    name,
    connection: read.connection,
    collections: read.collections,
    to: resolveDestination(read.to, directory),
    ...(password === undefined ? {} : { password: locate(password, directory) }),
    columns: resolveColumns(read),
    ...(policy === undefined ? {} : { policy: resolvePolicy(policy, directory) }),
    ...(filter === undefined ? {} : { filter }),
    ...(pageSize === undefined ? {} : { pageSize }),
    concurrency: read.concurrency,
    refreshBeforeMs: read.refreshBefore,
    publish: read.publish,
    csv: read.csv ?? { header: true, delimiter: ',', bom: false },
    delta: read.delta,
    deleteAtMost: read.deleteAtMost ?? 0.1,
    ...(schedule === undefined ? {} : { schedule }),
  }
}

function resolveDestination(to: string, directory: string): string {
  if (isPostgres(to)) return resolvePostgresUrl(to, directory)
  const [, kind = '', path] = /^(\w+):(.+)$/s.exec(to) ?? []
  return path === undefined ? to : `${kind}:${resolve(directory, path)}`
}

/** Columns by collection; rows are keyed by their id, whether it was asked for or not. */
function resolveColumns({
  collections,
  columns,
}: ConfigFile['imports'][string]): ImportConfig['columns'] {
  if (columns === undefined) return {}
  const written = Array.isArray(columns) ? { [collections[0] ?? '']: columns } : columns
  return Object.fromEntries(
    Object.entries(written).flatMap(([collection, names]) =>
      names === undefined
        ? []
        : [[collection, ['id', ...names.filter((column) => column.toLowerCase() !== 'id')]]],
    ),
  )
}

function resolvePolicy(
  { drop = [], hash }: NonNullable<ConfigFile['imports'][string]['policy']>,
  directory: string,
): ImportPolicyConfig {
  return {
    drop,
    ...(hash === undefined
      ? {}
      : { hash: { columns: hash.columns, key: locate(hash.key, directory) } }),
  }
}

function mapValues<T, U>(
  record: Readonly<Record<string, T>>,
  change: (name: string, value: T) => U,
): Record<string, U> {
  return Object.fromEntries(
    Object.entries(record).map(([name, value]) => [name, change(name, value)]),
  )
}
