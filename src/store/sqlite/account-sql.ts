import type { AccountQuestion, LookupColumn } from '../../directory/index.ts'
import { searchColumns } from '../rows/account-listing.ts'
import { accountColumns, lookupName, requireColumn } from '../rows/account-row.ts'
import { keyOf } from './object-keys.ts'

const hex = '[0-9a-fA-F]'
const guidPattern = [8, 4, 4, 4, 12].map((length) => hex.repeat(length)).join('-')

/** SQL for an id as `foldId` spells it. */
const folded = (id: string): string => `iif(${id} GLOB '${guidPattern}', lower(${id}), ${id})`

/** SQL for the key of an id that `foldId` spelt, as `directory_keys` has it. */
const keyOfFolded = (id: string): string =>
  `iif(${id} GLOB '${guidPattern}', unhex(${id}, '-'), ${id})`

const accountId = folded(`object.properties ->> '$.id'`)

/** What is selected of an imported account, and what is joined to it. */
export const accountSelection = `space.tenant_id, space.kind, ${accountId} AS account_id,
  object.properties, object.updated_at, ${accountColumns}`

export const accountJoins = `
  LEFT JOIN disabled_accounts AS disabled ON disabled.kind = space.kind
    AND disabled.tenant_id = space.tenant_id AND disabled.account_id = ${accountId}
  LEFT JOIN person_accounts AS link ON link.kind = space.kind
    AND link.tenant_id = space.tenant_id AND link.account_id = ${accountId}
  LEFT JOIN people AS person ON person.id = link.person_id`

/** What a column holds, in the form in which it is compared; not yet made sure to be a text. */
export function columnValue({ column, compare }: Omit<LookupColumn, 'kind'>): string {
  const value = `object.properties ->> '$."${requireColumn(column)}"'`
  return compare === 'lower' ? `lower(${value})` : `(${value})`
}

/** The condition that a column holds a text. */
export function isText(column: string): string {
  return `json_type(object.properties, '$."${requireColumn(column)}"') = 'text'`
}

/** The statement that finds accounts; its parameters are `@kind`, `@tenantId`, `@limit`, `@v0`… */
export function findSql(where: AccountQuestion['where'], hasTenant: boolean): string {
  const byId = where.findIndex(({ column }) => column === 'id')
  const conditions = where.flatMap(({ column, compare }, at) =>
    at === byId
      ? []
      : column === 'id'
        ? [`${accountId} = @v${at}`]
        : [`${columnValue({ column, compare })} = @v${at}`, isText(column)],
  )
  const key = keyOf(`@key`)
  const from =
    byId < 0
      ? `directory_spaces AS space CROSS JOIN directory_objects AS object USING (space_id)`
      : `(SELECT row_id, space_id FROM directory_keys WHERE object_id = ${key}
          UNION ALL
          SELECT row_id, space_id FROM directory_fresh_keys WHERE object_id = ${key}) AS place
         CROSS JOIN directory_spaces AS space USING (space_id)
         CROSS JOIN directory_objects AS object ON object.row_id = place.row_id`
  return `SELECT ${accountSelection} FROM ${from} ${accountJoins}
    WHERE ${['space.kind = @kind', ...(hasTenant ? ['space.tenant_id = @tenantId'] : []), 'object.deleted_at IS NULL', ...conditions].join(' AND ')}
    LIMIT @limit`
}

