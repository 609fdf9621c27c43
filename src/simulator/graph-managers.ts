import type { Answer, SimulatedRequest } from './answer.ts'
import type { FaultEffect } from './faults.ts'
import type { GraphCaller } from './graph-authorize.ts'
import { graphError, graphNotFound } from './graph-errors.ts'
import { isEventual } from './graph-options.ts'
import { answerPage, pageHeaders } from './graph-pages.ts'
import { livingIdOf } from './memberships.ts'
import { drawPerson, idOf, type Person } from './person.ts'
import { findPerson } from './population.ts'
import { managerOf } from './relations.ts'
import type { Tenant } from './tenants.ts'
import { userProperty } from './user-properties.ts'
import { readUserQuery, readUsersQuery } from './users-query.ts'
import type { World } from './world.ts'

/**
 * Answers a page of `/users` with `$expand=manager($select=…)`, in default mode alone. Who has no
 * manager lacks the property.
 */
export function answerUsersWithManager(
  world: World,
  request: SimulatedRequest,
  caller: GraphCaller,
  effect: FaultEffect | undefined,
): Answer {
  const expanded = request.query.get('$expand') ?? ''
  const selected = /^manager(?:\(\$select=([\w,]+)\))?$/.exec(expanded)
  if (selected === null) {
    const message = `The simulator does not expand '${expanded}'.`
    return graphError(request, 501, 'NotImplemented', message)
  }
  if (isEventual(request)) {
    const message = "$expand is not supported with 'ConsistencyLevel: eventual'."
    return graphError(request, 400, 'Request_UnsupportedQuery', message)
  }
  const plain = new URLSearchParams(request.query)
  plain.delete('$expand')
  const asked = readUsersQuery({ ...request, query: plain }, caller, world.settings)
  if (!asked.ok) return asked.error
  const { filter, properties, selection, top } = asked.value
  const { tenant } = caller
  const names = selected[1]?.split(',')
  const expansion = `manager(${names?.join(',') ?? ''})`
  const context =
    selection === '' ? `users(${expansion})` : `users${selection.slice(0, -1)},${expansion})`
  return answerPage(world, request, effect, {
    context,
    question: `${filter?.text} ${selection} ${expansion}`,
    top,
    wantsCount: false,
    count: () => 0,
    rows: (from) => people(tenant, filter?.matches ?? (() => true), from),
    write: (person) => {
      const row = Object.fromEntries(properties.map(({ name, value }) => [name, value(person)]))
      const manager = managerOf(tenant, person)
      return manager === undefined ? row : { ...row, manager: managerRow(manager, names) }
    },
  })
}

/** Answers `/users/{id}/manager`: the manager, or 404 where there is none. */
export function answerManager(request: SimulatedRequest, caller: GraphCaller): Answer {
  const query = readUserQuery(request, caller)
  if (!query.ok) return query.error
  const { tenant } = caller
  const name = request.path.split('/')[3] ?? ''
  const person = findPerson(tenant.population, tenant.userCount, name)
  const isThere =
    person !== undefined && livingIdOf(tenant, { type: 'user', index: person.index }) !== undefined
  if (!isThere) return graphNotFound(request, name)
  const manager = managerOf(tenant, person)
  if (manager === undefined) return graphNotFound(request, 'manager')
  const [, version = 'v1.0'] = request.path.split('/')
  const names = query.value.properties.map((property) => property.name)
  const body = {
    '@odata.context': `${request.origin}/${version}/$metadata#directoryObjects/$entity`,
    ...managerRow(manager, names),
  }
  return { status: 200, headers: pageHeaders(request), body: JSON.stringify(body) }
}

function managerRow(manager: Person, names: readonly string[] | undefined): object {
  const values = (names ?? ['id', 'displayName', 'userPrincipalName']).flatMap((name) => {
    const property = userProperty(name)
    return property === undefined ? [] : [[property.name, property.value(manager)]]
  })
  const opening = { '@odata.type': '#microsoft.graph.user', id: idOf(manager) }
  return { ...opening, ...(Object.fromEntries(values) as object) }
}

function* people(
  tenant: Tenant,
  matches: (person: Person) => boolean,
  from: number,
): Generator<readonly [position: number, person: Person]> {
  for (let index = from; index < tenant.userCount; index++) {
    if (livingIdOf(tenant, { type: 'user', index }) === undefined) continue
    const person = drawPerson(tenant.population, index)
    if (matches(person)) yield [index, person]
  }
}
