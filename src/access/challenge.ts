import type { EvergrantError } from '../kernel/index.ts'

/** Longest description in a challenge (characters). */
const longestWords = 300

/**
 * Returns the value of `WWW-Authenticate` for an error (RFC 6750 section 3): for 401, and for 403
 * where other scopes would do. Undefined for every other one. No credential at all names no error.
 * What a token claims is never repeated: of a credential that was judged the title stands there,
 * the rest is in the body.
 */
export function challengeOf(error: EvergrantError): string | undefined {
  const { definition, detail, judgement, challenge = {} } = error
  const { isBare = false, scope, resourceMetadata } = challenge
  if (definition.status !== 401 && scope === undefined) return undefined
  const parts = ['realm="evergrant"']
  if (!isBare) {
    const code = scope === undefined ? (definition.oauthError ?? 'invalid_token') : scopeError
    const words = judgement === undefined ? detail : definition.title
    parts.push(`error="${code}"`, `error_description="${asDescription(words)}"`)
  }
  if (scope !== undefined)
    parts.push(`scope="${scope.replaceAll(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, '')}"`)
  if (resourceMetadata !== undefined) parts.push(`resource_metadata="${resourceMetadata}"`)
  return `Bearer ${parts.join(', ')}`
}

const scopeError = 'insufficient_scope'

/** Only what RFC 6750 lets stand in `error_description`: printable ASCII without `"` and `\`. */
function asDescription(words: string): string {
  return words
    .slice(0, longestWords)
    .replaceAll(/[“”"\\]/g, "'")
    .replaceAll('’', "'")
    .replaceAll('…', '...')
    .replaceAll(/[^\x20-\x7e]/g, '?')
}
