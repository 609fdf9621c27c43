import type { Answer, SimulatedRequest } from './answer.ts'
import { requirePermission, type GraphCaller } from './graph-authorize.ts'
import { graphError } from './graph-errors.ts'
import { pageHeaders } from './graph-pages.ts'
import { memberRow } from './graph-relations.ts'
import { indexOfGroupId, indexOfOtherId } from './group.ts'
import { livingIdOf, type LivingMember } from './memberships.ts'
import { indexOfId } from './person.ts'
import type { Tenant } from './tenants.ts'
import type { World } from './world.ts'

/** Ids that one request may ask for. */
const mostIds = 1_000
const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/**
 * Answers `POST /directoryObjects/getByIds`: the objects that live, each with its type. Whatever is
 * deleted, or never was, is left out without a word.
 */
export function answerGetByIds(
  world: World,
  request: SimulatedRequest,
  caller: GraphCaller,
): Answer {
  const denied = requirePermission(request, caller, world.settings.getByIdsPermissions)
  if (denied !== undefined) return denied
  const asked = readBodyOf(request)
  if (typeof asked === 'string') return graphError(request, 400, 'Request_BadRequest', asked)
  const selected = request.query.get('$select')?.trim()
  const names = selected ? selected.split(',').map((name) => name.trim()) : undefined
  const found = asked.ids.flatMap((id) => objectOf(caller.tenant, id) ?? [])
  const value = found
    .filter(({ type }) => asked.types === undefined || asked.types.has(type.toLowerCase()))
    .map((object) => memberRow(caller.tenant, object, names, false))
  const [, version = 'v1.0'] = request.path.split('/')
  const columns = names === undefined ? '' : `(${names.join(',')})`
  const context = `${request.origin}/${version}/$metadata#directoryObjects${columns}`
  const body = JSON.stringify({ '@odata.context': context, value })
  return { status: 200, headers: pageHeaders(request), body }
}

/** What a body asks for; a text tells what is wrong with it. */
function readBodyOf(
  request: SimulatedRequest,
): { readonly ids: readonly string[]; readonly types: ReadonlySet<string> | undefined } | string {
  const read = parsed(request.body)
  const { ids, types } = (read ?? {}) as { readonly ids?: unknown; readonly types?: unknown }
  if (!Array.isArray(ids) || ids.length === 0 || ids.length > mostIds) {
    return `Expected "ids" with 1 to ${mostIds} object ids.`
  }
  const wrong = ids.find((id) => typeof id !== 'string' || !guid.test(id)) as unknown
  if (wrong !== undefined) return `Invalid object identifier ${JSON.stringify(wrong)}.`
  if (types !== undefined && !Array.isArray(types)) return 'Expected "types" to be a list.'
  const known = new Set((types as readonly string[] | undefined)?.map((type) => type.toLowerCase()))
  return {
    ids: [...new Set(ids.map((id: string) => id.toLowerCase()))],
    types: known.size === 0 || known.has('directoryobject') ? undefined : known,
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

/** The living object of an id, found without a table. */
function objectOf(tenant: Tenant, id: string): LivingMember | undefined {
  const { groups, groupCount, population } = tenant
  const candidates = [
    { type: 'user', index: indexOfId(population, id) },
    { type: 'group', index: indexOfGroupId(groups, groupCount, id) },
    { type: 'device', index: indexOfOtherId(groups, 'device', id) },
    { type: 'servicePrincipal', index: indexOfOtherId(groups, 'servicePrincipal', id) },
  ] as const
  const limits = {
    user: tenant.userCount,
    group: groupCount,
    device: tenant.deviceCount,
    // As far as groups, owners and roles name any: beyond, every device would be one as well.
    servicePrincipal: Math.max(1_000, groupCount * 2 + 2),
  }
  for (const { type, index } of candidates) {
    if (index === undefined || index >= limits[type]) continue
    if (livingIdOf(tenant, { type, index }) === id) return { type, index, id }
  }
  return undefined
}
