import type { JsonObject } from './strict-json.ts'
import type { TokenKind } from './token-kind.ts'

/**
 * Whether a caller is a user or an application, by what its issuer proved: never by what only
 * UserInfo adds. Where nothing tells, the subject does: an application’s own token names the
 * application itself, or nobody.
 *
 * @see RFC 9068 section 2.2
 */
export function principalOf(proof: JsonObject, kind: TokenKind): 'user' | 'application' {
  const { idtyp, sub, username } = proof
  if (kind.entra !== undefined || idtyp === 'app' || idtyp === 'user') {
    return kind.principal === 'application' ? 'application' : 'user'
  }
  if (sub === undefined) return username === undefined ? 'application' : 'user'
  if (kind.principal === 'application' || sub === clientOf(proof)) return 'application'
  return 'user'
}

/** The application that obtained a token. */
export function clientOf({ azp, appid, client_id: id }: JsonObject): string | undefined {
  return [azp, appid, id].find((one) => typeof one === 'string')
}

/** What a token may be used for: `scp` or `scope`, parted. */
export function scopesOf({ scp, scope }: JsonObject): readonly string[] {
  return [...new Set([...wordsOf(scp), ...wordsOf(scope)])]
}

/** App roles of the user or the application. */
export function rolesOf({ roles }: JsonObject): readonly string[] {
  return wordsOf(roles)
}

/** A list of texts, or one text of words. */
function wordsOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return value.split(' ').filter((word) => word !== '')
  if (!Array.isArray(value)) return []
  return value.filter((word) => typeof word === 'string')
}
