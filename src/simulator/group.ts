import { guidOf, mix, unmix } from './mixing.ts'
import type { PersonChange } from './person-change.ts'

/** Kinds of objects a group can hold. */
export type MemberType = 'user' | 'group' | 'device' | 'servicePrincipal'

/** What a tenant's groups and their members depend on. */
export interface GroupPlan {
  readonly seed: number
  /** Users that memberships are drawn from: the tenant's number of users when it began. */
  readonly userBase: number
  /** Members of the first group. */
  readonly giantSize: number
  readonly memberTypes: readonly MemberType[]
  /** What was changed of groups since, by index. */
  readonly changes?: Map<number, PersonChange>
}

/** One group's draw of the dice; everything about it is a pure function of that. */
export interface Group {
  readonly index: number
  /** The first word of the object id: one to one with the index. */
  readonly key: number
  readonly a: number
  readonly b: number
  readonly c: number
  readonly d: number
  /** What was changed since; undefined for almost all. */
  readonly change: PersonChange | undefined
}

/** A member as the group names it; `index` of users and groups leads to the object itself. */
export interface Member {
  readonly type: MemberType
  readonly index: number
}

const salt = 0x67726f75

/** Draws the group at `index`; the same plan and index always give the same one. */
export function drawGroup(plan: GroupPlan, index: number): Group {
  const key = mix(index ^ mix(plan.seed ^ salt))
  const a = mix(key + 0x3c6ef372)
  const c = mix(key ^ 0x1f83d9ab)
  const change = plan.changes?.get(index)
  return { index, key, a, b: mix(a ^ 0x5be0cd19), c, d: mix(c + 0x510e527f), change }
}

/** The object id (a GUID). */
export function groupIdOf(group: Group): string {
  return guidOf(group.key, group.b, group.c, group.d)
}

/** The index a group id would belong to, or undefined when no group below `count` has it. */
export function indexOfGroupId(plan: GroupPlan, count: number, id: string): number | undefined {
  if (!/^[0-9a-f]{8}-/i.test(id)) return undefined
  const index = (unmix(Number.parseInt(id.slice(0, 8), 16)) ^ mix(plan.seed ^ salt)) >>> 0
  const isIt = index < count && groupIdOf(drawGroup(plan, index)) === id.toLowerCase()
  return isIt ? index : undefined
}

/**
 * How many members a group was given, the ones deleted since included: the first group is the
 * giant, a tenth are empty, half have up to 20, and one in a hundred has thousands.
 */
export function groupSizeOf(plan: GroupPlan, group: Group): number {
  if (group.index === 0) return plan.giantSize
  const roll = group.a % 100
  if (roll < 10) return 0
  if (roll < 60) return 1 + (group.b % 20)
  if (roll < 90) return 20 + (group.b % 180)
  return roll < 99 ? 200 + (group.b % 800) : 1_000 + (group.b % 4_000)
}

/**
 * Yields the members of a group from a position on, each with its position, without a table. No
 * object is named twice. `groupCount` bounds the nested groups.
 */
export function* membersOf(
  plan: GroupPlan,
  group: Group,
  groupCount: number,
  from = 0,
): Generator<readonly [position: number, member: Member]> {
  const size = groupSizeOf(plan, group)
  const others = otherMembers(plan, group, groupCount, size)
  const wanted = Math.max(0, size - others.length)
  const users = plan.memberTypes.includes('user') ? Math.min(wanted, plan.userBase) : 0
  const stride = strideOf(group.d, plan.userBase)
  const first = plan.userBase === 0 ? 0 : group.c % plan.userBase
  for (let position = from; position < users; position++) {
    yield [position, { type: 'user', index: (first + position * stride) % plan.userBase }]
  }
  for (const [offset, member] of others.entries()) {
    if (users + offset >= from) yield [users + offset, member]
  }
}

/** The few members that are no users, at the end: nested groups, devices, service principals. */
function otherMembers(plan: GroupPlan, group: Group, groupCount: number, size: number): Member[] {
  if (size < 4) return []
  const others: Member[] = []
  const draws = [
    ['group', group.a >>> 8],
    ['device', group.a >>> 12],
    ['servicePrincipal', group.a >>> 16],
  ] as const
  for (const [type, draw] of draws) {
    if (!plan.memberTypes.includes(type) || draw % 3 === 0) continue
    // Two at most; a nested group always is a later one, so that no chain leads back.
    const count = draw % 3
    for (let i = 0; i < count; i++) {
      const index = type === 'group' ? group.index + 1 + i : group.index * 2 + i
      if (type !== 'group' || index < groupCount) others.push({ type, index })
    }
  }
  return others
}

/** A step that visits every one of `count` places before it repeats. */
function strideOf(draw: number, count: number): number {
  if (count < 2) return 1
  let stride = 1 + (draw % (count - 1))
  while (divisorOf(stride, count) !== 1) stride++
  return stride
}

function divisorOf(a: number, b: number): number {
  return b === 0 ? a : divisorOf(b, a % b)
}

/** The object id of a device or service principal that a group names. */
export function otherIdOf(plan: GroupPlan, { index, type }: Member): string {
  const key = mix(index ^ saltOf(plan, type))
  return guidOf(key, mix(key + 1), mix(key + 2), mix(key + 3))
}

/** The index of the device or service principal with that object id, of however many there are. */
export function indexOfOtherId(
  plan: GroupPlan,
  type: 'device' | 'servicePrincipal',
  id: string,
): number | undefined {
  if (!/^[0-9a-f]{8}-/i.test(id)) return undefined
  const index = (unmix(Number.parseInt(id.slice(0, 8), 16)) ^ saltOf(plan, type)) >>> 0
  return otherIdOf(plan, { type, index }) === id.toLowerCase() ? index : undefined
}

function saltOf({ seed }: GroupPlan, type: MemberType): number {
  return mix(seed ^ (type === 'device' ? 0x64657669 : 0x73707269))
}
