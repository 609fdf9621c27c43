import { ok, type Result } from '../kernel/index.ts'
import type { Answer, SimulatedRequest } from './answer.ts'
import { findCastMembers, indexedMembers } from './cast-members.ts'
import { deviceProperties, drawDevice } from './device.ts'
import type { FaultEffect } from './faults.ts'
import { requirePermission, type GraphCaller } from './graph-authorize.ts'
import { roleReaders } from './graph-directory.ts'
import { graphError, graphNotFound } from './graph-errors.ts'
import { asksCount, findGroup, groupPermissions, plainCount } from './graph-groups.ts'
import { readPageSize } from './graph-objects.ts'
import { isEventual, unsupportedOption } from './graph-options.ts'
import { answerPage } from './graph-pages.ts'
import { drawGroup, type Member, type MemberType } from './group.ts'
import { groupProperty, groupPropertyNames } from './group-properties.ts'
import { standingMembers } from './member-changes.ts'
import { livingMembers, type LivingMember } from './memberships.ts'
import { drawPerson } from './person.ts'
import { findRole, ownersOf, roleMembersOf } from './relations.ts'
import type { Tenant } from './tenants.ts'
import { defaultProperties, userProperty } from './user-properties.ts'
import type { World } from './world.ts'

/** Objects that another one leads to. */
interface Relation {
  /** Without: no `$top` and no `$count`, answers are of a fixed size. */
  readonly isPaged: boolean
  rows(from: number): Iterable<readonly [position: number, member: LivingMember]>
  /** The same, deleted objects included and without ids; there where Graph filters and counts. */
  standing?(isAdvanced: boolean): Iterable<readonly [position: number, member: Member]>
}

/** Answers a page of `/groups/{id}/members` or of a cast below, or its `$count`. */
export function answerMembers(
  world: World,
  request: SimulatedRequest,
  caller: GraphCaller,
  effect: FaultEffect | undefined,
): Answer {
  return answerRelation(world, request, caller, effect, groupPermissions, () => {
    const group = findGroup(request, caller.tenant)
    if (!group.ok) return group
    return ok({
      isPaged: true,
      rows: (from) => livingMembers(caller.tenant, group.value, from),
      standing: (isAdvanced) =>
        isAdvanced
          ? indexedMembers(caller.tenant, group.value, request.receivedAt)
          : standingMembers(caller.tenant, group.value),
    })
  })
}

/** Answers a page of `/groups/{id}/owners` or of a cast below, or its `$count`. */
export function answerOwners(
  world: World,
  request: SimulatedRequest,
  caller: GraphCaller,
  effect: FaultEffect | undefined,
): Answer {
  return answerRelation(world, request, caller, effect, groupPermissions, () => {
    const group = findGroup(request, caller.tenant)
    if (!group.ok) return group
    return ok({ isPaged: true, rows: (from) => ownersOf(caller.tenant, group.value, from) })
  })
}

/** Answers `/directoryRoles/{id}/members`; an id of a template will do as well. */
export function answerRoleMembers(
  world: World,
  request: SimulatedRequest,
  caller: GraphCaller,
  effect: FaultEffect | undefined,
): Answer {
  return answerRelation(world, request, caller, effect, roleReaders, () => {
    const id = request.path.split('/')[3] ?? ''
    const found = findRole(caller.tenant, id)
    if (found === undefined) return { ok: false, error: graphNotFound(request, id) }
    return ok({ isPaged: false, rows: (from) => roleMembersOf(caller.tenant, found.role, from) })
  })
}

