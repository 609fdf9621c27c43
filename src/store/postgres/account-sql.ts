import type { AccountQuestion, LookupColumn } from '../../directory/index.ts'
import { searchColumns } from '../rows/account-listing.ts'
import { accountColumns, lookupName, requireColumn } from '../rows/account-row.ts'

/**
 * How much of a value is indexed, in characters: an entry of an index has to fit a third of a page,
 * or the row could not be written at all.
 */
export const indexedCharacters = 320

const upper = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'

const accountId = `(CASE WHEN left(object.object_id, 1) = '~'
  THEN substr(object.object_id, 2) ELSE object.object_id END)`

/** What is selected of an imported account, and what is joined to it. */
export const accountSelection = `space.tenant_id, space.kind, ${accountId} AS account_id,
  object.properties, object.updated_at, ${accountColumns}`

export const accountJoins = `
  LEFT JOIN evergrant.disabled_accounts AS disabled ON disabled.kind = space.kind
    AND disabled.tenant_id = space.tenant_id AND disabled.account_id = ${accountId}
  LEFT JOIN evergrant.person_accounts AS link ON link.kind = space.kind
    AND link.tenant_id = space.tenant_id AND link.account_id = ${accountId}
  LEFT JOIN evergrant.people AS person ON person.id = link.person_id`

/** What a column holds; not yet made sure to be a text. */
const wholeValue = (column: string): string =>
  `(object.properties::json ->> '${requireColumn(column)}')`

/** The same in the form in which it is compared. `lower()` would do as the database’s locale says. */
function formedValue({ column, compare }: Omit<LookupColumn, 'kind'>): string {
  const value = wholeValue(column)
  if (compare === 'exact') return value
  return `translate(${value}, '${upper}', '${upper.toLowerCase()}')`
}

/** The beginning of that, as it is indexed. */
export function columnValue(column: Omit<LookupColumn, 'kind'>): string {
  return `(left(${formedValue(column)}, ${indexedCharacters}) COLLATE "C")`
}

/** The condition that a column holds a text. */
export function isText(column: string): string {
  return `json_typeof(object.properties::json -> '${requireColumn(column)}') = 'string'`
}

/** Collects the values of a statement, and names them. */
export function createParameters(): {
  readonly values: unknown[]
  readonly add: (value: unknown) => string
} {
  const values: unknown[] = []
  return { values, add: (value) => `$${values.push(value)}` }
}

/** A statement with its values. */
export interface Statement {
  readonly sql: string
  readonly values: readonly unknown[]
}

/** The statement that finds accounts; values of `id` are keys of objects. */
export function findStatement({ kind, tenantId, where, limit }: AccountQuestion): Statement {
  const { values, add } = createParameters()
  const conditions = where.flatMap(({ column, compare, value }) => {
    if (column === 'id') return [`object.object_id = ${add(value)}`]
    const given = `${add(value)}::text`
    return [
      `${columnValue({ column, compare })} = left(${given}, ${indexedCharacters})`,
      // No index holds more of a longer value.
      `${formedValue({ column, compare })} = ${given}`,
      isText(column),
    ]
  })
  const sql = `SELECT ${accountSelection} FROM evergrant.directory_spaces AS space
    JOIN evergrant.directory_objects AS object USING (space_id) ${accountJoins}
    WHERE ${[
      `space.kind = ${add(kind)}`,
      ...(tenantId === undefined ? [] : [`space.tenant_id = ${add(tenantId)}`]),
      'object.deleted_at IS NULL',
      ...conditions,
    ].join(' AND ')}
    LIMIT ${add(limit)}`
  return { sql, values }
}

/** Those disabled here, by tenant and id, with what imports know of them. */
export function disabledStatement(
  kind: string,
  tenantId: string | undefined,
  after: { readonly tenantId: string; readonly id: string },
  limit: number,
): Statement {
  const { values, add } = createParameters()
  const sql = `SELECT disabled.tenant_id, disabled.kind, disabled.account_id, object.properties,
      object.updated_at, ${accountColumns}
    FROM evergrant.disabled_accounts AS disabled
    LEFT JOIN evergrant.directory_spaces AS space
      ON space.tenant_id = disabled.tenant_id AND space.kind = disabled.kind
    LEFT JOIN evergrant.directory_objects AS object ON object.space_id = space.space_id
      AND object.object_id = ANY (ARRAY[disabled.account_id, '~' || disabled.account_id])
      AND object.deleted_at IS NULL
    LEFT JOIN evergrant.person_accounts AS link ON link.kind = disabled.kind
      AND link.tenant_id = disabled.tenant_id AND link.account_id = disabled.account_id
    LEFT JOIN evergrant.people AS person ON person.id = link.person_id
    WHERE disabled.kind = ${add(kind)}
      ${tenantId === undefined ? '' : `AND disabled.tenant_id = ${add(tenantId)}`}
      AND (disabled.tenant_id, disabled.account_id) > (${add(after.tenantId)}, ${add(after.id)})
    ORDER BY disabled.tenant_id, disabled.account_id LIMIT ${add(limit)}`
  return { sql, values }
}

