import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Store } from '../../src/store/index.ts'
import {
  aPage,
  aRun,
  anOwner,
  pageOf,
  rowsNamed,
  tenantId,
  type MakeStore,
  type SharedStore,
} from './builders.ts'

/** What every `DirectoryStore` does with the pages of imports. */
export function describeDirectoryStore(kind: string, makeStore: MakeStore): void {
  describe(`the directory in ${kind}`, () => {
    let shared: SharedStore
    let one: Store
    let two: Store
    beforeEach(async () => {
      shared = await makeStore()
      one = await shared.open('bulk')
      two = await shared.open('main')
    })
    afterEach(async () => await shared.dispose())

    it('finds nothing before an import, in another tenant, or by an unknown id', async () => {
      const key = { tenantId, kind: 'user', id: crypto.randomUUID() } as const
      expect(await two.directory.findObject(key)).toBeUndefined()
      expect(await two.directory.countObjects(tenantId, 'user')).toBe(0)
      expect(await two.runs.countSeen(tenantId, 'user', 1)).toBe(0)
      const rows = rowsNamed('a', 3)
      await one.runs.commitPage(aPage(await aRun(one), rows))
      expect(await two.directory.findObject(key)).toBeUndefined()
      const id = rows[0]?.id ?? ''
      expect(await two.directory.findObject({ ...key, tenantId: 'other', id })).toBeUndefined()
      expect(await two.directory.findObject({ ...key, id })).toBeDefined()
    })

    it('keeps null, absent and nested properties apart, as Graph gave them', async () => {
      const run = await aRun(one)
      const id = crypto.randomUUID()
      const json = `{"id":"${id}","mail":null,"businessPhones":["+1"],"displayName":"Zoë \\u2028 😀"}`
      const page = { length: 1, ids: [id], json: () => json }
      await one.runs.commitPage({
        ...aPage(run, []),
        rows: { tenantId, kind: 'user', sequence: run.sequence, page },
      })
      const found = await two.directory.findObject({ tenantId, kind: 'user', id })
      expect(found?.properties).toEqual(JSON.parse(json))
      expect(found?.updatedAt).toBe(2_000)
    })

    it('rewrites a changed row, leaves an equal one alone and counts both as seen', async () => {
      const first = await aRun(one)
      const equal = { id: crypto.randomUUID(), displayName: 'equal' }
      const changing = { id: crypto.randomUUID(), displayName: 'old' }
      await one.runs.commitPage(aPage(first, [equal, changing]))
      await one.runs.updateRun(first.id, 'one', { state: 'completed', release: true }, [], 3_000)
      const second = await aRun(one)
      const changed = { ...changing, displayName: 'new' }
      await one.runs.commitPage(aPage(second, [equal, changed], { now: 4_000 }))
      const find = async (id: string): Promise<unknown> =>
        await two.directory.findObject({ tenantId, kind: 'user', id })
      expect(await find(equal.id)).toMatchObject({ properties: equal, updatedAt: 2_000 })
      expect(await find(changed.id)).toMatchObject({ properties: changed, updatedAt: 4_000 })
      expect(await two.directory.countObjects(tenantId, 'user')).toBe(2)
      expect(await two.runs.countSeen(tenantId, 'user', second.sequence)).toBe(2)
    })

    it('doubles no row when a run that filled an empty store comes back to where it began', async () => {
      const run = await aRun(one)
      const [a, b] = [rowsNamed('a', 3), rowsNamed('b', 3)]
      await one.runs.commitPage(aPage(run, a))
      const away = await two.runs.claimRun(run.id, 'one', anOwner('two'), 3_000)
      if (away === undefined) throw new Error('the run was not claimed')
      await two.runs.commitPage(aPage(away, b))
      const back = await one.runs.claimRun(run.id, 'two', anOwner('one'), 4_000)
      if (back === undefined) throw new Error('the run was not claimed')
      const again = b.map(({ id }) => ({ id, displayName: 'again' }))
      await one.runs.commitPage(aPage(back, [...again, ...rowsNamed('c', 2)]))
      await one.runs.commitPage(aPage(back, again))
      expect(await two.directory.countObjects(tenantId, 'user')).toBe(8)
      expect(await two.runs.countSeen(tenantId, 'user', run.sequence)).toBe(8)
      const found = await two.directory.findObject({ tenantId, kind: 'user', id: b[0]?.id ?? '' })
      expect(found?.properties['displayName']).toBe('again')
    })

    it('holds what a map would hold, whatever pages come in', async () => {
      const guids = Array.from({ length: 12 }, (): string => crypto.randomUUID())
      const odd = ['', '~', '~a', 'a', 'ab-cd', 'abcd', 'x'.repeat(16), '0'.repeat(32), 'é%_\'"']
      const pool = [...guids, ...guids.slice(0, 3).map((id) => id.toUpperCase()), ...odd]
      const row = fc.record({
        id: fc.constantFrom(...pool),
        displayName: fc.constantFrom('a', 'b', 'ü"\\'),
      })
      const pages = fc.array(
        fc.record({ tenant: fc.constantFrom('t1', 't2'), rows: fc.array(row, { maxLength: 15 }) }),
        { maxLength: 70 },
      )
      const keyOf = (id: string): string =>
        guids.includes(id.toLowerCase()) ? id.toLowerCase() : id
      let round = 0
      await fc.assert(
        fc.asyncProperty(pages, async (commits) => {
          const run = await aRun(one, `model ${round++}`)
          const model = new Map<string, Map<string, { id: string; displayName: string }>>()
          for (const { tenant, rows } of commits) {
            const tenantOfRound = `${tenant} ${round}`
            const known = model.get(tenantOfRound) ?? new Map()
            model.set(tenantOfRound, known)
            for (const each of rows) known.set(keyOf(each.id), each)
            await one.runs.commitPage({
              ...aPage(run, []),
              rows: {
                tenantId: tenantOfRound,
                kind: 'user',
                sequence: run.sequence,
                page: pageOf(rows),
              },
            })
          }
          for (const [tenant, known] of model) {
            expect(await two.directory.countObjects(tenant, 'user')).toBe(known.size)
            expect(await two.runs.countSeen(tenant, 'user', run.sequence)).toBe(known.size)
            for (const id of pool) {
              const found = await two.directory.findObject({ tenantId: tenant, kind: 'user', id })
              expect(found?.properties).toEqual(known.get(keyOf(id)))
            }
          }
        }),
        { numRuns: 15 },
      )
    })
  })
}
