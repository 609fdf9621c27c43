import { formatDuration } from '../kernel/index.ts'
import type { FacadeClient } from '../gateway/index.ts'
import type { ProductForm } from './facade-forms.ts'
import { formatFields, formatTable } from './table.ts'

/** Clients one a line. */
export function formatClients(clients: readonly FacadeClient[]): string {
  if (clients.length === 0) return 'no façade client yet; `evergrant facade add` registers one\n'
  return formatTable(
    ['NAME', 'CONNECTION', 'TOKENS', 'CLIENT ID', 'STATE'],
    clients.map((client) => [
      client.name,
      client.upstream === undefined ? client.connection : `${client.connection}:${client.upstream}`,
      client.tokens,
      client.id,
      client.revokedAt === undefined ? 'active' : 'revoked',
    ]),
  )
}

/** One client in full. */
export function formatClient(
  client: FacadeClient,
  place: {
    readonly publicUrl: string
    readonly authorizations?: number
    readonly secret?: string
  },
): string {
  const issuer = `${place.publicUrl}/oauth/${client.connection}`
  return formatFields([
    ['name', client.name],
    ['client id', client.id],
    ['client secret', place.secret],
    ['connection', client.connection],
    ['upstream', client.upstream],
    ['redirect URIs', client.redirectUris.join('\n')],
    ['authorize', `${issuer}/authorize`],
    ['token', `${issuer}/token`],
    ['user info', `${issuer}/userinfo`],
    [
      'tokens',
      client.tokens === 'gateway' ? 'gateway: good for /proxy' : 'upstream: the provider’s own',
    ],
    ['client', client.isPublic ? 'without secret; every authorization is approved' : 'with secret'],
    ['PKCE', client.requiresPkce ? 'required' : 'optional'],
    [
      'refresh tokens',
      client.rotates ? `rotated, grace ${formatDuration(client.graceMs)}` : 'static',
    ],
    [
      'secret on refresh',
      client.isPublic || client.needsSecretOnRefresh ? undefined : 'not asked for',
    ],
    [
      'authorizations',
      place.authorizations === undefined ? undefined : String(place.authorizations),
    ],
    [
      'revoked',
      client.revokedAt === undefined ? undefined : new Date(client.revokedAt).toISOString(),
    ],
  ])
}

/** A product’s form, field by field. */
export function formatForm({ sections, notes }: ProductForm): string {
  const parts = sections.map(
    ({ title, fields }) =>
      `${title}\n${formatFields(fields.map(({ field, value }) => [`  ${field}`, value]))}`,
  )
  return [...parts, ...notes.map((note) => `${note}\n`)].join('\n')
}