/** Those disabled here, by tenant and id, with what imports know of them. */
export function disabledSql(hasTenant: boolean): string {
  const key = keyOfFolded('disabled.account_id')
  const rowIn = (table: string): string =>
    `(SELECT row_id FROM ${table} WHERE object_id = ${key} AND space_id = space.space_id)`
  return `SELECT disabled.tenant_id, disabled.kind, disabled.account_id, object.properties,
      object.updated_at, ${accountColumns}
    FROM disabled_accounts AS disabled
    LEFT JOIN directory_spaces AS space
      ON space.tenant_id = disabled.tenant_id AND space.kind = disabled.kind
    LEFT JOIN directory_objects AS object
      ON object.row_id = coalesce(${rowIn('directory_keys')}, ${rowIn('directory_fresh_keys')})
      AND object.deleted_at IS NULL
    LEFT JOIN person_accounts AS link ON link.kind = disabled.kind
      AND link.tenant_id = disabled.tenant_id AND link.account_id = disabled.account_id
    LEFT JOIN people AS person ON person.id = link.person_id
    WHERE disabled.kind = @kind ${hasTenant ? 'AND disabled.tenant_id = @tenantId' : ''}
      AND (disabled.tenant_id, disabled.account_id) > (@afterTenant, @afterId)
    ORDER BY disabled.tenant_id, disabled.account_id LIMIT @limit`
}

/** Tenants that have objects of a kind, by id. */
export const spacesSql = `SELECT space_id, tenant_id FROM directory_spaces
  WHERE kind = @kind AND tenant_id >= @from ORDER BY tenant_id LIMIT @limit`

const placed = (columns: string, rest: string): string => `
  SELECT ${columns}, object.row_id FROM directory_objects AS object
  JOIN directory_spaces AS space USING (space_id) ${accountJoins}
  WHERE object.space_id = @spaceId AND object.deleted_at IS NULL AND ${rest}`

/** A page of a tenant’s living accounts, as they were first imported. */
export const walkSql = placed(
  accountSelection,
  'object.row_id > @after ORDER BY object.row_id LIMIT @limit',
)

const anyFound = searchColumns
  .map((column) => columnValue({ column, compare: 'lower' }))
  .map((value) => `(${value} >= @from AND ${value} < @to)`)
  .join(' OR ')

/** The same, with properties only where a search may find them. */
export const scanSql = placed(
  accountSelection.replace(
    'object.properties,',
    `iif(${anyFound}, object.properties, NULL) AS properties,`,
  ),
  'object.row_id > @after ORDER BY object.row_id LIMIT @limit',
)

/** A page of what a column begins with, by value and row. */
export function seekSql(column: string): string {
  const value = columnValue({ column, compare: 'lower' })
  return placed(
    `${accountSelection}, ${value} AS value`,
    `${value} >= @value AND ${value} < @before
      AND (${value}, object.row_id) > (@value, @row)
     ORDER BY ${value}, object.row_id LIMIT @limit`,
  )
}

/** Makes a look-up; the index of an expression is used where that very expression is asked for. */
export function createLookupSql(column: Omit<LookupColumn, 'kind'>): string {
  const value = columnValue(column).replace('object.', '')
  return `CREATE INDEX IF NOT EXISTS ${lookupName(column)} ON directory_objects (space_id, ${value})
    WHERE deleted_at IS NULL AND ${value} IS NOT NULL`
}

/** Counts values, and how many accounts share one; its parameter is the kind. */
export function spreadSql(column: LookupColumn, within: 'tenant' | 'everywhere'): string {
  const value = columnValue(column)
  return `WITH accounts AS (
      SELECT object.space_id, iif(${isText(column.column)} AND ${value} <> '', ${value}, NULL) AS value
      FROM directory_spaces AS space CROSS JOIN directory_objects AS object USING (space_id)
      WHERE space.kind = ? AND object.deleted_at IS NULL),
    spread AS (
      SELECT value, count(*) AS accounts FROM accounts
      GROUP BY value${within === 'tenant' ? ', space_id' : ''})
    SELECT sum(accounts) AS accounts, sum(accounts) FILTER (WHERE value IS NOT NULL) AS filled,
      count(*) FILTER (WHERE value IS NOT NULL AND accounts > 1) AS shared,
      sum(accounts) FILTER (WHERE value IS NOT NULL AND accounts > 1) AS sharing
    FROM spread`
}
