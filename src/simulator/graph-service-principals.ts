import type { Answer, SimulatedRequest } from './answer.ts'
import type { FaultEffect } from './faults.ts'
import type { FilterSchema } from './filter-rules.ts'
import { requirePermission, type GraphCaller } from './graph-authorize.ts'
import { plainCount, readColumns, asksCount } from './graph-groups.ts'
import { graphError } from './graph-errors.ts'
import { isEventual, readFilter, readTop, unsupportedOption } from './graph-options.ts'
import { answerPage } from './graph-pages.ts'
import type { Application } from './realms.ts'
import type { Tenant } from './tenants.ts'
import type { World } from './world.ts'

const permissions = [
  'Application.Read.All',
  'Application.ReadWrite.All',
  'Directory.Read.All',
  'Directory.ReadWrite.All',
]
const maximumPageSize = 999

interface Principal {
  readonly application: Application
  readonly tenant: Tenant
}

const properties: Readonly<Record<string, (principal: Principal) => unknown>> = {
  id: ({ application }) => application.principalId,
  deletedDateTime: () => null,
  accountEnabled: ({ application }) => application.isEnabled,
  appDisplayName: ({ application }) => application.displayName,
  appId: ({ application }) => application.id,
  appOwnerOrganizationId: ({ tenant }) => tenant.id,
  appRoleAssignmentRequired: () => false,
  displayName: ({ application }) => application.displayName,
  servicePrincipalNames: ({ application }) => [application.id],
  servicePrincipalType: () => 'Application',
  signInAudience: () => 'AzureADMyOrg',
  tags: () => ['WindowsAzureActiveDirectoryIntegratedApp'],
}

/** Every property of a service principal that can be selected. */
export const principalPropertyNames: readonly string[] = Object.keys(properties)

function principalProperty(
  name: string,
): { readonly name: string; readonly value: (principal: Principal) => unknown } | undefined {
  const wanted = name.trim().toLowerCase()
  const known = principalPropertyNames.find((other) => other.toLowerCase() === wanted)
  const value = known === undefined ? undefined : properties[known]
  return known === undefined || value === undefined ? undefined : { name: known, value }
}

const filters: FilterSchema<Principal> = {
  resource: 'ServicePrincipal',
  rules: {
    id: { plain: 'eq in', advanced: 'ne not' },
    appId: { plain: 'eq in', advanced: 'ne not' },
    displayName: { plain: 'eq in startsWith', advanced: 'ne not null' },
    accountEnabled: { plain: 'eq in', advanced: 'ne not' },
    servicePrincipalType: { plain: 'eq in', advanced: 'ne not' },
  },
  property: principalProperty,
}

/** Answers a page of `/servicePrincipals`, or their `$count`: the applications of the tenant. */
export function answerServicePrincipals(
  world: World,
  request: SimulatedRequest,
  caller: GraphCaller,
  effect: FaultEffect | undefined,
): Answer {
  const isCount = request.path.endsWith('/$count')
  const refusal =
    requirePermission(request, caller, permissions) ??
    unsupportedOption(request) ??
    (isCount && !isEventual(request)
      ? graphError(request, 400, 'Request_BadRequest', '$count is not currently supported.')
      : undefined)
  if (refusal !== undefined) return refusal
  const wantsCount = isCount || asksCount(request)
  const filter = readFilter(request, wantsCount, filters)
  if (!filter.ok) return filter.error
  const { tenant } = caller
  const principals = [...tenant.applications.values()]
    .map((application): Principal => ({ application, tenant }))
    .filter(filter.value ?? (() => true))
  if (isCount) return plainCount(request, () => principals.length)
  const type = 'servicePrincipal'
  const columns = readColumns(request, type, principalPropertyNames, principalProperty)
  if (!columns.ok) return columns.error
  const top = readTop(request, maximumPageSize)
  if (!top.ok) return top.error
  return answerPage(world, request, effect, {
    context: `servicePrincipals${columns.value.selection}`,
    question: `${request.query.get('$filter')} ${columns.value.selection}`,
    top: top.value,
    wantsCount,
    count: () => principals.length,
    rows: (from) => [...principals.entries()].slice(from),
    write: (principal) => principalRow(principal, columns.value.names),
  })
}

/** Yields every service principal of a tenant as a plain object: the ground truth. */
export function* principalRows(
  tenant: Tenant,
  names: readonly string[],
): Generator<Record<string, unknown>> {
  for (const application of tenant.applications.values()) {
    yield principalRow({ application, tenant }, names)
  }
}

function principalRow(principal: Principal, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.map((name) => [name, principalProperty(name)?.value(principal)]))
}
