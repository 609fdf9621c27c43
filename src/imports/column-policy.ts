import { collections, isCollectionName } from '../directory/index.ts'
import { EvergrantError } from '../kernel/index.ts'
import type { ColumnPolicy, RunOptions } from './ports.ts'

/** What an operator keeps from a destination, as written. */
export interface PolicyDescription {
  readonly drop: readonly string[]
  readonly hash: readonly string[]
  /** Names the key that hashes; present when anything is hashed. */
  readonly keyPrint?: string
  readonly fields: PolicyFields
}

/** What an operator wrote a policy in, for messages. */
export interface PolicyFields {
  readonly drop: string
  readonly hash: string
  /** Code of a refusal: whether it was typed, or stands in the configuration. */
  readonly refusal: 'usage' | 'config_invalid'
}

/** The columns of a run, and what becomes of some of them. */
export type PolicedColumns = Pick<RunOptions, 'columns' | 'policy'>

/**
 * Takes dropped columns out of what is asked for, and notes which are hashed. Every name has to be
 * a column of the import, so that a misspelt one does not pass in plain text.
 *
 * @throws EvergrantError `usage` or `config_invalid`, as `fields` say
 */
export function policeColumns(
  columns: RunOptions['columns'],
  { drop, hash, keyPrint, fields }: PolicyDescription,
): PolicedColumns {
  const known = new Map(
    Object.entries(columns)
      .filter(([collection]) => isChosen(collection))
      .flatMap(([, names]) => names.map((name) => [name.toLowerCase(), name])),
  )
  const find = (field: 'drop' | 'hash', names: readonly string[]): readonly string[] => [
    ...new Set(names.map((name) => nameOf(name, known, refuse(fields, field)))),
  ]
  const dropped = find('drop', drop)
  const hashed = find('hash', hash)
  const both = hashed.find((name) => dropped.includes(name))
  if (both !== undefined) {
    const detail = `"${both}" is to be dropped and hashed: expected one of them`
    throw new EvergrantError(fields.refusal, detail)
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

function refuse(fields: PolicyFields, field: 'drop' | 'hash'): (detail: string) => EvergrantError {
  return (detail) => new EvergrantError(fields.refusal, `${fields[field]}: expected ${detail}`)
}

function nameOf(
  name: string,
  known: ReadonlyMap<string, string>,
  refusal: (detail: string) => EvergrantError,
): string {
  const column = known.get(name.toLowerCase())
  if (column !== undefined && column.toLowerCase() !== 'id') return column
  const seen = JSON.stringify(name)
  if (known.size === 0) {
    throw refusal(`none, since the columns of this import are fixed, but saw ${seen}`)
  }
  if (name.toLowerCase() === 'id') throw refusal('columns other than "id", by which rows are known')
  const choice = [...known.values()].filter((one) => one.toLowerCase() !== 'id').join(', ')
  throw refusal(`columns of this import that can be chosen (${choice}), but saw ${seen}`)
}
