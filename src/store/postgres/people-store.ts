import type { AccountKey, PeopleStore } from '../../directory/index.ts'
import { newId, type RandomBytes } from '../../kernel/index.ts'
import { prefixBounds } from '../rows/account-listing.ts'
import { keyValues } from '../rows/account-row.ts'
import { asPeople, foldKey, personColumns, type PersonRow } from '../rows/people-row.ts'
import type { Connection, Transaction } from './connection.ts'

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

    linkAccounts: async (links, now) =>
      await write(async (transaction) => {
        const owners = new Map<string, string>()
        for (const { person, account } of links) {
          const key = keyValues(account).join('\n')
          const by = owners.get(key) ?? (await ownerOf(transaction, account)) ?? person
          if (by !== person) return { taken: { account: foldKey(account), by } }
          owners.set(key, person)
        }
        if (links.length === 0) return {}
        const ids = new Map<string, string>()
        for (const name of new Set(links.map(({ person }) => person).toSorted())) {
          ids.set(name, await personNamed(transaction, name, now, random))
        }
        for (const { person, account } of links) {
          const changes = await transaction.run(linkSql, [
            ...keyValues(account),
            ids.get(person),
            account.role ?? null,
            JSON.stringify(account.connections),
          ])
          if (changes > 0) continue
          // Another process linked it meanwhile; what was written here is undone by the conflict.
          throw new LinkTaken(account)
        }
        transaction.bump('accounts')
        return {}
      }).catch(async (error: unknown) => {
        if (!(error instanceof LinkTaken)) throw error
        const by = await read(async (reader) => await ownerOf(reader, error.account))
        return { taken: { account: foldKey(error.account), by: by ?? '' } }
      }),

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
  readonly account: AccountKey
  constructor(account: AccountKey) {
    super('taken')
    this.account = account
  }
}

const linkSql = `
  INSERT INTO evergrant.person_accounts AS stored
    (kind, tenant_id, account_id, person_id, role, connections)
  VALUES ($1, $2, $3, $4, $5, $6)
  ON CONFLICT (kind, tenant_id, account_id)
  DO UPDATE SET role = excluded.role, connections = excluded.connections
  WHERE stored.person_id = excluded.person_id`

async function ownerOf(
  reader: Pick<Transaction, 'row'>,
  key: AccountKey,
): Promise<string | undefined> {
  const owner = await reader.row<{ name: string }>(
    `SELECT person.name FROM evergrant.person_accounts AS link
     JOIN evergrant.people AS person ON person.id = link.person_id
     WHERE kind = $1 AND tenant_id = $2 AND account_id = $3`,
    keyValues(key),
  )
  return owner?.name
}

async function personNamed(
  transaction: Transaction,
  name: string,
  now: number,
  random: RandomBytes,
): Promise<string> {
  await transaction.run(
    'INSERT INTO evergrant.people VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING',
    [newId('psn', now, random), name, now],
  )
  const known = await transaction.row<{ id: string }>(
    'SELECT id FROM evergrant.people WHERE name = $1',
    [name],
  )
  return known?.id ?? ''
}
