import { declaredRolesOf } from './accounts.ts'
import type { Answer, SimulatedRequest } from './answer.ts'
import { directoryRoles, namedIdOf, type DirectoryRole } from './directory-roles.ts'
import { requirePermission, type GraphCaller } from './graph-authorize.ts'
import { graphError, graphHeaders } from './graph-errors.ts'

const directoryReaders = ['Directory.Read.All', 'Directory.ReadWrite.All']
const groupReaders = [
  ...directoryReaders,
  'Group.Read.All',
  'Group.ReadWrite.All',
  'GroupMember.Read.All',
]
const roleReaders = [
  ...directoryReaders,
  'RoleManagement.Read.Directory',
  'RoleManagement.ReadWrite.Directory',
]

/**
 * Answers `/me/memberOf`: the roles and groups declared of an account. What the token has no
 * permission to read comes with its id and type alone, as Graph does it.
 */
export function answerMyMemberOf(request: SimulatedRequest, caller: GraphCaller): Answer {
  const { user, tenant, roles: permissions } = caller
  if (user === undefined) return onlyForUsers(request)
  const denied = requirePermission(request, caller, ['User.Read', 'User.Read.All', ...groupReaders])
  if (denied !== undefined) return denied
  const declared = declaredRolesOf(user, tenant.accounts.state(user.id))
  const canRead = (readers: readonly string[]): boolean =>
    readers.some((reader) => permissions.includes(reader))
  const roles = (declared?.roles ?? []).map((role) => roleOf(tenant.id, role, canRead(roleReaders)))
  const groups = (declared?.groups ?? []).map((name) =>
    groupOf(tenant.id, name, canRead(groupReaders)),
  )
  return json(request, 'directoryObjects', { value: [...roles, ...groups] })
}

/** Answers `/organization`: the tenant of the token, its one verified domain included. */
export function answerOrganization(request: SimulatedRequest, caller: GraphCaller): Answer {
  const readers = ['User.Read', 'User.Read.All', 'Organization.Read.All', ...directoryReaders]
  const denied = requirePermission(request, caller, readers)
  if (denied !== undefined) return denied
  const { id, domain } = caller.tenant
  const verified = { capabilities: 'Email', isDefault: true, isInitial: true, name: domain }
  const organization = {
    id,
    displayName: domain,
    countryLetterCode: 'DE',
    tenantType: 'AAD',
    verifiedDomains: [{ ...verified, type: 'Managed' }],
  }
  return json(request, 'organization', { value: [organization] })
}

function onlyForUsers(request: SimulatedRequest): Answer {
  const message = '/me request is only valid with delegated authentication flow.'
  return graphError(request, 400, 'BadRequest', message)
}

function roleOf(tenantId: string, role: DirectoryRole, isReadable: boolean): unknown {
  return {
    '@odata.type': '#microsoft.graph.directoryRole',
    id: namedIdOf(tenantId, role),
    displayName: isReadable ? role : null,
    description: isReadable ? role : null,
    roleTemplateId: isReadable ? directoryRoles[role] : null,
  }
}

function groupOf(tenantId: string, name: string, isReadable: boolean): unknown {
  return {
    '@odata.type': '#microsoft.graph.group',
    id: namedIdOf(tenantId, name),
    displayName: isReadable ? name : null,
    securityEnabled: isReadable ? true : null,
  }
}

function json(request: SimulatedRequest, set: string, body: object): Answer {
  const [, version = 'v1.0'] = request.path.split('/')
  const context = `${request.origin}/${version}/$metadata#${set}`
  return {
    status: 200,
    headers: { ...graphHeaders(request), 'Content-Type': 'application/json' },
    body: JSON.stringify({ '@odata.context': context, ...body }),
  }
}
