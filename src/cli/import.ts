import type { Command } from 'commander'
import { collections, isCollectionName, type CollectionName } from '../directory/index.ts'
import {
  parseDestination,
  prepareRun,
  type DestinationName,
  type ImportRequest,
} from '../imports/index.ts'
import { EvergrantError } from '../kernel/index.ts'
import type { Composition } from '../server/index.ts'
import {
  durationOption,
  wholeNumberOption,
  withCommonOptions,
  withComposition,
  type CommonOptions,
} from './common-options.ts'
import { driveToEnd } from './drive-to-end.ts'
import { argumentPath } from './io.ts'
import type { CliContext } from './context.ts'

interface ImportOptions extends CommonOptions {
  readonly to: string
  readonly refreshBefore: string
  readonly pageSize: string
  readonly select?: string
  readonly filter?: string
  readonly name?: string
  readonly fresh?: boolean
  readonly takeOver?: boolean
  readonly publish: string
  readonly pages?: boolean
}

/** `evergrant import CONNECTION COLLECTION…` */
export function addImportCommand(program: Command, context: CliContext): void {
  withCommonOptions(
    program
      .command('import <connection> <collections...>')
      .description('import collections of the directory, straight through token expiry')
      .option('--to <destination>', 'store, or ndjson:DIR for a snapshot file', 'store')
      .option('--refresh-before <duration>', 'renew tokens with less life than this', '5m')
      .option('--page-size <rows>', 'rows a page, 1 to 999', '999')
      .option('--select <columns>', 'properties to import, comma-separated')
      .option(
        '--filter <filter>',
        'OData $filter; the run then never counts as the whole directory',
      )
      .option('--name <name>', 'name of the import (default: the connection)')
      .option('--fresh', 'start anew where an interrupted run could be resumed')
      .option('--take-over', 'take rows of the store over from another import')
      .option(
        '--publish <when>',
        'put snapshot files in place: complete, or partial as well',
        'complete',
      )
      .option('--pages', 'print a line for every page'),
  )
    .addHelpText('after', helpText())
    .action(async (connection: string, names: readonly string[], options: ImportOptions) => {
      await withComposition(context.io, options, async (composition) => {
        const request = await readRequest(composition, connection, names, options, (path) =>
          argumentPath(context.io, path),
        )
        const prepared = await prepareRun(composition.desk, request)
        await driveToEnd(context, composition, prepared, options)
      })
    })
}

async function readRequest(
  composition: Composition,
  connection: string,
  names: readonly string[],
  options: ImportOptions,
  resolvePath: (path: string) => string,
): Promise<ImportRequest> {
  const wanted = [...new Set(names.map(collectionOf))]
  const destination: DestinationName = parseDestination(options.to, resolvePath)
  const pageSize = wholeNumberOption('--page-size', options.pageSize, 1, 999)
  const refreshBeforeMs = durationOption('--refresh-before', options.refreshBefore)
  if (options.publish !== 'complete' && options.publish !== 'partial') {
    throw new EvergrantError(
      'usage',
      `--publish: expected "complete" or "partial", but saw ${JSON.stringify(options.publish)}`,
    )
  }
  if (options.filter?.trim() === '') {
    throw new EvergrantError('usage', '--filter: expected an OData filter, but it is empty')
  }
  const name = options.name ?? connection
  if (!/^[A-Za-z0-9][\w.@-]{0,63}$/.test(name)) {
    throw new EvergrantError(
      'usage',
      `--name: expected letters, digits, ".", "_", "@" and "-", at most 64, but saw ${JSON.stringify(name)}`,
    )
  }
  const source = await composition.importSource(connection)
  return {
    name,
    destination,
    isFresh: options.fresh === true,
    isTakeOver: options.takeOver === true,
    options: {
      connection,
      tenantId: source.tenantId,
      graphUrl: source.graphUrl,
      collections: wanted,
      columns: Object.fromEntries(
        wanted.map((collection) => [collection, columnsOf(collection, options.select)]),
      ),
      ...(options.filter === undefined ? {} : { filter: options.filter }),
      pageSize,
      refreshBeforeMs,
      publish: options.publish,
    },
  }
}

function collectionOf(text: string): CollectionName {
  if (isCollectionName(text)) return text
  throw new EvergrantError(
    'collection_unknown',
    `expected one of ${Object.keys(collections).join(', ')}, but saw ${JSON.stringify(text)}`,
  )
}

function columnsOf(collection: CollectionName, select: string | undefined): readonly string[] {
  if (select === undefined) return collections[collection].defaultColumns
  const columns = select.split(',').map((column) => column.trim())
  for (const column of columns) {
    if (!/^[A-Za-z]\w{0,127}$/.test(column)) {
      throw new EvergrantError(
        'usage',
        `--select: expected property names parted by commas, but saw ${JSON.stringify(column)}`,
      )
    }
  }
  // Rows are keyed by their id, whether it was asked for or not.
  return [...new Set(['id', ...columns.filter((column) => column.toLowerCase() !== 'id')])]
}

function helpText(): string {
  const lines = Object.values(collections).map(
    ({ name, permission, defaultColumns }) =>
      `  ${name}: application permission ${permission}\n    columns by default: ${defaultColumns.join(', ')}`,
  )
  return `
Collections:
${lines.join('\n')}

Examples:
  $ evergrant import contoso-graph users
  $ evergrant import contoso-graph users --to ndjson:./out --refresh-before 10m
  $ evergrant import contoso-graph users --select displayName,mail,accountEnabled --name slim

Interrupted (Ctrl-C, kill, power cut), the same command goes on where the last page was committed.
Exit codes: 0 complete · 2 usage, or the import runs already · 3 a person must act ·
            4 Graph or the provider unavailable for an hour · 5 incomplete, resume it`
}
