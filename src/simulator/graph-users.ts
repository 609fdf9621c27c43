import type { Answer, SimulatedRequest } from './answer.ts'
import { createByteWriter, putAscii, putByte, putBytes, reserve, written } from './byte-writer.ts'
import type { FaultEffect } from './faults.ts'
import type { GraphCaller } from './graph-authorize.ts'
import { graphError, graphHeaders, graphNotFound } from './graph-errors.ts'
import { isEmptied, nextLinkOf, pageHeaders, readPosition } from './graph-pages.ts'
import { hashText } from './page-token.ts'
import { createRowWriter, findPerson } from './population.ts'
import { searchedUsers } from './search-lag.ts'
import { livingUsers } from './tenants.ts'
import type { UserFilter, UserView } from './user-view.ts'
import { readCountQuery, readUserQuery, readUsersQuery, type UsersQuery } from './users-query.ts'
import { defaultProperties, userProperty } from './user-properties.ts'
import type { World } from './world.ts'

/** Answers a page of `/users`; `effect` spoils it, when it is one that shapes pages. */
export function answerUsers(
  world: World,
  request: SimulatedRequest,
  caller: GraphCaller,
  effect: FaultEffect | undefined,
): Answer {
  const { tenant } = caller
  const asked = readUsersQuery(request, caller, world.settings)
  if (!asked.ok) return asked.error
  const query = asked.value
  const queryHash = hashText(
    `${tenant.id} ${query.selection} ${query.top} ${query.filter?.text} ${query.wantsCount}`,
  )
  const started = readPosition(world, request, queryHash)
  if (!started.ok) return started.error
  const position = started.value
  const isFirstPage = !request.query.has('$skiptoken')
  const headers = pageHeaders(request)
  const users = query.wantsCount ? searchedUsers(tenant, request.receivedAt) : tenant
  const isCacheable =
    world.pages.isOn &&
    effect === undefined &&
    users === tenant &&
    world.settings.pageTokenLifetimeSeconds === Infinity
  const key = `${tenant.id} ${query.wantsCount} ${request.origin}${request.url}`
  const cached = isCacheable ? world.pages.get(key) : undefined
  if (cached !== undefined) return { status: 200, headers, ...cached }

  const rows = isEmptied(effect)
    ? { indexes: [], next: position }
    : selectRows(users, query.filter, position, query.top)
  const count = query.wantsCount && isFirstPage ? countRows(users, query.filter) : undefined
  const body = writePage(users, query, request, rows.indexes, {
    count,
    nextLink: nextLinkOf(world, request, { effect, queryHash, next: rows.next }),
  })
  const page = { body, rows: rows.indexes.length }
  if (!isCacheable) return { status: 200, headers, ...page }
  return { status: 200, headers, ...world.pages.keep(key, page) }
}

/** Answers `/users/$count` in plain text. */
export function answerCount(world: World, request: SimulatedRequest, caller: GraphCaller): Answer {
  const filter = readCountQuery(request, caller, world.settings)
  if (!filter.ok) return filter.error
  const count = countRows(searchedUsers(caller.tenant, request.receivedAt), filter.value)
  const headers = { ...graphHeaders(request), 'Content-Type': 'text/plain', 'OData-Version': '4.0' }
  return { status: 200, headers, body: String(count) }
}

/** Answers `/me` for a user's token. */
export function answerMe(request: SimulatedRequest, caller: GraphCaller): Answer {
  const { user, tenant } = caller
  if (user === undefined) {
    const message = '/me request is only valid with delegated authentication flow.'
    return graphError(request, 400, 'BadRequest', message)
  }
  if (tenant.accounts.state(user.id).isDeleted) return graphNotFound(request, user.id)
  const context = `${contextOf(request, '')}/$entity`
  const { id, displayName, userPrincipalName, isGuest = false } = user
  const person = findPerson(tenant.population, tenant.userCount, id)
  const own: Readonly<Record<string, unknown>> = { id, displayName, userPrincipalName }
  const userType = isGuest ? 'Guest' : 'Member'
  const selected = request.query.get('$select')?.split(',') ?? defaultProperties
  const unknown = selected.find((name) => userProperty(name) === undefined)
  if (unknown !== undefined) {
    const message = `Could not find a property named '${unknown}' on type 'microsoft.graph.user'.`
    return graphError(request, 400, 'BadRequest', message)
  }
  const valueOf = (name: string): unknown => {
    if (name in own) return own[name]
    if (person !== undefined) return userProperty(name)?.value(person)
    return name === 'userType' ? userType : null
  }
  const values = Object.fromEntries(selected.map((name) => [name, valueOf(name)]))
  return {
    status: 200,
    headers: pageHeaders(request),
    body: JSON.stringify({ '@odata.context': context, ...values }),
  }
}

