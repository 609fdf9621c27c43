import { ok, type Result } from '../kernel/index.ts'
import type { Answer, SimulatedRequest } from './answer.ts'
import { deviceFilters, deviceProperties, drawDevice } from './device.ts'
import { userFilters, type FilterPredicate, type FilterSchema } from './filter-rules.ts'
import { parseFilter } from './filter-syntax.ts'
import { graphError } from './graph-errors.ts'
import { readFilter } from './graph-options.ts'
import { groupFilters } from './group-properties.ts'
import { drawGroup, type Group, type Member } from './group.ts'
import { keyOf, standingMembers } from './member-changes.ts'
import { rememberedMatches } from './remembered-matches.ts'
import { searchedUsers } from './search-lag.ts'
import type { Tenant } from './tenants.ts'
import type { World } from './world.ts'

/** Members as a group names them, deleted ones included, each with its position. */
type Standing = () => Iterable<readonly [position: number, member: Member]>

/** What of a group's members is asked for. */
export interface CastQuestion {
  /** The type of a cast path; undefined: all of them. */
  readonly cast: string | undefined
  /** `ConsistencyLevel: eventual`, and a count asked for. */
  readonly isAdvanced: boolean
}

/**
 * Finds the positions of the members that exist, are of the type of the path and are let through by
 * `$filter`. Below a cast Graph filters in advanced mode alone, and sees users as its index does.
 */
export function findCastMembers(
  world: World,
  request: SimulatedRequest,
  tenant: Tenant,
  question: CastQuestion,
  standing: Standing,
): Result<readonly number[], Answer> {
  const { cast } = question
  const text = request.query.get('$filter')
  const wanted = text === null ? ok(undefined) : wantedMembers(world, request, tenant, question)
  if (!wanted.ok) return wanted
  const look = function* (): Generator<number> {
    const matches = wanted.value?.()
    for (const [position, member] of standing()) {
      if (cast !== undefined && member.type !== cast) continue
      if (isThere(tenant, member) && matches?.(member) !== false) yield position
    }
  }
  // What a lagging index finds changes with time alone.
  if (question.isAdvanced && tenant.lag.view !== undefined) return ok([...look()])
  const path = request.path.replace(/\/\$count$/, '')
  return ok(rememberedMatches(tenant, `${path} ${text}`, look))
}

/** Members as advanced queries see them: who was added within the lag of the index is not there yet. */
export function* indexedMembers(
  tenant: Tenant,
  group: Group,
  now: number,
): Generator<readonly [position: number, member: Member]> {
  const { journal, lag } = tenant
  const unknown = new Set<string>()
  if (lag.view !== undefined) {
    for (const { at, from, isAdded, member } of journal.entries) {
      if (member === undefined || from !== group.index || at + lag.lagMs <= now) continue
      if (isAdded === true) unknown.add(keyOf(member))
    }
  }
  for (const row of standingMembers(tenant, group)) if (!unknown.has(keyOf(row[1]))) yield row
}

type FindMatches = () => (member: Member) => boolean

function wantedMembers(
  world: World,
  request: SimulatedRequest,
  tenant: Tenant,
  { cast, isAdvanced }: CastQuestion,
): Result<FindMatches, Answer> {
  if (cast === undefined || !isAdvanced || !world.settings.filtersMembers) {
    const message =
      'The specified filter to the reference property query is currently not supported.'
    return { ok: false, error: graphError(request, 400, 'Request_UnsupportedQuery', message) }
  }
  const read = <Row>(schema: FilterSchema<Row>): Result<FilterPredicate<Row>, Answer> => {
    const filter = readFilter(request, true, schema, world.settings.filterLimits)
    return filter.ok ? ok(filter.value ?? (() => true)) : filter
  }
  const { domain } = tenant.population
  switch (cast) {
    case 'user':
      return mapped(read(userFilters), (matches) => usersOf(request, tenant, matches))
    case 'group':
      return mapped(read(groupFilters(domain)), (matches) => () => ({ index }) => {
        return matches(drawGroup(tenant.groups, index))
      })
    case 'device':
      return mapped(
        read({ resource: 'Device', rules: deviceFilters, property: deviceProperties.find }),
        (matches) =>
          () =>
          ({ index }) =>
            matches(drawDevice(tenant.groups, index)),
      )
    default:
      return mapped(read(namedFilters(cast)), (matches) => () => ({ index }) => {
        return matches(`${cast} ${index}`)
      })
  }
}

function usersOf(request: SimulatedRequest, tenant: Tenant, matches: FilterPredicate): FindMatches {
  return () => {
    const text = request.query.get('$filter') ?? ''
    const node = parseFilter(text)
    if (!node.ok) return () => false
    const users = searchedUsers(tenant, request.receivedAt)
    const found = users.index.find({ text, node: node.value, matches })
    const marked = new Uint8Array(Math.max(tenant.userCount, users.userCount))
    for (const index of found) marked[index] = 1
    return ({ index }) => marked[index] === 1
  }
}

/** Other types have a name and nothing else. */
function namedFilters(resource: string): FilterSchema<string> {
  return {
    resource,
    rules: { displayName: { plain: 'eq in startsWith', advanced: 'ne not null' } },
    property: (name) =>
      name.toLowerCase() === 'displayname'
        ? { name: 'displayName', value: (row) => row }
        : undefined,
  }
}

function isThere(tenant: Tenant, { index, type }: Member): boolean {
  if (type === 'user') return index < tenant.userCount && !tenant.deletedUsers.has(index)
  if (type === 'group') return index < tenant.groupCount && !tenant.deletedGroups.has(index)
  return true
}

function mapped<T, U, E>(result: Result<T, E>, map: (value: T) => U): Result<U, E> {
  return result.ok ? ok(map(result.value)) : result
}
