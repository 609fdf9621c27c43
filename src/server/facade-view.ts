import type { FacadeClient } from '../gateway/index.ts'
import { EvergrantError } from '../kernel/index.ts'
import type { Composition } from './compose.ts'

/** A client of the façade on the wire. */
export interface FacadeClientJson {
  readonly name: string
  readonly client_id: string
  readonly client_secret?: string
  readonly connection: string
  readonly upstream?: string
  readonly redirect_uris: readonly string[]
  readonly tokens: 'gateway' | 'upstream'
  readonly public: boolean
  readonly pkce: 'required' | 'optional'
  readonly rotate: boolean
  readonly grace_ms?: number
  readonly secret_on_refresh: boolean
  readonly authorizations?: number
  readonly created_at: string
  readonly approved_at?: string
  readonly revoked_at?: string
}

/** A client on the wire and as `--json` prints it; the secret, where it is told, is told this once. */
export function facadeToJson(
  client: FacadeClient,
  more: { readonly secret?: string; readonly authorizations?: number } = {},
): FacadeClientJson {
  const at = (instant: number): string => new Date(instant).toISOString()
  return {
    name: client.name,
    client_id: client.id,
    ...(more.secret === undefined ? {} : { client_secret: more.secret }),
    connection: client.connection,
    ...(client.upstream === undefined ? {} : { upstream: client.upstream }),
    redirect_uris: client.redirectUris,
    tokens: client.tokens,
    public: client.isPublic,
    pkce: client.requiresPkce ? 'required' : 'optional',
    rotate: client.rotates,
    ...(client.rotates ? { grace_ms: client.graceMs } : {}),
    secret_on_refresh: client.needsSecretOnRefresh,
    ...(more.authorizations === undefined ? {} : { authorizations: more.authorizations }),
    created_at: at(client.createdAt),
    ...(client.approvedAt === undefined ? {} : { approved_at: at(client.approvedAt) }),
    ...(client.revokedAt === undefined ? {} : { revoked_at: at(client.revokedAt) }),
  }
}

/**
 * Reads what a façade client is for, `name[@tenant][:upstream]`: it has to be there, and where
 * there are several upstreams one has to be named.
 *
 * @throws EvergrantError `connection_unknown`, `tenant_*`, `usage`
 */
export function findFacadeTarget(
  { connections, engine }: Pick<Composition, 'connections' | 'engine'>,
  text: string,
): { readonly connection: string; readonly upstream?: string } {
  const cut = text.indexOf(':')
  const connection = cut === -1 ? text : text.slice(0, cut)
  const upstream = cut === -1 ? undefined : text.slice(cut + 1)
  const { address, definition } = engine.connection(
    connection,
    upstream === undefined ? {} : { target: upstream },
  )
  const upstreams = Object.keys(connections.find(definition.name)?.config.upstreams ?? {})
  if (upstream === undefined && upstreams.length > 1) {
    throw new EvergrantError(
      'usage',
      `"connection": "${connection}" has several upstreams: ${upstreams.join(', ')}`,
      { remedy: `Name the one that the client calls: ${connection}:UPSTREAM.` },
    )
  }
  return { connection: address, ...(upstream === undefined ? {} : { upstream }) }
}
