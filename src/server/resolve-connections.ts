import type {
  ConnectionConfig,
  CredentialConfig,
  ProviderConfig,
  SecretReference,
} from '../config/index.ts'
import { isPartnerCenter } from '../consent/index.ts'
import type { ClientCredential, ConnectionDefinition } from '../grants/index.ts'
import { EvergrantError, type Secret } from '../kernel/index.ts'
import {
  canonicalTarget,
  createEntraProvider,
  createOAuth2Provider,
  createOidcProvider,
  type ProviderProfile,
  type TokenTarget,
} from '../oauth/index.ts'

/** Reads a secret of one connection. */
export type ReadConnectionSecret = (reference: SecretReference, askedBy: string) => Promise<Secret>

/** What the resolution of a connection rests on besides the connection itself. */
export interface ResolveContext {
  readonly providers: Readonly<Record<string, ProviderConfig>>
  readonly readSecret: ReadConnectionSecret
  /** Profiles by provider and tenant, so that connections share what one has discovered. */
  readonly profiles: Map<string, ProviderProfile>
}

/** Turns a configured connection into what the engine works with; asks nobody yet. */
export function resolveConnection(
  connection: ConnectionConfig,
  context: ResolveContext,
): ConnectionDefinition {
  const isTemplate = connection.tenant === '*'
  const define = (tenant: string | undefined): ConnectionDefinition => ({
    name: connection.name,
    provider: profileOf(connection, tenant, context),
    clientId: connection.client.id,
    credentials: connection.client.credentials.map((credential, position) =>
      resolveCredential(
        credential,
        `connections.${connection.name}.client.credentials[${position}]`,
        context.readSecret,
      ),
    ),
    grant: connection.grant,
    target: connection.target,
    targets: targetsOf(connection),
    refresh: connection.refresh,
    requires: requiresOf(connection),
    version: JSON.stringify([connection, context.providers[connection.provider] ?? null]),
  })
  if (!isTemplate) return servingCustomers(define(connection.tenant), connection)
  const template = define(undefined)
  const { provider } = template
  return {
    ...template,
    forTenant: (tenant) => {
      if (provider.forTenant === undefined) throw noTenants(connection, provider)
      return { ...template, provider: provider.forTenant(tenant) }
    },
  }
}

/** Lets the grant of a partner serve its customers, where the configuration says so. */
function servingCustomers(
  definition: ConnectionDefinition,
  { customers }: ConnectionConfig,
): ConnectionDefinition {
  const { provider } = definition
  if (customers === undefined) return definition
  return {
    ...definition,
    customers,
    forCustomer: (tenant) => {
      const other = provider.forTenant?.(tenant)
      if (other === undefined) {
        throw new EvergrantError('tenant_invalid', `"${definition.name}" has no tenants`)
      }
      const target = customerTarget(definition)
      return { ...definition, target, provider: other, grantTenant: provider.tenant }
    },
  }
}

/** Partner Center is called with tokens of the partner: a customer’s are for Graph, if for anything. */
function customerTarget({ target, targets, provider }: ConnectionDefinition): TokenTarget {
  if (!isPartnerCenter(target)) return target
  const graph = [...(targets?.values() ?? [])].find((one) => provider.expectsClaimsChallenges(one))
  return graph ?? target
}

function requiresOf({ requires = [] }: ConnectionConfig): ReadonlyMap<string, readonly string[]> {
  const all = new Map<string, readonly string[]>()
  for (const { target, scopes } of requires) {
    const key = canonicalTarget(target)
    all.set(key, [...new Set([...(all.get(key) ?? []), ...scopes])])
  }
  return all
}

function noTenants({ name }: ConnectionConfig, { type }: ProviderProfile): EvergrantError {
  return new EvergrantError(
    'tenant_invalid',
    `connection "${name}" is for tenants, but its provider, of type "${type}", has none`,
  )
}

function targetsOf({ upstreams }: ConnectionConfig): ReadonlyMap<string, TokenTarget> {
  return new Map(Object.entries(upstreams).map(([name, { target }]) => [name, target]))
}

/**
 * Turns a configured credential into one that is read when it is needed.
 *
 * @param path Of its entry in the configuration, for messages.
 */
export function resolveCredential(
  credential: CredentialConfig,
  path: string,
  readSecret: ReadConnectionSecret,
): ClientCredential {
  const askedBy = `${path}.${credential.type}`
  const expiry = credential.expiresAt === undefined ? {} : { expiresAt: credential.expiresAt }
  switch (credential.type) {
    case 'secret':
      return {
        ...expiry,
        kind: 'secret',
        method: credential.via === 'basic' ? 'client_secret_basic' : 'client_secret_post',
        read: () => readSecret(credential.secret, askedBy),
      }
    case 'certificate':
      return {
        ...expiry,
        kind: 'certificate',
        algorithm: credential.algorithm,
        read: () => readSecret(credential.certificate, askedBy),
      }
    case 'federated':
      return {
        ...expiry,
        kind: 'federated',
        read: () => readSecret(credential.assertion, askedBy),
      }
  }
}

function profileOf(
  connection: ConnectionConfig,
  tenant: string | undefined,
  { providers, profiles }: ResolveContext,
): ProviderProfile {
  const provider = providers[connection.provider]
  if (provider === undefined) {
    throw new EvergrantError('config_invalid', `there is no provider "${connection.provider}"`)
  }
  if (provider.type !== 'entra') {
    const key = JSON.stringify(provider)
    const known = profiles.get(key) ?? makeProfile(provider)
    profiles.set(key, known)
    return known
  }
  const { graph, authority, cloud, rotation } = provider
  // Entra's endpoints need no discovery, so that a profile a tenant costs nothing but itself.
  return createEntraProvider({
    tenant: tenant ?? provider.tenant,
    cloud,
    rotation,
    ...(authority === undefined ? {} : { authority }),
    ...(graph === undefined ? {} : { graph }),
  })
}

function makeProfile(provider: Exclude<ProviderConfig, { type: 'entra' }>): ProviderProfile {
  if (provider.type === 'oidc') {
    return createOidcProvider({ issuer: provider.issuer, rotation: provider.rotation })
  }
  const { type: _type, name: _name, ...endpoints } = provider
  return createOAuth2Provider(endpoints)
}
