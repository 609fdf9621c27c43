import { err, ok, type Result } from '../kernel/index.ts'
import type { Answer, SimulatedRequest } from './answer.ts'
import type { FaultEffect } from './faults.ts'
import { graphError, graphHeaders } from './graph-errors.ts'
import { hashText, readPageToken, writePageToken } from './page-token.ts'
import { unitsOf } from './throttle.ts'
import type { World } from './world.ts'

const jsonType =
  'application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8'

/** The headers of a page, or of one object. */
export function pageHeaders(request: SimulatedRequest): Record<string, string> {
  return {
    ...graphHeaders(request),
    'Content-Type': jsonType,
    'OData-Version': '4.0',
    'x-ms-resource-unit': String(unitsOf(request)),
  }
}

/** Where the asked page begins; the refusal of a `$skiptoken` that is not ours, or too old. */
export function readPosition(
  world: World,
  request: SimulatedRequest,
  queryHash: number,
): Result<number, Answer> {
  const token = request.query.get('$skiptoken')
  if (token === null) return ok(0)
  const read = readPageToken(token)
  if (!read.ok || read.value.queryHash !== queryHash) return err(invalidPageToken(request))
  const ageMs = request.receivedAt - read.value.issuedAt
  const isExpired = ageMs > world.settings.pageTokenLifetimeSeconds * 1_000
  if (isExpired || read.value.epoch !== world.pageEpoch) return err(expiredPageToken(request))
  return ok(read.value.position)
}

/** Tells whether a page owes its rows to a later one. */
export function isEmptied(effect: FaultEffect | undefined): boolean {
  return effect?.kind === 'empty_page' || effect?.kind === 'endless_empty'
}

/** Where a page stands and what comes after it. */
export interface PagePlace {
  readonly effect: FaultEffect | undefined
  readonly queryHash: number
  /** Where the next page begins; undefined when there is none. */
  readonly next: number | undefined
}

/** The nextLink of a page, spoilt when a fault wants it so. */
export function nextLinkOf(
  world: World,
  request: SimulatedRequest,
  { effect, queryHash, next }: PagePlace,
): string | undefined {
  if (effect?.kind === 'repeat_next_link') return request.origin + request.url
  if (next === undefined) return undefined
  const origin =
    effect?.kind === 'foreign_next_link'
      ? (effect.origin ?? 'https://graph.example.net')
      : request.origin
  // An empty page leads to where it stands itself; its link still is another, even within a millisecond.
  const nudge = isEmptied(effect) ? (world.counters.requests % 1_000) / 1_000 : 0
  const issuedAt = request.receivedAt + nudge
  const fresh = writePageToken({ position: next, issuedAt, epoch: world.pageEpoch, queryHash })
  return `${origin}${nextUrl(request.url, fresh)}`
}

/** One collection as its page is asked for. */
export interface CollectionPage<Row> {
  /** What stands behind `$metadata#`. */
  readonly context: string
  /** Ties page tokens to this question. */
  readonly question: string
  readonly top: number
  readonly wantsCount: boolean
  count(): number
  /** Rows from a position on, each with its own. */
  rows(from: number): Iterable<readonly [position: number, row: Row]>
  write(row: Row): unknown
}

/** Answers a page of a collection whose rows are plain objects; users have a faster way. */
export function answerPage<Row>(
  world: World,
  request: SimulatedRequest,
  effect: FaultEffect | undefined,
  page: CollectionPage<Row>,
): Answer {
  const queryHash = hashText(`${request.path} ${page.question} ${page.top} ${page.wantsCount}`)
  const started = readPosition(world, request, queryHash)
  if (!started.ok) return started.error
  const position = started.value
  const value: unknown[] = []
  let next: number | undefined = isEmptied(effect) ? position : undefined
  if (!isEmptied(effect)) {
    for (const [at, row] of page.rows(position)) {
      if (value.length === page.top) {
        next = at
        break
      }
      value.push(page.write(row))
    }
  }
  const isFirstPage = !request.query.has('$skiptoken')
  const [, version = 'v1.0'] = request.path.split('/')
  const body = JSON.stringify({
    '@odata.context': `${request.origin}/${version}/$metadata#${page.context}`,
    '@odata.count': page.wantsCount && isFirstPage ? page.count() : undefined,
    '@odata.nextLink': nextLinkOf(world, request, { effect, queryHash, next }),
    value,
  })
  return { status: 200, headers: pageHeaders(request), body, rows: value.length }
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
