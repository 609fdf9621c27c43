import type { ConnectionConfig } from '../config/index.ts'
import type { ConnectionPause, ConnectionStatus } from '../grants/index.ts'
import { formatDuration } from '../kernel/index.ts'
import { guidanceOfFailure, isLapsing, type ShownConnection } from '../server/index.ts'
import { stepLines, supportIds } from './report-error.ts'
import { formatFields, formatTable } from './table.ts'

const headings = [
  'NAME',
  'STATE',
  'TOKEN LIFE',
  'LAST REFRESH',
  'PROVIDER',
  'TENANT',
  'CLIENT',
  'GRANT',
  'TARGET',
]

/** Connections as a table for people; `whenNone` in its place where there are none. */
export function formatConnections(
  shown: readonly ShownConnection[],
  now: number,
  whenNone = 'no connections are defined; `evergrant init` writes a first one',
): string {
  if (shown.length === 0) return `${whenNone}\n`
  return formatTable(
    headings,
    shown.map(({ name, definition, status, pause }) => [
      name,
      status === undefined
        ? pause === undefined
          ? 'template'
          : 'paused'
        : isLapsing(status)
          ? 'lapsing'
          : status.state,
      status?.token === undefined ? '-' : formatDuration(status.token.expiresAt - now),
      status?.lastRefreshedAt === undefined ? 'never' : ago(status.lastRefreshedAt, now),
      definition.provider,
      tenantOf(definition, status),
      definition.client.id,
      definition.grant,
      targetOf(definition),
    ]),
  )
}

/** One connection in full for people. */
export function formatConnection(shown: ShownConnection, now: number): string {
  const { name, definition, origin, status, pause } = shown
  const defined = [
    ['name', name],
    ['defined in', origin === 'file' ? 'the configuration file' : 'the store'],
    [
      'provider',
      status === undefined
        ? definition.provider
        : `${definition.provider} (${status.provider} at ${status.host})`,
    ],
    ['tenant', tenantOf(definition, status)],
    ['client id', definition.client.id],
    ['grant', definition.grant],
    ['target', targetOf(definition)],
    ...Object.entries(definition.upstreams).map(
      ([upstream, { target }]) => [`upstream ${upstream}`, targetOf({ target })] as const,
    ),
  ] as const
  const paused = ['paused', pause === undefined ? undefined : describePause(pause)] as const
  if (status === undefined) {
    return formatFields([
      ...defined,
      paused,
      ['state', `template: gives tokens as ${name}@TENANT; \`connections list ${name}\``],
    ])
  }
  return formatFields([...defined, paused, ...statusFields(status, now)])
}

type Field = readonly [name: string, value: string | undefined]

function statusFields(status: ConnectionStatus, now: number): readonly Field[] {
  const { token, lastFailure, lastRefreshedAt, refreshToken, grant } = status
  const at = (instant: number | undefined): string | undefined =>
    instant === undefined ? undefined : stamp(instant)
  return [
    [
      'state',
      isLapsing(status)
        ? 'lapsing: its grant has lapsed; the token that lives is the last one until a person acts'
        : status.state,
    ],
    ['subject', grant === undefined || grant.subject === '' ? undefined : grant.subject],
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
    ['refresh token', describeRefreshToken(refreshToken, now)],
    [
      'perhaps spent',
      refreshToken?.unknownSince === undefined
        ? undefined
        : `since ${stamp(refreshToken.unknownSince)}: it was sent and no answer came\n→ obtain consent again, or send it once more: \`evergrant connections refresh ${status.address} --resend\``,
    ],
    ['kept alive at', at(status.keepAliveAt)],
    ...status.credentials.flatMap(({ position, kind, expiresAt }): Field[] =>
      expiresAt === undefined
        ? []
        : [[`credential ${position}`, describeEnd(kind, expiresAt, now)]],
    ),
    [
      'next attempt',
      status.nextAttemptAt === undefined ? undefined : `not before ${stamp(status.nextAttemptAt)}`,
    ],
    [
      'last failure',
      lastFailure === undefined
        ? undefined
        : [
            `${stamp(lastFailure.at)} [${lastFailure.code}]`,
            lastFailure.detail,
            guidanceOfFailure(lastFailure, status.address).meaning ?? '',
            `→ ${lastFailure.remedy}`,
            ...stepLines(lastFailure.remedy, guidanceOfFailure(lastFailure, status.address)).map(
              (line) => `  ${line}`,
            ),
            supportIds(lastFailure.upstream) ?? '',
          ]
            .filter((line) => line !== '')
            .join('\n'),
    ],
    ['store', status.isStoreReachable ? undefined : 'cannot be asked; this is from memory alone'],
  ]
}

function describePause({ pausedAt, by, reason, keepsAlive }: ConnectionPause): string {
  const why = reason === '' ? '' : `: ${reason}`
  const idle = keepsAlive ? '' : '\nits refresh token is not kept alive meanwhile'
  return `since ${stamp(pausedAt)} by ${by}${why}${idle}`
}

function describeRefreshToken(
  refreshToken: ConnectionStatus['refreshToken'],
  now: number,
): string | undefined {
  if (refreshToken === undefined) return undefined
  const { version, lastUsedAt, idleExpiresAt, expiresAt } = refreshToken
  const end = expiresAt ?? idleExpiresAt
  const until =
    end === undefined
      ? ''
      : `; ${expiresAt === undefined ? 'if nobody uses it, ' : ''}it ends ${stamp(end)}, in ${formatDuration(Math.max(0, end - now))}`
  return `version ${version}, last used ${ago(lastUsedAt, now)}${until}`
}

function describeEnd(kind: string, expiresAt: number, now: number): string {
  const day = stamp(expiresAt)
  return expiresAt > now
    ? `${kind}, ends ${day}, in ${formatDuration(expiresAt - now)}`
    : `${kind}, ended ${day}`
}

function tenantOf({ tenant }: ConnectionConfig, status: ConnectionStatus | undefined): string {
  const shown = status?.tenant ?? tenant ?? ''
  return shown === '' ? '-' : shown
}

function targetOf({ target }: Pick<ConnectionConfig, 'target'>): string {
  return 'resource' in target ? target.resource : target.scope
}

function ago(epochMs: number, now: number): string {
  return `${formatDuration(Math.max(0, now - epochMs))} ago`
}

function stamp(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 19)}Z`
}
