import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { PageCommit } from '../../src/imports/ports.ts'
import type { Store } from '../../src/store/index.ts'
import {
  aLine,
  anOwner,
  aPage,
  aRun,
  aCollection,
  aWalk,
  options,
  rowsNamed,
  tenantId,
  type MakeStore,
  type SharedStore,
} from './builders.ts'
import { noTotals } from '../support/no-totals.ts'

/** What every `RunStore` does. */
export function describeRunStore(kind: string, makeStore: MakeStore): void {
  describe(`import runs in ${kind}`, () => {
    let shared: SharedStore
    let one: Store
    let two: Store
    beforeEach(async () => {
      shared = await makeStore()
      one = await shared.open()
      two = await shared.open()
    })
    afterEach(async () => await shared.dispose())

    it('creates one run of a name when many processes try at once, and tells the others of it', async () => {
      const outcomes = await Promise.all(
        Array.from({ length: 10 }, async (_, i) => {
          const run = { id: `run_${i}`, name: 'n', options, owner: anOwner(`i${i}`) }
          return await (i % 2 === 0 ? one : two).runs.createRun(run, i)
        }),
      )
      const created = outcomes.flatMap((o) => (o.created ? [o.run.id] : []))
      const existing = outcomes.flatMap((o) => (o.created ? [] : [o.existing.id]))
      expect(created).toHaveLength(1)
      expect(new Set(existing)).toEqual(new Set(created))
    })

    it('does not start beside an interrupted run, but does beside a finished one', async () => {
      const run = await aRun(one)
      await one.runs.updateRun(run.id, 'one', { state: 'interrupted', release: true }, [], 2)
      await expect(aRun(two)).rejects.toThrow('there already')
      expect((await two.runs.findOpenRun('directory'))?.id).toBe(run.id)
      await one.runs.closeRun(run.id, undefined, { state: 'cancelled' }, [], 3)
      expect(await two.runs.findOpenRun('directory')).toBeUndefined()
      expect((await aRun(two)).sequence).toBeGreaterThan(run.sequence)
    })

    it('lists runs that are not over, with whoever owns them', async () => {
      const live = await aRun(one, 'live', 'a')
      const left = await aRun(one, 'left', 'b')
      await one.runs.updateRun(left.id, 'b', { state: 'interrupted' }, [], 2)
      const over = await aRun(one, 'over', 'c')
      await one.runs.closeRun(over.id, 'c', { state: 'failed' }, [], 2)
      const open = await two.runs.listOpenRuns()
      const told = open.map(({ id, state, owner }) => [id, state, owner?.instanceId])
      expect(new Set(told)).toEqual(
        new Set([
          [live.id, 'running', 'a'],
          [left.id, 'interrupted', 'b'],
        ]),
      )
    })

    it('lets one of two processes claim a run', async () => {
      const run = await aRun(one)
      const claims = await Promise.all([
        one.runs.claimRun(run.id, 'one', anOwner('a'), 5),
        two.runs.claimRun(run.id, 'one', anOwner('b'), 5),
      ])
      expect(claims.filter((claim) => claim !== undefined)).toHaveLength(1)
    })

    it('does not let a finished run be claimed', async () => {
      const run = await aRun(one)
      await one.runs.updateRun(run.id, 'one', { state: 'completed', release: true }, [], 2)
      expect(await two.runs.claimRun(run.id, undefined, anOwner('b'), 3)).toBeUndefined()
    })

    it('writes nothing for a process that lost its run', async () => {
      const run = await aRun(one)
      await two.runs.claimRun(run.id, 'one', anOwner('two'), 5)
      const lost = { code: 'import_interrupted' }
      const page = aPage(run, rowsNamed('a', 3), { log: [aLine('x')] })
      await expect(one.runs.commitPage(page)).rejects.toMatchObject(lost)
      await expect(one.runs.updateRun(run.id, 'one', {}, [aLine('x')], 6)).rejects.toMatchObject(
        lost,
      )
      await expect(
        one.runs.saveProgress({ collection: aCollection(run), walks: [] }, 'one', [], 6),
      ).rejects.toMatchObject(lost)
      expect(await one.runs.heartbeat(run.id, 'one', 6)).toEqual({ isOwner: false })
      expect(await one.runs.closeRun(run.id, 'one', { state: 'failed' }, [], 6)).toBe(false)
      expect(await two.directory.countObjects(tenantId, 'user')).toBe(0)
      expect(await two.runs.readLog(run.id, 0, 10)).toEqual([])
      expect((await two.runs.listProgress(run.id))[0]?.walks).toEqual([])
    })

    it('writes no part of a page when rows now belong to another import', async () => {
      const run = await aRun(one)
      await one.runs.takeRows(tenantId, 'user', 'directory', { takeOver: false, now: 1 })
      await two.runs.takeRows(tenantId, 'user', 'thief', { takeOver: true, now: 1 })
      await expect(
        one.runs.commitPage(aPage(run, rowsNamed('a', 3), { log: [aLine('x')] })),
      ).rejects.toMatchObject({ code: 'import_owned' })
      expect(await two.runs.readLog(run.id, 0, 10)).toEqual([])
    })

    it('gives rows to one import, and to another only by take-over', async () => {
      expect(await take(one, 'a', false)).toBe('a')
      expect(await take(one, 'b', false)).toBe('a')
      expect(await take(one, 'a', false)).toBe('a')
      expect(await take(one, 'b', true)).toBe('b')
      expect(await take(one, 'a', false)).toBe('b')
    })

    it('starts a run with its collections, no walk planned', async () => {
      const run = await aRun(one)
      expect(run).toMatchObject({
        state: 'running',
        options,
        owner: anOwner('one'),
        heartbeatAt: 1_000,
      })
      expect(await two.runs.getRun(run.id)).toEqual(run)
      expect(await two.runs.listProgress(run.id)).toEqual([
        { collection: aCollection(run), walks: [] },
      ])
      expect(await two.runs.getRun('run_none')).toBeUndefined()
    })

    it('commits rows, cursor, totals and log as one', async () => {
      const run = await aRun(one)
      const page = aPage(run, rowsNamed('a', 20), { log: [aLine('x'), aLine('y')] })
      await one.runs.commitPage(page)
      await one.runs.commitPage({ ...page, log: [aLine('z')] })
      expect(await two.runs.listProgress(run.id)).toEqual([
        { collection: aCollection(run), walks: page.walks },
      ])
      expect(await two.runs.getRun(run.id)).toMatchObject({
        totals: page.totals,
        heartbeatAt: 2_000,
        updatedAt: 2_000,
      })
      const lines = await two.runs.readLog(run.id, 1, 10)
      expect(lines).toEqual([
        { seq: 2, ...aLine('y') },
        { seq: 3, ...aLine('z') },
      ])
      expect(await two.runs.readLog(run.id, 0, 1)).toEqual([{ seq: 1, ...aLine('x') }])
    })

    it('keeps every fact of a collection and its cursors, and forgets those that are gone', async () => {
      const run = await aRun(one)
      const walk = aWalk(run, {
        filter: "startsWith(userPrincipalName,'o''a')",
        label: "o'a",
        expected: 12,
        nextUrl: 'https://graph.microsoft.com/v1.0/groups?$skiptoken=x',
        group: { id: 'g1', nextUrl: 'https://graph.microsoft.com/v1.0/groups/g1/members?p=2' },
        groups: 7,
        vanishedGroups: 1,
        hiddenGroups: 2,
      })
      const other = aWalk(run, { shard: 11, state: 'finished' })
      const collection = aCollection(run, {
        plan: { cursors: 2, why: 'why not' },
        writtenRows: 8,
        segment: 's',
        segmentBytes: 9,
        countBefore: 1,
        countAfter: 2,
        distinctRows: 3,
        verdict: 'complete_with_drift',
        detail: 'because',
        deleted: 4,
        deletionNote: 'too many',
      })
      await one.runs.saveProgress({ collection, walks: [other, walk] }, 'one', [], 2)
      expect(await two.runs.listProgress(run.id)).toEqual([{ collection, walks: [walk, other] }])
      const moved = aWalk(run, { group: { id: 'g2' } })
      const after = aCollection(run)
      await one.runs.saveProgress({ collection: after, walks: [moved] }, 'one', [], 3)
      expect(await two.runs.listProgress(run.id)).toEqual([
        { collection: after, walks: [moved, other] },
      ])
    })

    it('moves several cursors and their collection with a page', async () => {
      const run = await aRun(one)
      const walks = [aWalk(run, { pages: 2 }), aWalk(run, { shard: 1, state: 'finished' })]
      const collection = aCollection(run, { writtenRows: 5, segmentBytes: 50 })
      await one.runs.commitPage(aPage(run, rowsNamed('a', 5), { walks, collection }))
      expect(await two.runs.listProgress(run.id)).toEqual([{ collection, walks }])
    })

    it('clears members of a run that are null and keeps the absent ones', async () => {
      const run = await aRun(one)
      await one.runs.updateRun(run.id, 'one', { state: 'waiting', reason: 'Graph is down' }, [], 2)
      await one.runs.updateRun(run.id, 'one', { totals: { ...run.totals, waitedMs: 9 } }, [], 3)
      expect(await two.runs.getRun(run.id)).toMatchObject({
        state: 'waiting',
        reason: 'Graph is down',
      })
      await one.runs.updateRun(run.id, 'one', { state: 'running', reason: null }, [], 4)
      const after = await two.runs.getRun(run.id)
      expect(after).toMatchObject({ state: 'running', totals: { waitedMs: 9 } })
      expect(after).not.toHaveProperty('reason')
    })

    it('takes what another process writes in the name of an owner for no sign of its life', async () => {
      const run = await aRun(one)
      await two.runs.updateRun(run.id, 'one', { reason: 'x', isFromOutside: true }, [], 9)
      const noted = await one.runs.getRun(run.id)
      expect(noted).toMatchObject({ reason: 'x', heartbeatAt: run.heartbeatAt })
      await one.runs.updateRun(run.id, 'one', {}, [], 9)
      expect(await two.runs.getRun(run.id)).toMatchObject({ heartbeatAt: 9 })
    })

    it('brings requests to the owner with its heartbeat; a cancel outranks a stop', async () => {
      const run = await aRun(one)
      expect(await one.runs.heartbeat(run.id, 'one', 2)).toEqual({ isOwner: true })
      await two.runs.requestOf(run.id, 'stop', 3)
      expect(await one.runs.heartbeat(run.id, 'one', 4)).toEqual({
        isOwner: true,
        requested: 'stop',
      })
      await two.runs.requestOf(run.id, 'cancel', 5)
      await two.runs.requestOf(run.id, 'stop', 6)
      expect(await one.runs.heartbeat(run.id, 'one', 7)).toEqual({
        isOwner: true,
        requested: 'cancel',
      })
      expect((await two.runs.getRun(run.id))?.heartbeatAt).toBe(7)
    })

    it('forgets old requests when the run is claimed anew', async () => {
      const run = await aRun(one)
      await one.runs.requestOf(run.id, 'stop', 2)
      await one.runs.updateRun(run.id, 'one', { state: 'interrupted', release: true }, [], 3)
      const claimed = await two.runs.claimRun(run.id, undefined, anOwner('two'), 4)
      expect(claimed).toMatchObject({ state: 'running', owner: anOwner('two') })
      expect(claimed).not.toHaveProperty('requested')
    })

    it('pages through runs, newest first', async () => {
      const ids: string[] = []
      for (const name of ['a', 'b', 'c']) ids.unshift((await aRun(one, name)).id)
      const first = await two.runs.listRuns({ limit: 2 })
      expect(first.map(({ id }) => id)).toEqual(ids.slice(0, 2))
      const rest = await two.runs.listRuns({ limit: 2, beforeId: ids[1] ?? '' })
      expect(rest.map(({ id }) => id)).toEqual(ids.slice(2))
      expect((await two.runs.listRuns({ limit: 2, name: 'a' })).map(({ name }) => name)).toEqual([
        'a',
      ])
    })

    it('finds runs of one state behind any number of others', async () => {
      const ended: string[] = []
      for (const state of ['completed', 'completed', 'failed', 'failed'] as const) {
        const { id } = await aRun(one, 'a')
        await one.runs.updateRun(id, 'one', { state, release: true }, [], 2)
        if (state === 'completed') ended.unshift(id)
      }
      const completed = await two.runs.listRuns({ limit: 1, name: 'a', state: 'completed' })
      expect(completed.map(({ id }) => id)).toEqual(ended.slice(0, 1))
      const earlier = { limit: 2, beforeId: ended[0] ?? '', state: 'completed' } as const
      expect((await two.runs.listRuns(earlier)).map(({ id }) => id)).toEqual(ended.slice(1))
    })

    it('has at most one owner and one open run a name, whatever two processes do', async () => {
      const instance = fc.constantFrom('a', 'b')
      const command = fc.oneof(
        fc.record({ do: fc.constant('create' as const), who: instance }),
        fc.record({
          do: fc.constant('claim' as const),
          who: instance,
          from: fc.constantFrom('a', 'b', undefined),
        }),
        fc.record({ do: fc.constant('page' as const), who: instance }),
        fc.record({ do: fc.constant('release' as const), who: instance }),
        fc.record({ do: fc.constant('finish' as const), who: instance }),
      )
      let round = 0
      await fc.assert(
        fc.asyncProperty(fc.array(command, { maxLength: 25 }), async (commands) => {
          const name = `model ${round++}`
          let open: { id: string; owner: string | undefined; pages: number } | undefined
          for (const [at, step] of commands.entries()) {
            const { runs } = step.who === 'a' ? one : two
            const id: string = open?.id ?? 'run_none'
            let did: boolean
            let should: boolean = open?.owner === step.who
            switch (step.do) {
              case 'create': {
                const run = { id: `run_${name}_${at}`, name, options, owner: anOwner(step.who) }
                did = (await runs.createRun(run, at)).created
                should = open === undefined
                open ??= { id: run.id, owner: step.who, pages: 0 }
                break
              }
              case 'claim':
                did = (await runs.claimRun(id, step.from, anOwner(step.who), at)) !== undefined
                should = open !== undefined && open.owner === step.from
                if (should && open !== undefined) open.owner = step.who
                break
              case 'page': {
                const page = pageOfModel(id, step.who, (open?.pages ?? 0) + 1)
                did = await succeeds(runs.commitPage(page))
                if (should && open !== undefined) open.pages += 1
                break
              }
              case 'release':
                did = await succeeds(
                  runs.updateRun(id, step.who, { state: 'interrupted', release: true }, [], at),
                )
                if (should && open !== undefined) open.owner = undefined
                break
              case 'finish':
                did = await succeeds(
                  runs.updateRun(id, step.who, { state: 'completed', release: true }, [], at),
                )
                if (should) open = undefined
                break
            }
            expect(did).toBe(should)
            expect((await two.runs.findOpenRun(name))?.id).toBe(open?.id)
            const [known] = await one.runs.listProgress(open?.id ?? '')
            const pages = known === undefined ? undefined : (known.walks[0]?.pages ?? 0)
            expect(pages).toBe(open?.pages)
          }
        }),
        { numRuns: 40 },
      )
    })
  })
}

async function take(store: Store, name: string, takeOver: boolean): Promise<string> {
  return (await store.runs.takeRows(tenantId, 'user', name, { takeOver, now: 1 })).owner
}

async function succeeds(work: Promise<unknown>): Promise<boolean> {
  return await work.then(
    () => true,
    () => false,
  )
}

function pageOfModel(runId: string, instanceId: string, pages: number): PageCommit {
  const walk = { runId, collection: 'users', shard: 0, state: 'walking' } as const
  return {
    runId,
    instanceId,
    now: 2,
    walks: [{ ...walk, pages, rows: 0, restarts: 0 }],
    totals: { ...noTotals, pages },
    log: [],
  }
}
