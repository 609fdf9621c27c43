import { err, ok, type Result } from '../kernel/index.ts'
import type { Answer, SimulatedRequest } from './answer.ts'
import type { DeltaSource } from './delta-source.ts'
import { readDeltaToken, type DeltaToken } from './delta-token.ts'
import { parseFilter, type FilterNode } from './filter-syntax.ts'
import { graphError } from './graph-errors.ts'
import { visibleEnd, type DeltaReset } from './journal.ts'
import type { Tenant } from './tenants.ts'
import type { World } from './world.ts'

/** A delta request, understood. */
export interface DeltaQuery {
  /** Where in which round it stands. */
  readonly state: DeltaToken
  /** Only a link for later was asked for (`$deltatoken=latest`). */
  readonly isEmpty: boolean
}

const day = 86_400_000
/** How long a delta link of the directory lives. */
const linkLifeMs = 7 * day
/** How long a round may take. */
const roundLifeMs = 30 * day
/** Most objects a delta can be narrowed to. */
const mostIds = 50
const refusedOptions = ['$expand', '$orderby', '$search', '$count', '$skip'] as const

/** Reads a delta request; each refusal is Graph's own answer. */
export function readDeltaQuery(
  world: World,
  request: SimulatedRequest,
  tenant: Tenant,
  source: DeltaSource,
): Result<DeltaQuery, Answer> {
  const refused = refusedOptions.find((name) => request.query.has(name))
  if (refused !== undefined) {
    const message = `The query option '${refused}' is not supported for delta.`
    return err(graphError(request, 400, 'Request_UnsupportedQuery', message))
  }
  const skip = request.query.get('$skiptoken')
  const delta = request.query.get('$deltatoken')
  if (skip !== null && delta !== null) {
    const message = "'$deltatoken' and '$skiptoken' cannot be used in one request."
    return err(graphError(request, 400, 'Request_BadRequest', message))
  }
  const token = skip ?? delta
  // An empty token, as a reset names it, begins anew.
  if (token === null || token === '' || token === 'latest') {
    return readFirstQuery(world, request, tenant, source, token === 'latest')
  }
  if (request.query.has('$select') || request.query.has('$filter')) {
    const message =
      'Query options cannot be used with a token: it keeps those of the first request.'
    return err(graphError(request, 400, 'Request_BadRequest', message))
  }
  const read = readDeltaToken(token)
  const isOurs =
    read.ok &&
    read.value.tenant === tenant.id &&
    read.value.path === pathOf(request) &&
    (read.value.cursor === null) === (skip === null)
  if (!isOurs) {
    return err(graphError(request, 400, 'Request_BadRequest', 'The specified token is invalid.'))
  }
  return continued(world, request, tenant, read.value)
}

function continued(
  world: World,
  request: SimulatedRequest,
  tenant: Tenant,
  state: DeltaToken,
): Result<DeltaQuery, Answer> {
  const { receivedAt: now } = request
  const reset = tenant.journal.resets[state.resets]
  if (reset !== undefined) return err(resetRefusal(request, state, reset))
  if (state.cursor !== null) {
    const isOld = now - state.issuedAt > world.settings.pageTokenLifetimeSeconds * 1_000
    if (isOld || state.epoch !== world.pageEpoch) {
      const message =
        'The specified page token value has expired and can no longer be included in your request.'
      return err(graphError(request, 400, 'Directory_ExpiredPageToken', message))
    }
    if (now - state.roundSince > roundLifeMs) {
      return err(resetRefusal(request, state, 'steady_state'))
    }
    return ok({ state, isEmpty: false })
  }
  if (now - state.issuedAt > linkLifeMs) {
    return err(resetRefusal(request, state, 'sync_state_not_found'))
  }
  const to = Math.max(state.to, visibleEnd(tenant.journal, now))
  return ok({ state: { ...state, to, roundSince: now }, isEmpty: false })
}

function readFirstQuery(
  world: World,
  request: SimulatedRequest,
  tenant: Tenant,
  source: DeltaSource,
  isEmpty: boolean,
): Result<DeltaQuery, Answer> {
  const select = readSelect(request, source)
  if (!select.ok) return select
  const ids = readIds(request)
  if (!ids.ok) return ids
  const { receivedAt: now } = request
  const state: DeltaToken = {
    tenant: tenant.id,
    path: pathOf(request),
    select: select.value,
    ids: ids.value,
    from: null,
    to: visibleEnd(tenant.journal, now),
    cursor: null,
    isAgain: false,
    resets: tenant.journal.resets.length,
    epoch: world.pageEpoch,
    issuedAt: now,
    roundSince: now,
  }
  return ok({ state, isEmpty })
}

function readSelect(
  request: SimulatedRequest,
  { find, relations, type }: DeltaSource,
): Result<readonly string[] | null, Answer> {
  const asked = request.query.get('$select')?.trim()
  if (!asked) return ok(null)
  const names = new Set<string>()
  for (const name of asked.split(',').map((one) => one.trim())) {
    const known = relations.includes(name) ? name : find(name)?.name
    if (known === undefined) {
      const message = `Parsing OData Select and Expand failed: Could not find a property named '${name}' on type 'microsoft.graph.${type}'.`
      return err(graphError(request, 400, 'BadRequest', message))
    }
    names.add(known)
  }
  return ok([...names])
}

/** Reads `$filter`: nothing but ids, joined by `or`. */
function readIds(request: SimulatedRequest): Result<readonly string[] | null, Answer> {
  const text = request.query.get('$filter')
  if (text === null) return ok(null)
  const node = parseFilter(text)
  if (!node.ok) return err(graphError(request, 400, 'BadRequest', node.error))
  const ids = idsOf(node.value)
  if (ids !== undefined && ids.length <= mostIds) return ok(ids)
  const message = `Only 'id eq' is supported in the filter of delta, for at most ${mostIds} objects.`
  return err(graphError(request, 400, 'Request_UnsupportedQuery', message))
}

function idsOf(node: FilterNode): readonly string[] | undefined {
  if (node.kind === 'or') {
    const [left, right] = [idsOf(node.left), idsOf(node.right)]
    return left === undefined || right === undefined ? undefined : [...left, ...right]
  }
  const isId = node.kind === 'compare' && node.operator === 'eq' && node.property === 'id'
  return isId ? [String(node.value).toLowerCase()] : undefined
}

/** The path without its version, `microsoft.graph.` left out: both spellings are one. */
function pathOf({ path }: SimulatedRequest): string {
  return path.replace(/^\/[^/]+/, '').replace(/\/(?:microsoft\.graph\.)?delta(?:\(\))?$/, '/delta')
}

/** How a link is refused that the service knows nothing of any more. */
function resetRefusal(request: SimulatedRequest, state: DeltaToken, style: DeltaReset): Answer {
  if (style === 'sync_state_not_found') {
    const message =
      'The sync state is not found. The delta token is expired and data must be synchronized again.'
    return graphError(request, 400, 'syncStateNotFound', message)
  }
  if (style === 'steady_state') {
    const message = 'Sync must reach steady state within 30 days.'
    return graphError(request, 400, 'Request_BadRequest', message)
  }
  const message = 'Resync required. Any local state must be replaced by a full synchronization.'
  const select = state.select === null ? '' : `$select=${state.select.join(',')}&`
  const location = `${request.origin}${request.url.split('?', 1)[0] ?? ''}?${select}$deltatoken=`
  const headers: Record<string, string> =
    style === 'gone_with_location' ? { Location: location } : {}
  return graphError(request, 410, 'resyncRequired', message, headers)
}