function answerRelation(
  world: World,
  request: SimulatedRequest,
  caller: GraphCaller,
  effect: FaultEffect | undefined,
  permissions: readonly string[],
  find: () => Result<Relation, Answer>,
): Answer {
  const isCount = request.path.endsWith('/$count')
  const refusal =
    requirePermission(request, caller, permissions) ??
    unsupportedOption(request) ??
    (isCount && !isEventual(request)
      ? graphError(request, 400, 'Request_BadRequest', '$count is not currently supported.')
      : undefined)
  if (refusal !== undefined) return refusal
  const relation = find()
  if (!relation.ok) return relation.error
  const { isPaged, standing } = relation.value
  const cast = castOf(request)
  const wantsCount = isCount || (isPaged && asksCount(request))
  if (request.query.has('$filter') && standing === undefined) {
    return graphError(request, 501, 'NotImplemented', 'The simulator filters members of groups.')
  }
  const isSearched = cast !== undefined || wantsCount || request.query.has('$filter')
  const question = { cast, isAdvanced: wantsCount }
  const found =
    standing === undefined || !isSearched
      ? ok(undefined)
      : findCastMembers(world, request, caller.tenant, question, () => standing(wantsCount))
  if (!found.ok) return found.error
  const rows = (from: number): Iterable<readonly [number, LivingMember]> =>
    found.value === undefined
      ? ofType(relation.value.rows(from), cast)
      : atPositions(relation.value, found.value, from)
  const countAll = (): number => found.value?.length ?? [...rows(0)].length
  if (isCount) return plainCount(request, countAll)
  const selected = request.query.get('$select')?.trim()
  const names = selected ? selected.split(',').map((name) => name.trim()) : undefined
  const top = readPageSize(request, isPaged)
  if (!top.ok) return top.error
  const set = cast === undefined ? 'directoryObjects' : `${cast}s`
  return answerPage(world, request, effect, {
    context: names === undefined ? set : `${set}(${names.join(',')})`,
    question: `${names?.join(',') ?? ''} ${request.query.get('$filter') ?? ''}`,
    top: top.value,
    wantsCount,
    count: countAll,
    rows,
    write: (member) => memberRow(caller.tenant, member, names, cast !== undefined),
  })
}

/** The type that a path is cast to. */
function castOf({ path }: SimulatedRequest): string | undefined {
  return /\/microsoft\.graph\.(\w+)(?:\/\$count)?$/.exec(path)?.[1]
}

function* atPositions(
  { rows }: Relation,
  positions: readonly number[],
  from: number,
): Generator<readonly [number, LivingMember]> {
  for (const position of positions) {
    if (position < from) continue
    const [row] = rows(position)
    if (row?.[0] === position) yield row
  }
}

function* ofType(
  rows: Iterable<readonly [number, LivingMember]>,
  type: string | undefined,
): Generator<readonly [number, LivingMember]> {
  for (const row of rows) if (type === undefined || row[1].type === type) yield row
}

/** A member's row: type and id first, then what was selected and the type has. */
export function memberRow(
  tenant: Tenant,
  member: LivingMember,
  names: readonly string[] | undefined,
  isCast: boolean,
): Record<string, unknown> {
  const { id } = member
  const opening = isCast ? { id } : { '@odata.type': `#microsoft.graph.${member.type}`, id }
  const { all, valueOf } = propertiesOf[member.type](tenant, member.index)
  const values = (names ?? all).flatMap((name) => valueOf(name))
  return { ...opening, ...(Object.fromEntries(values) as object) }
}

/** What a type of member has of the properties asked for: a name and its value, or nothing. */
interface MemberProperties {
  readonly all: readonly string[]
  readonly valueOf: (name: string) => readonly (readonly [name: string, value: unknown])[]
}

const propertiesOf: Readonly<
  Record<MemberType, (tenant: Tenant, index: number) => MemberProperties>
> = {
  user: ({ population }, index) => {
    const person = drawPerson(population, index)
    return propertyReader(defaultProperties, userProperty, ({ value }) => value(person))
  },
  group: ({ groups, population }, index) => {
    const group = drawGroup(groups, index)
    return propertyReader(groupPropertyNames, groupProperty, ({ value }) =>
      value(group, population.domain),
    )
  },
  device: ({ groups }, index) => {
    const device = drawDevice(groups, index)
    return propertyReader(deviceProperties.names, deviceProperties.find, ({ value }) =>
      value(device),
    )
  },
  servicePrincipal: (_tenant, index) =>
    propertyReader(
      ['displayName'],
      (name) => (name.toLowerCase() === 'displayname' ? { name: 'displayName' } : undefined),
      () => `servicePrincipal ${index}`,
    ),
}

function propertyReader<Property extends { readonly name: string }>(
  all: readonly string[],
  find: (name: string) => Property | undefined,
  read: (property: Property) => unknown,
): MemberProperties {
  return {
    all,
    valueOf: (name) => {
      const property = find(name)
      return property === undefined ? [] : [[property.name, read(property)]]
    },
  }
}
