import type { DeltaCollection, Happening } from './journal.ts'
import type { Tenant } from './tenants.ts'

/** A row of a delta, and where it stands in its round. */
export interface DeltaStep {
  readonly cursor: readonly [number, number]
  readonly row: Readonly<Record<string, unknown>>
  /** The next row begins another page: pieces of one object come on pages of their own. */
  readonly endsPage?: boolean
}

/** Which rows a round is about. */
export interface DeltaRound {
  readonly tenant: Tenant
  /** The columns asked for, `id` always among them. */
  readonly names: readonly string[]
  /** Whether relations, such as members, are asked for: named, or nothing was selected. */
  readonly wants: (relation: string) => boolean
  /** Object ids in lower case; undefined: all. */
  readonly ids: ReadonlySet<string> | undefined
  /** Only what changed, besides the id (`Prefer: return=minimal`). */
  readonly isMinimal: boolean
}

/** A span of the journal. */
export interface DeltaSpan {
  readonly from: number
  readonly to: number
}

/** A collection that tells its changes. */
export interface DeltaSource {
  readonly collection: DeltaCollection
  readonly entitySet: string
  /** As messages spell it. */
  readonly type: string
  /** Any of them is enough. */
  readonly permissions: readonly string[]
  /** Relations that can be selected besides the columns. */
  readonly relations: readonly string[]
  /** Columns of an answer that selects none. */
  readonly defaults: readonly string[]
  find(name: string): { readonly name: string } | undefined
  /** Everything there is, from a cursor on, the deleted ones at the end. */
  all(round: DeltaRound, from: readonly [number, number]): Iterable<DeltaStep>
  /** What a span of the journal changed, from a cursor on. */
  changes(round: DeltaRound, span: DeltaSpan, from: readonly [number, number]): Iterable<DeltaStep>
}

/** The row of a removed object: for good, or so that it can be restored. */
export function removedRow(id: string, isForGood: boolean): Readonly<Record<string, unknown>> {
  return { id, '@removed': { reason: isForGood ? 'deleted' : 'changed' } }
}

/** A row without what was never set; what was cleared stays as null. */
export function setValuesOf(
  row: Readonly<Record<string, unknown>>,
  cleared: ReadonlySet<string> = new Set(),
): Record<string, unknown> {
  const kept = Object.entries(row).filter(([name, value]) => value !== null || cleared.has(name))
  return Object.fromEntries(kept)
}

/** Whether a round reports a happening at all, and with which columns; undefined: it does not. */
export function reportedNames(
  { isMinimal, names }: DeltaRound,
  happening: Happening,
): readonly string[] | undefined {
  const { names: changed } = happening
  if (changed === undefined) return names
  const told = names.filter((name) => changed.has(name))
  if (told.length === 0) return undefined
  return isMinimal ? ['id', ...told] : names
}
