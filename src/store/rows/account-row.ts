import type {
  Account,
  AccountKey,
  AccountKind,
  AccountQuestion,
  AccountRole,
  ColumnSpread,
  LookupColumn,
} from '../../directory/index.ts'
import { EvergrantError } from '../../kernel/index.ts'

/** What every statement about accounts selects, of the aliases `space`, `disabled` and `link`. */
export const accountColumns = `disabled.disabled_at, disabled.disabled_by, disabled.reason,
  link.person_id, person.name AS person_name, link.role, link.connections`

/** A row of such a statement. */
export interface AccountRow {
  readonly tenant_id: string
  readonly kind: AccountKind
  readonly account_id: string
  /** Null: no import knows it. */
  readonly properties: string | null
  readonly updated_at: number | null
  readonly disabled_at: number | null
  readonly disabled_by: string | null
  readonly reason: string | null
  readonly person_id: string | null
  readonly person_name: string | null
  readonly role: AccountRole | null
  readonly connections: string | null
}

/** A row as the port shows it. */
export function asAccount(row: AccountRow): Account {
  const { disabled_at: at, disabled_by: by, person_id: personId, person_name: personName } = row
  return {
    tenantId: row.tenant_id,
    kind: row.kind,
    id: row.account_id,
    properties:
      row.properties === null ? {} : (JSON.parse(row.properties) as Account['properties']),
    updatedAt: row.updated_at ?? 0,
    ...(at === null || by === null
      ? {}
      : { disabled: { at, by, ...(row.reason === null ? {} : { reason: row.reason }) } }),
    ...(personId === null || personName === null
      ? {}
      : {
          link: {
            personId,
            personName,
            ...(row.role === null ? {} : { role: row.role }),
            connections: JSON.parse(row.connections ?? '[]') as string[],
          },
        }),
    ...(row.properties === null ? { isMissing: true } : {}),
  }
}

const guid = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i

/** An id of a tenant or an account as the tables of accounts spell it: GUIDs in lower case. */
export function foldId(id: string): string {
  return guid.test(id) ? id.toLowerCase() : id
}

/** The columns `kind, tenant_id, account_id` of a key. */
export function keyValues({ kind, tenantId, id }: AccountKey): [string, string, string] {
  return [kind, foldId(tenantId), foldId(id)]
}

/**
 * Tells whether a text can stand in the directory at all. U+0000 and half surrogate pairs cannot:
 * PostgreSQL keeps U+FFFD in their place, which they must not match.
 */
export function isKeepable(text: string): boolean {
  return text !== '' && !text.includes('\0') && text.isWellFormed()
}

/** Lower case of ASCII letters alone, as both databases do it whatever their locale. */
export function asciiLower(text: string): string {
  return text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase())
}

/**
 * The conditions of a question with their values as they are compared; undefined when none can
 * hold.
 *
 * @throws EvergrantError `usage` for a column that is no name of a property
 */
export function comparable(where: AccountQuestion['where']): AccountQuestion['where'] | undefined {
  for (const { column } of where) requireColumn(column)
  if (where.length === 0 || !where.every(({ value }) => isKeepable(value))) return undefined
  return where.map(({ column, compare, value }) => ({
    column,
    compare,
    value: column === 'id' ? foldId(value) : value,
  }))
}

/** A column’s name, made sure of: it stands in statements as it is. @throws EvergrantError `usage` */
export function requireColumn(column: string): string {
  if (/^[A-Za-z][A-Za-z0-9_]{0,127}$/.test(column)) return column
  throw new EvergrantError(
    'usage',
    `expected the name of a property, such as "mail", but saw ${JSON.stringify(column.slice(0, 60))}`,
  )
}

/**
 * The index behind a look-up. Names of properties differ by case and may be long, names of indexes
 * may do neither; so it ends with a hash (FNV-1a).
 */
export function lookupName({ column, compare }: Omit<LookupColumn, 'kind'>): string {
  let hash = 0xcbf29ce484222325n
  for (const byte of Buffer.from(requireColumn(column))) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n)
  }
  const readable = column.toLowerCase().slice(0, 20)
  return `directory_lookup_${compare}_${readable}_${hash.toString(16).padStart(16, '0')}`
}

/** A row of what counts how unique a column is. */
export interface SpreadRow {
  readonly accounts: number | null
  readonly filled: number | null
  readonly shared: number | null
  readonly sharing: number | null
}

/** A row as the port shows it. */
export function asSpread(row: SpreadRow | undefined): ColumnSpread {
  return {
    accounts: row?.accounts ?? 0,
    filled: row?.filled ?? 0,
    sharedValues: row?.shared ?? 0,
    sharingAccounts: row?.sharing ?? 0,
  }
}
