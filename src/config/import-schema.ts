import { Cron } from 'croner'
import { z } from 'zod'
import { duration, filePath, flag, listOf, must, text } from './fields.ts'
import { isPostgres, postgresRules, type TestedRule } from './postgres-url.ts'
import { secretReference } from './secret-schema.ts'
import { where } from './store-schema.ts'

/** The collections of the directory that can be imported. */
export const collectionNames = [
  'users',
  'groups',
  'members',
  'owners',
  'devices',
  'servicePrincipals',
  'administrativeUnits',
  'directoryRoles',
  'roleMembers',
  'manager',
  'signInActivity',
] as const

/** Collections whose columns can be chosen; those of the others are fixed. */
export const collectionsWithColumns = [
  'users',
  'groups',
  'devices',
  'servicePrincipals',
  'administrativeUnits',
  'directoryRoles',
] as const

/** Collections that Graph gives no filtered list of. */
export const collectionsWithoutFilter = ['directoryRoles', 'roleMembers', 'manager'] as const

/** Kinds of destinations that are followed by a path. */
const withPath = /^(ndjson|csv|sqlite):/

const pathRules: readonly TestedRule[] = [
  {
    test: (value) => filePath().safeParse(value.replace(withPath, '')).success,
    expected: 'a path after the kind, absolute or relative to this file, without "~" or variables',
    remedy: 'Write the path out, such as ndjson:./users: no shell reads this file.',
  },
]

const destination = where(
  where(
    must(
      z.string('a destination'),
      (value) => value === 'store' || withPath.test(value) || isPostgres(value),
      {
        expected:
          '"store", "ndjson:DIR", "csv:DIR", "sqlite:FILE" or "postgres://user@host/database"',
        remedy: 'Write one of them; an address needs its kind in front.',
      },
    ).meta({ pattern: '^(store$|(ndjson|csv|sqlite|postgres(ql)?):.+)' }),
    (value) => withPath.test(value),
    pathRules,
  ),
  isPostgres,
  postgresRules('the address without it, and "password: { env: NAME }" beside "to"'),
)

const property = must(text('the name of a property'), (name) => /^[A-Za-z]\w{0,127}$/.test(name), {
  expected: 'the name of a property, as Microsoft Graph spells it',
  remedy: 'Write names such as userPrincipalName, one an entry.',
})

const columnList = listOf(property, 1, {
  expected: 'at least one property',
  remedy: 'Name one, or remove the line: there are defaults.',
})

const policedList = listOf(
  must(property, (name) => name.toLowerCase() !== 'id', {
    expected: 'a property other than "id", by which rows are known',
    remedy: 'Take it out: an id is no name, and nothing can be joined without it.',
  }),
  1,
  { expected: 'at least one property', remedy: 'Name one, or remove the line.' },
)

const policy = z
  .strictObject({
    drop: policedList
      .optional()
      .describe('Columns that are not even asked for, those of the defaults included.'),
    hash: z
      .strictObject({
        columns: policedList.describe(
          'Columns whose values are replaced by an HMAC-SHA-256, 43 characters of base64url, before anything is written: every text, number and boolean in them; null stays null. Addresses are hashed in lower case.',
        ),
        key: secretReference.describe(
          'Where the key stands, at least 16 characters other than blanks. The same key gives the same hash in every run; a run that began with one key does not go on with another.',
        ),
      })
      .optional()
      .describe('Columns of which the destination gets a keyed hash.'),
  })
  .optional()
  .describe(
    'What is kept from the destination. Every column has to be one that the import could choose.',
  )

const columns = z
  .union([
    columnList,
    z.strictObject({
      users: columnList.optional().describe('Properties of users, in the order of the columns.'),
      groups: columnList.optional().describe('Properties of groups, in the order of the columns.'),
      devices: columnList
        .optional()
        .describe('Properties of devices, in the order of the columns.'),
      servicePrincipals: columnList
        .optional()
        .describe('Properties of service principals, in the order of the columns.'),
      administrativeUnits: columnList
        .optional()
        .describe('Properties of administrative units, in the order of the columns.'),
      directoryRoles: columnList
        .optional()
        .describe('Properties of directory roles, in the order of the columns.'),
    }),
  ])
  .optional()
  .describe(
    'Properties to import: a list where there is one collection, else a mapping of lists; `id` is always among them. Default: those `evergrant import` takes. The columns of `members`, `owners`, `roleMembers`, `manager` and `signInActivity` are fixed.',
  )

const isCron = (value: string): boolean => {
  if (value.split(/\s+/).length !== 5) return false
  try {
    // The system clock is left out of it: from any instant on, a time that exists comes.
    return (
      new Cron(value, { mode: '5-part', timezone: 'UTC', paused: true }).nextRun(epoch) !== null
    )
  } catch {
    return false
  }
}
const epoch = new Date(Date.UTC(2024, 0, 1))

