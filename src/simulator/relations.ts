import {
  directoryRoles,
  namedIdOf,
  type ActivatedRole,
  type DirectoryRole,
} from './directory-roles.ts'
import { directoryRoleNames } from './directory-roles.ts'
import { drawGroup, groupIdOf, type Group, type Member } from './group.ts'
import { livingIdOf, type LivingMember } from './memberships.ts'
import { mix } from './mixing.ts'
import { drawPerson, idOf, type Person } from './person.ts'
import type { Tenant } from './tenants.ts'

type Positioned = readonly [position: number, member: LivingMember]

/** Yields the owners of a group that are not deleted: up to three users and a service principal. */
export function ownersOf(tenant: Tenant, group: Group, from = 0): Generator<Positioned> {
  const { userBase } = tenant.groups
  const users = userBase < 4 ? 0 : group.d % 4
  const owners: Member[] = []
  for (let i = 0; i < users; i++) {
    owners.push({ type: 'user', index: ((group.c % userBase) + i) % userBase })
  }
  if (group.a % 7 === 2) owners.push({ type: 'servicePrincipal', index: group.index })
  return living(tenant, owners, from)
}

/** Yields the holders of a role that are not deleted: users, some by a group, and applications. */
export function roleMembersOf(
  tenant: Tenant,
  role: DirectoryRole,
  from = 0,
): Generator<Positioned> {
  const { seed, userBase } = tenant.groups
  const draw = mix(Number.parseInt(directoryRoles[role].slice(0, 8), 16) ^ mix(seed))
  const users = Math.min(userBase, draw % 7)
  const members: Member[] = []
  for (let i = 0; i < users; i++) {
    members.push({ type: 'user', index: ((draw % userBase) + i) % userBase })
  }
  if (draw % 3 === 1) members.push({ type: 'group', index: draw % 5 })
  if (draw % 2 === 1) members.push({ type: 'servicePrincipal', index: draw % 1_000 })
  return living(tenant, members, from)
}

function* living(tenant: Tenant, members: readonly Member[], from: number): Generator<Positioned> {
  for (const [position, member] of members.entries()) {
    if (position < from) continue
    const id = livingIdOf(tenant, member)
    if (id !== undefined) yield [position, { ...member, id }]
  }
}

/**
 * The manager of a user: each leads up to eight, in a tree from the first one down. Guests, service
 * accounts and one in ten have none, nor has who is led by someone that was deleted.
 */
export function managerOf(tenant: Tenant, person: Person): Person | undefined {
  if (person.kind !== 'member' || person.d % 10 === 3) return undefined
  let { index } = person
  while (index > 0) {
    index = Math.floor((index - 1) / 8)
    const manager = drawPerson(tenant.population, index)
    if (manager.kind !== 'member') continue
    return livingIdOf(tenant, { type: 'user', index }) === undefined ? undefined : manager
  }
  return undefined
}

/** Finds a role by its object id in the tenant, or by the id of its template. */
export function findRole({ id: tenantId }: Tenant, id: string): ActivatedRole | undefined {
  const role = directoryRoleNames.find(
    (name) => namedIdOf(tenantId, name) === id.toLowerCase() || directoryRoles[name] === id,
  )
  return role === undefined ? undefined : { tenantId, role }
}

/** Who owns a group. */
export interface SimulatedOwner {
  readonly groupId: string
  readonly ownerId: string
  readonly ownerType: string
}

/** Yields every ownership of a tenant: the ground truth. */
export function* ownershipsOf(tenant: Tenant): Generator<SimulatedOwner> {
  for (let index = 0; index < tenant.groupCount; index++) {
    if (tenant.deletedGroups.has(index)) continue
    const group = drawGroup(tenant.groups, index)
    for (const [, { id, type }] of ownersOf(tenant, group)) {
      yield { groupId: groupIdOf(group), ownerId: id, ownerType: type }
    }
  }
}

/** Who holds a directory role. */
export interface SimulatedRoleMember {
  readonly roleId: string
  readonly memberId: string
  readonly memberType: string
}

/** Yields every holder of every role of a tenant: the ground truth. */
export function* roleHoldingsOf(tenant: Tenant): Generator<SimulatedRoleMember> {
  for (const role of directoryRoleNames) {
    for (const [, { id, type }] of roleMembersOf(tenant, role)) {
      yield { roleId: namedIdOf(tenant.id, role), memberId: id, memberType: type }
    }
  }
}

/** Who leads a user. */
export interface SimulatedManager {
  readonly userId: string
  readonly managerId: string
}

/** Yields every user of a tenant that has a manager: the ground truth. */
export function* managersOf(tenant: Tenant): Generator<SimulatedManager> {
  for (let index = 0; index < tenant.userCount; index++) {
    if (livingIdOf(tenant, { type: 'user', index }) === undefined) continue
    const person = drawPerson(tenant.population, index)
    const manager = managerOf(tenant, person)
    if (manager !== undefined) yield { userId: idOf(person), managerId: idOf(manager) }
  }
}
