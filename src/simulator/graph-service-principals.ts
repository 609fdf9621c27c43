import type { ObjectSource } from './graph-objects.ts'
import { createPropertyTable } from './property-table.ts'
import type { Application } from './realms.ts'
import type { Tenant } from './tenants.ts'

interface Principal {
  readonly application: Application
  readonly tenant: Tenant
}

const properties = createPropertyTable<Principal>({
  id: ({ application }) => application.principalId,
  deletedDateTime: () => null,
  accountEnabled: ({ application }) => application.isEnabled,
  appDisplayName: ({ application }) => application.displayName,
  appId: ({ application }) => application.id,
  appOwnerOrganizationId: ({ tenant }) => tenant.id,
  appRoleAssignmentRequired: () => false,
  displayName: ({ application }) => application.displayName,
  servicePrincipalNames: ({ application }) => [application.id],
  servicePrincipalType: () => 'Application',
  signInAudience: () => 'AzureADMyOrg',
  tags: () => ['WindowsAzureActiveDirectoryIntegratedApp'],
})

/** `/servicePrincipals`: the applications of the tenant. */
export const servicePrincipalSource: ObjectSource<Principal> = {
  entitySet: 'servicePrincipals',
  resource: 'ServicePrincipal',
  type: 'servicePrincipal',
  permissions: [
    'Application.Read.All',
    'Application.ReadWrite.All',
    'Directory.Read.All',
    'Directory.ReadWrite.All',
  ],
  properties,
  filters: {
    id: { plain: 'eq in', advanced: 'ne not' },
    appId: { plain: 'eq in', advanced: 'ne not' },
    displayName: { plain: 'eq in startsWith', advanced: 'ne not null' },
    accountEnabled: { plain: 'eq in', advanced: 'ne not' },
    servicePrincipalType: { plain: 'eq in', advanced: 'ne not' },
  },
  *rows(tenant, from) {
    for (const [index, application] of [...tenant.applications.values()].entries()) {
      if (index >= from) yield [index, { application, tenant }]
    }
  },
}
