import type { Config, IssuerConfig } from '../config/index.ts'
import {
  acceptIssuers,
  type AcceptedIssuerOptions,
  type AcceptedIssuers,
  type IssuerSettings,
} from '../identity/index.ts'
import { err, systemRandom, type Result } from '../kernel/index.ts'
import {
  createKeyCache,
  createOidcProvider,
  entraIssuers,
  fetchKeySet,
  type KeyCache,
  type KeyFailure,
  type KeySet,
  type Transport,
} from '../oauth/index.ts'

/** Where the keys of issuers are kept: a cache for each source of keys. */
export interface KeyCaches {
  /** @param source Names who publishes the keys, and where. */
  cacheFor(
    source: { readonly iss: string; readonly from: string },
    fetchKeys: () => Promise<Result<KeySet, KeyFailure>>,
  ): KeyCache
}

/**
 * Opens the issuers of a configuration; nobody is asked before the first token.
 *
 * @param caches Default: new ones.
 * @throws EvergrantError `provider_misconfigured` when two of them are the same
 */
export function openIssuers(
  { issuers }: Pick<Config, 'issuers'>,
  transport: Transport,
  caches: KeyCaches = newCaches(transport),
): AcceptedIssuers {
  return acceptIssuers(
    Object.values(issuers).flatMap((issuer) => openIssuer(issuer, transport, caches)),
  )
}

function openIssuer(
  config: IssuerConfig,
  transport: Transport,
  caches: KeyCaches,
): readonly AcceptedIssuerOptions[] {
  const settings: IssuerSettings = {
    ...config,
    acceptsIdTokens: config.claims.includes('id_token'),
    acceptsAccessTokens: config.claims.includes('token') || !config.claims.includes('id_token'),
  }
  if (config.type === 'oidc') {
    return [
      {
        iss: config.issuer,
        settings,
        keys: caches.cacheFor(
          { iss: config.issuer, from: 'metadata' },
          discovered(config.issuer, transport),
        ),
      },
    ]
  }
  const { cloud, authority, tenants } = config
  // Each form of each tenant has keys of its own: what one of them publishes signs for no other.
  return tenants.flatMap((tenantId) =>
    entraIssuers({
      tenant: tenantId,
      cloud,
      ...(authority === undefined ? {} : { authority }),
    }).map(({ iss, keysUrl }) => ({
      iss,
      settings,
      tenantId,
      keys: caches.cacheFor({ iss, from: keysUrl.href }, () => fetchKeySet(transport, keysUrl)),
    })),
  )
}

function newCaches({ clock }: Transport): KeyCaches {
  return {
    cacheFor: (_source, fetchKeys) => createKeyCache({ clock, random: systemRandom, fetchKeys }),
  }
}

/** Keys of an OpenID provider are where its metadata say. */
function discovered(
  issuer: string,
  transport: Transport,
): () => Promise<Result<KeySet, KeyFailure>> {
  const provider = createOidcProvider({ issuer })
  return async () => {
    const server = await provider.server(transport)
    if (!server.ok) return err({ detail: server.error.error.detail })
    const url = URL.parse(server.value.jwks_uri ?? '')
    if (url === null) return err({ detail: `${new URL(issuer).host} publishes no "jwks_uri"` })
    return fetchKeySet(transport, url)
  }
}
