import type { AccountKey, AccountKind, PeopleStore } from '../../directory/index.ts'
import { EvergrantError, newId, type RandomBytes } from '../../kernel/index.ts'
import { prefixBounds } from '../rows/account-listing.ts'
import { keyValues } from '../rows/account-row.ts'
import { asPeople, foldKey, personColumns, type PersonRow } from '../rows/people-row.ts'
import type { Connection } from './connection.ts'

/** So many links at once change what is known of the table. */
const manyLinks = 500

const withAccounts = `
  SELECT ${personColumns} FROM page AS person
  LEFT JOIN evergrant.person_accounts AS link ON link.person_id = person.id
  ORDER BY person.name, link.tenant_id, link.account_id, link.kind`

const getSql = `WITH page AS (
    SELECT * FROM evergrant.people WHERE id = coalesce(
      (SELECT id FROM evergrant.people WHERE id = $1),
      (SELECT id FROM evergrant.people WHERE name = $1)))
  ${withAccounts}`

/** A page of people by name. */
export function peopleSql(hasSearch: boolean): string {
  return `WITH page AS MATERIALIZED (
      SELECT * FROM evergrant.people WHERE name > $1
        ${hasSearch ? 'AND name >= $3 AND name < $4' : ''} ORDER BY name LIMIT $2)
    ${withAccounts}`
}

/** Keeps people in PostgreSQL. */
export function createPeopleStore({ read, write }: Connection, random: RandomBytes): PeopleStore {
  return {
    getPerson: async (nameOrId) => {
      const rows = await read(async (reader) => await reader.rows<PersonRow>(getSql, [nameOrId]))
      return asPeople(rows)[0]
    },

    listPeople: async ({ limit, after = '', search = '' }) => {
      const bounds = search === '' ? [] : prefixBounds(search)
      const sql = peopleSql(search !== '')
      return asPeople(
        await read(async (reader) => await reader.rows<PersonRow>(sql, [after, limit, ...bounds])),
      )
    },

    linkAccounts: async (links, now) => {
      const given = new Map<string, string>()
      for (const { person, account } of links) {
        const key = keyValues(account).join('\n')
        const by = given.get(key) ?? person
        if (by !== person) return { taken: { account: foldKey(account), by } }
        given.set(key, person)
      }
      if (links.length === 0) return {}
      // Of two links of one account the later one counts.
      const last = new Map(links.map((link) => [keyValues(link.account).join('\n'), link] as const))
      const rows = [...last.values()].map(({ person, account }) => ({ person, account }))
      const names = [...new Set(rows.map(({ person }) => person))].toSorted()
      return await write(async (transaction) => {
        await transaction.run(namePeopleSql, [
          names.map(() => newId('psn', now, random)),
          names,
          now,
        ])
        const written = await transaction.run(linkSql, [
          ...columnsOf(rows.map(({ account }) => account)),
          rows.map(({ person }) => person),
          rows.map(({ account }) => account.role ?? null),
          rows.map(({ account }) => JSON.stringify(account.connections)),
        ])
        // Undoes what was written for the others.
        if (written < rows.length) throw new LinkTaken()
        // Every look-up of an account joins this table; its plan must not think it empty.
        if (rows.length >= manyLinks) await transaction.run('ANALYZE evergrant.person_accounts')
        transaction.bump('accounts')
        return {}
      }).catch(async (error: unknown) => {
        if (!(error instanceof LinkTaken)) throw error
        const taken = await read(
          async (reader) =>
            await reader.row<TakenRow>(takenSql, [
              ...columnsOf(rows.map(({ account }) => account)),
              rows.map(({ person }) => person),
            ]),
        )
        if (taken === undefined) {
          throw new EvergrantError('store_busy', 'an account changed its person meanwhile')
        }
        const { kind, tenant_id: tenantId, account_id: id, by } = taken
        return { taken: { account: { kind, tenantId, id }, by } }
      })
    },

    unlinkAccount: async (key) =>
      await write(async (transaction) => {
        const changes = await transaction.run(
          `DELETE FROM evergrant.person_accounts
           WHERE kind = $1 AND tenant_id = $2 AND account_id = $3`,
          keyValues(key),
        )
        if (changes > 0) transaction.bump('accounts')
        return changes > 0
      }),
  }
}

/** Undoes a transaction in which an account turned out to be another person’s. */
class LinkTaken extends Error {
  override readonly name = 'LinkTaken'
}

interface TakenRow {
  readonly kind: AccountKind
  readonly tenant_id: string
  readonly account_id: string
  readonly by: string
}

const columnsOf = (accounts: readonly AccountKey[]): readonly (readonly string[])[] => {
  const keys = accounts.map(keyValues)
  return [0, 1, 2].map((at) => keys.map((key) => key[at] ?? ''))
}

const namePeopleSql = `
  INSERT INTO evergrant.people (id, name, created_at)
  SELECT id, name, $3 FROM unnest($1::text[], $2::text[]) AS given (id, name)
  ON CONFLICT (name) DO NOTHING`

/** In the order of keys, so that two who link the same accounts do not lock each other out. */
const linkSql = `
  INSERT INTO evergrant.person_accounts AS stored
    (kind, tenant_id, account_id, person_id, role, connections)
  SELECT given.kind, given.tenant_id, given.account_id, person.id, given.role, given.connections
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
    AS given (kind, tenant_id, account_id, name, role, connections)
  JOIN evergrant.people AS person ON person.name = given.name COLLATE "C"
  ORDER BY given.kind, given.tenant_id, given.account_id
  ON CONFLICT (kind, tenant_id, account_id)
  DO UPDATE SET role = excluded.role, connections = excluded.connections
  WHERE stored.person_id = excluded.person_id`

/** The first account, in the order of the list, that belongs to somebody else. */
const takenSql = `
  SELECT given.kind, given.tenant_id, given.account_id, person.name AS by
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])
    WITH ORDINALITY AS given (kind, tenant_id, account_id, name, position)
  JOIN evergrant.person_accounts AS link ON link.kind = given.kind COLLATE "C"
    AND link.tenant_id = given.tenant_id COLLATE "C"
    AND link.account_id = given.account_id COLLATE "C"
  JOIN evergrant.people AS person ON person.id = link.person_id
  WHERE person.name <> given.name
  ORDER BY position LIMIT 1`
