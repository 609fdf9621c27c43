import type { Secret } from '../kernel/index.ts'

/**
 * The claims of a token that its provider has just handed over, as evidence for people; undefined
 * for an opaque one. What an access token says is for its API: no proof fails for lack of it.
 */
export function claimsOf(token: Secret): Readonly<Record<string, unknown>> | undefined {
  const [, payload, signature] = token.reveal().split('.')
  if (payload === undefined || signature === undefined) return undefined
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))
    return typeof claims === 'object' && claims !== null && !Array.isArray(claims)
      ? (claims as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}
