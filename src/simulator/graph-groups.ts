import { err, ok, type Result } from '../kernel/index.ts'
import type { Answer, SimulatedRequest } from './answer.ts'
import type { FaultEffect } from './faults.ts'
import { requirePermission, type GraphCaller } from './graph-authorize.ts'
import { graphError, graphHeaders, graphNotFound } from './graph-errors.ts'
import {
  idsFilteredBy,
  isEventual,
  readFilter,
  readTop,
  unsupportedOption,
} from './graph-options.ts'
import { answerPage, pageHeaders } from './graph-pages.ts'
import { drawGroup, indexOfGroupId, type Group } from './group.ts'
import { groupFilters, groupProperty, groupPropertyNames } from './group-properties.ts'
import { rememberedMatches } from './remembered-matches.ts'
import { livingGroups, type Tenant } from './tenants.ts'
import type { World } from './world.ts'

/** What is enough to read groups, their members and owners. */
export const groupPermissions = [
  'GroupMember.Read.All',
  'Group.Read.All',
  'Group.ReadWrite.All',
  'Directory.Read.All',
  'Directory.ReadWrite.All',
]
const maximumPageSize = 999

/** Answers a page of `/groups`, or their `$count`. */
export function answerGroups(
  world: World,
  request: SimulatedRequest,
  caller: GraphCaller,
  effect: FaultEffect | undefined,
): Answer {
  const refusal = refusalOf(request, caller)
  if (refusal !== undefined) return refusal
  const { tenant } = caller
  const isCount = request.path.endsWith('/$count')
  const wantsCount = isCount || asksCount(request)
  const filter = readFilter(
    request,
    wantsCount,
    groupFilters(tenant.population.domain),
    world.settings.filterLimits,
  )
  if (!filter.ok) return filter.error
  const found = filter.value === undefined ? undefined : foundGroups(request, tenant, filter.value)
  const countAll = (): number => found?.length ?? livingGroups(tenant)
  if (isCount) return plainCount(request, countAll)
  const columns = readColumns(request, 'group', groupPropertyNames, groupProperty)
  if (!columns.ok) return columns.error
  const top = readTop(request, maximumPageSize)
  if (!top.ok) return top.error
  return answerPage(world, request, effect, {
    context: `groups${columns.value.selection}`,
    question: `${request.query.get('$filter')} ${columns.value.selection}`,
    top: top.value,
    wantsCount,
    count: countAll,
    rows: (from) =>
      found === undefined ? groupsOf(tenant, from) : drawnGroups(tenant, found, from),
    write: (group) => groupRow(tenant, group, columns.value.names),
  })
}

/** Answers `/groups/{id}`. */
export function answerGroup(request: SimulatedRequest, caller: GraphCaller): Answer {
  const denied = requirePermission(request, caller, groupPermissions)
  if (denied !== undefined) return denied
  const group = findGroup(request, caller.tenant)
  if (!group.ok) return group.error
  const columns = readColumns(request, 'group', groupPropertyNames, groupProperty)
  if (!columns.ok) return columns.error
  const [, version = 'v1.0'] = request.path.split('/')
  const context = `${request.origin}/${version}/$metadata#groups${columns.value.selection}/$entity`
  const row = groupRow(caller.tenant, group.value, columns.value.names)
  const body = JSON.stringify({ '@odata.context': context, ...row })
  return { status: 200, headers: pageHeaders(request), body }
}

/** Finds the group of a path; the refusal is Graph's 404. */
export function findGroup(request: SimulatedRequest, tenant: Tenant): Result<Group, Answer> {
  const id = request.path.split('/')[3] ?? ''
  const index = indexOfGroupId(tenant.groups, tenant.groupCount, id)
  if (index === undefined || tenant.deletedGroups.has(index)) {
    return err(graphNotFound(request, id))
  }
  return ok(drawGroup(tenant.groups, index))
}

function refusalOf(request: SimulatedRequest, caller: GraphCaller): Answer | undefined {
  return (
    requirePermission(request, caller, groupPermissions) ??
    unsupportedOption(request) ??
    (request.path.endsWith('/$count') && !isEventual(request)
      ? graphError(request, 400, 'Request_BadRequest', '$count is not currently supported.')
      : undefined)
  )
}

/** Whether a page is to tell the count of all. */
export function asksCount(request: SimulatedRequest): boolean {
  return isEventual(request) && request.query.get('$count')?.toLowerCase() === 'true'
}

/** Indexes of the living groups that a filter lets through; ids are looked up, and nothing walked. */
function foundGroups(
  request: SimulatedRequest,
  tenant: Tenant,
  matches: (group: Group) => boolean,
): readonly number[] {
  const { deletedGroups, groupCount, groups } = tenant
  const ids = idsFilteredBy(request)
  if (ids !== undefined) {
    const indexes = ids.flatMap((id) => indexOfGroupId(groups, groupCount, id) ?? [])
    const living = indexes.filter((index) => !deletedGroups.has(index))
    return [...new Set(living)].toSorted((a, b) => a - b)
  }
  return rememberedMatches(tenant, `groups ${request.query.get('$filter')}`, function* () {
    for (const [index, group] of groupsOf(tenant)) if (matches(group)) yield index
  })
}

function* drawnGroups(
  { groups }: Tenant,
  indexes: readonly number[],
  from: number,
): Generator<readonly [number, Group]> {
  for (const index of indexes) if (index >= from) yield [index, drawGroup(groups, index)]
}

function* groupsOf(tenant: Tenant, from = 0): Generator<readonly [number, Group]> {
  for (let index = from; index < tenant.groupCount; index++) {
    if (tenant.deletedGroups.has(index)) continue
    yield [index, drawGroup(tenant.groups, index)]
  }
}

interface Columns {
  readonly names: readonly string[]
  /** What stands in `@odata.context`: empty, or the names in parentheses. */
  readonly selection: string
}

/** Reads `$select`; all properties without one. */
export function readColumns(
  request: SimulatedRequest,
  type: string,
  all: readonly string[],
  find: (name: string) => { readonly name: string } | undefined,
): Result<Columns, Answer> {
  const asked = request.query.get('$select')?.trim()
  if (!asked) return ok({ names: all, selection: '' })
  const names = new Set<string>()
  for (const name of asked.split(',')) {
    const property = find(name)
    if (property === undefined) {
      const message = `Parsing OData Select and Expand failed: Could not find a property named '${name}' on type 'microsoft.graph.${type}'.`
      return err(graphError(request, 400, 'BadRequest', message))
    }
    names.add(property.name)
  }
  return ok({ names: [...names], selection: `(${[...names].join(',')})` })
}

/** The plain object of a group with the properties named, in that order. */
function groupRow(tenant: Tenant, group: Group, names: readonly string[]): Record<string, unknown> {
  const { domain } = tenant.population
  return Object.fromEntries(names.map((name) => [name, groupProperty(name)?.value(group, domain)]))
}

/** Yields every group of a tenant as a plain object: the ground truth. */
export function* groupRows(
  tenant: Tenant,
  names: readonly string[],
): Generator<Record<string, unknown>> {
  for (const [, group] of groupsOf(tenant)) yield groupRow(tenant, group, names)
}

/** The answer to a `$count` of its own. */
export function plainCount(request: SimulatedRequest, countAll: () => number): Answer {
  const headers = { ...graphHeaders(request), 'Content-Type': 'text/plain', 'OData-Version': '4.0' }
  return { status: 200, headers, body: String(countAll()) }
}
