import type { Answer, SimulatedRequest } from './answer.ts'
import { requirePermission, type GraphCaller } from './graph-authorize.ts'
import { graphError, graphHeaders, graphNotFound, graphUnauthorized } from './graph-errors.ts'
import { drawGroup, indexOfGroupId } from './group.ts'
import { livingMembers } from './memberships.ts'
import { findPerson } from './population.ts'
import type { Tenant } from './tenants.ts'
import { userProperty } from './user-properties.ts'

const groupPermissions = [
  'GroupMember.Read.All',
  'Directory.Read.All',
  'Directory.ReadWrite.All',
  'Group.Read.All',
  'Group.ReadWrite.All',
]
/** Groups that one request may ask about. */
const mostGroups = 20

/**
 * Answers `POST /users/{id}/checkMemberGroups` and the same for service principals: which of the
 * groups the object is in, directly or through other groups.
 */
export function answerCheckMemberGroups(request: SimulatedRequest, caller: GraphCaller): Answer {
  const denied = requirePermission(request, caller, groupPermissions)
  if (denied !== undefined) return denied
  const { tenant } = caller
  const [, version = 'v1.0', collection, name = ''] = request.path.split('/')
  const isUser = collection === 'users'
  const person = isUser ? findPerson(tenant.population, tenant.userCount, name) : undefined
  if (isUser && (person === undefined || tenant.deletedUsers.has(person.index))) {
    return graphNotFound(request, name)
  }
  const asked = readGroupIds(request.body)
  if (asked === undefined) {
    const message = `Expected "groupIds" with 1 to ${mostGroups} ids.`
    return graphError(request, 400, 'Request_BadRequest', message)
  }
  const id = isUser ? String(userProperty('id')?.value(person as never)) : name.toLowerCase()
  const value = asked.filter((group) => isMember(tenant, group, id))
  const context = `${request.origin}/${version}/$metadata#Collection(Edm.String)`
  return {
    status: 200,
    headers: { ...graphHeaders(request), 'Content-Type': 'application/json' },
    body: JSON.stringify({ '@odata.context': context, value }),
  }
}

/**
 * Answers UserInfo (`/oidc/userinfo`), for tokens of users alone: six claims and no more, the
 * subject another one for every client.
 */
export function answerGraphUserInfo(request: SimulatedRequest, caller: GraphCaller): Answer {
  const { user, subject, tenant } = caller
  if (user === undefined) {
    return graphUnauthorized(request, 'Access token is not one of a user.')
  }
  const person = findPerson(tenant.population, tenant.userCount, user.id)
  const told = (name: string): unknown =>
    person === undefined ? undefined : userProperty(name)?.value(person)
  const body = {
    sub: subject,
    name: user.displayName,
    family_name: told('surname'),
    given_name: told('givenName'),
    picture: `${request.origin}/v1.0/me/photo/$value`,
    email: told('mail') ?? undefined,
  }
  return {
    status: 200,
    headers: { ...graphHeaders(request), 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  }
}

function readGroupIds(body: string): readonly string[] | undefined {
  try {
    const { groupIds } = JSON.parse(body) as { readonly groupIds?: unknown }
    if (!Array.isArray(groupIds) || groupIds.length === 0 || groupIds.length > mostGroups) {
      return undefined
    }
    return groupIds.map((one) => String(one).toLowerCase())
  } catch {
    return undefined
  }
}

function isMember(tenant: Tenant, groupId: string, memberId: string): boolean {
  const first = indexOfGroupId(tenant.groups, tenant.groupCount, groupId)
  if (first === undefined || tenant.deletedGroups.has(first)) return false
  const open = [first]
  const seen = new Set(open)
  for (const index of open) {
    for (const [, member] of livingMembers(tenant, drawGroup(tenant.groups, index))) {
      if (member.id === memberId) return true
      if (member.type !== 'group' || seen.has(member.index)) continue
      seen.add(member.index)
      open.push(member.index)
    }
  }
  return false
}
