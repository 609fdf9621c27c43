import type {
  AccountListQuery,
  AccountPage,
  AccountPlace,
  ObjectListQuery,
  ObjectPage,
} from '../../directory/index.ts'
import { asAccount, asciiLower, foldId, isKeepable, type AccountRow } from './account-row.ts'

/*
 * A page of accounts is bounded work, whatever the size of the directory. A search walks one index
 * for each column it looks at, all three in the order of what they hold, so that a page costs about
 * what it shows. Where those were not prepared it looks at rows one after the other, some thousand
 * a page.
 */

/** The columns that a search looks at. */
export const searchColumns = ['userPrincipalName', 'mail', 'displayName'] as const

/** An account with its place in the order of the listing. */
export type PlacedRow = AccountRow & { readonly row_id: number }

/** An account found by a column, and what that column holds, in lower case. */
export type FoundRow = PlacedRow & { readonly value: string }

/** Accounts of one kind in one tenant. */
export interface AccountSpace {
  readonly space_id: number
  readonly tenant_id: string
}

/** Rows that were looked at, in order, and where that ended; no `upTo`: at the end of the space. */
export interface Looked {
  readonly rows: readonly PlacedRow[]
  readonly upTo?: number
}

/** What a database has to answer for a listing; every answer is in order. */
export interface AccountReads {
  /** Tenants with accounts, by id, from one on. */
  spaces(kind: string, from: string, limit: number): Promise<readonly AccountSpace[]>
  /** Living accounts after a row, at most so many. */
  walk(space: AccountSpace, after: number, limit: number): Promise<Looked>
  /** Some of them, but only those that begin so come with properties. */
  scan(space: AccountSpace, prefix: string, after: number): Promise<Looked>
  /** Whether all columns of searches can be sought. */
  canSeek(): Promise<boolean>
  /** Living accounts whose column lies behind a place and before a value, by value and row. */
  seek(
    space: AccountSpace,
    column: (typeof searchColumns)[number],
    after: { readonly value: string; readonly row: number },
    before: string,
    limit: number,
  ): Promise<readonly FoundRow[]>
  /** Those disabled here, imported or not, by tenant and id. */
  disabled(
    kind: string,
    tenantId: string | undefined,
    after: { readonly tenantId: string; readonly id: string },
    limit: number,
  ): Promise<readonly AccountRow[]>
  /** How much of a value is compared and indexed. */
  cut(value: string): string
}

/** Rows that a search without look-ups looks at for one page; some milliseconds of work. */
export const scannedAtOnce = 1_000
/** Before all rows, which count from 0 or 1. */
const beforeAll = -1
/** Tenants that one page may pass through. */
const spacesAtOnce = 200
/** How often one page goes on in the indexes of a tenant where nearly all it finds was shown. */
const roundsAtMost = 4
/** After all that begins so: no character comes after U+10FFFF. */
const last = '\u{10ffff}'

/** The bounds of what begins with a text, in the order of bytes. */
export function prefixBounds(prefix: string): readonly [from: string, to: string] {
  return [prefix, prefix + last]
}

/** Answers a query for accounts by what a database reads. */
export async function listAccounts(
  reads: AccountReads,
  query: AccountListQuery,
): Promise<AccountPage> {
  const { rows, next } =
    query.disabledOnly === true ? await listDisabled(reads, query) : await listRows(reads, query)
  return { accounts: rows.map(asAccount), ...(next === undefined ? {} : { next }) }
}

/** Answers a query for objects of any kind. */
export async function listObjects(
  reads: AccountReads,
  query: ObjectListQuery,
): Promise<ObjectPage> {
  const { rows, next } = await listRows(reads, query)
  const objects = rows.map((row) => ({
    tenantId: row.tenant_id,
    kind: query.kind,
    id: row.account_id,
    properties: JSON.parse(row.properties ?? '{}') as Record<string, unknown>,
    updatedAt: row.updated_at ?? 0,
  }))
  return { objects, ...(next === undefined ? {} : { next }) }
}

interface Rows {
  readonly rows: readonly AccountRow[]
  readonly next?: AccountPlace
}

async function listRows(reads: AccountReads, query: ObjectListQuery): Promise<Rows> {
  const { search = '' } = query
  if (search !== '' && !isKeepable(search)) return { rows: [] }
  const prefix = asciiLower(search)
  const turn =
    prefix === ''
      ? walkSpace
      : (await reads.canSeek())
        ? async (space: AccountSpace, after: Place, wanted: number) =>
            await seekSpace(reads, space, prefix, after, wanted)
        : async (space: AccountSpace, after: Place, wanted: number) =>
            await scanSpace(reads, space, prefix, after, wanted)

  async function walkSpace(space: AccountSpace, after: Place, wanted: number): Promise<Turn> {
    const { rows, upTo } = await reads.walk(space, after.row, wanted)
    return { rows, ...(upTo === undefined ? {} : { place: { row: upTo } }) }
  }

  const { kind, limit, after } = query
  const tenantId = query.tenantId === undefined ? undefined : foldId(query.tenantId)
  const found: PlacedRow[] = []
  const spaces = await reads.spaces(
    kind,
    after?.tenantId ?? tenantId ?? '',
    tenantId === undefined ? spacesAtOnce : 1,
  )
  for (const space of spaces) {
    if (tenantId !== undefined && space.tenant_id !== tenantId) break
    const from = space.tenant_id === after?.tenantId ? after : { row: beforeAll }
    const { rows, place } = await turn(space, from, limit - found.length)
    found.push(...rows)
    if (place !== undefined) return pageOf(found, { tenantId: space.tenant_id, ...place })
  }
  const lastSpace = spaces.at(-1)
  if (tenantId !== undefined || lastSpace === undefined || spaces.length < spacesAtOnce) {
    return pageOf(found)
  }
  return pageOf(found, { tenantId: lastSpace.tenant_id, row: Number.MAX_SAFE_INTEGER, value: last })
}

