import type { Answer, SimulatedRequest } from './answer.ts'
import { createByteWriter, putAscii, putByte, putBytes, reserve, written } from './byte-writer.ts'
import type { FaultEffect } from './faults.ts'
import type { FilterPredicate } from './filter-rules.ts'
import type { GraphCaller } from './graph-authorize.ts'
import { graphError, graphHeaders } from './graph-errors.ts'
import { hashText, readPageToken, writePageToken } from './page-token.ts'
import { drawPerson, redrawPerson } from './person.ts'
import { createRowWriter, findPerson } from './population.ts'
import type { Tenant } from './tenants.ts'
import { unitsOf } from './throttle.ts'
import { readCountQuery, readUserQuery, readUsersQuery, type UsersQuery } from './users-query.ts'
import type { World } from './world.ts'

const jsonType =
  'application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8'

/** Answers a page of `/users`; `effect` spoils it, when it is one that shapes pages. */
export function answerUsers(
  world: World,
  request: SimulatedRequest,
  caller: GraphCaller,
  effect: FaultEffect | undefined,
): Answer {
  const { tenant } = caller
  const asked = readUsersQuery(request, caller, world.settings.signInActivityPageCap)
  if (!asked.ok) return asked.error
  const query = asked.value
  const queryHash = hashText(
    `${tenant.id} ${query.selection} ${query.top} ${query.filterText} ${query.wantsCount}`,
  )
  const token = request.query.get('$skiptoken')
  let position = 0
  if (token !== null) {
    const read = readPageToken(token)
    if (!read.ok || read.value.queryHash !== queryHash) return invalidPageToken(request)
    const ageMs = request.receivedAt - read.value.issuedAt
    const isExpired = ageMs > world.settings.pageTokenLifetimeSeconds * 1_000
    if (isExpired || read.value.epoch !== world.pageEpoch) return expiredPageToken(request)
    position = read.value.position
  }
  const headers = pageHeaders(request)
  const isCacheable =
    world.pages.isOn && effect === undefined && world.settings.pageTokenLifetimeSeconds === Infinity
  const key = `${tenant.id} ${query.wantsCount} ${request.origin}${request.url}`
  const cached = isCacheable ? world.pages.get(key) : undefined
  if (cached !== undefined) return { status: 200, headers, ...cached }

  const linkTo = (next: number): string => {
    if (effect?.kind === 'repeat_next_link') return request.origin + request.url
    const origin =
      effect?.kind === 'foreign_next_link'
        ? (effect.origin ?? 'https://graph.example.net')
        : request.origin
    const { pageEpoch: epoch } = world
    const fresh = writePageToken({
      position: next,
      // An empty page leads to where it stands itself; its link still is another, even within a millisecond.
      issuedAt: request.receivedAt + (isEmpty ? (world.counters.requests % 1_000) / 1_000 : 0),
      epoch,
      queryHash,
    })
    return `${origin}${nextUrl(request.url, fresh)}`
  }
  const isEmpty = effect?.kind === 'empty_page' || effect?.kind === 'endless_empty'
  const rows = isEmpty
    ? { indexes: [], next: position }
    : selectRows(tenant, query.filter, position, query.top)
  const count = query.wantsCount && token === null ? countRows(world, tenant, query) : undefined
  const next = effect?.kind === 'repeat_next_link' ? position : rows.next
  const body = writePage(tenant, query, request, rows.indexes, {
    count,
    nextLink: next === undefined ? undefined : linkTo(next),
  })
  const page = { body, rows: rows.indexes.length }
  if (!isCacheable) return { status: 200, headers, ...page }
  return { status: 200, headers, ...world.pages.keep(key, page) }
}

/** Answers `/users/$count` in plain text. */
export function answerCount(world: World, request: SimulatedRequest, caller: GraphCaller): Answer {
  const filter = readCountQuery(request, caller)
  if (!filter.ok) return filter.error
  const filterText = request.query.get('$filter') ?? ''
  const count = countRows(world, caller.tenant, { filter: filter.value, filterText })
  const headers = { ...graphHeaders(request), 'Content-Type': 'text/plain', 'OData-Version': '4.0' }
  return { status: 200, headers, body: String(count) }
}

