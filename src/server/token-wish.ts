import type { ConnectionDefinition } from '../grants/index.ts'
import { EvergrantError } from '../kernel/index.ts'
import type { TokenTarget } from '../oauth/index.ts'

/** What a token is asked for, besides the name of a connection. */
export interface TokenWish {
  readonly tenant?: string | undefined
  readonly resource?: string | undefined
  readonly upstream?: string | undefined
}

/** How a wish is refused, in the words of the door it came through. */
export interface WishWords {
  readonly code: 'usage' | 'request_invalid'
  /** A field as whoever asks knows it: `--resource`, or `"resource"`. */
  readonly field: (name: keyof TokenWish) => string
}

/** The words of the command line. */
export const optionWords: WishWords = { code: 'usage', field: (name) => `--${name}` }

/** The words of a request’s body. */
export const bodyWords: WishWords = { code: 'request_invalid', field: (name) => `"${name}"` }

/**
 * The address that a name and a tenant make: `name@tenant`. @throws EvergrantError of the words’
 * code when the name has another tenant already
 */
export function withTenant(name: string, { tenant }: TokenWish, words: WishWords): string {
  if (tenant === undefined) return name
  const at = name.indexOf('@')
  if (at < 0) return `${name}@${tenant}`
  if (name.slice(at + 1).toLowerCase() === tenant.toLowerCase()) return name
  throw new EvergrantError(
    words.code,
    `${words.field('tenant')}: ${shown(name)} names a tenant already, but saw ${shown(tenant)}`,
  )
}

/**
 * What a connection gives the token for. It is configured: naming something else is worth stopping
 * at. @throws EvergrantError of the words’ code
 */
export function chooseTarget(
  { name, target, targets = new Map<string, TokenTarget>() }: ConnectionDefinition,
  { resource, upstream }: TokenWish,
  { code, field }: WishWords,
): TokenTarget {
  if (upstream !== undefined && resource !== undefined) {
    const either = `${field('upstream')} or ${field('resource')}`
    throw new EvergrantError(code, `expected ${either}, but saw both`)
  }
  if (upstream !== undefined) {
    const found = targets.get(upstream)
    if (found !== undefined) return found
    const known = targets.size === 0 ? 'it has none' : `known are ${[...targets.keys()].join(', ')}`
    throw new EvergrantError(
      code,
      `${field('upstream')}: connection "${name}" has no upstream ${shown(upstream)}; ${known}`,
    )
  }
  if (resource === undefined) return target
  const found = [target, ...targets.values()].find((one) => isFor(one, resource))
  if (found !== undefined) return found
  const actual = 'resource' in target ? `resource "${target.resource}"` : `scope "${target.scope}"`
  throw new EvergrantError(
    code,
    `${field('resource')}: connection "${name}" is for ${actual}, but saw ${shown(resource)}`,
    {
      remedy: `Leave ${field('resource')} out, or add an upstream with that resource to the connection.`,
    },
  )
}

function isFor(target: TokenTarget, resource: string): boolean {
  return 'resource' in target
    ? target.resource === resource
    : target.scope === `${resource}/.default`
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 200))
}
