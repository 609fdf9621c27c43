import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
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

test('edges staged of sources that were never settled are no part of a whole read that follows', async () => {
  const file = join(folder, 'out.db')
  const columns = { members: ['groupId', 'memberId', 'memberType'] }
  const run = { id: 'run_1', options: { tenantId: 't', columns } } as unknown as RunRecord
  const destination = createTableDestination(
    () => Promise.resolve(openSqliteTarget(file)),
    run,
    () => Promise.resolve(true),
  )
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
