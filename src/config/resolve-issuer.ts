import type { ConfigFile } from './config-schema.ts'
import type { AccessRuleConfig, IssuerConfig, MatchRuleConfig } from './config.ts'
import { resolveCredential } from './resolve-connection.ts'

type WrittenIssuer = ConfigFile['issuers'][string]

/** Matching of Entra’s callers when nothing is said: the object id, within the token’s tenant. */
const byObjectId: MatchRuleConfig = {
  pairs: [{ claim: 'oid', column: 'id', ignoreCase: false }],
  acrossTenants: false,
  acceptMutable: false,
}

/** Fills in what an issuer left out; paths of secrets from `directory`. */
export function resolveIssuer(name: string, read: WrittenIssuer, directory: string): IssuerConfig {
  const { client, introspection, userinfo } = read
  const common = {
    name,
    audiences: read.audiences,
    skewMs: read.skew,
    longestLifeMs: read.longestLife,
    claims: read.claims,
    match: read.match?.map(resolveRule) ?? (read.type === 'entra' ? [byObjectId] : []),
    userName: read.userName,
    scopes: read.scopes,
    access: read.access.map(resolveAccess),
    ...(client === undefined
      ? {}
      : {
          client: {
            id: client.id,
            credentials: client.credentials.map((one) => resolveCredential(one, directory)),
          },
        }),
    introspection: { clients: introspection.clients, ...endpointOf(introspection) },
    userinfo: { acceptAnyAudience: userinfo.acceptAnyAudience, ...endpointOf(userinfo) },
    longestSessionMs: read.sessions.longest,
  }
  if (read.type === 'oidc') {
    const { issuer, tenant } = read
    return { ...common, type: 'oidc', issuer, ...(tenant === undefined ? {} : { tenant }) }
  }
  const { tenants, cloud, authority, groups } = read
  return {
    ...common,
    type: 'entra',
    tenants: [...new Set(tenants)],
    cloud,
    ...(authority === undefined ? {} : { authority }),
    ...(groups === undefined ? {} : { groups }),
  }
}

function endpointOf({ endpoint }: { readonly endpoint?: string | undefined }): {
  readonly endpoint?: string
} {
  return endpoint === undefined ? {} : { endpoint }
}

function resolveRule({
  all,
  claim = '',
  column = '',
  source,
  ignoreCase,
  ...settings
}: NonNullable<WrittenIssuer['match']>[number]): MatchRuleConfig {
  const pairs = all ?? [{ claim, column, source, ignoreCase }]
  return {
    pairs: pairs.map(({ source: only, ...pair }) => ({
      ...pair,
      ...(only === undefined ? {} : { source: only }),
    })),
    ...settings,
  }
}

function resolveAccess({
  claim,
  value = '',
  group,
  app,
  role,
  connections = [],
}: WrittenIssuer['access'][number]): AccessRuleConfig {
  const when =
    claim !== undefined
      ? { claim, value }
      : group !== undefined
        ? { group: group.toLowerCase() }
        : app !== undefined
          ? { app }
          : undefined
  return {
    ...(when === undefined ? {} : { when }),
    ...(role === undefined ? {} : { role }),
    connections,
  }
}