const share = z
  .union([
    must(
      must(z.string('a share such as 10%'), (value) => /^\d{1,3}(\.\d+)?%$/.test(value), {
        expected: 'a share such as 10%, or a number from 0 to 1',
        remedy: 'Write a number and "%".',
      }),
      (value) => Number.parseFloat(value) <= 100,
      { expected: 'a share of at most 100%', remedy: 'Write 100% to let everything be deleted.' },
    ).transform((value) => Number.parseFloat(value) / 100),
    must(z.number('a share such as 10%'), (value) => value >= 0 && value <= 1, {
      expected: 'a share such as 10%, or a number from 0 to 1',
      remedy: 'Write 10% for a tenth.',
    }).meta({ minimum: 0, maximum: 1 }),
  ])
  .optional()
  .describe(
    'Only for `store`, by default 10%: the greatest share of the known objects of a collection that one run may mark as deleted; a run that misses more deletes none.',
  )

/** An import as written; `check-import.ts` holds the rules that look at several fields. */
export const importSchema = z
  .strictObject({
    connection: must(
      text('the name of a connection'),
      (value) => /^[^@\s]+(@[^@\s]+)?$/.test(value),
      {
        expected: 'the name of a connection, or template@tenant',
        remedy: 'Write the name of a connection of this file or of the store.',
      },
    ).describe(
      'The connection to read with, of this file or of the store, on a provider of type `entra`; a template is followed by its tenant, `connection@tenant`.',
    ),
    collections: listOf(z.enum(collectionNames), 1, {
      expected: 'at least one collection',
      remedy: `Name what to import: ${collectionNames.join(', ')}.`,
    }).describe(
      'What to import: `users`, `groups`, `members` and `owners` (of groups), `devices`, `servicePrincipals` (the applications’ own accounts), `administrativeUnits`, `directoryRoles`, `roleMembers` (who holds the roles), `manager` (of users), `signInActivity` (of users). At least one.',
    ),
    to: destination
      .default('store')
      .describe(
        'Where rows go: `store`, `ndjson:DIR`, `csv:DIR`, `sqlite:FILE` or `postgres://user@host/database`. Paths are relative to the configuration file.',
      ),
    password: secretReference
      .optional()
      .describe('Only for `postgres://`: where the password of the database stands.'),
    columns,
    policy,
    filter: text('an OData filter')
      .optional()
      .describe('OData `$filter`; the import then never counts as the whole directory.'),
    pageSize: must(
      z.number('a whole number from 1 to 999').meta({ type: 'integer', minimum: 1, maximum: 999 }),
      (value) => Number.isInteger(value) && value >= 1 && value <= 999,
      { expected: 'a whole number from 1 to 999', remedy: 'Leave it out for the greatest.' },
    )
      .optional()
      .describe('Rows a page, from 1 to 999. Default: the greatest.'),
    concurrency: must(
      z
        .union([z.literal('auto'), z.number()], 'a whole number from 1 to 32, or auto')
        .meta({ type: ['integer', 'string'] }),
      (value) => value === 'auto' || (Number.isInteger(value) && value >= 1 && value <= 32),
      {
        expected: 'a whole number from 1 to 32, or auto',
        remedy: 'Leave it out for as many as are worth it.',
      },
    )
      .default('auto')
      .describe(
        'How many cursors read a collection at the same time, 1 to 32. `auto`: as many as hide the latency, at most 24; one for small collections.',
      ),
    refreshBefore: duration({ least: '1s', most: '1d' })
      .prefault('5m')
      .describe('A token with less life than this is renewed before the next page, from 1s to 1d.'),
    publish: z
      .enum(['complete', 'partial'])
      .default('complete')
      .describe(
        'When snapshot files are put in place: after a `complete` run, or a `partial` as well.',
      ),
    csv: z
      .strictObject({
        header: flag().default(true).describe('Whether the first line names the columns.'),
        delimiter: must(z.string('one character'), (value) => /^[^"\r\n\0]$/u.test(value), {
          expected: 'one character, no quote and no line break',
          remedy: 'Write ",", ";" or "\\t".',
        })
          .default(',')
          .describe('What stands between two values: one character, no quote, no line break.'),
        bom: flag()
          .default(false)
          .describe('Whether files begin with a byte order mark, as some spreadsheets want.'),
      })
      .optional()
      .describe('Only for `csv:`: how the files are written.'),
    delta: flag()
      .default(false)
      .describe(
        'Only for `store`, `sqlite:` and `postgres://`: whether a run reads only what has changed since the last completed one, where Graph can tell that and it is not too much; everything otherwise.',
      ),
    deleteAtMost: share,
    schedule: must(text('a cron expression'), isCron, {
      expected: 'a cron expression of five fields whose time comes, such as "0 2 * * *"',
      remedy:
        'Write minute, hour, day of month, month and day of week, in UTC and without a time zone.',
    })
      .optional()
      .describe(
        'When the import is due: a cron expression of five fields, in UTC. A service (`evergrant serve`) begins it then, one of them where many run; `evergrant imports schedule` shows what comes of it. An alarm tells when no run began within an hour.',
      ),
  })
  .describe('One import: what is read with which connection, and where it goes.')
