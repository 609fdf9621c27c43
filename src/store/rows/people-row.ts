import type {
  AccountKey,
  AccountKind,
  AccountRole,
  PersonAccount,
  PersonRecord,
} from '../../directory/index.ts'
import { foldId } from './account-row.ts'

/** A row of `people`, joined to one of its accounts or to none. */
export interface PersonRow {
  readonly id: string
  readonly name: string
  readonly created_at: number
  readonly kind: AccountKind | null
  readonly tenant_id: string | null
  readonly account_id: string | null
  readonly role: AccountRole | null
  readonly connections: string | null
}

/** The columns of a `PersonRow`, of the aliases `person` and `link`. */
export const personColumns = `person.id, person.name, person.created_at,
  link.kind, link.tenant_id, link.account_id, link.role, link.connections`

/** Rows in the order of people, each with its accounts, as the port shows them. */
export function asPeople(rows: readonly PersonRow[]): readonly PersonRecord[] {
  const people: (PersonRecord & { readonly accounts: PersonAccount[] })[] = []
  for (const row of rows) {
    let person = people.at(-1)
    if (person?.id !== row.id) {
      person = { id: row.id, name: row.name, createdAt: row.created_at, accounts: [] }
      people.push(person)
    }
    if (row.kind === null || row.tenant_id === null || row.account_id === null) continue
    person.accounts.push({
      tenantId: row.tenant_id,
      kind: row.kind,
      id: row.account_id,
      ...(row.role === null ? {} : { role: row.role }),
      connections: JSON.parse(row.connections ?? '[]') as string[],
    })
  }
  return people
}

/** A key as the tables spell it. */
export function foldKey({ kind, tenantId, id }: AccountKey): AccountKey {
  return { kind, tenantId: foldId(tenantId), id: foldId(id) }
}
