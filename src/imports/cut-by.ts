import type { CollectionName } from '../directory/index.ts'

/**
 * The text by which a collection is cut into parts. Every user has a userPrincipalName; that the
 * others have a name is not said anywhere.
 */
export const cutBy: Readonly<Partial<Record<CollectionName, string>>> = {
  users: 'userPrincipalName',
  signInActivity: 'userPrincipalName',
  groups: 'displayName',
  devices: 'displayName',
  servicePrincipals: 'displayName',
}
