import type { AccountKey, PeopleStore } from '../../directory/index.ts'
import { newId, type RandomBytes } from '../../kernel/index.ts'
import { keyValues } from '../rows/account-row.ts'
import { prefixBounds } from '../rows/account-listing.ts'
import { asPeople, foldKey, personColumns, type PersonRow } from '../rows/people-row.ts'
import type { Connection } from './connection.ts'
import { bumpGeneration } from './generations.ts'

const withAccounts = `
  SELECT ${personColumns} FROM page AS person
  LEFT JOIN person_accounts AS link ON link.person_id = person.id
  ORDER BY person.name, link.tenant_id, link.account_id, link.kind`

const getSql = `WITH page AS (
    SELECT * FROM people WHERE id = coalesce(
      (SELECT id FROM people WHERE id = @text), (SELECT id FROM people WHERE name = @text)))
  ${withAccounts}`

/** A page of people by name. */
export function peopleSql(hasSearch: boolean): string {
  return `WITH page AS MATERIALIZED (
      SELECT * FROM people WHERE name > @after
        ${hasSearch ? 'AND name >= @from AND name < @to' : ''} ORDER BY name LIMIT @limit)
    ${withAccounts}`
}

/** Keeps people in SQLite. */
export function createPeopleStore(connection: Connection, random: RandomBytes): PeopleStore {
  const { prepare, read, write } = connection

  const personNamed = (name: string, now: number): string => {
    const known = prepare<[string], string>('SELECT id FROM people WHERE name = ?').pluck()
    const id = known.get(name)
    if (id !== undefined) return id
    const fresh = newId('psn', now, random)
    prepare('INSERT INTO people VALUES (?, ?, ?)').run(fresh, name, now)
    return fresh
  }

  const ownerOf = (key: AccountKey): { id: string; name: string } | undefined =>
    prepare<string[], { id: string; name: string }>(
      `SELECT person.id, person.name FROM person_accounts JOIN people AS person ON person.id = person_id
       WHERE kind = ? AND tenant_id = ? AND account_id = ?`,
    ).get(...keyValues(key))

  return {
    getPerson: async (nameOrId) =>
      asPeople(await read(() => prepare<unknown[], PersonRow>(getSql).all({ text: nameOrId })))[0],

    listPeople: async ({ limit, after = '', search = '' }) => {
      const [from, to] = prefixBounds(search)
      const bounds = search === '' ? {} : { from, to }
      const sql = peopleSql(search !== '')
      return asPeople(
        await read(() => prepare<unknown[], PersonRow>(sql).all({ limit, after, ...bounds })),
      )
    },

    linkAccounts: async (links, now) =>
      await write(() => {
        const owners = new Map<string, string>()
        for (const { person, account } of links) {
          const key = keyValues(account).join('\n')
          const by = owners.get(key) ?? ownerOf(account)?.name ?? person
          if (by !== person) return { taken: { account: foldKey(account), by } }
          owners.set(key, person)
        }
        if (links.length === 0) return {}
        const link = prepare(
          `INSERT INTO person_accounts (kind, tenant_id, account_id, person_id, role, connections)
           VALUES (?, ?, ?, ?, ?, ?)
           ON CONFLICT DO UPDATE SET role = excluded.role, connections = excluded.connections`,
        )
        for (const { person, account } of links) {
          link.run(
            ...keyValues(account),
            personNamed(person, now),
            account.role ?? null,
            JSON.stringify(account.connections),
          )
        }
        bumpGeneration(connection, 'accounts')
        return {}
      }),

    unlinkAccount: async (key) =>
      await write(() => {
        const { changes } = prepare(
          'DELETE FROM person_accounts WHERE kind = ? AND tenant_id = ? AND account_id = ?',
        ).run(...keyValues(key))
        if (changes > 0) bumpGeneration(connection, 'accounts')
        return changes > 0
      }),
  }
}
