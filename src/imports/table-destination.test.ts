import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Destination } from './destination.ts'
import { edgeRows } from './imported-rows.ts'
import type { CollectionRecord, RunRecord } from './ports.ts'
import { createTableDestination } from './table-destination.ts'
import { openSqliteTarget } from './target-sqlite.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evergrant-table-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const begin = { link: 'https://graph.example/v1.0/groups/delta', takenAt: 0 }
const since: CollectionRecord = {
  runId: 'run_1',
  collection: 'members',
  writtenRows: 0,
  segmentBytes: 0,
  delta: { purpose: 'since', state: 'open', begin, pages: 0, changed: 0, gone: 0 },
}

function membersTable(): { readonly destination: Destination; readonly file: string } {
  const file = join(folder, 'out.db')
  const columns = { members: ['groupId', 'memberId', 'memberType'] }
  const run = { id: 'run_1', options: { tenantId: 't', columns } } as unknown as RunRecord
  const destination = createTableDestination(
    () => Promise.resolve(openSqliteTarget(file)),
    run,
    () => Promise.resolve(true),
  )
  return { destination, file }
}

test('edges staged of sources that were never settled are no part of a whole read that follows', async () => {
  const { destination, file } = membersTable()
  const save = (): Promise<void> => Promise.resolve()
  const edge = (groupId: string) =>
    edgeRows('members', [{ groupId, memberId: 'm', memberType: 'user' }])
  await destination.openCollection({ collection: since, walks: [] }, save)
  const staged = await destination.write({
    collection: since,
    walks: [],
    batch: [edge('settled'), edge('left')],
    gone: ['settled'],
  })
  expect(staged.collection?.writtenRows).toBe(1)

  await destination.restart({ collection: since, walks: [] })
  const { delta: _, ...whole } = since
  const { collection } = await destination.openCollection({ collection: whole, walks: [] }, save)
  const { collection: read = collection } = await destination.write({
    collection,
    walks: [],
    batch: [edge('read')],
  })
  await destination.publish({ ...read, distinctRows: 1 })
  await destination.close()
  const database = openSqliteTarget(file)
  const rows = await database.transaction('read', (tables) =>
    tables.rows('SELECT "groupId" FROM members'),
  )
  await database.close()
  expect(rows).toEqual([{ groupId: 'read' }])
})

test('publishing tells how many rows were handed over while none of them can be seen', async () => {
  const { destination, file } = membersTable()
  const { delta: _, ...whole } = since
  const { collection: opened } = await destination.openCollection(
    { collection: whole, walks: [] },
    () => Promise.resolve(),
  )
  const edges = Array.from({ length: 45_001 }, (_edge, i) => ({
    groupId: 'g',
    memberId: `m${i}`,
    memberType: 'user',
  }))
  const batch = [edgeRows('members', [...edges, ...edges.slice(0, 5)])]
  const { collection = opened } = await destination.write({ collection: opened, walks: [], batch })
  const reader = new Database(file, { readonly: true })
  // Made by publishing, before it tells anything.
  const visible = (): number | undefined =>
    reader.prepare<[], number>('SELECT count(*) FROM members').pluck().get()
  const told: (readonly [handedOver: number, visible: number | undefined])[] = []
  const onRows = (rows: number): void => {
    told.push([rows, visible()])
  }
  await destination.publish({ ...collection, distinctRows: 45_001 }, { onRows })
  expect(told.map(([, seen]) => seen)).toEqual(told.map(() => 0))
  // Rows that stand twice are handed over once, where they stand last.
  expect(told.map(([rows]) => rows)).toEqual([0, 19_995, 39_995, 45_001])
  expect(visible()).toBe(45_001)
  reader.close()
  await destination.close()
})
