import { collections, isCollectionName, type CollectionName } from '../directory/index.ts'
import { EvergrantError } from '../kernel/index.ts'
import { policeColumns, type PolicyDescription } from './column-policy.ts'
import { delimiterProblem } from './csv.ts'
import type { Concurrency } from './cursor-count.ts'
import type { DestinationName } from './destination-name.ts'
import type { CsvOptions, RunOptions } from './ports.ts'
import type { ImportRequest } from './prepare-run.ts'

/** An import as an operator describes it, by arguments or by an entry of the configuration. */
export interface ImportDescription {
  readonly name: string
  readonly connection: string
  readonly collections: readonly string[]
  readonly destination: DestinationName
  /** The columns chosen for a collection; undefined for its default ones. */
  readonly columnsOf: (collection: CollectionName) => readonly string[] | undefined
  /** What is kept from the destination. */
  readonly policy?: PolicyDescription
  readonly filter?: string
  /** Rows a page, 1 to 999. Default 999. */
  readonly pageSize?: number
  readonly concurrency: Concurrency
  readonly refreshBeforeMs: number
  readonly publish: 'complete' | 'partial'
  readonly csv: CsvOptions
  /** The greatest share, 0 to 1, of the known rows that may be marked as deleted. */
  readonly deleteAtMost: number
  /** Read only what has changed since the last completed run. Default false. */
  readonly isDelta?: boolean
  readonly isFresh: boolean
  readonly isTakeOver: boolean
}

/** Graph's greatest `$top`; what a collection takes less of is asked for in pages of that. */
const greatestPageSize = 999

/**
 * Makes the request for an import: its options resolved, so that the run asks the same when it is
 * resumed, and nothing in it that means nothing there.
 *
 * @param source Where the connection's imports read from.
 * @throws EvergrantError `collection_unknown`, `usage`
 */
export function buildRequest(
  described: ImportDescription,
  source: Pick<RunOptions, 'tenantId' | 'graphUrl'>,
): ImportRequest {
  const { csv, destination, filter, name } = described
  if (!/^[A-Za-z0-9][\w.@-]{0,63}$/.test(name)) {
    throw usage(
      `--name: expected letters, digits, ".", "_", "@" and "-", at most 64, but saw ${JSON.stringify(name)}`,
    )
  }
  const wanted = [...new Set(described.collections.map(collectionOf))]
  if (filter?.trim() === '') throw usage('--filter: expected an OData filter, but it is empty')
  if (filter !== undefined && wanted.length > 1) {
    throw usage(`--filter: expected one collection to filter, but saw ${wanted.join(', ')}`)
  }
  const unfiltered = wanted.find((one) => !canBeFiltered(one))
  if (filter !== undefined && unfiltered !== undefined) {
    throw usage(`--filter: Graph filters no ${unfiltered}; import them whole`)
  }
  if (described.isDelta === true) checkDelta(described)
  const problem = delimiterProblem(csv.delimiter)
  if (problem !== undefined) throw usage(`--csv-delimiter: ${problem}`)
  const columns = Object.fromEntries(
    wanted.map((collection) => [
      collection,
      columnsOf(collection, described.columnsOf(collection)),
    ]),
  )
  return {
    name,
    destination,
    isFresh: described.isFresh,
    isTakeOver: described.isTakeOver,
    options: {
      connection: described.connection,
      tenantId: source.tenantId,
      graphUrl: source.graphUrl,
      collections: wanted,
      ...(described.policy === undefined ? { columns } : policeColumns(columns, described.policy)),
      ...(filter === undefined ? {} : { filter }),
      pageSize: described.pageSize ?? greatestPageSize,
      concurrency: described.concurrency,
      refreshBeforeMs: described.refreshBeforeMs,
      publish: described.publish,
      ...(described.isDelta === true ? { delta: true } : {}),
      ...(destination.kind === 'csv' ? { csv } : {}),
      ...(destination.kind === 'store' ? { deleteAtMost: described.deleteAtMost } : {}),
    },
  }
}

/** A filtered list is read by advanced queries, which know neither `$expand` nor directory roles. */
function canBeFiltered(collection: CollectionName): boolean {
  const { asks, isCounted = true } = collections[collection]
  return asks === undefined && isCounted
}

function collectionOf(text: string): CollectionName {
  if (isCollectionName(text)) return text
  throw new EvergrantError(
    'collection_unknown',
    `expected one of ${Object.keys(collections).join(', ')}, but saw ${JSON.stringify(text)}`,
  )
}

function columnsOf(
  collection: CollectionName,
  chosen: readonly string[] | undefined,
): readonly string[] {
  const { defaultColumns, hasFixedColumns = false } = collections[collection]
  if (chosen === undefined) return defaultColumns
  if (hasFixedColumns) {
    throw usage(`--select: the columns of ${collection} are ${listed(defaultColumns)}, always`)
  }
  for (const column of chosen) {
    if (!/^[A-Za-z]\w{0,127}$/.test(column)) {
      throw usage(
        `--select: expected property names parted by commas, but saw ${JSON.stringify(column)}`,
      )
    }
  }
  // Rows are keyed by their id, whether it was asked for or not. Graph minds no case, nor do tables.
  const spelt = new Map<string, string>()
  for (const column of ['id', ...chosen]) {
    const name = column.toLowerCase()
    if (!spelt.has(name)) spelt.set(name, column)
  }
  return [...spelt.values()]
}

function listed(names: readonly string[]): string {
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`
}

/** A snapshot is written anew as a whole; and changes are told of whole collections. */
function checkDelta({ destination, filter }: ImportDescription): void {
  if (destination.kind === 'ndjson' || destination.kind === 'csv') {
    throw usage(
      `--delta: expected a destination that keeps its rows (store, sqlite:FILE or postgres://…), but saw ${destination.kind}: files are snapshots, read as a whole`,
    )
  }
  if (filter !== undefined) {
    throw usage('--delta: expected no --filter with it, since Graph tells changes of everything')
  }
}

function usage(detail: string): EvergrantError {
  return new EvergrantError('usage', detail)
}
