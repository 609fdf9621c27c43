import type { Config, ConnectionConfig, SecretReader } from '../config/index.ts'
import type { ConnectionDefinition } from '../grants/index.ts'
import { EvergrantError } from '../kernel/index.ts'
import { createEntraProvider, createOidcProvider, type ProviderProfile } from '../oauth/index.ts'

/** Turns the configured connections into what the engine works with; asks nobody yet. */
export function resolveConnections(config: Config, secrets: SecretReader): ConnectionDefinition[] {
  return Object.values(config.connections).map((connection) => ({
    name: connection.name,
    provider: providerOf(config, connection),
    clientId: connection.client.id,
    credentials: connection.client.credentials.map((credential, position) => {
      const askedBy = `connections.${connection.name}.client.credentials[${position}].secret`
      return {
        method: credential.via === 'basic' ? 'client_secret_basic' : 'client_secret_post',
        read: () => secrets.read(credential.secret, askedBy),
      } as const
    }),
    grant: connection.grant,
    target: connection.target,
    refresh: connection.refresh,
  }))
}

function providerOf(config: Config, connection: ConnectionConfig): ProviderProfile {
  const provider = config.providers[connection.provider]
  if (provider === undefined) {
    throw new EvergrantError('config_invalid', `there is no provider "${connection.provider}"`)
  }
  if (provider.type === 'oidc') return createOidcProvider({ issuer: provider.issuer })
  return createEntraProvider({
    tenant: connection.tenant ?? provider.tenant,
    cloud: provider.cloud,
    ...(provider.authority === undefined ? {} : { authority: provider.authority }),
    ...(provider.graph === undefined ? {} : { graph: provider.graph }),
  })
}
