import { groupSizeOf, membersOf } from './group.ts'
import type { Group, GroupPlan, Member } from './group.ts'

/** What differs of one group from the members drawn for it. */
export interface MemberChange {
  /** In the order they were added, behind the drawn ones. */
  readonly added: Member[]
  /** Drawn ones that left, by `keyOf`. */
  readonly removed: Set<string>
}

/** Groups whose members are not as drawn, by index. */
export type MemberChanges = Map<number, MemberChange>

/** Names a member within its tenant. */
export function keyOf({ index, type }: Member): string {
  return `${type} ${index}`
}

/** Adds a member that a group has not: a drawn one comes back to its place. */
export function addMember(changes: MemberChanges, group: Group, member: Member): void {
  const change = changeOf(changes, group)
  if (!change.removed.delete(keyOf(member))) change.added.push(member)
}

/** Removes a member that a group has. */
export function removeMember(changes: MemberChanges, group: Group, member: Member): void {
  const { added, removed } = changeOf(changes, group)
  const key = keyOf(member)
  const place = added.findIndex((one) => keyOf(one) === key)
  if (place < 0) removed.add(key)
  else added.splice(place, 1)
}

function changeOf(changes: MemberChanges, { index }: Group): MemberChange {
  const known = changes.get(index)
  if (known !== undefined) return known
  const fresh: MemberChange = { added: [], removed: new Set() }
  changes.set(index, fresh)
  return fresh
}

/** Yields the members of a group as they stand, deleted objects included, from a position on. */
export function* standingMembers(
  {
    groupCount,
    groups,
    memberChanges,
  }: {
    readonly groups: GroupPlan
    readonly groupCount: number
    readonly memberChanges: MemberChanges
  },
  group: Group,
  from = 0,
): Generator<readonly [position: number, member: Member]> {
  const change = memberChanges.get(group.index)
  const drawn = membersOf(groups, group, groupCount, from)
  if (change === undefined) return yield* drawn
  for (const step of drawn) if (!change.removed.has(keyOf(step[1]))) yield step
  const first = groupSizeOf(groups, group)
  for (const [place, member] of change.added.entries()) {
    if (first + place >= from) yield [first + place, member]
  }
}
