import type { Config } from '../config/index.ts'
import { buildRequest, untoldOf, type ImportRequest } from '../imports/index.ts'
import { isEvergrantError } from '../kernel/index.ts'
import { describedImport } from './described-import.ts'

/** Something about an import that is right as it is, but may surprise. */
export interface ImportNote {
  /** Path of the field. */
  readonly askedBy: string
  readonly found: string
  readonly remedy: string
}

/**
 * Finds what imports with `delta: true` read whole all the same, run by run. Says nothing of
 * imports that are refused, which `refusedImports` tells.
 */
export async function lintImports(config: Config): Promise<readonly ImportNote[]> {
  const notes: ImportNote[] = []
  for (const { name, delta } of Object.values(config.imports)) {
    const options = delta ? await optionsOf(config, name) : undefined
    if (options === undefined) continue
    const askedBy = `imports.${name}.delta`
    const untold = untoldOf(options)
    const whole = untold.filter(({ columns }) => columns.length === 0)
    if (whole.length > 0) {
      const those = whole.length === 1 ? 'it' : 'them'
      const named = listed(whole.map(({ collection }) => collection))
      notes.push({
        askedBy,
        found: `Graph does not tell changes of ${named}: every run reads all of ${those}.`,
        remedy:
          whole.length === options.collections.length
            ? 'Leave "delta" out: it spares nothing here.'
            : `Give ${those} an import of ${whole.length === 1 ? 'its' : 'their'} own that is due less often, if that is too much.`,
      })
    }
    for (const { collection, columns } of untold) {
      if (columns.length === 0) continue
      const those = columns.length === 1 ? 'it' : 'them'
      notes.push({
        askedBy,
        found: `No delta tells when ${listed(columns)} of ${collection} ${columns.length === 1 ? 'changes' : 'change'}: every run reads all of ${collection}.`,
        remedy: `Leave ${those} out, or give ${those} an import of ${columns.length === 1 ? 'its' : 'their'} own, if that is too much.`,
      })
    }
  }
  return notes
}

async function optionsOf(
  config: Config,
  name: string,
): Promise<ImportRequest['options'] | undefined> {
  try {
    // Neither the key nor the tenant decides what is read.
    const described = await describedImport({ config, columnKey: async () => undefined }, name, {})
    return buildRequest(described, { tenantId: '', graphUrl: '' }).options
  } catch (error) {
    if (isEvergrantError(error)) return undefined
    throw error
  }
}

function listed(names: readonly string[]): string {
  return names.length === 1
    ? (names[0] ?? '')
    : `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`
}
