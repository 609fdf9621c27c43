import { EvergrantError } from '../kernel/index.ts'
import { canonicalTarget, type TokenTarget } from '../oauth/index.ts'
import type { ConnectionDefinition } from './connection.ts'
import { nearestName } from './nearest-name.ts'

/** Which of a connection’s targets: its own, one written out, or that of an upstream by name. */
export type TargetChoice = TokenTarget | string | undefined

/** The connections an engine knows, by name; replaced as a whole. */
export interface ConnectionRegistry {
  /** In the order of their definition. */
  names(): readonly string[]
  /** Tells whether a connection is a template, so that its addresses name a tenant. */
  isTemplate(name: string): boolean
  /** Replaces every definition. */
  replace(definitions: readonly ConnectionDefinition[]): void
  /**
   * Returns the definition for a connection and tenant.
   *
   * @throws `connection_unknown`, `tenant_required` for a template without, `tenant_invalid` for a
   *   tenant that is not the connection’s, nor may be one of its customers
   */
  resolve(name: string, tenant?: string): ConnectionDefinition
}

/** Makes a registry. */
export function createRegistry(definitions: readonly ConnectionDefinition[]): ConnectionRegistry {
  let byName = new Map<string, ConnectionDefinition>()
  const replace = (all: readonly ConnectionDefinition[]): void => {
    byName = new Map(all.map((definition) => [definition.name, definition]))
  }
  replace(definitions)
  return {
    names: () => [...byName.keys()],
    isTemplate: (name) => byName.get(name)?.forTenant !== undefined,
    replace,
    resolve: (name, tenant) => {
      const found = byName.get(name)
      if (found === undefined) throw unknownConnection(name, [...byName.keys()])
      if (found.forTenant !== undefined) {
        if (tenant !== undefined && tenant !== '') return found.forTenant(tenant)
        throw new EvergrantError('tenant_required', `"${name}" is a template and gives no tokens`)
      }
      const own = found.provider.tenant
      if (tenant === undefined || tenant.toLowerCase() === own.toLowerCase()) return found
      if (found.forCustomer !== undefined) return found.forCustomer(tenant)
      throw new EvergrantError(
        'tenant_invalid',
        own === ''
          ? `"${name}" has no tenant, but ${shown(tenant)} was asked for`
          : `"${name}" is for tenant "${own}", but ${shown(tenant)} was asked for`,
        {
          remedy: `Leave the tenant out, or use a connection whose \`tenant\` is "*" or whose grant serves \`customers\`.`,
        },
      )
    },
  }
}

/** Splits `name` or `name@tenant`; the name ends at the first @. */
export function parseAddress(address: string): { readonly name: string; readonly tenant?: string } {
  const at = address.indexOf('@')
  if (at === -1) return { name: address }
  return { name: address.slice(0, at), tenant: address.slice(at + 1) }
}

/**
 * Returns what tokens are for.
 *
 * @throws `usage` when the connection has no upstream of that name.
 */
export function chooseTarget(definition: ConnectionDefinition, choice: TargetChoice): TokenTarget {
  if (choice === undefined) return definition.target
  if (typeof choice !== 'string') return choice
  const found = definition.targets?.get(choice)
  if (found !== undefined) return found
  const known = [...(definition.targets?.keys() ?? [])].filter((name) => name !== '')
  const meant = nearestName(choice, known)
  throw new EvergrantError(
    'usage',
    `connection "${definition.name}" has no upstream ${shown(choice)}` +
      (meant === undefined ? '' : `; did you mean "${meant}"?`),
    { remedy: 'Name one of its `upstreams`, or a resource or scope.' },
  )
}

/** Every target of a definition once, its own first. */
export function targetsOf({ target, targets }: ConnectionDefinition): readonly TokenTarget[] {
  const all = [target, ...(targets?.values() ?? [])]
  return [...new Map(all.map((one) => [canonicalTarget(one), one])).values()]
}

/** The refusal of a name that no connection has; it tells the nearest one. */
export function unknownConnection(name: string, names: readonly string[]): EvergrantError {
  const meant = nearestName(name, names)
  const known =
    names.length === 0 ? 'none is defined' : `known are ${names.slice(0, 10).join(', ')}`
  return new EvergrantError(
    'connection_unknown',
    meant === undefined
      ? `there is no connection ${shown(name)}; ${known}`
      : `there is no connection ${shown(name)}; did you mean "${meant}"?`,
  )
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 100))
}
