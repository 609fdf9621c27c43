import type { Config, SecretReader } from '../config/index.ts'
import { buildRequest, keyFieldOf } from '../imports/index.ts'
import { EvergrantError, isEvergrantError } from '../kernel/index.ts'
import { describedImport } from './described-import.ts'

/**
 * Imports of the configuration that would be refused whenever they are begun, by a column of their
 * policy that they do not have, or a key that is missing or too short: better told now than in the
 * night.
 */
export async function refusedImports(
  config: Config,
  secrets: SecretReader,
): Promise<readonly EvergrantError[]> {
  const columnKey: Parameters<typeof describedImport>[0]['columnKey'] = async (name) => {
    const key = config.imports[name]?.policy?.hash?.key
    const field = keyFieldOf(name)
    return key === undefined
      ? undefined
      : { key: await secrets.read(key, field), from: `"${field}"` }
  }
  const refusals: EvergrantError[] = []
  for (const name of Object.keys(config.imports)) {
    try {
      const described = await describedImport({ config, columnKey }, name, {})
      // Which tenant it is refuses nothing.
      buildRequest(described, { tenantId: '', graphUrl: '' })
    } catch (error) {
      if (!isEvergrantError(error)) throw error
      const detail = `"imports.${name}": ${error.detail}`
      refusals.push(error.code === 'usage' ? new EvergrantError('config_invalid', detail) : error)
    }
  }
  return refusals
}
