import { putAscii, type ByteWriter } from './byte-writer.ts'
import { err, ok, type Result } from '../kernel/index.ts'
import type { Answer, SimulatedRequest } from './answer.ts'
import { userFilters } from './filter-rules.ts'
import { parseFilter } from './filter-syntax.ts'
import { requirePermission, type GraphCaller } from './graph-authorize.ts'
import { graphError } from './graph-errors.ts'
import { isEventual, readFilter, readTop, unsupportedOption } from './graph-options.ts'
import { defaultProperties, singleUserProperties } from './user-properties.ts'
import type { UserFilter } from './user-view.ts'
import { userProperty, type UserProperty } from './user-properties.ts'
import type { Settings } from './world.ts'

/** The query options of a users request, checked. */
export interface UsersQuery {
  readonly properties: readonly UserProperty[]
  /** What stands in `@odata.context` behind `#users`: empty, or the selection in parentheses. */
  readonly selection: string
  readonly top: number
  readonly filter: UserFilter | undefined
  /** `$count=true` was asked for, and heard. */
  readonly wantsCount: boolean
}

/** What is enough to read users. */
export const userReaders = [
  'User.Read.All',
  'User.ReadWrite.All',
  'Directory.Read.All',
  'Directory.ReadWrite.All',
  'User.ReadBasic.All',
]
const maximumPageSize = 999

/** Reads the query of `/users`; each refusal is Graph's own answer. */
export function readUsersQuery(
  request: SimulatedRequest,
  caller: GraphCaller,
  settings: Settings,
): Result<UsersQuery, Answer> {
  const denied = requirePermission(request, caller, userReaders)
  if (denied !== undefined) return err(denied)
  const unsupported = unsupportedOption(request)
  if (unsupported !== undefined) return err(unsupported)
  const selected = readSelect(request, caller, true)
  if (!selected.ok) return selected
  const properties = selected.value
  const hasActivity = properties.some(({ name }) => name === 'signInActivity')
  const top = readTop(request, hasActivity ? settings.signInActivityPageCap : maximumPageSize)
  if (!top.ok) return top
  const wantsCount = isEventual(request) && request.query.get('$count')?.toLowerCase() === 'true'
  const filter = readUserFilter(request, wantsCount, settings)
  if (!filter.ok) return filter
  return ok({
    properties,
    selection: selectionOf(request, properties),
    top: top.value,
    filter: filter.value,
    wantsCount,
  })
}

/** Reads the query of `/users/$count`: the filter, in advanced mode by its header alone. */
export function readCountQuery(
  request: SimulatedRequest,
  caller: GraphCaller,
  settings: Settings,
): Result<UserFilter | undefined, Answer> {
  const denied = requirePermission(request, caller, userReaders)
  if (denied !== undefined) return err(denied)
  if (!isEventual(request)) {
    return err(graphError(request, 400, 'Request_BadRequest', '$count is not currently supported.'))
  }
  return readUserFilter(request, true, settings)
}

function readUserFilter(
  request: SimulatedRequest,
  isAdvanced: boolean,
  settings: Settings,
): Result<UserFilter | undefined, Answer> {
  const matches = readFilter(request, isAdvanced, userFilters, settings.filterLimits)
  if (!matches.ok) return matches
  const text = request.query.get('$filter') ?? ''
  const node = parseFilter(text)
  if (matches.value === undefined || !node.ok) return ok(undefined)
  return ok({ text, node: node.value, matches: matches.value })
}

/** Reads the `$select` of `/users/{id}`, which also knows the single-user properties. */
export function readUserQuery(
  request: SimulatedRequest,
  caller: GraphCaller,
): Result<Pick<UsersQuery, 'properties' | 'selection'>, Answer> {
  const denied = requirePermission(request, caller, userReaders)
  if (denied !== undefined) return err(denied)
  const selected = readSelect(request, caller, false)
  if (!selected.ok) return selected
  return ok({ properties: selected.value, selection: selectionOf(request, selected.value) })
}

function readSelect(
  request: SimulatedRequest,
  caller: GraphCaller,
  isCollection: boolean,
): Result<readonly UserProperty[], Answer> {
  const asked = request.query.get('$select')?.trim()
  const names = asked ? asked.split(',').map((name) => name.trim()) : defaultProperties
  const properties: UserProperty[] = []
  for (const name of names) {
    const isSingleUser = singleUserProperties.has(name.toLowerCase())
    if (isSingleUser && isCollection) return err(notImplemented(request))
    const property =
      userProperty(name) ??
      (isSingleUser ? { name, write: (_, out) => putNull(out), value: () => null } : undefined)
    if (property === undefined) return err(unknownProperty(request, name))
    if (!properties.some((other) => other.name === property.name)) properties.push(property)
  }
  const wantsActivity = properties.some(({ name }) => name === 'signInActivity')
  if (wantsActivity && !caller.roles.includes('AuditLog.Read.All')) {
    return err(
      graphError(
        request,
        403,
        'Authentication_MSGraphPermissionMissing',
        'Calling principal does not have required MSGraph permissions AuditLog.Read.All',
      ),
    )
  }
  return ok(properties)
}

function putNull(out: ByteWriter): void {
  putAscii(out, 'null')
}

function notImplemented(request: SimulatedRequest): Answer {
  const message = 'This operation target is not yet supported.'
  return graphError(request, 501, 'NotImplemented', message)
}

function unknownProperty(request: SimulatedRequest, name: string): Answer {
  const message = `Parsing OData Select and Expand failed: Could not find a property named '${name}' on type 'microsoft.graph.user'.`
  return graphError(request, 400, 'BadRequest', message)
}

function selectionOf(request: SimulatedRequest, properties: readonly UserProperty[]): string {
  const isSelected = Boolean(request.query.get('$select')?.trim())
  return isSelected ? `(${properties.map(({ name }) => name).join(',')})` : ''
}
