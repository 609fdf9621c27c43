import type { DestinationName } from './destination-name.ts'
import type { Cell } from './row-values.ts'

/** A destination that is a database. */
export type TargetName = Extract<DestinationName, { readonly kind: 'sqlite' | 'postgres' }>

/** A database that an import writes its tables to; one connection. */
export interface TargetDatabase {
  /** Where it is, for messages: without a password. */
  readonly place: string
  /** Whether names that differ in case alone are one. */
  readonly foldsCase: boolean
  /** True when a statement holds up this thread, so that long ones are cut into steps. */
  readonly blocksThread: boolean
  /** Type of a column that numbers rows as they are added. */
  readonly rowNumberType: string
  /**
   * Runs `work` as one transaction, which holds off other writers of `lock` from its first
   * statement. When `work` or the commit throws, nothing has happened.
   *
   * @throws EvergrantError `destination_unreachable`, `destination_full`, `destination_unwritable`
   */
  transaction<T>(lock: string, work: (tables: TargetTables) => Promise<T>): Promise<T>
  /** Never throws. */
  close(): Promise<void>
}

/** What stands under a name in a target. */
export interface TargetRelation {
  /** False for a view and whatever else is no table. */
  readonly isTable: boolean
  readonly columns: readonly string[]
  /** Columns that a new row must name. */
  readonly required: readonly string[]
  /** A table whose foreign key points to this one. */
  readonly referencedBy?: string
}

/**
 * What can be done in a transaction of a target. Parameters are `$1`, `$2`, …, each used once, in
 * order.
 */
export interface TargetTables {
  /** Runs a statement; returns how many rows it changed. */
  run(sql: string, parameters?: readonly (Cell | number)[]): Promise<number>
  /** Reads the first row. */
  row<R>(sql: string, parameters?: readonly (Cell | number)[]): Promise<R | undefined>
  rows<R>(sql: string, parameters?: readonly (Cell | number)[]): Promise<readonly R[]>
  /** Adds rows of text columns. Names are quoted here. */
  insert(
    table: string,
    columns: readonly string[],
    rows: readonly (readonly Cell[])[],
  ): Promise<void>
  /** What stands under a name; undefined when nothing does. */
  describe(name: string): Promise<TargetRelation | undefined>
}
