import { err, ok, type Result } from '../kernel/index.ts'
import { declaredRolesOf } from './accounts.ts'
import type { AuthenticatedClient } from './authenticated-client.ts'
import type { EntraRefusal } from './entra-refusal.ts'
import { grantRefusals, refusalByCode } from './grant-refusals.ts'
import { findApplication } from './realms.ts'
import { graphApplicationId } from './resources.ts'
import type { Session } from './sessions.ts'
import { findTenant, type Tenant } from './tenants.ts'
import type { World } from './world.ts'

/**
 * The partner's tenant, where a refresh token of its user is presented at the authority of a
 * customer; undefined for a token of the tenant itself, or of another application.
 */
export function delegatedHome(
  world: World,
  customer: Tenant,
  form: URLSearchParams,
): Tenant | undefined {
  const clientId = form.get('client_id') ?? ''
  const session = world.sessions.look(form.get('refresh_token') ?? '')?.session
  if (session === undefined || session.realm === customer.id) return undefined
  const home = findTenant(world.tenants, session.realm)
  return home !== undefined && findApplication(home, clientId) !== undefined ? home : undefined
}

/**
 * What a partner's application may do for a user of the partner in a customer's tenant: no more
 * than the consent given by Partner Center. Refuses with 50020 who is no agent, 90099 without
 * consent, 65001 for an API it does not name.
 */
export function delegatedClient(
  home: Tenant,
  customer: Tenant,
  client: AuthenticatedClient,
  session: Session,
  audience: string,
): Result<AuthenticatedClient, EntraRefusal> {
  const { account } = session
  const declared = declaredRolesOf(account, home.accounts.state(account.id))
  if (declared?.groups.includes('AdminAgents') === false) return err(refusalByCode(50020))
  const { application } = client
  const consent = customer.applicationConsents.get(application.id)
  if (consent === undefined) return err(refusalByCode(90099))
  const api = enterpriseIds[audience] ?? audience
  const grants = consent.applicationGrants.filter(
    ({ enterpriseApplicationId: id }) => id.toLowerCase() === api,
  )
  if (grants.length === 0) return err(grantRefusals.notConsented(application.id))
  const delegatedPermissions = grants.flatMap(({ scope }) => scope.split(/,\s*/))
  return ok({ ...client, application: { ...application, delegatedPermissions } })
}

const enterpriseIds: Readonly<Record<string, string>> = {
  'https://graph.microsoft.com': graphApplicationId,
  'https://management.azure.com': '797f4846-ba00-4fd7-ba43-dac1f8f63013',
  'https://management.core.windows.net': '797f4846-ba00-4fd7-ba43-dac1f8f63013',
  'https://api.partnercenter.microsoft.com': 'fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd',
}
