import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { EdgeKind, Membership } from '../../src/directory/index.ts'
import type { PageCommit, RunRecord, SweepStep } from '../../src/imports/ports.ts'
import type { Store } from '../../src/store/index.ts'
import {
  aPage,
  aRun,
  anOwner,
  pageOf,
  rowsNamed,
  tenantId,
  type MakeStore,
  type SampleRow,
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

    it('finds no member and no group where none was imported', async () => {
      const query = { tenantId, id: crypto.randomUUID(), limit: 10 }
      expect(await two.directory.listGroupsOf(query)).toEqual([])
      expect(await two.directory.listMembers(query)).toEqual([])
      expect(await two.directory.countObjects(tenantId, 'member')).toBe(0)
      expect(await two.runs.countUnseen(tenantId, 'member', 1)).toEqual({ known: 0, unseen: 0 })
    })

    it('pages through the members of a group and the groups of a member', async () => {
      const run = await aRun(one)
      const [group, other, member] = ids(3)
      const members = [...ids(5), member].toSorted()
      const edges = [...members.map((id) => anEdge(group, id)), anEdge(other, member, 'device')]
      await one.runs.commitPage(edgesPage(run, edges))
      const first = await two.directory.listMembers({ tenantId, id: group.toUpperCase(), limit: 4 })
      expect(first.map(({ memberId }) => memberId)).toEqual(members.slice(0, 4))
      const after = first.at(-1)?.memberId ?? ''
      const rest = await two.directory.listMembers({ tenantId, id: group, limit: 4, after })
      expect(rest.map(({ memberId }) => memberId)).toEqual(members.slice(4))
      const groups = await two.directory.listGroupsOf({ tenantId, id: member, limit: 9 })
      expect(groups).toEqual(
        [anEdge(group, member), anEdge(other, member, 'device')].toSorted((a, b) =>
          a.groupId < b.groupId ? -1 : 1,
        ),
      )
      expect(await two.directory.listGroupsOf({ tenantId: 'no', id: member, limit: 9 })).toEqual([])
      expect(await two.directory.countObjects(tenantId, 'member')).toBe(7)
    })

    it('marks nothing as deleted for a process that lost its run, or whose rows were taken over', async () => {
      const { second } = await twoRuns()
      const lost = { ...sweep(second), instanceId: 'else' }
      await expect(one.runs.sweepUnseen(lost)).rejects.toMatchObject({ code: 'import_interrupted' })
      await two.runs.takeRows(tenantId, 'user', 'thief', { takeOver: true, now: 1 })
      await expect(one.runs.sweepUnseen(sweep(second))).rejects.toMatchObject({
        code: 'import_owned',
      })
      expect(await two.directory.countObjects(tenantId, 'user')).toBe(6)
    })

    it('hides what a complete run did not meet, and shows it again when it is met again', async () => {
      const { rows, second } = await twoRuns()
      const gone = rows[0] ?? { id: '', displayName: '' }
      const key = { tenantId, kind: 'user', id: gone.id } as const
      expect(await two.runs.countUnseen(tenantId, 'user', second.sequence)).toEqual({
        known: 6,
        unseen: 4,
      })
      expect(await two.directory.findObject(key)).toBeDefined()
      expect(await one.runs.sweepUnseen(sweep(second))).toEqual({ marked: 4 })
      expect(await two.directory.findObject(key)).toBeUndefined()
      expect(await two.directory.countObjects(tenantId, 'user')).toBe(2)
      expect((await two.runs.getRun(second.id))?.totals.deleted).toBe(4)
      // Once more, as after a kill: nothing is left to do.
      expect(await one.runs.sweepUnseen(sweep(second))).toEqual({ marked: 0 })
      expect(await two.runs.countUnseen(tenantId, 'user', second.sequence)).toEqual({
        known: 2,
        unseen: 0,
      })
      await one.runs.commitPage(aPage(second, [gone]))
      expect(await two.directory.findObject(key)).toMatchObject({ properties: gone })
      expect(await two.directory.countObjects(tenantId, 'user')).toBe(3)
      expect(await two.runs.countSeen(tenantId, 'user', second.sequence)).toBe(3)
    })

    it('lists what a run has not met, in steps, and nothing else', async () => {
      const first = await aRun(one)
      const rows = rowsNamed('a', 30)
      const other = { tenantId: 'other', kind: 'user', sequence: first.sequence } as const
      await one.runs.commitPage(aPage(first, rows))
      await one.runs.commitPage(aPage(first, [], { rows: { ...other, page: pageOf(rows) } }))
      await finish(first)
      const second = await aRun(one)
      await one.runs.commitPage(aPage(second, rows.slice(10, 15)))
      const query = { tenantId, kind: 'user', sequence: second.sequence, limit: 7 } as const
      const listed: string[] = []
      let after: string | undefined
      do {
        const step = await two.runs.listUnseen(after === undefined ? query : { ...query, after })
        listed.push(...step.ids)
        after = step.next
      } while (after !== undefined)
      const unmet = [...rows.slice(0, 10), ...rows.slice(15)].map(({ id }) => id)
      expect(listed.toSorted()).toEqual(unmet.toSorted())
      expect(await two.runs.listUnseen({ ...query, tenantId: 'none' })).toEqual({ ids: [] })
    })

    it('marks no row as gone for a process that lost its run, or whose rows were taken over', async () => {
      const { rows, second } = await twoRuns()
      const page = aPage(second, [], { gone: goneIn(second, rows) })
      const lost = one.runs.commitPage({ ...page, instanceId: 'else' })
      await expect(lost).rejects.toMatchObject({ code: 'import_interrupted' })
      await two.runs.takeRows(tenantId, 'user', 'thief', { takeOver: true, now: 1 })
      await expect(one.runs.commitPage(page)).rejects.toMatchObject({ code: 'import_owned' })
      expect(await two.directory.countObjects(tenantId, 'user')).toBe(6)
    })

    it('hides rows that are known to be gone, met ones too, and counts each once', async () => {
      const { rows, second } = await twoRuns()
      const never = { id: crypto.randomUUID(), displayName: '' }
      const gone = [...rows.slice(3, 5), never]
      const page = aPage(second, [], { gone: goneIn(second, gone) })
      expect(await one.runs.commitPage(page)).toEqual({ deleted: 2 })
      expect((await two.runs.getRun(second.id))?.totals.deleted).toBe(2)
      expect(await two.directory.countObjects(tenantId, 'user')).toBe(4)
      // Rows 4 and 5 were met; row 4 is gone.
      expect(await two.runs.countSeen(tenantId, 'user', second.sequence)).toBe(1)
      expect(await one.runs.commitPage(page)).toEqual({ deleted: 0 })
      expect(await two.runs.countUnseen(tenantId, 'user', second.sequence)).toEqual({
        known: 4,
        unseen: 3,
      })
      await one.runs.commitPage(aPage(second, rows.slice(4, 5)))
      expect(await two.runs.countSeen(tenantId, 'user', second.sequence)).toBe(2)
      expect(await two.directory.countObjects(tenantId, 'user')).toBe(5)
    })

    it('hides the memberships of a group that a run has read again without meeting them', async () => {
      const first = await aRun(one)
      const [group, other, a, b] = ids(4)
      await one.runs.commitPage(
        edgesPage(first, [anEdge(group, a), anEdge(group, b), anEdge(other, a)]),
      )
      await finish(first)
      const second = await aRun(one)
      const gone = { tenantId, kind: 'member', sequence: second.sequence, ids: [group] } as const
      const page = { ...edgesPage(second, [anEdge(group, b)]), gone }
      expect(await one.runs.commitPage(page)).toEqual({ deleted: 1 })
      const members = await two.directory.listMembers({ tenantId, id: group, limit: 9 })
      expect(members).toEqual([anEdge(group, b)])
      expect(await two.directory.countObjects(tenantId, 'member')).toBe(2)
    })

    it('takes what a run has met of a group for unmet once the group is read anew', async () => {
      const run = await aRun(one)
      const [group, other, a, b] = ids(4)
      await one.runs.commitPage(
        edgesPage(run, [anEdge(group, a), anEdge(group, b), anEdge(other, a)]),
      )
      const sources = { tenantId, kind: 'member', sequence: run.sequence, ids: [group] } as const
      expect(await two.runs.countUnmet(sources)).toBe(0)
      await one.runs.commitPage({ ...edgesPage(run, [anEdge(group, b)]), unmet: sources })
      expect(await two.runs.countUnmet(sources)).toBe(1)
      expect(await two.runs.countUnmet({ ...sources, kind: 'owner' })).toBe(0)
      expect(await one.runs.commitPage({ ...edgesPage(run, []), gone: sources })).toEqual({
        deleted: 1,
      })
      expect(await two.directory.listMembers({ tenantId, id: group, limit: 9 })).toEqual([
        anEdge(group, b),
      ])
      expect(await two.runs.countUnmet(sources)).toBe(0)
      expect(await two.directory.countObjects(tenantId, 'member')).toBe(2)
    })

    it('counts the memberships of a group, and those that are older than a run', async () => {
      const [group, other, a, b] = ids(4)
      const first = await aRun(one)
      await one.runs.commitPage({
        ...edgesPage(first, [anEdge(group, a), anEdge(group, b), anEdge(other, a)]),
        now: 1_000,
      })
      await finish(first)
      const second = await aRun(one)
      const met = [anEdge(group, b), anEdge(group, other)]
      await one.runs.commitPage({ ...edgesPage(second, met), now: 2_000 })
      const of = { tenantId, kind: 'member', ids: [group] } as const
      expect(await two.runs.countEdgesOf({ ...of, before: 2_000 })).toEqual({ live: 3, older: 2 })
      const gone = { ...of, sequence: second.sequence }
      await one.runs.commitPage({ ...edgesPage(second, []), now: 3_000, gone })
      expect(await two.runs.countEdgesOf({ ...of, before: 2_000 })).toEqual({ live: 2, older: 1 })
      const unknown = { ...of, kind: 'owner', before: 9_000 } as const
      expect(await two.runs.countEdgesOf(unknown)).toEqual({ live: 0, older: 0 })
    })

    it('doubles no deleted row when everything was deleted before', async () => {
      const first = await aRun(one)
      const rows = rowsNamed('a', 5)
      await one.runs.commitPage(aPage(first, rows))
      await finish(first)
      const second = await aRun(one)
      await one.runs.sweepUnseen(sweep(second))
      expect(await two.directory.countObjects(tenantId, 'user')).toBe(0)
      await one.runs.commitPage(aPage(second, rows))
      await one.runs.commitPage(aPage(second, rows))
      expect(await two.directory.countObjects(tenantId, 'user')).toBe(5)
      expect(await two.runs.countSeen(tenantId, 'user', second.sequence)).toBe(5)
    })

    it('deletes in small steps what one step would delete, rows of other tenants left alone', async () => {
      const first = await aRun(one)
      const rows = rowsNamed('a', 30)
      const other = { tenantId: 'other', kind: 'user', sequence: first.sequence } as const
      await one.runs.commitPage(aPage(first, rows))
      await one.runs.commitPage(aPage(first, [], { rows: { ...other, page: pageOf(rows) } }))
      const groups = ids(4).toSorted()
      const edges = groups.flatMap((group) => ids(9).map((member) => anEdge(group, member)))
      await one.runs.commitPage(edgesPage(first, edges))
      await finish(first)
      const second = await aRun(one)
      await one.runs.commitPage(aPage(second, rows.slice(10, 15)))
      await one.runs.commitPage(edgesPage(second, edges.slice(9, 20)))
      for (const [swept, left] of [
        ['user', 5],
        ['member', 11],
      ] as const) {
        let after: string | undefined
        let marked = 0
        do {
          const step = {
            ...sweep(second),
            kind: swept,
            limit: 7,
            ...(after === undefined ? {} : { after }),
          }
          const done = await one.runs.sweepUnseen(step)
          marked += done.marked
          after = done.next
        } while (after !== undefined)
        expect(await two.directory.countObjects(tenantId, swept)).toBe(left)
        expect(marked).toBe((swept === 'user' ? 30 : 36) - left)
      }
      expect(await two.directory.countObjects('other', 'user')).toBe(30)
      expect((await two.runs.getRun(second.id))?.totals.deleted).toBe(25 + 25)
      const [gone, kept] = [groups[0] ?? '', groups[1] ?? '']
      expect(await two.directory.listMembers({ tenantId, id: gone, limit: 20 })).toEqual([])
      expect(await two.directory.listMembers({ tenantId, id: kept, limit: 20 })).toHaveLength(9)
    })

    it('keeps owners apart from members, though the same two stand in both', async () => {
      const run = await aRun(one)
      const [group, both, member] = ids(3)
      await one.runs.commitPage(edgesPage(run, [anEdge(group, both), anEdge(group, member)]))
      const owned = edgesPage(run, [anEdge(group, both)], tenantId, 'owner')
      await one.runs.commitPage(owned)
      expect(await two.directory.countObjects(tenantId, 'member')).toBe(2)
      expect(await two.directory.countObjects(tenantId, 'owner')).toBe(1)
      expect(await two.runs.countSeen(tenantId, 'owner', run.sequence)).toBe(1)
      const of = { tenantId, id: group, limit: 9 }
      expect(await two.directory.listMembers(of)).toHaveLength(2)
      await finish(run)

      const second = await aRun(one)
      expect(await two.runs.countUnseen(tenantId, 'owner', second.sequence)).toEqual({
        known: 1,
        unseen: 1,
      })
      const swept = await one.runs.sweepUnseen({ ...sweep(second), kind: 'owner' })
      expect(swept.marked).toBe(1)
      expect(await two.directory.countObjects(tenantId, 'owner')).toBe(0)
      expect(await two.directory.listMembers(of)).toHaveLength(2)
    })

    it('holds the memberships a map would hold, whatever pages and sweeps come', async () => {
      const pool = [...ids(4), 'odd', '~', 'ab-cd']
      const edge = fc.record({
        groupId: fc.constantFrom(...pool),
        memberId: fc.constantFrom(...pool),
        memberType: fc.constantFrom('user', 'group'),
      })
      const session = fc.record({
        pages: fc.array(fc.array(edge, { maxLength: 12 }), { maxLength: 4 }),
        sweeps: fc.boolean(),
      })
      let round = 0
      await fc.assert(
        fc.asyncProperty(fc.array(session, { maxLength: 5 }), async (sessions) => {
          const tenant = `edges ${round++}`
          const live = new Map<string, Membership>()
          for (const { pages, sweeps } of sessions) {
            const run = await aRun(one, `model ${tenant}`)
            const met = new Set<string>()
            for (const edges of pages) {
              await one.runs.commitPage(edgesPage(run, edges, tenant))
              for (const each of edges) {
                live.set(`${each.groupId} ${each.memberId}`, each)
                met.add(`${each.groupId} ${each.memberId}`)
              }
            }
            expect(await two.runs.countSeen(tenant, 'member', run.sequence)).toBe(met.size)
            const unseen = live.size - met.size
            expect(await two.runs.countUnseen(tenant, 'member', run.sequence)).toEqual({
              known: live.size,
              unseen,
            })
            const step = { ...sweep(run), tenantId: tenant, kind: 'member', limit: 500 } as const
            const swept = sweeps ? (await one.runs.sweepUnseen(step)).marked : unseen
            expect(swept).toBe(unseen)
            for (const key of live.keys()) if (sweeps && !met.has(key)) live.delete(key)
            await finish(run)
          }
          expect(await two.directory.countObjects(tenant, 'member')).toBe(live.size)
          for (const id of pool) {
            const query = { tenantId: tenant, id, limit: 100 }
            const byGroup = await two.directory.listMembers(query)
            const byMember = await two.directory.listGroupsOf(query)
            const all = [...live.values()]
            expect(new Set(byGroup)).toEqual(new Set(all.filter((each) => each.groupId === id)))
            expect(new Set(byMember)).toEqual(new Set(all.filter((each) => each.memberId === id)))
          }
        }),
        { numRuns: 15 },
      )
    })

    async function finish(run: RunRecord): Promise<void> {
      await one.runs.updateRun(run.id, 'one', { state: 'completed', release: true }, [], 3_000)
    }

    function goneIn(run: RunRecord, rows: readonly SampleRow[]): NonNullable<PageCommit['gone']> {
      const gone = rows.map(({ id }) => id)
      return { tenantId, kind: 'user', sequence: run.sequence, ids: gone }
    }

    /** A run that brought six rows, and the next one, which has met the last two of them. */
    async function twoRuns(): Promise<{ readonly rows: SampleRow[]; readonly second: RunRecord }> {
      const first = await aRun(one)
      const rows = rowsNamed('a', 6)
      await one.runs.commitPage(aPage(first, rows))
      await finish(first)
      const second = await aRun(one)
      await one.runs.takeRows(tenantId, 'user', second.name, { takeOver: false, now: 1 })
      await one.runs.commitPage(aPage(second, rows.slice(4)))
      return { rows, second }
    }

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

function sweep(run: RunRecord): SweepStep {
  const { id: runId, sequence } = run
  const of = { tenantId, kind: 'user', sequence, limit: 10_000 } as const
  return { runId, instanceId: 'one', now: 5_000, ...of }
}

function ids(count: number): string[] & [string, string, string, string] {
  const made = Array.from({ length: count }, (): string => crypto.randomUUID())
  return made as string[] & [string, string, string, string]
}

function anEdge(groupId: string, memberId: string, memberType = 'user'): Membership {
  return { groupId, memberId, memberType }
}

function edgesPage(
  run: RunRecord,
  edges: readonly Membership[],
  tenant = tenantId,
  kind: EdgeKind = 'member',
): PageCommit {
  const { rows: _, ...page } = aPage(run, [])
  return { ...page, edges: { tenantId: tenant, kind, sequence: run.sequence, edges } }
}