/** Answers `/users/{id}`, by object id or userPrincipalName. */
export function answerUser(request: SimulatedRequest, caller: GraphCaller): Answer {
  const query = readUserQuery(request, caller)
  if (!query.ok) return query.error
  const { tenant } = caller
  const name = request.path.slice(request.path.lastIndexOf('/') + 1)
  const person = findPerson(tenant.population, tenant.userCount, name)
  if (person === undefined || tenant.deletedUsers.has(person.index)) {
    return graphNotFound(request, name)
  }
  const { properties, selection } = query.value
  const values = properties.map((property) => [property.name, property.value(person)])
  const context = `${contextOf(request, selection)}/$entity`
  const body = { '@odata.context': context, ...(Object.fromEntries(values) as object) }
  return { status: 200, headers: pageHeaders(request), body: JSON.stringify(body) }
}

function contextOf(request: SimulatedRequest, selection: string): string {
  const [, version = 'v1.0'] = request.path.split('/')
  return `${request.origin}/${version}/$metadata#users${selection}`
}

/** The rows of a page, and where the next one begins; undefined when there is none. */
function selectRows(
  users: UserView,
  filter: UserFilter | undefined,
  position: number,
  top: number,
): { readonly indexes: readonly number[]; readonly next: number | undefined } {
  if (filter !== undefined) {
    const found = users.index.find(filter)
    const from = firstFrom(found, position)
    const indexes = [...found.subarray(from, from + top)]
    return { indexes, next: found[from + top] }
  }
  const { userCount, deletedUsers } = users
  const indexes: number[] = []
  if (deletedUsers.size === 0) {
    const end = Math.min(position + top, userCount)
    for (let index = position; index < end; index++) indexes.push(index)
    return { indexes, next: end < userCount ? end : undefined }
  }
  for (let index = position; index < userCount; index++) {
    if (deletedUsers.has(index)) continue
    if (indexes.length === top) return { indexes, next: index }
    indexes.push(index)
  }
  return { indexes, next: undefined }
}

/** Where the first value of an ascending row stands that is not below `minimum`. */
function firstFrom(row: Uint32Array, minimum: number): number {
  let [low, high] = [0, row.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((row[middle] as number) < minimum) low = middle + 1
    else high = middle
  }
  return low
}

function countRows(users: UserView, filter: UserFilter | undefined): number {
  return filter === undefined ? livingUsers(users) : users.index.find(filter).length
}

function writePage(
  users: UserView,
  query: UsersQuery,
  request: SimulatedRequest,
  indexes: readonly number[],
  annotations: { readonly count: number | undefined; readonly nextLink: string | undefined },
): Buffer {
  const out = createByteWriter(indexes.length * query.properties.length * 34 + 200_000)
  const opening = JSON.stringify({
    '@odata.context': contextOf(request, query.selection),
    '@odata.count': annotations.count,
    '@odata.nextLink': annotations.nextLink,
  }).slice(0, -1)
  const encoded = Buffer.from(`${opening},"value":[`)
  reserve(out, encoded.length)
  putBytes(out, encoded)
  const writeRow = createRowWriter(users.population, query.properties)
  let isFirst = true
  for (const index of indexes) {
    if (!isFirst) putByte(out, 0x2c)
    isFirst = false
    writeRow(index, out)
  }
  reserve(out, 2)
  putAscii(out, ']}')
  return written(out)
}

/** The key under which an application's resource units are kept. */
export function throttleKeyOf(caller: GraphCaller): string {
  return `${caller.tenant.id} ${caller.applicationId}`
}

/** The 429 of Graph with its throttling headers. */
export function graphThrottled(
  request: SimulatedRequest,
  caller: GraphCaller,
  details: { readonly category: string; readonly retryAfterSeconds: number | undefined },
): Answer {
  const { category, retryAfterSeconds } = details
  const scope = `Tenant_Application/Read/${caller.applicationId}/${caller.tenant.id}`
  const message = `Too many requests from Identifier:${caller.applicationId} under category:${category}. Please try again later.`
  return graphError(request, 429, 'TooManyRequests', message, {
    'x-ms-throttle-scope': scope,
    'x-ms-throttle-information': 'ResourceUnitLimitExceeded',
    ...(retryAfterSeconds === undefined ? {} : { 'Retry-After': String(retryAfterSeconds) }),
  })
}