/** Tenants that have objects of a kind, by id. */
export const spacesSql = `SELECT space_id, tenant_id, next_row FROM evergrant.directory_spaces
  WHERE kind = $1 AND tenant_id >= $2 ORDER BY tenant_id LIMIT $3`

/**
 * A page of a space. Its rows are chosen before anything is joined to them, so that the joins cost
 * what the page has, whatever the statistics say.
 */
const pageOf = (found: string, order: string, columns = accountSelection): string => `
  SELECT ${columns}, object.row_id FROM (${found}) AS object
  JOIN evergrant.directory_spaces AS space USING (space_id) ${accountJoins}
  ORDER BY ${order}`

/**
 * Living accounts of a stretch of rows. Rows are numbered without gaps, so that a stretch is
 * bounded work where a limit need not be: a planner that thinks few are left sorts them all.
 */
const stretch = (columns: string): string => `
  SELECT ${columns}
  FROM evergrant.directory_objects AS object
  WHERE object.space_id = $1 AND object.row_id > $2 AND object.row_id <= $3
    AND object.deleted_at IS NULL`

const kept = 'object.space_id, object.row_id, object.object_id, object.updated_at'

/** The first of a stretch of a tenant’s rows. */
export const walkSql = pageOf(
  `${stretch(`${kept}, object.properties`)} ORDER BY object.row_id LIMIT $4`,
  'object.row_id',
)

const anyFound = searchColumns
  .map((column) => columnValue({ column, compare: 'lower' }))
  .map((value) => `(${value} >= $4 AND ${value} < $5)`)
  .join(' OR ')

/** A stretch, with properties only where a search may find them. */
export const scanSql = pageOf(
  stretch(`${kept}, CASE WHEN ${anyFound} THEN object.properties END AS properties`),
  'object.row_id',
)

/** A page of what a column begins with, by value and row. */
export function seekSql(column: string): string {
  const value = columnValue({ column, compare: 'lower' })
  return pageOf(
    `SELECT ${kept}, object.properties, ${value} AS value
     FROM evergrant.directory_objects AS object
     WHERE object.space_id = $1 AND object.deleted_at IS NULL
       AND (${value}, object.row_id) > ($2, $3) AND ${value} < $4
     ORDER BY ${value}, object.row_id LIMIT $5`,
    'object.value, object.row_id',
    `${accountSelection}, object.value`,
  )
}

/**
 * Makes a look-up; it cannot run in a transaction, and lets others write meanwhile. Objects without
 * a value are in it, too: leaving them out would read the JSON of every new row twice.
 */
export function createLookupSql(column: Omit<LookupColumn, 'kind'>): string {
  const value = columnValue(column).replaceAll('object.', '')
  return `CREATE INDEX CONCURRENTLY IF NOT EXISTS ${lookupName(column)}
    ON evergrant.directory_objects (space_id, ${value}, row_id)
    WHERE deleted_at IS NULL`
}

/** Counts values, and how many accounts share one; its parameter is the kind. */
export function spreadSql(column: LookupColumn, within: 'tenant' | 'everywhere'): string {
  const value = formedValue(column)
  return `WITH accounts AS (
      SELECT object.space_id,
        CASE WHEN ${isText(column.column)} THEN nullif(${value}, '') COLLATE "C" END AS value
      FROM evergrant.directory_spaces AS space
      JOIN evergrant.directory_objects AS object USING (space_id)
      WHERE space.kind = $1 AND object.deleted_at IS NULL),
    spread AS (
      SELECT value, count(*) AS accounts FROM accounts
      GROUP BY value${within === 'tenant' ? ', space_id' : ''})
    SELECT sum(accounts)::bigint AS accounts,
      sum(accounts) FILTER (WHERE value IS NOT NULL)::bigint AS filled,
      count(*) FILTER (WHERE value IS NOT NULL AND accounts > 1) AS shared,
      sum(accounts) FILTER (WHERE value IS NOT NULL AND accounts > 1)::bigint AS sharing
    FROM spread`
}
