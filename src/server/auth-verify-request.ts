import { requirePermit, roles, type Caller, type Role } from '../access/index.ts'
import { EvergrantError } from '../kernel/index.ts'
import { bearerFactsOf } from './bearer-facts.ts'

/** What a proxy asks besides who it is. */
export interface VerifyWish {
  /** All of them are needed. */
  readonly scopes: readonly string[]
  readonly role?: Role
  /** All of them have to be permitted: `name`, `name@tenant`, each with `:upstream`. */
  readonly connections: readonly string[]
  /** Whether every refusal but 401 and 403 is told as 403, for proxies that know no other. */
  readonly tellsUnavailableAs403: boolean
}

export const noWish: VerifyWish = { scopes: [], connections: [], tellsUnavailableAs403: false }

/**
 * Reads the query of `/auth/verify`. Every parameter adds a condition and none takes one away, so
 * that whoever can add to the query gains nothing. A word that means nothing is refused, and so is
 * a condition that is empty: a misspelt one must not let anybody in.
 *
 * @returns `request_invalid`
 */
export function readVerifyWish(query: string): VerifyWish | EvergrantError {
  const scopes: string[] = []
  const connections: string[] = []
  let role: Role | undefined
  let tellsUnavailableAs403 = false
  for (const [name, value] of new URLSearchParams(query)) {
    if (name === 'scope' && value.trim() !== '') {
      scopes.push(...value.split(' ').filter((one) => one !== ''))
    } else if (name === 'connection' && addressPattern.test(value)) connections.push(value)
    else if (name === 'unavailable' && value === '403') tellsUnavailableAs403 = true
    else if (name === 'role' && isRole(value)) {
      if (role === undefined || roles.indexOf(value) > roles.indexOf(role)) role = value
    } else return unknown(name, value)
  }
  return { scopes, connections, tellsUnavailableAs403, ...(role === undefined ? {} : { role }) }
}

/** Says which condition a caller does not meet; undefined when it meets them all. */
export function refuseByWish(
  { scopes, role, connections }: VerifyWish,
  caller: Caller,
  resourceMetadata: string | undefined,
): EvergrantError | undefined {
  if (scopes.length > 0) {
    const facts = bearerFactsOf(caller)
    const has = new Set([...(facts?.scopes ?? []), ...(facts?.roles ?? [])])
    const missing = scopes.filter((one) => !has.has(one))
    if (missing.length > 0)
      return lacksScope(scopes, missing, facts !== undefined, resourceMetadata)
  }
  if (role !== undefined) {
    const rank = caller.role === undefined ? -1 : roles.indexOf(caller.role)
    if (rank < roles.indexOf(role)) {
      const has = caller.role === undefined ? 'none' : `"${caller.role}"`
      return new EvergrantError('role_missing', `expected the role "${role}", but saw ${has}`)
    }
  }
  for (const address of connections) {
    const [place = '', upstream] = address.split(':')
    const [name = '', tenant] = place.split('@')
    const refusal = requirePermit(caller, name, upstream, tenant)
    if (refusal !== undefined) return refusal
  }
  return undefined
}

/** The operator’s part of a query: what follows `original=` is the client’s own and not read. */
export function ownPart(query: string): string {
  const at = query.startsWith('original=') ? 0 : query.indexOf('&original=')
  return at === -1 ? query : query.slice(0, at)
}

const addressPattern = /^[^@:\s]+(?:@[^@:\s]+)?(?::[^@:\s]*)?$/

function isRole(text: string): text is Role {
  return roles.some((one) => one === text)
}

function unknown(name: string, value: string): EvergrantError {
  return new EvergrantError(
    'request_invalid',
    `${JSON.stringify(name.slice(0, 60))}: expected scope, role=viewer|operator|admin, ` +
      `connection, unavailable=403 or original, but saw ${JSON.stringify(value.slice(0, 60))}`,
  )
}

function lacksScope(
  scopes: readonly string[],
  missing: readonly string[],
  isBearer: boolean,
  resourceMetadata: string | undefined,
): EvergrantError {
  const expected = scopes.map((one) => JSON.stringify(one)).join(' and ')
  const seen = isBearer
    ? `a token without ${missing.map((one) => JSON.stringify(one)).join(' and ')}`
    : 'a caller key, which has no scopes'
  return new EvergrantError('insufficient_scope', `scope: expected ${expected}, but saw ${seen}`, {
    judgement: { stage: 'scope', expected, seen },
    challenge: {
      scope: scopes.join(' '),
      ...(resourceMetadata === undefined ? {} : { resourceMetadata }),
    },
  })
}
