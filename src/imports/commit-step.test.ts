import { expect, test } from 'vitest'
import { makeScriptedGraph } from '../../test/support/sending.ts'
import { newWalk, openCollection, type WalkDependencies } from './commit-step.ts'
import type { Destination } from './destination.ts'
import type { CollectionRecord, PageCommit, Progress, RunRecord, RunStore } from './ports.ts'

const collection: CollectionRecord = {
  runId: 'run_1',
  collection: 'users',
  writtenRows: 0,
  segmentBytes: 0,
}

test('what a destination is ahead of the store is counted in the write that moves the cursors', async () => {
  const { deps } = makeScriptedGraph(() => ({ status: 200 }))
  const written: unknown[] = []
  const tell = (pages: number | undefined, totals: Partial<PageCommit['totals']>): void => {
    written.push({ pages, counted: [totals.pages, totals.rows] })
  }
  const store = {
    saveProgress: ({ walks }: Progress) => {
      tell(walks[0]?.pages, {})
      return Promise.resolve()
    },
    commitPage: ({ totals, walks }: PageCommit) => {
      tell(walks[0]?.pages, totals)
      return Promise.resolve({ deleted: 0 })
    },
  } as unknown as RunStore
  const before: Progress = { collection, walks: [{ ...newWalk(collection), pages: 1, rows: 10 }] }
  const ahead: Progress = { collection, walks: [{ ...newWalk(collection), pages: 3, rows: 25 }] }
  const destination = {
    openCollection: async (progress: Progress, save: (progress: Progress) => Promise<void>) => {
      await save(progress)
      await save(ahead)
      return ahead
    },
  } as unknown as Destination
  const run = { id: 'run_1' } as unknown as RunRecord
  const means: WalkDependencies = { ...deps, destination, instanceId: 'one', run, store }
  expect(await openCollection(means, before)).toBe(ahead)
  expect(written).toEqual([
    { pages: 1, counted: [undefined, undefined] },
    { pages: 3, counted: [2, 15] },
  ])
  expect(deps.journal.totals()).toMatchObject({ pages: 2, rows: 15 })
})
