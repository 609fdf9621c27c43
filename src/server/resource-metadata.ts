import type { FastifyReply } from 'fastify'
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

/** Resources that callers may name more exactly than the service as a whole. */
const deeper =
  /^\/(?:api\/v1|directory\/v1|auth\/verify|proxy\/[\w.@:-]{1,200})(?:\/[\w.~@:%/-]{0,500})?$/

/**
 * Adds the metadata of this protected resource, and of those below it, whose path follows that of
 * the metadata (RFC 9728 section 3.1): whose tokens are accepted, and how they are sent. Public and
 * cacheable; 404 while no issuer’s tokens are accepted.
 */
export function resourceMetadataRoute(options: ResourceMetadataOptions): ServicePart {
  return (app) => {
    const answer = (path: string, reply: FastifyReply): FastifyReply => {
      const metadata = describeResource(options, path)
      if (metadata === undefined) {
        reply.callNotFound()
        return reply
      }
      return reply
        .headers({
          'cache-control': 'public, max-age=300',
          'access-control-allow-origin': '*',
          'x-content-type-options': 'nosniff',
          'content-type': 'application/json; charset=utf-8',
        })
        .send(JSON.stringify(metadata))
    }
    app.get(resourceMetadataPath, (_request, reply) => answer('', reply))
    app.get(`${resourceMetadataPath}/*`, (request, reply) => {
      const path = (request.url.split('?', 1)[0] ?? '').slice(resourceMetadataPath.length)
      if (deeper.test(path)) return answer(path, reply)
      reply.callNotFound()
      return reply
    })
  }
}

/** @param path Of the resource, as it was asked for: what is answered has to be the very same. */
function describeResource(
  { publicUrl, config, issuers }: ResourceMetadataOptions,
  path: string,
): Readonly<Record<string, unknown>> | undefined {
  const accepted = issuers()?.all() ?? []
  if (accepted.length === 0) return undefined
  const scopes = Object.values(config().issuers).flatMap((issuer) => issuer.scopes)
  return {
    resource: `${publicUrl()}${path}`,
    // Of the two forms that Entra has for a tenant, version 2 is the one that publishes metadata.
    authorization_servers: accepted
      .filter(({ settings, iss }) => settings.type !== 'entra' || iss.endsWith('/v2.0'))
      .map(({ iss }) => iss),
    ...(scopes.length === 0 ? {} : { scopes_supported: [...new Set(scopes)] }),
    bearer_methods_supported: ['header'],
    resource_name: 'Evergrant',
  }
}
