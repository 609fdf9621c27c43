import type { ConnectionConfig, CredentialConfig } from './config.ts'
import { durationText } from './duration-text.ts'
import { upstreamEntry } from './upstream-entry.ts'

/**
 * A connection as its entry below `connections:` says it, every default visible but those of its
 * upstreams; secrets stand in it as references. `parseConnection` reads it back as the same
 * connection.
 */
export function connectionEntry(connection: ConnectionConfig): Record<string, unknown> {
  const { provider, tenant, client, grant, target, upstreams, refresh } = connection
  const { '': one, ...named } = upstreams
  return {
    provider,
    ...(tenant === undefined ? {} : { tenant }),
    client: { id: client.id, credentials: client.credentials.map(credentialEntry) },
    grant,
    ...target,
    ...(one === undefined ? {} : { upstream: upstreamEntry(one) }),
    ...(Object.keys(named).length === 0
      ? {}
      : {
          upstreams: Object.fromEntries(
            Object.entries(named).map(([name, upstream]) => [name, upstreamEntry(upstream)]),
          ),
        }),
    refresh: {
      before: durationText(refresh.beforeMs),
      ...(refresh.maxAgeMs === undefined ? {} : { maxAge: durationText(refresh.maxAgeMs) }),
      ...(refresh.assumedLifeMs === undefined
        ? {}
        : { assumedLife: durationText(refresh.assumedLifeMs) }),
      keepWarm: refresh.keepWarm,
    },
  }
}

/** A client credential as an entry says it. */
export function credentialEntry(credential: CredentialConfig): Record<string, unknown> {
  const { expiresAt } = credential
  const expiry = expiresAt === undefined ? {} : { expiresAt: new Date(expiresAt).toISOString() }
  switch (credential.type) {
    case 'secret':
      return { secret: credential.secret, ...expiry, via: credential.via }
    case 'certificate':
      return {
        certificate: credential.certificate,
        ...expiry,
        algorithm: credential.algorithm,
      }
    case 'federated':
      return { federated: credential.assertion, ...expiry }
  }
}
