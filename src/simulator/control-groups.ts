import { EvergrantError } from '../kernel/index.ts'
import type { Addressee } from './control-grants.ts'
import { drawGroup, indexOfGroupId, indexOfOtherId, type Group, type Member } from './group.ts'
import { groupProperty } from './group-properties.ts'
import { countedEntry, type JournalEntry } from './journal.ts'
import { addMember, removeMember } from './member-changes.ts'
import { livingIdOf, livingMembers } from './memberships.ts'
import type { PersonChange } from './person-change.ts'
import { findPerson } from './population.ts'
import { maximumGroups, requireCount, requireTenant, type Tenant } from './tenants.ts'
import type { World } from './world.ts'

/** The part of the control that is about groups and who is in them. */
export interface GroupControl {
  /** Grows or shrinks a tenant's number of groups, at its end. */
  setGroupCount(groups: number, addressee?: Addressee): void
  /** Deletes a group by its object id: it vanishes from lists and groups, its members are 404. */
  deleteGroup(group: string, addressee?: Addressee): void
  /** Brings a deleted group back, with its id and its members. */
  restoreGroup(group: string, addressee?: Addressee): void
  /** Gives a group (its object id) other values; null clears one. */
  changeGroup(group: string, change: Readonly<Record<string, unknown>>, addressee?: Addressee): void
  /** Puts a user, group or device into a group (object ids, or a userPrincipalName). */
  addMember(group: string, member: string, addressee?: Addressee): void
  /** Takes a member out of a group. */
  removeMember(group: string, member: string, addressee?: Addressee): void
}

/** Makes that part of the control. */
export function createGroupControl(world: World): GroupControl {
  const tenantOf = (addressee?: Addressee): Tenant =>
    requireTenant(world.tenants, addressee?.tenant)
  const happen = (tenant: Tenant, entry: Omit<JournalEntry, 'at' | 'collection'>): void => {
    tenant.journal.entries.push({ ...entry, at: world.now(), collection: 'groups' })
    world.pages.clear()
  }
  const move = (
    names: { readonly group: string; readonly member: string },
    isAdded: boolean,
    addressee: Addressee | undefined,
  ): void => {
    const tenant = tenantOf(addressee)
    const group = requireGroup(tenant, names.group)
    const member = requireMember(tenant, names.member)
    const id = livingIdOf(tenant, member)
    const isThere = [...livingMembers(tenant, group)].some(([, one]) => one.id === id)
    if (isThere === isAdded) {
      const told = isAdded ? 'is in the group already' : 'is not in the group'
      throw invalid(`"${names.member}" ${told}`)
    }
    const change = isAdded ? addMember : removeMember
    change(tenant.memberChanges, group, member)
    const span = { from: group.index, to: group.index + 1 }
    happen(tenant, { ...span, kind: 'changed', names: ['members'], member, isAdded })
  }
  return {
    setGroupCount: (groups, addressee) => {
      const tenant = tenantOf(addressee)
      const { groupCount: before } = tenant
      tenant.groupCount = requireCount(groups, maximumGroups, 'groups')
      happen(tenant, countedEntry('groups', before, groups, world.now()))
    },
    deleteGroup: (name, addressee) => {
      const tenant = tenantOf(addressee)
      const { index } = requireGroup(tenant, name)
      tenant.deletedGroups.add(index)
      happen(tenant, { from: index, to: index + 1, kind: 'deleted' })
    },
    restoreGroup: (name, addressee) => {
      const tenant = tenantOf(addressee)
      const { index } = requireGroup(tenant, name)
      tenant.deletedGroups.delete(index)
      happen(tenant, { from: index, to: index + 1, kind: 'restored' })
    },
    changeGroup: (name, change, addressee) => {
      const tenant = tenantOf(addressee)
      const group = requireGroup(tenant, name)
      const changed = changeOf(group, change, tenant.population.domain)
      tenant.groups.changes?.set(group.index, changed)
      const span = { from: group.index, to: group.index + 1 }
      happen(tenant, { ...span, kind: 'changed', names: Object.keys(change) })
    },
    addMember: (group, member, addressee) => move({ group, member }, true, addressee),
    removeMember: (group, member, addressee) => move({ group, member }, false, addressee),
  }
}

/** All that differs of a group from the draw, after a change. */
function changeOf(
  group: Group,
  wish: Readonly<Record<string, unknown>>,
  domain: string,
): PersonChange {
  const cleared = new Set(group.change?.cleared)
  for (const [name, value] of Object.entries(wish)) {
    const property = groupProperty(name)
    if (property?.name !== name || name === 'id') {
      throw invalid(`groups have no property "${name}" that can be changed`)
    }
    if (value !== null) cleared.delete(name)
    else if (property.value(group, domain) !== null) cleared.add(name)
  }
  return { values: { ...group.change?.values, ...wish }, cleared }
}

function requireGroup(tenant: Tenant, id: string): Group {
  const index = indexOfGroupId(tenant.groups, tenant.groupCount, id)
  if (index === undefined) throw invalid(`there is no group "${id}"`)
  return drawGroup(tenant.groups, index)
}

function requireMember(tenant: Tenant, name: string): Member {
  const { deviceCount, groupCount, groups } = tenant
  const user = findPerson(tenant.population, tenant.userCount, name)?.index
  if (user !== undefined && !tenant.deletedUsers.has(user)) return { type: 'user', index: user }
  const group = indexOfGroupId(groups, groupCount, name)
  if (group !== undefined) return { type: 'group', index: group }
  const device = indexOfOtherId(groups, 'device', name) ?? deviceCount
  if (device < deviceCount) return { type: 'device', index: device }
  throw invalid(`there is no user, group or device "${name}"`)
}

function invalid(detail: string): EvergrantError {
  return new EvergrantError('config_invalid', `simulator: ${detail}`)
}
