import { schema1 } from './schema-1.ts'
import { schema2 } from './schema-2.ts'
import { schema3 } from './schema-3.ts'
import { schema4 } from './schema-4.ts'
import { schema5 } from './schema-5.ts'
import { schema6 } from './schema-6.ts'
import { schema7 } from './schema-7.ts'
import { schema8 } from './schema-8.ts'
import { schema9 } from './schema-9.ts'
import { schema10 } from './schema-10.ts'
import { schema11 } from './schema-11.ts'
import { schema12 } from './schema-12.ts'

/**
 * One step of the schema. Numbered from 1 without gaps; never changed once released. Numbers are of
 * PostgreSQL alone: SQLite counts its own.
 */
export interface Migration {
  readonly version: number
  /** Statements, separated by semicolons; all of a migration run in one transaction. */
  readonly sql: string
  /** The Evergrant release that brought it. */
  readonly since: string
  /**
   * False for a step that only adds (expand): nodes of the release before go on working. True for
   * one that an Evergrant which does not know it cannot live with (contract).
   */
  readonly isBreaking: boolean
}

/** Every step, in order. */
export const migrations: readonly Migration[] = [
  { version: 1, sql: schema1, since: '0.2.0', isBreaking: true },
  { version: 2, sql: schema2, since: '0.3.0', isBreaking: false },
  { version: 3, sql: schema3, since: '0.3.0', isBreaking: false },
  { version: 4, sql: schema4, since: '0.4.0', isBreaking: false },
  { version: 5, sql: schema5, since: '0.5.0', isBreaking: false },
  { version: 6, sql: schema6, since: '0.5.0', isBreaking: false },
  { version: 7, sql: schema7, since: '0.6.0', isBreaking: false },
  { version: 8, sql: schema8, since: '0.6.0', isBreaking: false },
  { version: 9, sql: schema9, since: '0.6.0', isBreaking: false },
  { version: 10, sql: schema10, since: '0.6.0', isBreaking: false },
  { version: 11, sql: schema11, since: '0.7.0', isBreaking: true },
  { version: 12, sql: schema12, since: '0.7.0', isBreaking: false },
]
