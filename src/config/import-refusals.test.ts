import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  accepted,
  config,
  connection,
  importing,
  problemAt,
} from '../../test/support/config-text.ts'
import { collections } from '../directory/index.ts'
import { configHints } from './config-hints.ts'
import type { ImportConfig } from './config.ts'
import { collectionNames } from './import-schema.ts'
import type { SecretHint } from './secret-reader.ts'

/** An entry with some fields replaced or left out. */
const entry = (fields: Readonly<Record<string, string | undefined>>): string => {
  const all = { connection: 'contoso-graph', collections: '[users]', ...fields }
  const written = Object.entries(all).filter(([, value]) => value !== undefined)
  return `{ ${written.map(([name, value]) => `${name}: ${value}`).join(', ')} }`
}
const read = (fields: Readonly<Record<string, string>>): ImportConfig | undefined =>
  accepted(importing(entry(fields))).imports['nightly']

describe('an import is refused', () => {
  it.each<[string, Record<string, string | undefined>, string, string, string]>([
    ['without a connection', { connection: undefined }, 'connection', 'nothing', 'no default'],
    ['without collections', { collections: '[]' }, 'collections', 'an empty list', 'users, groups'],
    [
      'with an unknown collection',
      { collections: '[user]' },
      'collections[0]',
      '"user"',
      '"users"',
    ],
    ['with one twice', { collections: '[users, users]' }, 'collections', 'a list', 'second time'],
    [
      'with a password where there is no database',
      { to: 'csv:a', password: '{ env: A }' },
      'password',
      'the destination "csv"',
      'Remove it',
    ],
    [
      'with a database in a mapping',
      { to: '{ url: postgres://eg@h/db }' },
      'to',
      'a mapping',
      'Write it in that form',
    ],
    ['with an unknown destination', { to: 'json:./a' }, 'to', '"json:./a"', 'kind in front'],
    ['with a destination without path', { to: '"csv:"' }, 'to', '"csv:"', 'ndjson:./users'],
    ['with one in the home folder', { to: 'csv:~/a' }, 'to', '"csv:~/a"', 'no shell'],
    ['with no columns', { columns: '[]' }, 'columns', 'an empty list', 'there are defaults'],
    ['with a column that is none', { columns: '["a b"]' }, 'columns[0]', '"a b"', 'names such as'],
    [
      'with one list of columns for two collections',
      { collections: '[users, groups]', columns: '[id]' },
      'columns',
      'one list',
      'columns: { users: [id, …], groups: [id, …] }',
    ],
    [
      'with columns for memberships',
      { collections: '[members]', columns: '[groupId]' },
      'columns',
      'one list',
      'Remove it',
    ],
    [
      'with columns for memberships by name',
      { columns: '{ members: [groupId] }' },
      'columns.members',
      'the key "members"',
      'docs/reference',
    ],
    [
      'with columns of what is not imported',
      { columns: '{ groups: [id] }' },
      'columns.groups',
      'columns of "groups"',
      'add "groups"',
    ],
    ['with an empty filter', { filter: '""' }, 'filter', '""', 'remove the line'],
    ['with pages of nothing', { pageSize: '0' }, 'pageSize', 'the number 0', 'Leave it out'],
    ['with pages too large', { pageSize: '1000' }, 'pageSize', 'the number 1000', 'Leave it out'],
    ['with a page size in words', { pageSize: 'all' }, 'pageSize', '"all"', 'without quotes'],
    ['with no cursor', { concurrency: '0' }, 'concurrency', 'the number 0', 'Leave it out'],
    ['with 33 cursors', { concurrency: '33' }, 'concurrency', 'the number 33', 'Leave it out'],
    ['with cursors in words', { concurrency: 'many' }, 'concurrency', '"many"', 'Write auto'],
    [
      'with a threshold in minutes',
      { refreshBefore: '5' },
      'refreshBefore',
      'the number 5',
      'form',
    ],
    [
      'with publishing at will',
      { publish: 'always' },
      'publish',
      '"always"',
      'complete or partial',
    ],
    [
      'with CSV options for another destination',
      { csv: '{ bom: true }' },
      'csv',
      'the destination "store"',
      'Remove it',
    ],
    [
      'with two characters between values',
      { to: 'csv:a', csv: '{ delimiter: "||" }' },
      'csv.delimiter',
      '"||"',
      'Write ","',
    ],
    [
      'with a quote between values',
      { to: 'csv:a', csv: '{ delimiter: "\\"" }' },
      'csv.delimiter',
      expect.anything() as string,
      'Write ","',
    ],
    ['with more than everything', { deleteAtMost: '101%' }, 'deleteAtMost', '"101%"', '100%'],
    [
      'with a share that is no share',
      { deleteAtMost: '10' },
      'deleteAtMost',
      'the number 10',
      '10%',
    ],
    ['with a share in words', { deleteAtMost: 'few' }, 'deleteAtMost', '"few"', '"%"'],
    [
      'with a share of what it does not keep',
      { to: 'sqlite:a.db', deleteAtMost: '10%' },
      'deleteAtMost',
      'the destination "sqlite"',
      'Remove it',
    ],
    [
      'of changes to a snapshot',
      { to: 'ndjson:out', delta: 'true' },
      'delta',
      'the destination "ndjson"',
      'Remove it',
    ],
    [
      'with one filter for two collections',
      { collections: '[users, groups]', filter: 'accountEnabled eq true' },
      'filter',
      '"users" and "groups"',
      'an import of its own',
    ],
    [
      'with a filter of what Graph does not filter',
      { collections: '[manager]', filter: 'accountEnabled eq true' },
      'filter',
      'one',
      'Remove it',
    ],
    [
      'with a column that is dropped and hashed',
      { policy: '{ drop: [Mail], hash: { columns: [surname, mail], key: { env: A } } }' },
      'policy.hash.columns[1]',
      '"mail"',
      'out of "drop"',
    ],
    [
      'of changes with a filter',
      { delta: 'true', filter: 'accountEnabled eq true' },
      'delta',
      'both',
      'Remove one',
    ],
    [
      'with seconds in its schedule',
      { schedule: '"0 0 2 * * *"' },
      'schedule',
      '"0 0 2 * * *"',
      'minute, hour',
    ],
    [
      'with a nickname as schedule',
      { schedule: '"@daily"' },
      'schedule',
      '"@daily"',
      'minute, hour',
    ],
    [
      'with a time zone in its schedule',
      { schedule: '"CRON_TZ=Europe/Berlin 0 2 * * *"' },
      'schedule',
      '"CRON_TZ=Europe/Berlin 0 2 * * *"',
      'in UTC and without a time zone',
    ],
    [
      'with an hour that no day has',
      { schedule: '0 24 * * *' },
      'schedule',
      '"0 24 * * *"',
      'minute',
    ],
    [
      'with a day that never comes',
      { schedule: '0 2 30 2 *' },
      'schedule',
      '"0 2 30 2 *"',
      'minute',
    ],
    [
      'with a tenant for a connection that is no template',
      { connection: 'contoso-graph@a.de' },
      'connection',
      '"contoso-graph@a.de"',
      'Write contoso-graph',
    ],
    [
      'with a policy that drops the id',
      { policy: '{ drop: [ID] }' },
      'policy.drop[0]',
      '"ID"',
      'Take it out',
    ],
    [
      'with a policy that hashes without a key',
      { policy: '{ hash: { columns: [mail] } }' },
      'policy.hash.key',
      'nothing',
      'no default',
    ],
    [
      'with a policy that hashes nothing',
      { policy: '{ hash: { columns: [], key: { env: A } } }' },
      'policy.hash.columns',
      'an empty list',
      'remove the line',
    ],
    ['with half a template', { connection: 'a@' }, 'connection', '"a@"', 'of the store'],
  ])('%s', (_, fields, path, seen, remedy) => {
    const problem = problemAt(importing(entry(fields)), `imports.nightly.${path}`)
    expect(problem.seen).toEqual(seen)
    expect(problem.remedy).toContain(remedy)
  })

  it('with a template whose tenant it does not name', () => {
    const text = importing(entry({}), { connection: connection({ tenant: '"*"' }) })
    expect(problemAt(text, 'imports.nightly.connection')).toMatchObject({
      expected: 'the tenant as well, as the connection is a template',
      remedy: 'Write contoso-graph@TENANT, the tenant by its id or a domain.',
    })
    const named = entry({ connection: 'contoso-graph@a.de' })
    const { imports } = accepted(importing(named, { connection: connection({ tenant: '"*"' }) }))
    expect(imports['nightly']?.connection).toBe('contoso-graph@a.de')
  })

  it('with a connection that has no Microsoft Graph', () => {
    const other = connection({ provider: 'ping', scope: 'a' })
    const problem = problemAt(
      importing(entry({}), { connection: other }),
      'imports.nightly.connection',
    )
    expect(problem.expected).toBe('a connection on a provider of type "entra"')
  })
})

