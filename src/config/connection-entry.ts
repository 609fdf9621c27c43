import type { ConnectionConfig, CredentialConfig, TargetConfig } from './config.ts'
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
  const requiresFor = placeRequires(connection)
  return {
    provider,
    ...(tenant === undefined ? {} : { tenant }),
    client: { id: client.id, credentials: client.credentials.map(credentialEntry) },
    grant,
    ...target,
    ...requiresFor(target),
    ...(one === undefined
      ? {}
      : { upstream: { ...upstreamEntry(one), ...requiresFor(one.target) } }),
    ...(Object.keys(named).length === 0
      ? {}
      : {
          upstreams: Object.fromEntries(
            Object.entries(named).map(([name, upstream]) => [
              name,
              { ...upstreamEntry(upstream), ...requiresFor(upstream.target) },
            ]),
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
    ...customersEntry(connection),
  }
}

/** Permissions stand beside the first place of their target, each once. */
function placeRequires({
  requires = [],
}: ConnectionConfig): (target: TargetConfig) => { readonly requires?: readonly string[] } {
  const left = new Map<string, readonly string[]>()
  for (const { target, scopes } of requires) {
    const key = JSON.stringify(target)
    left.set(key, [...new Set([...(left.get(key) ?? []), ...scopes])])
  }
  return (target) => {
    const key = JSON.stringify(target)
    const scopes = left.get(key)
    left.delete(key)
    return scopes === undefined ? {} : { requires: scopes }
  }
}

function customersEntry({ customers }: ConnectionConfig): object {
  if (customers === undefined) return {}
  const { sample, first, isRequired } = customers
  return {
    customers: { ...(sample.length === 0 ? {} : { sample }), first, required: isRequired },
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
