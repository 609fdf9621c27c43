import { collections, isCollectionName } from '../directory/index.ts'
import { EvergrantError } from '../kernel/index.ts'
import type { ColumnPolicy, RunOptions } from './ports.ts'

/** What an operator keeps from a destination, as written. */
export interface PolicyDescription {
  readonly drop: readonly string[]
  readonly hash: readonly string[]
  /** Names the key that hashes; present when anything is hashed. */
  readonly keyPrint?: string
  /** What an operator wrote the two in, for messages; that of the configuration by default. */
  readonly fields?: { readonly drop: string; readonly hash: string }
}

const configured = { drop: '"drop" of the policy', hash: '"hash" of the policy' } as const

/** The columns of a run, and what becomes of some of them. */
export type PolicedColumns = Pick<RunOptions, 'columns' | 'policy'>

/**
 * Takes dropped columns out of what is asked for, and notes which are hashed. Every name has to be
 * a column of the import, so that a misspelt one does not pass in plain text.
 *
 * @throws EvergrantError `usage`
 */
export function policeColumns(
  columns: RunOptions['columns'],
  { drop, hash, keyPrint, fields = configured }: PolicyDescription,
): PolicedColumns {
  const known = new Map(
    Object.entries(columns)
      .filter(([collection]) => isChosen(collection))
      .flatMap(([, names]) => names.map((name) => [name.toLowerCase(), name])),
  )
  const find = (field: string, names: readonly string[]): readonly string[] => [
    ...new Set(names.map((name) => nameOf(field, name, known))),
  ]
  const dropped = find(fields.drop, drop)
  const hashed = find(fields.hash, hash)
  const both = hashed.find((name) => dropped.includes(name))
  if (both !== undefined) {
    throw new EvergrantError('usage', `"${both}" is to be dropped and hashed: expected one of them`)
  }
  if (dropped.length === 0 && hashed.length === 0) return { columns }
  const isLeft = (name: string): boolean =>
    !dropped.some((other) => other.toLowerCase() === name.toLowerCase())
  const left = Object.entries(columns).map(([collection, names]) => [
    collection,
    isChosen(collection) ? names.filter(isLeft) : names,
  ])
  const policy: ColumnPolicy = {
    dropped,
    hashed,
    ...(keyPrint === undefined || hashed.length === 0 ? {} : { keyPrint }),
  }
  return { columns: Object.fromEntries(left) as RunOptions['columns'], policy }
}

/** The columns of edges and their like are fixed. */
function isChosen(collection: string): boolean {
  return isCollectionName(collection) && collections[collection].hasFixedColumns !== true
}

function nameOf(field: string, name: string, known: ReadonlyMap<string, string>): string {
  const column = known.get(name.toLowerCase())
  if (column !== undefined && column.toLowerCase() !== 'id') return column
  const isId = name.toLowerCase() === 'id'
  if (known.size === 0) {
    throw new EvergrantError(
      'usage',
      `${field}: expected none, since the columns of this import are fixed, but saw ${JSON.stringify(name)}`,
    )
  }
  const choice = [...known.values()].filter((one) => one.toLowerCase() !== 'id').join(', ')
  throw new EvergrantError(
    'usage',
    isId
      ? `${field}: expected columns other than "id", by which rows are known`
      : `${field}: expected columns of this import that can be chosen (${choice}), but saw ${JSON.stringify(name)}`,
  )
}