type Place = Omit<AccountPlace, 'tenantId'>

/** What one tenant contributes to a page; `place` is where it goes on, if it does. */
interface Turn {
  readonly rows: readonly PlacedRow[]
  readonly place?: Place
}

function pageOf(rows: readonly AccountRow[], next?: AccountPlace): Rows {
  return { rows, ...(next === undefined ? {} : { next }) }
}

async function scanSpace(
  reads: AccountReads,
  space: AccountSpace,
  prefix: string,
  after: Place,
  wanted: number,
): Promise<Turn> {
  const { rows, upTo } = await reads.scan(space, prefix, after.row)
  const found: PlacedRow[] = []
  for (const row of rows) {
    if (leastValue(row, prefix, reads.cut) === undefined) continue
    found.push(row)
    if (found.length === wanted) return { rows: found, place: { row: row.row_id } }
  }
  return { rows: found, ...(upTo === undefined ? {} : { place: { row: upTo } }) }
}

async function seekSpace(
  reads: AccountReads,
  space: AccountSpace,
  prefix: string,
  after: Place,
  wanted: number,
): Promise<Turn> {
  const found: PlacedRow[] = []
  // One lower bound alone: of two, a database may begin at the lesser, and walk from there.
  const { value = '' } = after
  let place = value > prefix ? { value, row: after.row } : { value: prefix, row: beforeAll }
  const [, before] = prefixBounds(prefix)
  const fetched = Math.max(wanted + 1, 50)
  for (let round = 0; round < roundsAtMost; round++) {
    const from = place
    const columns = await Promise.all(
      searchColumns.map((column) => reads.seek(space, column, from, before, fetched)),
    )
    // Beyond the end of a column that has more, another one's rows may not be the next ones yet.
    const ends = columns.flatMap((rows) => (rows.length < fetched ? [] : rows.slice(-1)))
    const horizon = ends.toSorted(byPlace)[0]
    let previous: FoundRow | undefined
    for (const row of columns.flat().toSorted(byPlace)) {
      if (horizon !== undefined && byPlace(row, horizon) > 0) break
      const isRepeated = previous !== undefined && byPlace(row, previous) === 0
      previous = row
      // An account stands where the least of its values is, and is passed over at the others.
      if (isRepeated || leastValue(row, prefix, reads.cut) !== row.value) continue
      found.push(row)
      if (found.length === wanted)
        return { rows: found, place: { row: row.row_id, value: row.value } }
    }
    if (horizon === undefined) return { rows: found }
    place = { row: horizon.row_id, value: horizon.value }
  }
  return { rows: found, place }
}

function byPlace(one: FoundRow, other: FoundRow): number {
  return (
    Buffer.compare(Buffer.from(one.value), Buffer.from(other.value)) || one.row_id - other.row_id
  )
}

/** The least of the values by which a search finds an account; undefined when it does not. */
function leastValue(
  row: AccountRow,
  prefix: string,
  cut: (value: string) => string,
): string | undefined {
  if (row.properties === null) return undefined
  const properties = JSON.parse(row.properties) as Readonly<Record<string, unknown>>
  let least: string | undefined
  for (const column of searchColumns) {
    const value = properties[column]
    if (typeof value !== 'string' || value === '') continue
    const lower = cut(asciiLower(value))
    if (!lower.startsWith(prefix)) continue
    if (least === undefined || Buffer.compare(Buffer.from(lower), Buffer.from(least)) < 0) {
      least = lower
    }
  }
  return least
}

async function listDisabled(
  reads: AccountReads,
  { kind, tenantId, search = '', limit, after }: AccountListQuery,
): Promise<Rows> {
  if (search !== '' && !isKeepable(search)) return { rows: [] }
  const prefix = asciiLower(search)
  const tenant = tenantId === undefined ? undefined : foldId(tenantId)
  const from = { tenantId: after?.tenantId ?? '', id: after?.value ?? '' }
  const rows = await reads.disabled(kind, tenant, from, limit)
  const end = rows.at(-1)
  const found =
    prefix === '' ? rows : rows.filter((row) => leastValue(row, prefix, reads.cut) !== undefined)
  if (end === undefined || rows.length < limit) return pageOf(found)
  return pageOf(found, { tenantId: end.tenant_id, row: 0, value: end.account_id })
}
