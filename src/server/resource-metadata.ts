import type { Config } from '../config/index.ts'
import type { AcceptedIssuers } from '../identity/index.ts'
import type { ServicePart } from './service.ts'

/** Where the metadata stand (RFC 9728 section 3). */
export const resourceMetadataPath = '/.well-known/oauth-protected-resource'

/** What the metadata are made of; asked at every request, since a reload changes it. */
export interface ResourceMetadataOptions {
  readonly publicUrl: () => string
  readonly config: () => Pick<Config, 'issuers'>
  /** Undefined while no issuer’s tokens are accepted: then there are no metadata. */
  readonly issuers: () => AcceptedIssuers | undefined
}

/**
 * Adds the metadata of this protected resource: whose tokens are accepted, and how they are sent.
 * Public and cacheable; 404 while no issuer’s tokens are accepted.
 */
export function resourceMetadataRoute(options: ResourceMetadataOptions): ServicePart {
  return (app) => {
    app.get(resourceMetadataPath, async (_request, reply) => {
      const metadata = describeResource(options)
      if (metadata === undefined) return reply.callNotFound()
      return reply
        .headers({
          'cache-control': 'public, max-age=300',
          'access-control-allow-origin': '*',
          'x-content-type-options': 'nosniff',
          'content-type': 'application/json; charset=utf-8',
        })
        .send(JSON.stringify(metadata))
    })
  }
}

function describeResource({
  publicUrl,
  config,
  issuers,
}: ResourceMetadataOptions): Readonly<Record<string, unknown>> | undefined {
  const accepted = issuers()?.all() ?? []
  if (accepted.length === 0) return undefined
  const scopes = Object.values(config().issuers).flatMap((issuer) => issuer.scopes)
  return {
    resource: publicUrl(),
    // Of the two forms that Entra has for a tenant, version 2 is the one that publishes metadata.
    authorization_servers: accepted
      .filter(({ settings, iss }) => settings.type !== 'entra' || iss.endsWith('/v2.0'))
      .map(({ iss }) => iss),
    ...(scopes.length === 0 ? {} : { scopes_supported: [...new Set(scopes)] }),
    bearer_methods_supported: ['header'],
    resource_name: 'Evergrant',
  }
}
