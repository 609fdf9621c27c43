import { readFile } from 'node:fs/promises'
import { collections, type CollectionName } from '../../src/directory/index.ts'
import type { Simulator } from '../../src/simulator/index.ts'
import type { TestDatabase } from './postgres.ts'

/** Rows of a table or a CSV file: each one's cells as JSON, by what makes the row one. */
export type Snapshot = ReadonlyMap<string, string>

type Cells = Readonly<Record<string, string | null>>

const keyOf = (cells: Cells): string =>
  cells['id'] ??
  cells['userId'] ??
  [cells['groupId'] ?? cells['roleId'], cells['ownerId'] ?? cells['memberId']].join('/')

function snapshotOf(rows: readonly Cells[]): Snapshot {
  const snapshot = new Map(
    rows.map((cells) => {
      const inOrder = Object.entries(cells).toSorted(([a], [b]) => (a < b ? -1 : 1))
      return [keyOf(cells), JSON.stringify(inOrder)]
    }),
  )
  if (snapshot.size !== rows.length) throw new Error('a row stands twice')
  return snapshot
}

/** What a table or CSV file must hold of a tenant, with the default columns or those given. */
export function expectedRows(
  simulator: Simulator,
  collection: CollectionName,
  columns: readonly string[] = collections[collection].defaultColumns,
): Snapshot {
  const tenant = { tenant_id: simulator.tenant }
  return snapshotOf(
    [...truthOf(simulator, collection, columns)].map((row) => {
      const cells = columns.map((column) => [column, cellOf(row[column])] as const)
      return { ...tenant, ...Object.fromEntries(cells) }
    }),
  )
}

function truthOf(
  simulator: Simulator,
  collection: CollectionName,
  columns: readonly string[],
): Iterable<Readonly<Record<string, unknown>>> {
  return truths[collection](simulator, columns) as Iterable<Readonly<Record<string, unknown>>>
}

const truths: Readonly<
  Record<CollectionName, (simulator: Simulator, columns: readonly string[]) => Iterable<object>>
> = {
  users: (simulator, columns) => simulator.users(undefined, columns),
  groups: (simulator, columns) => simulator.groups(undefined, columns),
  members: (simulator) => simulator.edges(),
  owners: (simulator) => simulator.owners(),
  devices: (simulator, columns) => simulator.devices(undefined, columns),
  servicePrincipals: (simulator, columns) => simulator.servicePrincipals(undefined, columns),
  administrativeUnits: (simulator, columns) => simulator.administrativeUnits(undefined, columns),
  directoryRoles: (simulator, columns) => simulator.directoryRoles(undefined, columns),
  roleMembers: (simulator) => simulator.roleMembers(),
  manager: (simulator) => simulator.managers(),
  signInActivity: (simulator, columns) => simulator.users(undefined, columns),
}

function cellOf(value: unknown): string | null {
  if (value === null || value === undefined) return null
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** The rows of a CSV file with a header, read by a parser of its own (RFC 4180). */
export async function csvRows(path: string): Promise<Snapshot> {
  const [header = [], ...records] = parseCsv(await readFile(path, 'utf8'))
  return snapshotOf(
    records.map((record) =>
      Object.fromEntries(header.map((name, i) => [String(name), record[i] ?? null])),
    ),
  )
}

/** Reads CSV; an empty field without quotes is null. */
export function parseCsv(text: string, delimiter = ','): (string | null)[][] {
  const records: (string | null)[][] = []
  let record: (string | null)[] = []
  let at = 0
  while (at < text.length) {
    let field: string | null = null
    if (text[at] === '"') {
      field = ''
      for (at++; text[at] !== '"' || text[at + 1] === '"'; at++) {
        if (at >= text.length) throw new Error('a quote is not closed')
        if (text[at] === '"') at++
        field += text[at] ?? ''
      }
      at++
    } else {
      const from = at
      while (at < text.length && text[at] !== delimiter && text[at] !== '\r') at++
      if (at > from) field = text.slice(from, at)
    }
    record.push(field)
    if (text[at] === delimiter) at++
    else {
      if (text.slice(at, at + 2) !== '\r\n') throw new Error(`no line end at ${at}`)
      at += 2
      records.push(record)
      record = []
    }
  }
  return records
}

/** The rows of a table of an SQLite file. */
export async function sqliteRows(file: string, table: string): Promise<Snapshot> {
  const { default: Database } = await import('better-sqlite3')
  const database = new Database(file, { readonly: true })
  try {
    return snapshotOf(database.prepare(`SELECT * FROM "${table}"`).all() as Cells[])
  } finally {
    database.close()
  }
}

/** The rows of a table of a PostgreSQL database. */
export async function postgresRows(database: TestDatabase, table: string): Promise<Snapshot> {
  return snapshotOf((await database.query(`SELECT * FROM "${table}"`)) as Cells[])
}
