import { z } from 'zod'
import { filePath, must } from './fields.ts'
import { isPostgres, postgresRules, type TestedRule } from './postgres-url.ts'
import { secretReference } from './secret-schema.ts'

/** The path in `sqlite:PATH`. */
export const sqlitePath = (value: string): string => value.slice('sqlite:'.length)

const isSqlite = (value: string): boolean => value.startsWith('sqlite:')

const sqliteRules: readonly TestedRule[] = [
  {
    test: (value) => value.length > 'sqlite:'.length,
    expected: '"sqlite:" and the path of the database, such as sqlite:./evergrant.db',
    remedy: 'Write sqlite:PATH.',
  },
  {
    test: (value) => filePath().safeParse(sqlitePath(value)).success && value !== 'sqlite::memory:',
    expected: '"sqlite:" and a path, absolute or relative to this file, without "~" or variables',
    remedy: 'Write the path of a file out: no shell reads this file.',
  },
]

/** Adds rules that count for some values alone. */
export function where<S extends z.ZodType<string>>(
  schema: S,
  applies: (value: string) => boolean,
  rules: readonly TestedRule[],
): S {
  return rules.reduce(
    (ruled, { test, ...rule }) => must(ruled, (value) => !applies(value) || test(value), rule),
    schema,
  )
}

const databaseRules = postgresRules(
  '{ url: postgres://user@host/database, password: { env: NAME } }',
)

const databaseAddress = where(
  must(z.string('postgres://user@host/database'), isPostgres, {
    expected: 'an address such as postgres://user@host:5432/database',
    remedy: 'Write it as text alone where it needs no password.',
  }).meta({ pattern: '^postgres(ql)?:' }),
  isPostgres,
  databaseRules,
)

/** A database with the password that does not stand in its address. */
const databaseWithPassword = z.strictObject({
  url: databaseAddress.describe('Address of the database, `postgres://user@host:port/database`.'),
  password: secretReference.describe(
    'Where the password stands; exactly one of `env`, `file` and `exec`.',
  ),
})

/** Where the data is kept, as written. */
export const storeSchema = z
  .union([
    where(
      where(
        must(
          z.string('"sqlite:PATH" or "postgres://user@host/database"'),
          (value) => isSqlite(value) || isPostgres(value),
          {
            expected:
              '"sqlite:" and the path of the database, such as sqlite:./evergrant.db, or postgres://user@host/database',
            remedy:
              'Write sqlite:PATH, postgres://user@host/database, or { url: postgres://user@host/database, password: { env: NAME } }.',
          },
        ).meta({ pattern: '^(sqlite|postgres(ql)?):.+' }),
        isSqlite,
        sqliteRules,
      ),
      isPostgres,
      databaseRules,
    ),
    databaseWithPassword,
  ])
  .describe(
    'Where Evergrant keeps its data: `sqlite:PATH`, relative to the configuration file and made when absent; `postgres://user@host:port/database`; or a mapping of `url` and `password`. To another machine PostgreSQL is spoken over TLS, `sslmode=verify-full` unless the query says `verify-ca`; `sslrootcert=FILE` names an authority of your own.',
  )
