import { resolve } from 'node:path'
import type {
  ConnectionConfig,
  CredentialConfig,
  ProviderConfig,
  SecretReference,
  TargetConfig,
  UpstreamConfig,
} from './config.ts'
import type { ConnectionEntry, UpstreamEntry } from './connection-schema.ts'
import { graphResources } from './graph-resources.ts'
import { resolveUpstream } from './resolve-upstream.ts'
import type { WrittenReference } from './secret-schema.ts'

/**
 * Fills in what a checked connection left out: from its provider, from its upstreams, and paths
 * from `directory`.
 */
export function resolveConnection(
  name: string,
  read: ConnectionEntry,
  provider: ProviderConfig | undefined,
  directory: string,
): ConnectionConfig {
  const { before, maxAge, assumedLife, keepWarm } = read.refresh
  const written = {
    ...(read.upstream === undefined ? {} : { '': read.upstream }),
    ...read.upstreams,
  }
  const target = targetIn(read) ??
    Object.values(written)
      .map(targetIn)
      .find((one) => one !== undefined) ?? {
      resource: graphResources[provider?.type === 'entra' ? provider.cloud : 'global'],
    }
  const upstreams = Object.entries(written).map(([upstream, entry]) => [
    upstream,
    resolveUpstream(entry, targetIn(entry) ?? target, provider),
  ])
  return {
    name,
    provider: read.provider,
    ...(read.tenant === undefined ? {} : { tenant: read.tenant }),
    client: {
      id: read.client.id,
      credentials: read.client.credentials.map((one) => resolveCredential(one, directory)),
    },
    grant: read.grant,
    target,
    upstreams: Object.fromEntries(upstreams) as Record<string, UpstreamConfig>,
    refresh: {
      beforeMs: before,
      ...(maxAge === undefined ? {} : { maxAgeMs: maxAge }),
      ...(assumedLife === undefined ? {} : { assumedLifeMs: assumedLife }),
      keepWarm,
    },
    ...requiredScopes(read, written, target),
    ...(read.customers === undefined ? {} : { customers: resolveCustomers(read.customers) }),
  }
}

/** Those of one target that stand in several places count together. */
function requiredScopes(
  read: ConnectionEntry,
  upstreams: Readonly<Record<string, UpstreamEntry>>,
  target: TargetConfig,
): Pick<ConnectionConfig, 'requires'> {
  const requires = [read, ...Object.values(upstreams)].flatMap((place) =>
    place.requires === undefined
      ? []
      : [{ target: targetIn(place) ?? target, scopes: place.requires }],
  )
  return requires.length === 0 ? {} : { requires }
}

function resolveCustomers({
  sample,
  first,
  required,
}: NonNullable<ConnectionEntry['customers']>): NonNullable<ConnectionConfig['customers']> {
  return { sample, first, isRequired: required }
}

function targetIn({
  resource,
  scope,
}: {
  readonly resource?: string | undefined
  readonly scope?: string | undefined
}): TargetConfig | undefined {
  if (scope !== undefined) return { scope }
  return resource === undefined ? undefined : { resource }
}

/** Fills in what a checked credential left out. */
export function resolveCredential(
  written: ConnectionEntry['client']['credentials'][number],
  directory: string,
): CredentialConfig {
  const { secret, certificate, federated, expiresAt, via = 'post', algorithm = 'PS256' } = written
  const expiry = expiresAt === undefined ? {} : { expiresAt }
  if (certificate !== undefined) {
    return {
      type: 'certificate',
      certificate: locate(certificate, directory),
      algorithm,
      ...expiry,
    }
  }
  if (federated !== undefined) {
    return { type: 'federated', assertion: locate(federated, directory), ...expiry }
  }
  return { type: 'secret', secret: locate(secret ?? {}, directory), via, ...expiry }
}

/**
 * Makes the paths of a checked reference absolute; a program without "/" stays as it is, since it
 * is looked up in PATH.
 */
export function locate(written: WrittenReference, directory: string): SecretReference {
  const { env, file, exec, sealed } = written
  if (env !== undefined) return { env }
  if (sealed !== undefined) return { sealed }
  if (exec === undefined) return { file: resolve(directory, file ?? '') }
  const [program = '', ...rest] = exec
  return { exec: [program.includes('/') ? resolve(directory, program) : program, ...rest] }
}
