import { err, ok, type Result } from '../kernel/index.ts'
import type { Answer, SimulatedRequest } from './answer.ts'
import type { FaultEffect } from './faults.ts'
import type { FilterRule } from './filter-rules.ts'
import { requirePermission, type GraphCaller } from './graph-authorize.ts'
import { graphError } from './graph-errors.ts'
import { asksCount, plainCount, readColumns } from './graph-groups.ts'
import { isEventual, readFilter, readTop, unsupportedOption } from './graph-options.ts'
import { answerPage } from './graph-pages.ts'
import type { PropertyTable } from './property-table.ts'
import { rememberedMatches } from './remembered-matches.ts'
import type { Tenant } from './tenants.ts'
import type { World } from './world.ts'

const maximumPageSize = 999
/** Rows of an answer where the client has no say in it. */
const fixedPageSize = 1_000

/** A collection whose rows are plain objects. */
export interface ObjectSource<Row> {
  /** As `@odata.context` names it. */
  readonly entitySet: string
  /** As messages spell it: `Device`. */
  readonly resource: string
  readonly type: string
  /** Any of them is enough. */
  readonly permissions: readonly string[]
  readonly properties: PropertyTable<Row>
  readonly filters: Readonly<Record<string, FilterRule>>
  /** Without: no `$top` and no `$count`, answers are of a fixed size. Default true. */
  readonly isPaged?: boolean
  /** The rows of a tenant from a position on, each with its own. */
  rows(tenant: Tenant, from: number): Iterable<readonly [position: number, row: Row]>
}

/** Answers a page of such a collection, or its `$count`. */
export function answerObjects<Row>(
  world: World,
  request: SimulatedRequest,
  caller: GraphCaller,
  effect: FaultEffect | undefined,
  source: ObjectSource<Row>,
): Answer {
  const { entitySet, filters, isPaged = true, properties, resource } = source
  const isCount = request.path.endsWith('/$count')
  const refusal =
    requirePermission(request, caller, source.permissions) ??
    unsupportedOption(request) ??
    (isCount && !(isPaged && isEventual(request)) ? countRefused(request) : undefined)
  if (refusal !== undefined) return refusal
  const wantsCount = isPaged && (isCount || asksCount(request))
  const schema = { resource, rules: filters, property: properties.find }
  const filter = readFilter(request, wantsCount, schema, world.settings.filterLimits)
  if (!filter.ok) return filter.error
  const { tenant } = caller
  const matches = filter.value
  const found =
    matches === undefined
      ? undefined
      : rememberedMatches(tenant, `${entitySet} ${request.query.get('$filter')}`, function* () {
          for (const [place, row] of source.rows(tenant, 0)) if (matches(row)) yield place
        })
  const rows = (from: number): Iterable<readonly [number, Row]> =>
    found === undefined ? source.rows(tenant, from) : rowsAt(source, tenant, found, from)
  const countAll = (): number => [...rows(0)].length
  if (isCount) return plainCount(request, countAll)
  const columns = readColumns(request, source.type, properties.names, properties.find)
  if (!columns.ok) return columns.error
  const top = readPageSize(request, isPaged)
  if (!top.ok) return top.error
  return answerPage(world, request, effect, {
    context: `${entitySet}${columns.value.selection}`,
    question: `${request.query.get('$filter')} ${columns.value.selection}`,
    top: top.value,
    wantsCount,
    count: countAll,
    rows,
    write: (row) => properties.row(row, columns.value.names),
  })
}

/** Yields every row of a tenant as a plain object: the ground truth. */
export function* objectRows<Row>(
  source: ObjectSource<Row>,
  tenant: Tenant,
  names: readonly string[] = source.properties.names,
): Generator<Record<string, unknown>> {
  for (const [, row] of source.rows(tenant, 0)) yield source.properties.row(row, names)
}

function* rowsAt<Row>(
  source: ObjectSource<Row>,
  tenant: Tenant,
  places: readonly number[],
  from: number,
): Generator<readonly [number, Row]> {
  for (const place of places) {
    const [row] = place < from ? [] : source.rows(tenant, place)
    if (row !== undefined) yield row
  }
}

/** Reads `$top`; where answers are of a fixed size it is refused. */
export function readPageSize(request: SimulatedRequest, isPaged: boolean): Result<number, Answer> {
  if (isPaged) return readTop(request, maximumPageSize)
  if (!request.query.has('$top')) return ok(fixedPageSize)
  const message = "The query parameter '$top' is not supported for this resource."
  return err(graphError(request, 400, 'Request_UnsupportedQuery', message))
}

function countRefused(request: SimulatedRequest): Answer {
  return graphError(request, 400, 'Request_BadRequest', '$count is not currently supported.')
}
