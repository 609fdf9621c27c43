import type { ConnectionDefinition } from '../grants/index.ts'
import type { AccessToken } from '../kernel/index.ts'
import { canonicalTarget, type TokenTarget } from '../oauth/index.ts'
import { claimsOf } from './token-claims.ts'

/** What the tokens for one target must hold, and what the newest of them holds. */
export interface TargetPermissions {
  /** In canonical form. */
  readonly target: string
  /** Short names, as the API documents them: `User.Read`. */
  readonly required: readonly string[]
  readonly granted: readonly string[]
  readonly missing: readonly string[]
  readonly additional: readonly string[]
  /**
   * Where `granted` is from: the token’s own `scp` or `roles`, what the provider said when it
   * issued it, or nothing. Then nothing counts as missing.
   */
  readonly source: 'token' | 'answer' | 'none'
  /** What is missing, in full as the wire names it. */
  readonly missingScopes: readonly string[]
}

/** Scopes that ask for no permission at an API. */
const protocolScopes: ReadonlySet<string> = new Set([
  'openid',
  'profile',
  'email',
  'offline_access',
])

/** Compares what a target’s tokens must hold with what a token of it says it holds. */
export function comparePermissions(
  definition: ConnectionDefinition,
  target: TokenTarget,
  token: AccessToken | undefined,
): TargetPermissions {
  const isEntra = definition.provider.type === 'entra'
  const name = isEntra ? shortName : (scope: string): string => scope
  const same = isEntra ? (one: string): string => one.toLowerCase() : (one: string): string => one
  const wanted = new Map<string, { readonly shown: string; readonly full: string }>()
  for (const scope of requiredScopes(definition, target)) {
    const shown = name(scope)
    if (!wanted.has(same(shown))) wanted.set(same(shown), { shown, full: inFull(target, scope) })
  }
  const { source, scopes } = token === undefined ? nothing : grantedScopes(token)
  const granted = [...new Set(scopes.map(name))].filter((one) => !protocolScopes.has(one))
  const held = new Set(granted.map(same))
  const missing = [...wanted].filter(([key]) => source !== 'none' && !held.has(key))
  return {
    target: canonicalTarget(target),
    required: [...wanted.values()].map(({ shown }) => shown),
    granted: granted.toSorted(),
    missing: missing.map(([, { shown }]) => shown),
    additional: granted.filter((one) => !wanted.has(same(one))).toSorted(),
    source,
    missingScopes: missing.map(([, { full }]) => full),
  }
}

/** What a target’s tokens must hold, by short names. */
export function namedPermissions(
  definition: ConnectionDefinition,
  target: TokenTarget,
): readonly string[] {
  return [...new Set(requiredScopes(definition, target).map(shortName))]
}

/** Whether anybody said what the tokens of a target must hold. */
export function requiresAnything(definition: ConnectionDefinition, target: TokenTarget): boolean {
  return requiredScopes(definition, target).length > 0
}

/** Named in the scopes of the target itself, and in `requires` beside it. */
function requiredScopes(
  { requires }: ConnectionDefinition,
  target: TokenTarget,
): readonly string[] {
  const named = 'scope' in target ? target.scope.split(/\s+/).filter(Boolean) : []
  const beside = requires?.get(canonicalTarget(target)) ?? []
  return [...named, ...beside].filter(
    (scope) => !protocolScopes.has(scope) && !scope.endsWith('/.default'),
  )
}

const nothing = { source: 'none', scopes: [] } as const

function grantedScopes(token: AccessToken): {
  readonly source: TargetPermissions['source']
  readonly scopes: readonly string[]
} {
  const claims = claimsOf(token.secret)
  const scp = claims?.['scp'] ?? claims?.['scope']
  if (typeof scp === 'string') return { source: 'token', scopes: split(scp) }
  const roles: unknown = claims?.['roles']
  if (Array.isArray(roles)) {
    return { source: 'token', scopes: roles.filter((role) => typeof role === 'string') }
  }
  return token.scope === undefined ? nothing : { source: 'answer', scopes: split(token.scope) }
}

function split(scopes: string): readonly string[] {
  return scopes.split(/\s+/).filter(Boolean)
}

/** `https://graph.microsoft.com/User.Read`, or with an application’s id, is `User.Read` of it. */
function shortName(scope: string): string {
  const isQualified = /^(?:[a-z][a-z\d+.-]*:\/\/|[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}\/)/i
  return isQualified.test(scope) ? scope.slice(scope.lastIndexOf('/') + 1) : scope
}

/** A short name asks Entra for a permission of Graph; others need their API beside them. */
function inFull(target: TokenTarget, scope: string): string {
  if (shortName(scope) !== scope) return scope
  const api = 'resource' in target ? target.resource : apiOf(target.scope)
  return api === undefined ? scope : `${api}/${scope}`
}

function apiOf(scopes: string): string | undefined {
  const qualified = split(scopes).find((scope) => shortName(scope) !== scope)
  return qualified?.slice(0, qualified.lastIndexOf('/'))
}
