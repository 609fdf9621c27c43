import type { z } from 'zod'
import type { ConnectionConfig } from '../config/index.ts'
import { unknownConnection, type ConnectionPause, type ConnectionStatus } from '../grants/index.ts'
import { EvergrantError, guidanceOf, type Guidance } from '../kernel/index.ts'
import type { connectionSchema } from './api/connection-schema.ts'
import type { Composition } from './compose.ts'
import type { RegisteredConnection } from './connection-registry.ts'

type ConnectionJson = z.input<typeof connectionSchema>

/** A connection as defined, and how it stands. */
export interface ShownConnection {
  /** `name`, or `name@tenant`. */
  readonly name: string
  readonly definition: ConnectionConfig
  readonly origin: 'file' | 'store'
  /** Absent for a template, which has no grant of its own. */
  readonly status?: ConnectionStatus
  readonly grantId?: string
  readonly pause?: ConnectionPause
}

function errorOf({
  code,
  detail,
  remedy,
  upstream,
}: NonNullable<ConnectionStatus['lastFailure']>): EvergrantError {
  return new EvergrantError(code, detail, {
    remedy,
    ...(upstream === undefined ? {} : { upstream }),
  })
}

/** What is to be done about the last failure of a connection, named as callers write it. */
export function guidanceOfFailure(
  { code, remedy, upstream }: NonNullable<ConnectionStatus['lastFailure']>,
  name: string,
): Guidance {
  return guidanceOf({ code, remedy, errorCodes: upstream?.errorCodes, name })
}

/** Guidance as the API sends it. */
export function guidanceToJson({ meaning, steps, link, actor }: Guidance): {
  meaning: string | null
  steps: string[]
  link: string | null
  actor: Guidance['actor']
} {
  return { meaning, steps: [...steps], link, actor }
}

/** Whether the grant is over, while a token that it gave still lives and serves until its end. */
export function isLapsing({ state, grant }: Pick<ConnectionStatus, 'state' | 'grant'>): boolean {
  return state === 'failing' && grant?.state === 'lapsed'
}

const time = (epochMs: number | undefined): string | null =>
  epochMs === undefined ? null : new Date(epochMs).toISOString()

/** A connection as `--json` prints it: instants in RFC 3339, names as in the API, no secret. */
export function connectionToJson(shown: ShownConnection, now: number): ConnectionJson {
  const { name, definition, origin, status, pause } = shown
  const defined = {
    name,
    defined_in: origin,
    provider: definition.provider,
    tenant: definition.tenant ?? null,
    client_id: definition.client.id,
    grant: definition.grant,
    paused: pause === undefined ? null : pauseToJson(pause),
    ...definition.target,
    upstreams: Object.fromEntries(
      Object.entries(definition.upstreams).map(([upstream, { url, target }]) => [
        upstream,
        { url: url ?? null, ...target },
      ]),
    ),
  }
  if (status === undefined)
    return { ...defined, state: pause === undefined ? 'template' : 'paused' }
  const { token, lastFailure, refreshToken, grant } = status
  return {
    ...defined,
    provider_type: status.provider,
    host: status.host,
    tenant: status.tenant === '' ? null : status.tenant,
    state: status.state,
    lapsing: isLapsing(status),
    grant_id: shown.grantId ?? grant?.id ?? null,
    grant_state: grant?.state ?? null,
    subject: grant === undefined || grant.subject === '' ? null : grant.subject,
    token_issued_at: time(token?.issuedAt),
    token_expires_at: time(token?.expiresAt),
    token_remaining_seconds:
      token === undefined ? null : Math.max(0, Math.floor((token.expiresAt - now) / 1_000)),
    renew_at: time(token?.renewAt),
    refresh_token:
      refreshToken === undefined
        ? null
        : {
            version: refreshToken.version,
            obtained_at: time(refreshToken.obtainedAt),
            last_used_at: time(refreshToken.lastUsedAt),
            expires_at: time(refreshToken.expiresAt),
            idle_expires_at: time(refreshToken.idleExpiresAt),
            unknown_since: time(refreshToken.unknownSince),
          },
    keep_alive_at: time(status.keepAliveAt),
    credentials: status.credentials.map(({ position, kind, expiresAt }) => ({
      position,
      kind,
      expires_at: time(expiresAt),
    })),
    last_refreshed_at: time(status.lastRefreshedAt),
    refresh_count: status.refreshCount,
    next_attempt_at: time(status.nextAttemptAt),
    last_failure:
      lastFailure === undefined
        ? null
        : {
            code: lastFailure.code,
            detail: lastFailure.detail,
            remedy: lastFailure.remedy,
            ...guidanceToJson(guidanceOfFailure(lastFailure, name)),
            at: time(lastFailure.at),
            upstream: errorOf(lastFailure).toProblem().upstream ?? null,
          },
    store_reachable: status.isStoreReachable,
  }
}

