import { guidOf, mix } from './mixing.ts'
import { hashText } from './page-token.ts'
import { createPropertyTable } from './property-table.ts'

/** A directory role by its display name in Entra, as far as the simulator knows it. */
export type DirectoryRole = keyof typeof directoryRoles

/** The template ids of directory roles, which are the same in every tenant (`wids`). */
export const directoryRoles = {
  'Global Administrator': '62e90394-69f5-4237-9190-012177145e10',
  'Privileged Role Administrator': 'e8611ab8-c189-46e8-94e1-60213ab1f814',
  'Cloud Application Administrator': '158c047a-c907-4556-b7ef-446551a6b5f7',
  'Application Administrator': '9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3',
  'Global Reader': 'f2ef992c-3afb-46b9-b7cf-a126ee74c451',
  'User Administrator': 'fe930be7-5e62-47db-91af-98c3a49a38b1',
  'Helpdesk Administrator': '729827e3-9c14-49f7-bb1b-9608f156bbb8',
  'Security Administrator': '194ae4cb-b126-40b2-bd5b-6091b380977d',
  'Security Reader': '5d6b6bb7-de71-4623-b4af-96380a352509',
  'Exchange Administrator': '29232cdf-9323-42fd-ade2-1d097af3e4de',
  'SharePoint Administrator': 'f28a1f50-f6e7-4571-818b-6a12f2af6b6c',
  'Groups Administrator': 'fdd7a751-b60b-444a-984c-02652fe8fa1c',
} as const

/** Every role, in the order of the list. */
export const directoryRoleNames = Object.keys(directoryRoles) as readonly DirectoryRole[]

/** A role as it is activated in one tenant. */
export interface ActivatedRole {
  readonly tenantId: string
  readonly role: DirectoryRole
}

/** The object id of a name in a tenant: the same one each time. */
export function namedIdOf(tenantId: string, name: string): string {
  const first = hashText(`${tenantId} ${name}`)
  return guidOf(first, mix(first + 1), mix(first + 2), mix(first + 3))
}

/** What the list of directory roles serves. */
export const directoryRoleProperties = createPropertyTable<ActivatedRole>({
  id: ({ tenantId, role }) => namedIdOf(tenantId, role),
  deletedDateTime: () => null,
  description: ({ role }) => role,
  displayName: ({ role }) => role,
  roleTemplateId: ({ role }) => directoryRoles[role],
})

/** What directory roles can be filtered by. */
export const directoryRoleFilters = {
  displayName: { plain: 'eq', advanced: '' },
  roleTemplateId: { plain: 'eq', advanced: '' },
} as const

/** The role every member of a directory has in `wids`, and no guest. */
export const memberRole = 'b79fbf4d-3ef9-4689-8143-76b194e85509'

/** Roles whose holders can consent for everyone. */
export const consentingRoles: ReadonlySet<DirectoryRole> = new Set([
  'Global Administrator',
  'Privileged Role Administrator',
  'Cloud Application Administrator',
  'Application Administrator',
])
