import type { Config } from '../config/index.ts'
import { collections, isCollectionName, type CollectionName } from '../directory/index.ts'
import type { Check } from './diagnosis.ts'

/** Whoever may read the whole directory may read each of its collections. */
const forAll = ['Directory.Read.All', 'Directory.ReadWrite.All'] as const
/** What Graph takes in place of a collection's own permission, besides its writing twin. */
const wider: Readonly<Record<string, readonly string[]>> = {
  'GroupMember.Read.All': ['Group.Read.All', 'Group.ReadWrite.All'],
  'RoleManagement.Read.Directory': ['RoleManagement.ReadWrite.Directory'],
}

/**
 * Holds what the imports of a connection are to read against the permissions that its token names:
 * better now than in the night. The token's word is for information only, so that what it lacks is
 * a warning, and Graph decides.
 */
export function checkImportPermissions(
  imports: Config['imports'],
  connection: string,
  roles: readonly string[],
): readonly Check[] {
  return Object.entries(imports)
    .filter(([, one]) => one.connection === connection)
    .flatMap(([name, one]): readonly Check[] => {
      const lacking = one.collections
        .filter(isCollectionName)
        .map((collection) => [collection, permissionsLacking(collection, roles)] as const)
        .filter(([, permissions]) => permissions.length > 0)
      if (lacking.length === 0) return []
      const permissions = [...new Set(lacking.flatMap(([, missing]) => missing))]
      const read = lacking.map(([collection]) => collection).join(', ')
      return [
        {
          check: 'imports',
          connection,
          status: 'warn',
          found: `import "${name}": the token names no permission that lets it read ${read}`,
          remedy: `In the Microsoft Entra admin center add Microsoft Graph > Application permissions > ${permissions.join(', ')} to the application, then "Grant admin consent".`,
        },
      ]
    })
}

/** What a token with these permissions lacks to read a collection. */
export function permissionsLacking(
  collection: CollectionName,
  roles: readonly string[],
): readonly string[] {
  const { furtherPermission, permission } = collections[collection]
  const writing = permission.replace('.Read.', '.ReadWrite.')
  const enough = [permission, writing, ...forAll, ...(wider[permission] ?? [])]
  const isThere = enough.some((one) => roles.includes(one))
  const isFurtherThere = furtherPermission === undefined || roles.includes(furtherPermission)
  return [...(isThere ? [] : [permission]), ...(isFurtherThere ? [] : [furtherPermission])]
}
