import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { makeScriptedGraph, scriptedGraphUrl } from '../../test/support/sending.ts'
import { applyChanges } from './apply-changes.ts'
import { newWalk, type WalkDependencies } from './commit-step.ts'
import { createStoreDestination } from './store-destination.ts'
import type { CollectionRecord, PageCommit, RunRecord, RunStore } from './ports.ts'
import { judgeCollection } from './verdict.ts'

/** What a directory says of an object: undefined when it is gone. */
type Directory = ReadonlyMap<string, string | undefined>

const begin = { link: `${scriptedGraphUrl}/users/delta?$deltatoken=0`, takenAt: 0 }
const start: CollectionRecord = {
  runId: 'run_1',
  collection: 'users',
  writtenRows: 0,
  segmentBytes: 0,
  delta: { purpose: 'bracket', state: 'open', begin, pages: 0, changed: 0, gone: 0 },
}

/** Applies a round of these pages to rows that a walk left, and returns the rows it ends with. */
async function applied(
  directory: Directory,
  walked: ReadonlyMap<string, string>,
  pages: readonly (readonly { readonly id: string; readonly isRemoved: boolean }[])[],
  known: readonly string[] = [],
): Promise<{ readonly rows: ReadonlyMap<string, string>; readonly record: CollectionRecord }> {
  const rows = new Map(walked)
  const listed = (ids: readonly string[]): object[] =>
    ids.flatMap((id) => {
      const displayName = directory.get(id)
      return displayName === undefined ? [] : [{ id, displayName }]
    })
  const { deps } = makeScriptedGraph((path, question) => {
    if (question !== undefined) {
      const { ids } = question as { readonly ids: readonly string[] }
      const unlisted = ids.filter((id) => known.includes(id)).map((id) => ({ id }))
      return { status: 200, body: { value: [...listed(ids), ...unlisted] } }
    }
    const filter = /id in \((.*)\)/.exec(path)?.[1]
    if (filter !== undefined) {
      const ids = filter.split(',').map((text) => text.slice(1, -1))
      return { status: 200, body: { value: listed(ids) } }
    }
    const number = Number(path.split('=').at(-1))
    const value = (pages[number] ?? []).map(({ id, isRemoved }) =>
      isRemoved ? { id, '@removed': { reason: 'changed' } } : { id, displayName: 'stale' },
    )
    const isLast = number >= pages.length - 1
    const token = isLast ? '$deltatoken=end' : `$skiptoken=${number + 1}`
    const link = {
      [isLast ? '@odata.deltaLink' : '@odata.nextLink']: `${scriptedGraphUrl}/users/delta?${token}`,
    }
    return { status: 200, body: { value, ...link } }
  })
  const store = {
    commitPage: ({ gone, rows: written }: PageCommit) => {
      for (const [i, id] of (written?.page.ids ?? []).entries()) {
        const row = JSON.parse(written?.page.json(i) ?? '') as { readonly displayName: string }
        rows.set(id, row.displayName)
      }
      for (const id of gone?.ids ?? []) rows.delete(id)
      return Promise.resolve({ deleted: gone?.ids.length ?? 0 })
    },
  } as unknown as RunStore
  const options = {
    tenantId: 't',
    graphUrl: scriptedGraphUrl,
    columns: { users: ['id', 'displayName'] },
    destination: 'store',
  }
  const run = { id: 'run_1', sequence: 1, options } as unknown as RunRecord
  const means: WalkDependencies = {
    ...deps,
    store,
    run,
    instanceId: 'one',
    destination: createStoreDestination(store, run),
  }
  const record = await applyChanges(means, start, { named: 10_000, gone: 10_000 })
  expect(record.delta?.state).toBe('applied')
  return { rows, record }
}

test('a round’s pages end in what the directory holds, in any order and however often they tell it', async () => {
  const ids = Array.from({ length: 12 }, (_, i) => `user${i}`)
  const mention = fc.record({ id: fc.constantFrom(...ids), isRemoved: fc.boolean() })
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.option(fc.constantFrom('old', 'new'), { nil: undefined }), {
        minLength: ids.length,
        maxLength: ids.length,
      }),
      fc.array(fc.boolean(), { minLength: ids.length, maxLength: ids.length }),
      fc.array(fc.array(mention, { maxLength: 8 }), { minLength: 1, maxLength: 6 }),
      async (now, isWalked, pages) => {
        const directory: Directory = new Map(ids.map((id, i) => [id, now[i]]))
        const named = new Set(pages.flat().map(({ id }) => id))
        // What no page names is as the walk left it.
        const walked = new Map(
          ids.flatMap((id, i) => {
            if (named.has(id)) return isWalked[i] === true ? [[id, 'stale'] as const] : []
            const name = directory.get(id)
            return name === undefined ? [] : [[id, name] as const]
          }),
        )
        const truth = [...directory].filter(([, name]) => name !== undefined)
        const { rows } = await applied(directory, walked, pages)
        expect(rows).toEqual(new Map(truth as [string, string][]))
      },
    ),
    { numRuns: 60 },
  )
})

test('what Graph says is there, but does not list, is counted and named, and no row of it taken away', async () => {
  const ids = Array.from({ length: 12 }, (_, i) => `hidden${i}`)
  const page = ids.map((id, i) => ({ id, isRemoved: i % 2 === 0 }))
  const walked = new Map([['hidden1', 'as the walk left it']])
  const { record, rows } = await applied(new Map(), walked, [page.slice(0, 3), page.slice(3)], ids)
  expect(rows).toEqual(walked)
  expect(record.delta).toMatchObject({ gone: 0, changed: 0, unlisted: { count: 12 } })
  expect(record.delta?.unlisted?.ids).toHaveLength(10)
  const counted = { countBefore: 1, countAfter: 1, distinctRows: 1 }
  const walk = { ...newWalk(record), state: 'finished' } as const
  const { detail } = judgeCollection({ collection: { ...record, ...counted }, walks: [walk] })
  expect(detail).toMatch(/; 12 that changed are there, but Graph does not list them: hidden.*, …$/)
})

test('who is gone counts once, however often and on however many pages that is told', async () => {
  const removed = (
    ...ids: readonly string[]
  ): { readonly id: string; readonly isRemoved: boolean }[] =>
    ids.map((id) => ({ id, isRemoved: true }))
  const walked = new Map([
    ['a', 'stale'],
    ['b', 'stale'],
  ])
  const pages = [
    removed('a', 'a'),
    [...removed('a', 'b'), { id: 'a', isRemoved: false }],
    removed('b'),
  ]
  const { record, rows } = await applied(new Map(), walked, pages)
  expect(rows.size).toBe(0)
  expect(record.delta).toMatchObject({ named: 4, gone: 2 })
})
