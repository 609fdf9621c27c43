import { parseDestination, printOfKey, type ImportDescription } from '../imports/index.ts'
import { EvergrantError } from '../kernel/index.ts'
import type { Composition } from './compose.ts'

/**
 * The import that stands under a name in `imports:` of the configuration.
 *
 * @throws EvergrantError `import_undefined`, `destination_invalid`, `secret_unavailable`,
 *   `config_invalid` for a key of its policy that is too short
 */
export async function describedImport(
  { config, columnKey }: Pick<Composition, 'config' | 'columnKey'>,
  name: string,
  options: {
    readonly fresh?: boolean
    readonly takeOver?: boolean
    /** Whether only changes are read; left to the configuration when undefined. */
    readonly delta?: boolean
  },
): Promise<ImportDescription> {
  const known = Object.keys(config.imports)
  const entry = Object.hasOwn(config.imports, name) ? config.imports[name] : undefined
  if (entry === undefined) {
    throw new EvergrantError(
      'import_undefined',
      `"imports" of ${config.file} has no "${name}"${known.length === 0 ? '' : `, but ${known.join(', ')}`}`,
    )
  }
  const { columns, filter, pageSize, policy } = entry
  const key = policy?.hash === undefined ? undefined : await columnKey(name)
  return {
    name,
    connection: entry.connection,
    collections: entry.collections,
    // Its path was made absolute against the configuration when that was read.
    destination: parseDestination(entry.to, (path) => path),
    columnsOf: (collection) => columns[collection],
    ...(policy === undefined
      ? {}
      : {
          policy: {
            drop: policy.drop,
            hash: policy.hash?.columns ?? [],
            fields: {
              drop: `"imports.${name}.policy.drop"`,
              hash: `"imports.${name}.policy.hash.columns"`,
              refusal: 'config_invalid',
            },
            ...(key === undefined ? {} : { keyPrint: printOfKey(key) }),
          },
        }),
    ...(filter === undefined ? {} : { filter }),
    ...(pageSize === undefined ? {} : { pageSize }),
    concurrency: entry.concurrency,
    refreshBeforeMs: entry.refreshBeforeMs,
    publish: entry.publish,
    csv: entry.csv,
    deleteAtMost: entry.deleteAtMost,
    isDelta: options.delta ?? entry.delta,
    isFresh: options.fresh === true,
    isTakeOver: options.takeOver === true,
  }
}
