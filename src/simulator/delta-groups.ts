import { removedRow, reportedNames, setValuesOf } from './delta-source.ts'
import type { DeltaRound, DeltaSource, DeltaSpan, DeltaStep } from './delta-source.ts'
import { groupPermissions } from './graph-groups.ts'
import { drawGroup, groupIdOf, type Group } from './group.ts'
import { groupProperty, groupPropertyNames } from './group-properties.ts'
import { happeningsIn, type Happening } from './journal.ts'
import { livingMembers } from './memberships.ts'
import { memberNewsIn, type MemberNews } from './member-news.ts'

/** Members that one row names at most; a larger group has several rows, on pages of their own. */
const membersOfARow = 500
/** Beyond every index of a group: the places of the deleted ones in a first round. */
const goneFrom = 1_000_000_000

/** `/groups/delta`. */
export const groupDeltas: DeltaSource = {
  collection: 'groups',
  entitySet: 'groups',
  type: 'group',
  permissions: groupPermissions,
  relations: ['members'],
  defaults: groupPropertyNames,
  find: groupProperty,
  *all(round, [first, at]) {
    const { deletedGroups, groupCount, groups } = round.tenant
    for (let index = first; index < groupCount; index++) {
      if (deletedGroups.has(index)) continue
      const group = drawGroup(groups, index)
      yield* wholeGroup(round, group, index, index === first ? at : 0)
    }
    const gone = [...deletedGroups].filter((index) => index < groupCount).toSorted((a, b) => a - b)
    for (const [place, index] of gone.entries()) {
      if (goneFrom + place < first) continue
      yield* goneGroup(round, drawGroup(groups, index), goneFrom + place)
    }
  },
  *changes(round, span, [first, at]) {
    const { tenant } = round
    const news = memberNewsIn(tenant, span)
    for (const [place, happening] of newsOf(round, span, news).entries()) {
      if (place < first) continue
      const group = drawGroup(tenant.groups, happening.index)
      const from = place === first ? at : 0
      const isGone =
        happening.index >= tenant.groupCount || tenant.deletedGroups.has(happening.index)
      if (isGone) yield* goneGroup(round, group, place)
      else if (happening.names === undefined) yield* wholeGroup(round, group, place, from)
      else yield* changedGroup(round, { group, happening, place, from }, news)
    }
  },
}

/** Groups that changed, and those of whose members some were deleted or came back. */
function newsOf(
  { tenant, wants }: DeltaRound,
  span: DeltaSpan,
  news: ReadonlyMap<number, readonly MemberNews[]>,
): readonly Happening[] {
  const happenings = happeningsIn(tenant.journal, 'groups', span)
  if (!wants('members')) return happenings
  const known = new Set(happenings.map(({ index }) => index))
  const others = [...news.keys()].filter((index) => !known.has(index))
  return [...happenings, ...others.map((index) => ({ index, names: new Set(['members']) }))]
}

function isAsked({ ids }: DeltaRound, group: Group): boolean {
  return ids?.has(groupIdOf(group)) !== false
}

function* goneGroup(round: DeltaRound, group: Group, place: number): Generator<DeltaStep> {
  if (!isAsked(round, group)) return
  // Only groups of Microsoft 365 can be restored.
  const types = groupProperty('groupTypes')?.value(group, '') as readonly string[]
  const isForGood = !types.includes('Unified') || group.index >= round.tenant.groupCount
  yield { cursor: [place, 0], row: removedRow(groupIdOf(group), isForGood) }
}

function columnsOf(
  { tenant }: DeltaRound,
  group: Group,
  names: readonly string[],
): Record<string, unknown> {
  const { domain } = tenant.population
  const values = names.map((name) => [name, groupProperty(name)?.value(group, domain)] as const)
  return setValuesOf(Object.fromEntries(values), group.change?.cleared)
}

function* wholeGroup(
  round: DeltaRound,
  group: Group,
  place: number,
  from: number,
): Generator<DeltaStep> {
  if (!isAsked(round, group)) return
  const columns = columnsOf(round, group, round.names)
  const members = round.wants('members')
    ? typedMembers(livingMembers(round.tenant, group, from))
    : []
  yield* pieces({ columns, place, from }, members)
}

function* changedGroup(
  round: DeltaRound,
  change: {
    readonly group: Group
    readonly happening: Happening
    readonly place: number
    readonly from: number
  },
  news: ReadonlyMap<number, readonly MemberNews[]>,
): Generator<DeltaStep> {
  const { from, group, happening, place } = change
  if (!isAsked(round, group)) return
  const members = round.wants('members') ? (news.get(group.index) ?? []) : []
  const names = reportedNames(round, happening)
  if (names === undefined && members.length === 0) return
  const columns = columnsOf(round, group, names ?? (round.isMinimal ? ['id'] : round.names))
  const rows = members.map(({ id, isThere, type }, at) => {
    const row = typed(type, id)
    return [at, isThere ? row : { ...row, '@removed': { reason: 'deleted' } }] as const
  })
  yield* pieces({ columns, place, from }, rows.slice(from))
}

function typed(type: string, id: string): Readonly<Record<string, unknown>> {
  return { '@odata.type': `#microsoft.graph.${type}`, id }
}

type Placed = readonly [at: number, member: Readonly<Record<string, unknown>>]

/** The rows of one group, each with as many members as fit; read no further than asked. */
function* pieces(
  group: {
    readonly columns: Readonly<Record<string, unknown>>
    readonly place: number
    readonly from: number
  },
  members: Iterable<Placed>,
): Generator<DeltaStep> {
  const { columns, from, place } = group
  const rowOf = (piece: readonly Placed[]): Omit<DeltaStep, 'endsPage'> => ({
    cursor: [place, piece[0]?.[0] ?? from],
    row:
      piece.length === 0
        ? columns
        : { ...columns, 'members@delta': piece.map(([, member]) => member) },
  })
  let piece: Placed[] = []
  for (const member of members) {
    if (piece.length === membersOfARow) {
      yield { ...rowOf(piece), endsPage: true }
      piece = []
    }
    piece.push(member)
  }
  yield rowOf(piece)
}

function* typedMembers(members: ReturnType<typeof livingMembers>): Generator<Placed> {
  for (const [at, { id, type }] of members) yield [at, typed(type, id)]
}
