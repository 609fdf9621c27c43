import { err, ok, type Result } from '../kernel/index.ts'
import { headerOf, type Answer, type SimulatedRequest } from './answer.ts'
import { groupDeltas } from './delta-groups.ts'
import { deviceDeltas, principalDeltas, roleDeltas, unitDeltas } from './delta-objects.ts'
import type { DeltaRound, DeltaSource, DeltaStep } from './delta-source.ts'
import { readDeltaQuery } from './delta-query.ts'
import { writeDeltaToken, type DeltaToken } from './delta-token.ts'
import { userDeltas } from './delta-users.ts'
import type { FaultEffect } from './faults.ts'
import { requirePermission, type GraphCaller } from './graph-authorize.ts'
import { graphError } from './graph-errors.ts'
import { isEmptied, pageHeaders } from './graph-pages.ts'
import type { World } from './world.ts'

const sources: Readonly<Record<string, DeltaSource>> = {
  users: userDeltas,
  groups: groupDeltas,
  devices: deviceDeltas,
  servicePrincipals: principalDeltas,
  'directory/administrativeUnits': unitDeltas,
  directoryRoles: roleDeltas,
}

/** Answers a page of a delta, `/users/delta` and the like; `effect` spoils it. */
export function answerDelta(
  world: World,
  request: SimulatedRequest,
  caller: GraphCaller,
  effect: FaultEffect | undefined,
): Answer {
  const source = sourceOf(request)
  if (!source.ok) return source.error
  const denied = requirePermission(request, caller, source.value.permissions)
  if (denied !== undefined) return denied
  const asked = readDeltaQuery(world, request, caller.tenant, source.value)
  if (!asked.ok) return asked.error
  const { isEmpty, state } = asked.value
  const round = roundOf(request, caller, source.value, state)
  const page = isEmpty
    ? { rows: [], next: undefined }
    : isEmptied(effect)
      ? { rows: [], next: { cursor: state.cursor ?? origin, isAgain: state.isAgain } }
      : readPage(source.value, round, state)
  const [, version = 'v1.0'] = request.path.split('/')
  const columns = state.select === null ? '' : `(${state.select.join(',')})`
  const body = JSON.stringify({
    '@odata.context': `${request.origin}/${version}/$metadata#${source.value.entitySet}${columns}`,
    ...linkOf(world, request, { effect, state, next: page.next }),
    value: page.rows,
  })
  const { 'x-ms-resource-unit': _, ...headers } = pageHeaders(request)
  return { status: 200, headers, body, rows: page.rows.length }
}

const origin: readonly [number, number] = [0, 0]

function sourceOf(request: SimulatedRequest): Result<DeltaSource, Answer> {
  const found = /^\/(?:v1\.0|beta)\/(.+)\/(?:microsoft\.graph\.)?delta(?:\(\))?$/.exec(request.path)
  const source = sources[found?.[1] ?? '']
  if (source !== undefined) return ok(source)
  const message = `Resource not found for the segment '${found?.[1] ?? ''}'.`
  return err(graphError(request, 400, 'BadRequest', message))
}

function roundOf(
  request: SimulatedRequest,
  { tenant }: GraphCaller,
  { defaults, find, relations }: DeltaSource,
  { ids, select }: DeltaToken,
): DeltaRound {
  const columns = (select ?? defaults).flatMap((name) => find(name)?.name ?? [])
  return {
    tenant,
    names: [...new Set([...columns, 'id'])],
    wants: (relation) =>
      select === null ? relations.includes(relation) : select.includes(relation),
    ids: ids === null ? undefined : new Set(ids),
    isMinimal: /\breturn=minimal\b/i.test(headerOf(request, 'prefer') ?? ''),
  }
}

/** Where a page goes on; undefined at the end of its round. */
type NextPage = Pick<DeltaToken, 'isAgain'> & { readonly cursor: readonly [number, number] }

interface DeltaPage {
  readonly rows: readonly unknown[]
  readonly next: NextPage | undefined
}

function readPage(source: DeltaSource, round: DeltaRound, state: DeltaToken): DeltaPage {
  const { cursor, from, isAgain, to } = state
  const { pageSize, repeats } = round.tenant.journal.settings
  const start = cursor ?? origin
  const steps =
    from === null ? source.all(round, start) : source.changes(round, { from, to }, start)
  const taken: DeltaStep[] = []
  let next: readonly [number, number] | undefined
  for (const step of steps) {
    if (taken.length === pageSize || taken.at(-1)?.endsPage === true) {
      next = step.cursor
      break
    }
    taken.push(step)
  }
  const rows = taken.map(({ row }) => row)
  const again = taken.at(-Math.min(repeats, taken.length))
  if (repeats === 0 || again === undefined || isAgain) {
    return { rows, next: next === undefined ? undefined : { cursor: next, isAgain } }
  }
  // A page of one row, or of a piece, would never be left.
  const hasMoved = taken.length > repeats
  if (next === undefined) return { rows, next: { cursor: again.cursor, isAgain: true } }
  return { rows, next: { cursor: hasMoved ? again.cursor : next, isAgain } }
}

function linkOf(
  world: World,
  request: SimulatedRequest,
  page: {
    readonly effect: FaultEffect | undefined
    readonly state: DeltaToken
    readonly next: NextPage | undefined
  },
): Readonly<Record<string, string>> {
  const { effect, next, state } = page
  if (effect?.kind === 'repeat_next_link') {
    return { '@odata.nextLink': request.origin + request.url }
  }
  const host =
    effect?.kind === 'foreign_next_link'
      ? (effect.origin ?? 'https://graph.example.net')
      : request.origin
  // As in lists: each of many empty pages leads to another link.
  const issuedAt = request.receivedAt + (world.counters.requests % 1_000) / 1_000
  const base = `${host}${request.url.split('?', 1)[0] ?? ''}`
  const common = { ...state, epoch: world.pageEpoch, issuedAt }
  if (next !== undefined) {
    return { '@odata.nextLink': `${base}?$skiptoken=${writeDeltaToken({ ...common, ...next })}` }
  }
  const token: DeltaToken = {
    ...common,
    from: state.to,
    cursor: null,
    isAgain: false,
    roundSince: request.receivedAt,
  }
  return { '@odata.deltaLink': `${base}?$deltatoken=${writeDeltaToken(token)}` }
}
