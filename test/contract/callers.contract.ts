import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { CallerRecord } from '../../src/access/ports.ts'
import { newId } from '../../src/kernel/index.ts'
import type { Store } from '../../src/store/index.ts'
import type { MakeStore, SharedStore } from './builders.ts'

/** A caller that may do little. */
export function aCaller(name: string, over: Partial<CallerRecord> = {}): CallerRecord {
  return {
    id: newId('clr', 10),
    name,
    connections: ['contoso-graph'],
    allowTokens: false,
    limits: {},
    secretHash: 'ab'.repeat(32),
    createdAt: 10,
    ...over,
  }
}

/** What every `CallerStore` does. */
export function describeCallerStore(kind: string, makeStore: MakeStore): void {
  describe(`callers in ${kind}`, () => {
    let shared: SharedStore
    let one: Store
    let two: Store
    beforeEach(async () => {
      shared = await makeStore()
      one = await shared.open()
      two = await shared.open()
    })
    afterEach(async () => await shared.dispose())

    const generation = async (): Promise<number> => (await two.readGenerations()).callers
    const names = async (
      query: Omit<Parameters<Store['callers']['listCallers']>[0], 'limit'> = {},
      limit = 100,
    ): Promise<readonly string[]> =>
      (await two.callers.listCallers({ limit, ...query })).map(({ name }) => name)

    it('share no name among the living', async () => {
      const first = aCaller('crm')
      expect(await one.callers.addCaller(first)).toBe(true)
      const before = await generation()
      expect(await two.callers.addCaller(aCaller('crm', { allowTokens: true }))).toBe(false)
      expect(await generation()).toBe(before)
      expect(await one.callers.listCallers({ limit: 9 })).toEqual([first])
    })

    it('are added once by many who want the same name', async () => {
      const outcomes = await Promise.all(
        Array.from({ length: 10 }, async (_, i) =>
          (i % 2 === 0 ? one : two).callers.addCaller(aCaller('crm')),
        ),
      )
      expect(outcomes.filter(Boolean)).toHaveLength(1)
    })

    it('are not known before they were added', async () => {
      expect(await one.callers.getCaller(newId('clr', 1))).toBeUndefined()
      expect(await one.callers.revokeCaller('crm', 20)).toBe(false)
      expect(await generation()).toBe(0)
    })

    it('are read by other processes as they were added', async () => {
      const plain = aCaller('plain')
      const full = aCaller('full', {
        role: 'operator',
        connections: '*',
        upstream: 'arm',
        allowTokens: true,
        limits: { ratePerSecond: 0.5, concurrency: 4 },
      })
      for (const caller of [plain, full]) {
        await one.callers.addCaller(caller)
        expect(await two.callers.getCaller(caller.id)).toEqual(caller)
      }
    })

    it('stay readable when revoked, and their name is free again', async () => {
      const first = aCaller('crm')
      await one.callers.addCaller(first)
      expect(await two.callers.revokeCaller('crm', 20)).toBe(true)
      expect(await two.callers.revokeCaller('crm', 30)).toBe(false)
      expect(await one.callers.getCaller(first.id)).toEqual({ ...first, revokedAt: 20 })
      const second = aCaller('crm')
      expect(await one.callers.addCaller(second)).toBe(true)
      expect(await names()).toEqual(['crm'])
      const all = await two.callers.listCallers({ limit: 9, withRevoked: true })
      expect(all.map(({ id, revokedAt }) => [id, revokedAt])).toEqual(
        [
          [first.id, 20],
          [second.id, undefined],
        ].toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1)),
      )
    })

    it('are revoked by id, and an id goes before a name', async () => {
      const [first, second] = [aCaller('a'), aCaller('b')]
      await one.callers.addCaller(first)
      await one.callers.addCaller(second)
      await one.callers.addCaller(aCaller(second.id))
      expect(await two.callers.revokeCaller(second.id, 20)).toBe(true)
      expect(await names()).toEqual(['a', second.id])
      expect(await two.callers.revokeCaller(first.id, 20)).toBe(true)
      expect(await names()).toEqual([second.id])
    })

    it('come in pages, by name and id, the revoked only when asked for', async () => {
      for (const name of ['c', 'a', 'd', 'b']) await one.callers.addCaller(aCaller(name))
      await one.callers.revokeCaller('b', 20)
      await one.callers.addCaller(aCaller('b'))
      await one.callers.revokeCaller('d', 20)
      expect(await names()).toEqual(['a', 'b', 'c'])
      const paged: string[] = []
      for (let after: CallerRecord | undefined; ;) {
        const page = await two.callers.listCallers({
          limit: 2,
          withRevoked: true,
          ...(after === undefined ? {} : { after }),
        })
        paged.push(...page.map(({ name }) => name))
        after = page.at(-1)
        if (page.length < 2) break
      }
      expect(paged).toEqual(['a', 'b', 'b', 'c', 'd'])
    })

    it('move their generation with every change', async () => {
      await one.callers.addCaller(aCaller('crm'))
      const added = await generation()
      expect(added).toBeGreaterThan(0)
      await one.callers.revokeCaller('crm', 20)
      expect(await generation()).toBeGreaterThan(added)
    })
  })
}
