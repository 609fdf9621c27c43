/** A directory role by its display name in Entra, as far as the simulator knows it. */
export type DirectoryRole = keyof typeof directoryRoles

/** The template ids of directory roles, which are the same in every tenant (`wids`). */
export const directoryRoles = {
  'Global Administrator': '62e90394-69f5-4237-9190-012177145e10',
  'Privileged Role Administrator': 'e8611ab8-c189-46e8-94e1-60213ab1f814',
  'Cloud Application Administrator': '158c047a-c907-4556-b7ef-446551a6b5f7',
  'Application Administrator': '9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3',
  'Global Reader': 'f2ef992c-3afb-46b9-b7cf-a126ee74c451',
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
