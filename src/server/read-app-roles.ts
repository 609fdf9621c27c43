import type { AccessToken } from '../kernel/index.ts'

/** Longest name and greatest number of permissions that are told. */
const bounds = { length: 100, count: 50 }

/**
 * Reads the application permissions (`roles`) that an app-only token of Entra carries; undefined
 * when the token is opaque. Nothing is verified: a client has no business judging an access token,
 * so this is for people's information only and decides nothing (RFC 9068 section 6).
 */
export function readAppRoles({ secret }: AccessToken): readonly string[] | undefined {
  const [, payload, ...rest] = secret.reveal().split('.')
  if (payload === undefined || rest.length !== 1) return undefined
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))
    if (typeof claims !== 'object' || claims === null) return undefined
    const roles: unknown = 'roles' in claims ? claims.roles : []
    if (!Array.isArray(roles)) return []
    return roles
      .filter((role) => typeof role === 'string')
      .slice(0, bounds.count)
      .map((role) => role.slice(0, bounds.length))
  } catch {
    return undefined
  }
}
