import type { ImportConfig, SecretReader } from '../config/index.ts'
import { Secret } from '../kernel/index.ts'

/**
 * Makes what reads the password of an import's `postgres://` destination: `imports.NAME.password`
 * of the configuration, else PGPASSWORD; undefined when there is neither.
 */
export function createDestinationPassword(
  configured: () => Readonly<Record<string, ImportConfig>>,
  secrets: SecretReader,
  env: Readonly<Record<string, string | undefined>>,
): (importName: string) => Promise<Secret | undefined> {
  return async (importName) => {
    const imports = configured()
    const reference = Object.hasOwn(imports, importName) ? imports[importName]?.password : undefined
    if (reference !== undefined) {
      return await secrets.read(reference, `imports.${importName}.password`)
    }
    const value = env['PGPASSWORD']
    return value === undefined || value === '' ? undefined : new Secret(value)
  }
}