/** Answers `/users/{id}`, by object id or userPrincipalName. */
export function answerUser(request: SimulatedRequest, caller: GraphCaller): Answer {
  const query = readUserQuery(request, caller)
  if (!query.ok) return query.error
  const { tenant } = caller
  const name = request.path.slice(request.path.lastIndexOf('/') + 1)
  const person = findPerson(tenant.population, tenant.userCount, name)
  if (person === undefined) {
    const message = `Resource '${name}' does not exist or one of its queried reference-property objects are not present.`
    return graphError(request, 404, 'Request_ResourceNotFound', message)
  }
  const { properties, selection } = query.value
  const values = properties.map((property) => [property.name, property.value(person)])
  const context = `${contextOf(request, selection)}/$entity`
  const body = { '@odata.context': context, ...(Object.fromEntries(values) as object) }
  return { status: 200, headers: pageHeaders(request), body: JSON.stringify(body) }
}

function pageHeaders(request: SimulatedRequest): Record<string, string> {
  return {
    ...graphHeaders(request),
    'Content-Type': jsonType,
    'OData-Version': '4.0',
    'x-ms-resource-unit': String(unitsOf(request.query)),
  }
}

function contextOf(request: SimulatedRequest, selection: string): string {
  const [, version = 'v1.0'] = request.path.split('/')
  return `${request.origin}/${version}/$metadata#users${selection}`
}

/** The rows of a page, and where the next one begins; undefined when there is none. */
function selectRows(
  tenant: Tenant,
  filter: FilterPredicate | undefined,
  position: number,
  top: number,
): { readonly indexes: readonly number[]; readonly next: number | undefined } {
  const { userCount, population } = tenant
  const indexes: number[] = []
  if (filter === undefined) {
    const end = Math.min(position + top, userCount)
    for (let index = position; index < end; index++) indexes.push(index)
    return { indexes, next: end < userCount ? end : undefined }
  }
  const person = drawPerson(population, position)
  for (let index = position; index < userCount; index++) {
    redrawPerson(person, population, index)
    if (!filter(person)) continue
    if (indexes.length === top) return { indexes, next: index }
    indexes.push(index)
  }
  return { indexes, next: undefined }
}

const countsKept = 1_000

/** Counts rows; a filter walks the whole tenant once, then the count is remembered. */
function countRows(
  world: World,
  tenant: Tenant,
  query: Pick<UsersQuery, 'filter' | 'filterText'>,
): number {
  const { filter } = query
  if (filter === undefined) return tenant.userCount
  const known = world.filteredCounts
  const key = `${tenant.id} ${tenant.userCount} ${query.filterText}`
  const remembered = known.get(key)
  if (remembered !== undefined) return remembered
  const person = drawPerson(tenant.population, 0)
  let count = 0
  for (let index = 0; index < tenant.userCount; index++) {
    redrawPerson(person, tenant.population, index)
    if (filter(person)) count++
  }
  if (known.size >= countsKept) known.clear()
  known.set(key, count)
  return count
}

function writePage(
  tenant: Tenant,
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
  const writeRow = createRowWriter(tenant.population, query.properties)
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

/** The URL of the next page: the same options, spelt as they were sent, and the token. */
function nextUrl(url: string, token: string): string {
  const [path = '', search = ''] = url.split('?', 2)
  const options = search
    .split('&')
    .filter((option) => option !== '' && !/^(\$|%24)skiptoken=/i.test(option))
  return `${path}?${[...options, `$skiptoken=${token}`].join('&')}`
}

function expiredPageToken(request: SimulatedRequest): Answer {
  const message =
    'The specified page token value has expired and can no longer be included in your request.'
  return graphError(request, 400, 'Directory_ExpiredPageToken', message)
}

function invalidPageToken(request: SimulatedRequest): Answer {
  return graphError(request, 400, 'Request_BadRequest', 'The specified page token is invalid.')
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
