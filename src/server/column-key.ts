import type { ImportConfig, SecretReader } from '../config/index.ts'
import { keyFieldOf, keyVariable, type ColumnKey } from '../imports/index.ts'
import { Secret } from '../kernel/index.ts'

/**
 * Makes what reads the key that hashes columns of an import: `imports.NAME.policy.hash.key` of the
 * configuration, else EVERGRANT_HASH_KEY; undefined when there is neither. The reader throws
 * `secret_unavailable`.
 */
export function createColumnKey(
  configured: () => Readonly<Record<string, ImportConfig>>,
  secrets: SecretReader,
  env: Readonly<Record<string, string | undefined>>,
): (importName: string) => Promise<ColumnKey | undefined> {
  return async (importName) => {
    const imports = configured()
    const { key } = (Object.hasOwn(imports, importName) && imports[importName]?.policy?.hash) || {}
    const field = keyFieldOf(importName)
    if (key !== undefined) return { key: await secrets.read(key, field), from: `"${field}"` }
    const value = env[keyVariable]
    return value === undefined || value === ''
      ? undefined
      : { key: new Secret(value), from: keyVariable }
  }
}
