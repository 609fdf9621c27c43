import type { DeltaSpan } from './delta-source.ts'
import { drawGroup, groupIdOf, otherIdOf, type Member, type MemberType } from './group.ts'
import type { JournalEntry } from './journal.ts'
import { keyOf, standingMembers } from './member-changes.ts'
import { livingIdOf } from './memberships.ts'
import { drawPerson, idOf } from './person.ts'
import type { Tenant } from './tenants.ts'

/** A membership that began or ended. */
export interface MemberNews {
  readonly id: string
  readonly type: MemberType
  /** Whether it stands now. */
  readonly isThere: boolean
}

/**
 * What a span of the journal changed of who is in which group, by the group's index: members added
 * and removed, and members that were deleted or came back.
 */
export function memberNewsIn(
  tenant: Tenant,
  span: DeltaSpan,
): ReadonlyMap<number, readonly MemberNews[]> {
  const { entries } = tenant.journal
  // Each page of a round asks for the same span; what happened since changes who is there.
  const key = `${span.from} ${span.to} ${entries.length}`
  const known = latest.get(entries)
  if (known?.key === key) return known.news
  const news = readNews(tenant, entries.slice(span.from, span.to))
  latest.set(entries, { key, news })
  return news
}

const latest = new WeakMap<
  readonly JournalEntry[],
  { readonly key: string; readonly news: ReadonlyMap<number, readonly MemberNews[]> }
>()

function readNews(
  tenant: Tenant,
  entries: readonly JournalEntry[],
): ReadonlyMap<number, readonly MemberNews[]> {
  const touched = new Map<number, Map<string, Member>>()
  const touch = (group: number, member: Member): void => {
    const members = touched.get(group) ?? new Map<string, Member>()
    members.set(keyOf(member), member)
    touched.set(group, members)
  }
  const moved = new Set<string>()
  for (const { collection, from, kind, member, to } of entries) {
    if (member !== undefined) touch(from, member)
    const isLife = kind === 'deleted' || kind === 'restored'
    const type = collection === 'users' ? 'user' : collection === 'groups' ? 'group' : undefined
    if (!isLife || type === undefined) continue
    for (let index = from; index < to; index++) moved.add(keyOf({ type, index }))
  }
  // One pass over all memberships, however many were deleted.
  for (let index = 0; moved.size > 0 && index < tenant.groupCount; index++) {
    for (const [, member] of standingMembers(tenant, drawGroup(tenant.groups, index))) {
      if (moved.has(keyOf(member))) touch(index, member)
    }
  }
  return new Map(
    [...touched].map(([index, members]) => [index, newsOf(tenant, index, [...members.values()])]),
  )
}

function newsOf(tenant: Tenant, index: number, members: readonly Member[]): MemberNews[] {
  const standing = new Set<string>()
  for (const [, member] of standingMembers(tenant, drawGroup(tenant.groups, index))) {
    standing.add(keyOf(member))
  }
  return members.map((member) => ({
    id: idOfAny(tenant, member),
    type: member.type,
    isThere: standing.has(keyOf(member)) && livingIdOf(tenant, member) !== undefined,
  }))
}

/** The object id of a member, deleted or not. */
function idOfAny({ groups, population }: Tenant, member: Member): string {
  if (member.type === 'user') return idOf(drawPerson(population, member.index))
  if (member.type === 'group') return groupIdOf(drawGroup(groups, member.index))
  return otherIdOf(groups, member)
}
