import { stringify } from 'yaml'
import type {
  Config,
  ImportConfig,
  IssuerConfig,
  ProviderConfig,
  SecretReference,
  ServerConfig,
} from './config.ts'
import { connectionEntry, credentialEntry } from './connection-entry.ts'
import { durationText } from './duration-text.ts'
import { listenText } from './listen-address.ts'
import { writeAlarms } from './resolve-alarms.ts'

/**
 * Writes the configuration as it was understood: every default visible, paths absolute, secrets
 * only as references. The result is a valid configuration of the same meaning.
 */
export function maskConfig(config: Config): string {
  const { store, network } = config
  const written = {
    store: store.type === 'sqlite' ? `sqlite:${store.path}` : writeAddress(store),
    encryption: { keys: config.encryption.keys.map(({ id, source }) => ({ id, ...source })) },
    server: writeServer(config.server),
    network: {
      proxy: typeof network.proxy === 'string' ? network.proxy : writeAddress(network.proxy),
      ca: network.ca,
    },
    providers: mapValues(config.providers, writeProvider),
    connections: mapValues(config.connections, connectionEntry),
    imports: mapValues(config.imports, writeImport),
    issuers: mapValues(config.issuers, writeIssuer),
    alarms: writeAlarms(config.alarms),
  }
  // What is undefined is left out: entries have their name as key.
  return stringify(written, { lineWidth: 0, aliasDuplicateObjects: false })
}

function writeIssuer({
  skewMs,
  longestLifeMs,
  longestSessionMs,
  match,
  access,
  client,
  ...rest
}: IssuerConfig): object {
  return {
    ...rest,
    name: undefined,
    skew: durationText(skewMs),
    longestLife: durationText(longestLifeMs),
    sessions: { longest: durationText(longestSessionMs) },
    match: match.map(({ pairs, ...settings }) => ({ all: pairs, ...settings })),
    access: access.map(({ when, ...gives }) => ({
      ...when,
      ...gives,
      connections: gives.connections.length === 0 ? undefined : gives.connections,
    })),
    client:
      client === undefined
        ? undefined
        : { id: client.id, credentials: client.credentials.map(credentialEntry) },
  }
}

/** An address alone, or with the place of its password. */
function writeAddress({
  url,
  password,
}: {
  readonly url: string
  readonly password?: SecretReference
}): string | object {
  return password === undefined ? url : { url, password }
}

function writeServer({ listen, drainMs, limits, ...rest }: ServerConfig): object {
  const { ratePerSecond, concurrency } = limits
  return {
    listen: listenText(listen),
    publicUrl: rest.publicUrl,
    ...(rest.tls === undefined ? {} : { tls: rest.tls }),
    trustedProxies: rest.trustedProxies,
    drain: durationText(drainMs),
    limits: {
      ...(ratePerSecond === undefined ? {} : { rate: ratePerSecond }),
      ...(concurrency === undefined ? {} : { concurrency }),
    },
    traces: rest.traces,
    log: rest.log,
    console: {
      enabled: rest.console.enabled,
      idle: durationText(rest.console.idleMs),
      longest: durationText(rest.console.longestMs),
      ...(rest.console.issuers === undefined ? {} : { issuers: rest.console.issuers }),
    },
  }
}

function writeProvider(provider: ProviderConfig): object {
  const { model, graceMs } = provider.rotation
  return {
    ...provider,
    name: undefined,
    rotation: { model, ...(model === 'strict' ? { grace: durationText(graceMs) } : {}) },
  }
}

function writeImport({
  refreshBeforeMs,
  csv,
  delta,
  deleteAtMost,
  policy,
  ...entry
}: ImportConfig): object {
  const { drop = [], hash } = policy ?? {}
  return {
    ...entry,
    name: undefined,
    policy: policy === undefined ? undefined : { drop: drop.length === 0 ? undefined : drop, hash },
    refreshBefore: durationText(refreshBeforeMs),
    ...(entry.to.startsWith('csv:') ? { csv } : {}),
    ...(delta ? { delta } : {}),
    ...(entry.to === 'store' ? { deleteAtMost } : {}),
  }
}

function mapValues<T>(
  record: Readonly<Record<string, T>>,
  write: (value: T) => object,
): Record<string, object> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, write(value)]))
}
