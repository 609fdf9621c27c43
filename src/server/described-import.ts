import type { Config } from '../config/index.ts'
import { parseDestination, type ImportDescription } from '../imports/index.ts'
import { EvergrantError } from '../kernel/index.ts'

/**
 * The import that stands under a name in `imports:` of the configuration.
 *
 * @throws EvergrantError `import_undefined`, `destination_invalid`
 */
export function describedImport(
  config: Config,
  name: string,
  options: { readonly fresh?: boolean; readonly takeOver?: boolean },
): ImportDescription {
  const known = Object.keys(config.imports)
  const entry = Object.hasOwn(config.imports, name) ? config.imports[name] : undefined
  if (entry === undefined) {
    throw new EvergrantError(
      'import_undefined',
      `"imports" of ${config.file} has no "${name}"${known.length === 0 ? '' : `, but ${known.join(', ')}`}`,
    )
  }
  const { columns, filter, pageSize } = entry
  return {
    name,
    connection: entry.connection,
    collections: entry.collections,
    // Its path was made absolute against the configuration when that was read.
    destination: parseDestination(entry.to, (path) => path),
    columnsOf: (collection) => columns[collection],
    ...(filter === undefined ? {} : { filter }),
    ...(pageSize === undefined ? {} : { pageSize }),
    refreshBeforeMs: entry.refreshBeforeMs,
    publish: entry.publish,
    csv: entry.csv,
    deleteAtMost: entry.deleteAtMost,
    isFresh: options.fresh === true,
    isTakeOver: options.takeOver === true,
  }
}
