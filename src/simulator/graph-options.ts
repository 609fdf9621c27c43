import { err, ok, type Result } from '../kernel/index.ts'
import { headerOf, type Answer, type SimulatedRequest } from './answer.ts'
import { compileFilter } from './filter-rules.ts'
import type { FilterLimits, FilterPredicate, FilterSchema } from './filter-rules.ts'
import { parseFilter } from './filter-syntax.ts'
import { graphError } from './graph-errors.ts'

const defaultPageSize = 100
/** Longest URL of an advanced query, in characters. */
const maximumAdvancedUrl = 2_048
const refusedOptions = ['$skip', '$search', '$orderby', '$expand'] as const

/** The refusal of a query option that the collections do not serve. */
export function unsupportedOption(request: SimulatedRequest): Answer | undefined {
  const option = refusedOptions.find((name) => request.query.has(name))
  if (option === undefined) return undefined
  if (option === '$expand' || option === '$search') {
    const message = `The simulator does not serve '${option}'.`
    return graphError(request, 501, 'NotImplemented', message)
  }
  const message =
    option === '$orderby'
      ? 'Sorting not supported for current query.'
      : "'$skip' is not supported by the service."
  return graphError(request, 400, 'Request_UnsupportedQuery', message)
}

/** The refusal of an advanced query in a tenant that serves none, such as those of B2C. */
export function advancedRefusal(request: SimulatedRequest): Answer | undefined {
  const asksForCount = request.query.get('$count')?.toLowerCase() === 'true'
  if (request.path.endsWith('/$count')) {
    const message = '$count is not currently supported.'
    return graphError(request, 400, 'Request_BadRequest', message)
  }
  if (!isEventual(request) && !asksForCount) return undefined
  const message = 'Advanced query capabilities are not supported in this tenant.'
  return graphError(request, 400, 'Request_UnsupportedQuery', message)
}

/** Reads `$top`, 1 to `maximum`; 100 where it is left out. */
export function readTop(request: SimulatedRequest, maximum: number): Result<number, Answer> {
  const text = request.query.get('$top')
  if (text === null) return ok(Math.min(defaultPageSize, maximum))
  const top = Number(text)
  if (!/^-?\d+$/.test(text)) {
    const message = `Invalid value '${text}' for $top query option found. The $top query option requires a non-negative integer value.`
    return err(graphError(request, 400, 'BadRequest', message))
  }
  if (top >= 1 && top <= maximum) return ok(top)
  const message = `Invalid page size specified: '${text}'. Must be between 1 and ${maximum} inclusive.`
  return err(graphError(request, 400, 'Request_UnsupportedQuery', message))
}

/** Reads and checks `$filter`; undefined where there is none. */
export function readFilter<Row>(
  request: SimulatedRequest,
  isAdvanced: boolean,
  schema: FilterSchema<Row>,
  limits: FilterLimits,
): Result<FilterPredicate<Row> | undefined, Answer> {
  const text = request.query.get('$filter')
  if (text === null) return ok(undefined)
  if (isAdvanced && request.origin.length + request.url.length > maximumAdvancedUrl) {
    const message = `The request URI is too long: at most ${maximumAdvancedUrl} characters are allowed.`
    return err(graphError(request, 400, 'Request_BadRequest', message))
  }
  const node = parseFilter(text)
  if (!node.ok) return err(graphError(request, 400, 'BadRequest', node.error))
  const filter = compileFilter(node.value, isAdvanced, schema, limits)
  return filter.ok ? filter : err(graphError(request, 400, filter.error.code, filter.error.message))
}

/** The object ids that a filter asks for and nothing else; undefined for any other, or none. */
export function idsFilteredBy(request: SimulatedRequest): readonly string[] | undefined {
  const node = parseFilter(request.query.get('$filter') ?? '')
  if (!node.ok || node.value.kind !== 'in' || node.value.property !== 'id') return undefined
  return node.value.values.map((value) => String(value).toLowerCase())
}

/** Tells whether the request carries `ConsistencyLevel: eventual`. */
export function isEventual(request: SimulatedRequest): boolean {
  return headerOf(request, 'consistencylevel')?.trim().toLowerCase() === 'eventual'
}
