import type { ConnectionConfig } from '../config/index.ts'
import type { ConnectionStatus } from '../grants/index.ts'
import { formatDuration } from '../kernel/index.ts'
import { formatFields, formatTable } from './table.ts'

/** A connection as defined, and how it stands. */
export interface ShownConnection {
  readonly definition: ConnectionConfig
  readonly status: ConnectionStatus
}

const time = (epochMs: number | undefined): string | null =>
  epochMs === undefined ? null : new Date(epochMs).toISOString()

/** A connection as `--json` prints it: instants in RFC 3339, names as in the API, no secret. */
export function connectionToJson(
  { definition, status }: ShownConnection,
  now: number,
): Record<string, unknown> {
  const { token, lastFailure } = status
  return {
    name: definition.name,
    provider: definition.provider,
    provider_type: status.provider,
    host: status.host,
    tenant: status.tenant === '' ? null : status.tenant,
    client_id: status.clientId,
    grant: definition.grant,
    ...definition.target,
    state: status.state,
    token_issued_at: time(token?.issuedAt),
    token_expires_at: time(token?.expiresAt),
    token_remaining_seconds:
      token === undefined ? null : Math.max(0, Math.floor((token.expiresAt - now) / 1_000)),
    renew_at: time(token?.renewAt),
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
            at: time(lastFailure.at),
          },
    store_reachable: status.isStoreReachable,
  }
}

/** Connections as a table for people. */
export function formatConnections(shown: readonly ShownConnection[], now: number): string {
  if (shown.length === 0) return 'no connections are defined; `evergrant init` writes a first one\n'
  return formatTable(
    [
      'NAME',
      'STATE',
      'TOKEN LIFE',
      'LAST REFRESH',
      'PROVIDER',
      'TENANT',
      'CLIENT',
      'GRANT',
      'TARGET',
    ],
    shown.map(({ definition, status }) => [
      definition.name,
      status.state,
      status.token === undefined ? '-' : formatDuration(status.token.expiresAt - now),
      status.lastRefreshedAt === undefined ? 'never' : ago(status.lastRefreshedAt, now),
      definition.provider,
      status.tenant === '' ? '-' : status.tenant,
      status.clientId,
      definition.grant,
      targetOf(definition),
    ]),
  )
}

/** One connection in full for people. */
export function formatConnection({ definition, status }: ShownConnection, now: number): string {
  const { token, lastFailure, lastRefreshedAt } = status
  return formatFields([
    ['name', definition.name],
    ['provider', `${definition.provider} (${status.provider} at ${status.host})`],
    ['tenant', status.tenant === '' ? undefined : status.tenant],
    ['client id', status.clientId],
    ['grant', definition.grant],
    ['target', targetOf(definition)],
    ['state', status.state],
    [
      'token',
      token === undefined
        ? 'none'
        : `lives ${formatDuration(token.expiresAt - now)} more, until ${stamp(token.expiresAt)}; renewed from ${stamp(token.renewAt)} on`,
    ],
    [
      'last refresh',
      lastRefreshedAt === undefined
        ? 'never'
        : `${stamp(lastRefreshedAt)}, ${ago(lastRefreshedAt, now)} (${status.refreshCount} in all)`,
    ],
    [
      'next attempt',
      status.nextAttemptAt === undefined ? undefined : `not before ${stamp(status.nextAttemptAt)}`,
    ],
    [
      'last failure',
      lastFailure === undefined
        ? undefined
        : `${stamp(lastFailure.at)} [${lastFailure.code}]\n${lastFailure.detail}\n→ ${lastFailure.remedy}`,
    ],
    ['store', status.isStoreReachable ? undefined : 'cannot be asked; this is from memory alone'],
  ])
}

function targetOf({ target }: ConnectionConfig): string {
  return 'resource' in target ? target.resource : target.scope
}

function ago(epochMs: number, now: number): string {
  return `${formatDuration(Math.max(0, now - epochMs))} ago`
}

function stamp(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 19)}Z`
}