/** A pause as the API and `--json` show it. */
export function pauseToJson({
  pausedAt,
  by,
  reason,
  keepsAlive,
}: ConnectionPause): NonNullable<ConnectionJson['paused']> {
  return {
    at: new Date(pausedAt).toISOString(),
    by,
    reason: reason === '' ? null : reason,
    keeps_alive: keepsAlive,
  }
}

/** Statuses asked for at a time. */
const batchSize = 50

/** Connections and how they stand, in the order given. Nobody is asked. */
export async function listConnections(
  composition: Composition,
  all: readonly RegisteredConnection[],
): Promise<readonly ShownConnection[]> {
  const shown: ShownConnection[] = []
  for (let i = 0; i < all.length; i += batchSize) {
    const batch = all.slice(i, i + batchSize)
    shown.push(...(await Promise.all(batch.map((one) => show(composition, one, one.config.name)))))
  }
  return shown
}

/**
 * Tenants of a template that have a grant, a page by the grants’ ids; a connection that is no
 * template is its own one.
 *
 * @throws EvergrantError `connection_unknown`, `store_*`
 */
export async function listTenants(
  composition: Composition,
  template: string,
  { limit, after }: { readonly limit: number; readonly after?: string },
): Promise<readonly ShownConnection[]> {
  const registered = requireConnection(composition, template)
  if (registered.definition.forTenant === undefined) {
    return [await show(composition, registered, template)]
  }
  const grants = await composition.store.grants.listGrants({
    connection: template,
    standing: 'current',
    limit,
    ...(after === undefined ? {} : { afterId: after }),
  })
  const shown: ShownConnection[] = []
  for (let i = 0; i < grants.length; i += batchSize) {
    const batch = grants.slice(i, i + batchSize).map(async ({ id, tenant }) => ({
      ...(await show(composition, registered, `${template}@${tenant}`)),
      grantId: id,
    }))
    shown.push(...(await Promise.all(batch)))
  }
  return shown
}

/**
 * One connection, by `name` or `name@tenant`. @throws EvergrantError `connection_unknown`,
 * `tenant_*`
 */
export async function showConnection(
  composition: Composition,
  address: string,
): Promise<ShownConnection> {
  const [name = ''] = address.split('@')
  return show(composition, requireConnection(composition, name), address)
}

/** @throws EvergrantError `connection_unknown` */
export function requireConnection(composition: Composition, name: string): RegisteredConnection {
  const found = composition.connections.find(name)
  if (found !== undefined) return found
  throw unknownConnection(name, composition.engine.names)
}

async function show(
  { engine }: Composition,
  registered: RegisteredConnection,
  address: string,
): Promise<ShownConnection> {
  const { config: definition, origin } = registered
  const pause = engine.pauseOf(definition.name)
  const shown = { name: address, definition, origin, ...(pause === undefined ? {} : { pause }) }
  const isTemplate = registered.definition.forTenant !== undefined && !address.includes('@')
  return isTemplate ? shown : { ...shown, status: await engine.status(address) }
}
