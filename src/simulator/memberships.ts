import { drawGroup, groupIdOf, otherIdOf } from './group.ts'
import type { Group, Member } from './group.ts'
import { standingMembers } from './member-changes.ts'
import { drawPerson, idOf } from './person.ts'
import type { Tenant } from './tenants.ts'

/** A member that exists, with its object id. */
export interface LivingMember extends Member {
  readonly id: string
}

/** Yields the members of a group that are not deleted, from a position on. */
export function* livingMembers(
  tenant: Tenant,
  group: Group,
  from = 0,
): Generator<readonly [position: number, member: LivingMember]> {
  for (const [position, member] of standingMembers(tenant, group, from)) {
    const id = livingIdOf(tenant, member)
    if (id !== undefined) yield [position, { ...member, id }]
  }
}

/** The object id of a member; undefined when it was deleted. */
export function livingIdOf(tenant: Tenant, member: Member): string | undefined {
  const { type, index } = member
  if (type === 'user') {
    const isThere = index < tenant.userCount && !tenant.deletedUsers.has(index)
    return isThere ? idOf(drawPerson(tenant.population, index)) : undefined
  }
  if (type === 'group') {
    const isThere = index < tenant.groupCount && !tenant.deletedGroups.has(index)
    return isThere ? groupIdOf(drawGroup(tenant.groups, index)) : undefined
  }
  return otherIdOf(tenant.groups, member)
}

/** One membership, as an importer would store it. */
export interface SimulatedEdge {
  readonly groupId: string
  readonly memberId: string
  /** As `@odata.type` says it, without `#microsoft.graph.`. */
  readonly memberType: string
}

/** Yields every membership of a tenant in the order of groups and pages: the ground truth. */
export function* edgesOf(tenant: Tenant): Generator<SimulatedEdge> {
  for (let index = 0; index < tenant.groupCount; index++) {
    if (tenant.deletedGroups.has(index)) continue
    const group = drawGroup(tenant.groups, index)
    const groupId = groupIdOf(group)
    for (const [, { id, type }] of livingMembers(tenant, group)) {
      yield { groupId, memberId: id, memberType: type }
    }
  }
}
