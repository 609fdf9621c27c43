import { resolve } from 'node:path'
import type { ConfigFile } from './config-schema.ts'
import type { Config, ConnectionConfig, ProviderConfig, SecretReference } from './config.ts'

/**
 * The resource identifier of Microsoft Graph in each cloud; tokens name it wherever Graph is
 * reached.
 */
const graphResources = {
  global: 'https://graph.microsoft.com',
  usgov: 'https://graph.microsoft.us',
  china: 'https://microsoftgraph.chinacloudapi.cn',
} as const

/** Fills in the defaults that depend on other fields and makes paths absolute. */
export function resolveConfig(read: ConfigFile, file: string, directory: string): Config {
  const providers = mapValues(read.providers, (name, provider) => nameProvider(name, provider))
  return {
    file,
    store: { type: 'sqlite', path: resolve(directory, read.store.slice('sqlite:'.length)) },
    encryption: {
      keys: read.encryption.keys.map((key) => ({ id: key.id, source: locate(key, directory) })),
    },
    providers,
    connections: mapValues(read.connections, (name, connection) =>
      resolveConnection(name, connection, providers[connection.provider], directory),
    ),
  }
}

function nameProvider(name: string, provider: ConfigFile['providers'][string]): ProviderConfig {
  if (provider.type === 'oidc') return { ...provider, name }
  const { authority, graph, ...rest } = provider
  return {
    ...rest,
    name,
    ...(authority === undefined ? {} : { authority }),
    ...(graph === undefined ? {} : { graph }),
  }
}

function resolveConnection(
  name: string,
  read: ConfigFile['connections'][string],
  provider: ProviderConfig | undefined,
  directory: string,
): ConnectionConfig {
  const { before, maxAge, assumedLife } = read.refresh
  return {
    name,
    provider: read.provider,
    ...(read.tenant === undefined ? {} : { tenant: read.tenant }),
    client: {
      id: read.client.id,
      credentials: read.client.credentials.map(({ secret, expiresAt, via }) => ({
        type: 'secret',
        secret: locate(secret, directory),
        ...(expiresAt === undefined ? {} : { expiresAt }),
        via,
      })),
    },
    grant: read.grant,
    target: targetOf(read, provider),
    refresh: {
      beforeMs: before,
      ...(maxAge === undefined ? {} : { maxAgeMs: maxAge }),
      ...(assumedLife === undefined ? {} : { assumedLifeMs: assumedLife }),
    },
  }
}

function targetOf(
  { resource, scope }: ConfigFile['connections'][string],
  provider: ProviderConfig | undefined,
): ConnectionConfig['target'] {
  if (scope !== undefined) return { scope }
  if (resource !== undefined) return { resource }
  return { resource: graphResources[provider?.type === 'entra' ? provider.cloud : 'global'] }
}

function locate(
  { env, file }: { readonly env?: string | undefined; readonly file?: string | undefined },
  directory: string,
): SecretReference {
  return env === undefined ? { file: resolve(directory, file ?? '') } : { env }
}

function mapValues<T, U>(
  record: Readonly<Record<string, T>>,
  change: (name: string, value: T) => U,
): Record<string, U> {
  return Object.fromEntries(
    Object.entries(record).map(([name, value]) => [name, change(name, value)]),
  )
}
