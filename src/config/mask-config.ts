import { stringify } from 'yaml'
import type { Config, ConnectionConfig, ProviderConfig } from './config.ts'

/**
 * Writes the configuration as it was understood: every default visible, paths absolute, secrets
 * only as references. The result is a valid configuration of the same meaning.
 */
export function maskConfig(config: Config): string {
  const written = {
    store: `sqlite:${config.store.path}`,
    encryption: { keys: config.encryption.keys.map(({ id, source }) => ({ id, ...source })) },
    providers: mapValues(config.providers, writeProvider),
    connections: mapValues(config.connections, writeConnection),
  }
  return stringify(written, { lineWidth: 0, aliasDuplicateObjects: false })
}

function writeProvider(provider: ProviderConfig): object {
  if (provider.type === 'oidc') return { type: provider.type, issuer: provider.issuer }
  const { type, tenant, cloud, authority, graph } = provider
  return {
    type,
    tenant,
    cloud,
    ...(authority === undefined ? {} : { authority }),
    ...(graph === undefined ? {} : { graph }),
  }
}

function writeConnection(connection: ConnectionConfig): object {
  const { provider, tenant, client, grant, target, refresh } = connection
  return {
    provider,
    ...(tenant === undefined ? {} : { tenant }),
    client: {
      id: client.id,
      credentials: client.credentials.map(({ secret, expiresAt, via }) => ({
        secret,
        ...(expiresAt === undefined ? {} : { expiresAt: new Date(expiresAt).toISOString() }),
        via,
      })),
    },
    grant,
    ...target,
    refresh: {
      before: durationText(refresh.beforeMs),
      ...(refresh.maxAgeMs === undefined ? {} : { maxAge: durationText(refresh.maxAgeMs) }),
      ...(refresh.assumedLifeMs === undefined
        ? {}
        : { assumedLife: durationText(refresh.assumedLifeMs) }),
    },
  }
}

const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
] as const

/** Writes milliseconds as the schema reads them, in the greatest units that fit: `1h30m`. */
function durationText(milliseconds: number): string {
  let rest = milliseconds
  let written = ''
  for (const [unit, length] of units) {
    const amount = Math.floor(rest / length)
    if (amount > 0) written += `${amount}${unit}`
    rest -= amount * length
  }
  return written
}

function mapValues<T>(
  record: Readonly<Record<string, T>>,
  write: (value: T) => object,
): Record<string, object> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, write(value)]))
}
