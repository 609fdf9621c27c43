import { audienceOf } from './resources.ts'
import type { Tenant } from './tenants.ts'

/** What a scope list asks for at Entra. */
export interface AskedScopes {
  /** `openid`, `profile`, `email`, `offline_access`, as far as asked. */
  readonly openId: ReadonlySet<string>
  /** The resource of the first scope that names one; Graph where none does. */
  readonly resource: string
  /** Permissions of that resource, without its name; `.default` among them. */
  readonly permissions: readonly string[]
  /** How many different resources were named. */
  readonly resources: number
}

const openIdScopes = new Set(['openid', 'profile', 'email', 'offline_access'])

/**
 * Reads a scope list: several resources may be named, the first one gets the token.
 *
 * @see Microsoft identity platform, scopes and permissions
 */
export function readScopes(scope: string): AskedScopes {
  const openId = new Set<string>()
  const byResource = new Map<string, string[]>()
  for (const text of scope.split(/\s+/).filter(Boolean)) {
    if (openIdScopes.has(text)) {
      openId.add(text)
      continue
    }
    const slash = /^[a-z][a-z\d+.-]*:\/\/|^[\da-f-]{36}\//i.test(text) ? text.lastIndexOf('/') : -1
    // `https://management.azure.com//user_impersonation`: the resource ends in a slash itself.
    const resource =
      slash < 0 ? 'https://graph.microsoft.com' : text.slice(0, slash).replace(/\/$/, '')
    const permissions = byResource.get(resource) ?? []
    permissions.push(text.slice(slash + 1))
    byResource.set(resource, permissions)
  }
  const [first] = byResource
  return {
    openId,
    resource: first?.[0] ?? 'https://graph.microsoft.com',
    permissions: first?.[1] ?? ['.default'],
    resources: byResource.size,
  }
}

/** The audience of a tenant's resource, or undefined where it has none of that name. */
export function audienceIn(tenant: Tenant, resource: string, origin: string): string | undefined {
  return audienceOf(resource, tenant.applications.keys(), origin)
}