describe('an import', () => {
  it('knows every collection of the directory', () => {
    expect(collectionNames).toEqual(Object.keys(collections))
  })

  it('comes with every default', () => {
    expect(read({})).toEqual({
      name: 'nightly',
      connection: 'contoso-graph',
      collections: ['users'],
      to: 'store',
      columns: {},
      concurrency: 'auto',
      refreshBeforeMs: 300_000,
      publish: 'complete',
      csv: { header: true, delimiter: ',', bom: false },
      delta: false,
      deleteAtMost: 0.1,
    })
  })

  it.each([
    ['ndjson:./out', 'ndjson:/etc/eg/out'],
    ['csv:/out', 'csv:/out'],
    ['sqlite:a.db', 'sqlite:/etc/eg/a.db'],
    ['postgres://eg@localhost/eg', 'postgres://eg@localhost/eg'],
  ])('to %s goes to %s', (written, to) => {
    expect(read({ to: written })?.to).toBe(to)
  })

  it('has the password of its database beside it', () => {
    const password = '{ file: pw }'
    expect(read({ to: 'postgres://eg@localhost/eg', password })).toMatchObject({
      to: 'postgres://eg@localhost/eg',
      password: { file: '/etc/eg/pw' },
    })
  })

  it('has a policy whose key stands beside the file', () => {
    const policy = '{ drop: [mobilePhone], hash: { columns: [mail], key: { file: pepper } } }'
    expect(read({ policy })?.policy).toEqual({
      drop: ['mobilePhone'],
      hash: { columns: ['mail'], key: { file: '/etc/eg/pepper' } },
    })
    expect(read({ policy: '{ drop: [mobilePhone] }' })?.policy).toEqual({ drop: ['mobilePhone'] })
  })

  it('has columns with the id first, of one collection or by name', () => {
    expect(read({ columns: '[mail, Id, userPrincipalName]' })?.columns).toEqual({
      users: ['id', 'mail', 'userPrincipalName'],
    })
    const several = { collections: '[users, groups, members]', columns: '{ groups: [mail] }' }
    expect(read(several)?.columns).toEqual({ groups: ['id', 'mail'] })
  })

  it('reads a share of any form as the same number', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000 }), (thousandths) => {
        const percent = `${thousandths / 10}%`
        const share = read({ deleteAtMost: percent })?.deleteAtMost
        expect(share).toBeCloseTo(thousandths / 1_000, 12)
        expect(read({ deleteAtMost: String(share) })?.deleteAtMost).toBe(share)
      }),
    )
  })

  it.each(['0 2 * * *', '*/15 8-18 * * 1-5', '0 0 29 2 *', '0 2 1 JAN,JUL MON'])(
    'may be due at %s',
    (schedule) => {
      expect(read({ schedule: JSON.stringify(schedule) })?.schedule).toBe(schedule)
    },
  )

  it('with a connection that the file does not define is told as such, not refused', () => {
    const misspelt = accepted(importing(entry({ connection: 'contso-graph' })))
    expect(configHints(misspelt)).toEqual([
      {
        askedBy: 'imports.nightly.connection',
        hint: 'No connection of this file is named "contso-graph", so that it has to be one of the store. Did you mean "contoso-graph"?',
      },
    ])
    expect(configHints(accepted(importing(entry({}))))).toEqual([])
  })

  it('into the file of another import is told, wherever its path begins', () => {
    const hintsBeside = (to: string, names = 'users, groups'): readonly SecretHint[] => {
      const nightly = entry({ to: '"ndjson:./out"', collections: '[users]' })
      const more = entry({ to: `"${to}"`, collections: `[${names}]` })
      return configHints(
        accepted(config({ more: `imports: { nightly: ${nightly}, more: ${more} }` })),
      )
    }
    expect(hintsBeside('ndjson:out/../out')).toEqual([
      {
        askedBy: 'imports.more.to',
        hint: expect.stringMatching(
          /^It writes the users of ndjson:\/.*\/out, as imports\.nightly does: each run replaces the file of the other\. Give each a folder of its own\.$/,
        ) as string,
      },
    ])
    expect(hintsBeside('csv:./out')).toEqual([])
    expect(hintsBeside('ndjson:./other')).toEqual([])
    expect(hintsBeside('ndjson:./out', 'groups')).toEqual([])
  })

  it('beside another of the same name is a repeated key', () => {
    const twice = config({ more: 'imports: { a: {}, a: {} }' })
    expect(problemAt(twice, '').expected).toBe('every key once')
  })
})
