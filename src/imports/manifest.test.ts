import { describe, expect, it } from 'vitest'
import { newWalk } from './commit-step.ts'
import { createEffortMeter, effortSince } from './effort.ts'
import { manifestOf } from './manifest.ts'
import type { CollectionRecord, RunRecord, RunTotals, WalkRecord } from './ports.ts'
import { noTotals } from '../../test/support/no-totals.ts'

const run = (totals: Partial<RunTotals>): RunRecord =>
  ({
    id: 'run_1',
    options: { collections: ['users', 'members'] },
    totals: { ...noTotals, ...totals },
  }) as unknown as RunRecord

function record(over: Partial<CollectionRecord>): CollectionRecord {
  return { runId: 'run_1', collection: 'users', writtenRows: 0, segmentBytes: 0, ...over }
}

const walk = (shard: number, over: Partial<WalkRecord> = {}): WalkRecord => ({
  ...newWalk(record({}), shard),
  ...over,
})

describe('a manifest', () => {
  it('tells no drift and no state of reading before there is a cursor', () => {
    const [users, members] = manifestOf(run({}), [
      { collection: record({ collection: 'members' }), walks: [] },
      { collection: record({ countBefore: 3 }), walks: [] },
    ])
    expect(users).toMatchObject({ state: 'waiting', rows: 0, counted: 'rows' })
    expect(members).toMatchObject({ state: 'waiting', counted: 'groups' })
    expect(users?.drift).toBeUndefined()
  })

  it('adds the cursors of a collection up, and names by how much it lies outside of the counts', () => {
    const walks = [
      walk(0, { state: 'finished', rows: 60, pages: 2 }),
      walk(1, { state: 'finished', rows: 30, pages: 1, restarts: 1 }),
    ]
    const judged = record({
      countBefore: 100,
      countAfter: 95,
      distinctRows: 90,
      verdict: 'complete_with_drift',
    })
    const [users] = manifestOf(run({}), [{ collection: judged, walks }])
    expect(users).toMatchObject({
      state: 'read',
      finishedShards: 2,
      rows: 90,
      pages: 3,
      restarts: 1,
      drift: -5,
    })
  })

  it('counts once what parts of a giant read again', () => {
    const giant = { only: 'g', rows: 0, rowsBefore: 40 }
    const walks = [
      walk(0, { rows: 45 }),
      walk(1, { ...giant, split: { rounds: 0 } }),
      walk(2, { only: 'g', cast: 'user', rows: 20, repeats: 30 }),
      walk(3, { only: 'g', cast: 'group', rows: 25, repeats: 10 }),
    ]
    const members = record({ collection: 'members' })
    const [, found] = manifestOf(run({}), [
      { collection: record({}), walks: [] },
      { collection: members, walks },
    ])
    expect(found?.rows).toBe(45 + 15)
  })

  it('tells when what was read is being written into its place', () => {
    const judged = record({ verdict: 'complete', publishedRows: 0 })
    expect(manifestOf(run({}), [{ collection: judged, walks: [] }])[0]?.state).toBe('publishing')
  })

  it('tells when nothing but changes is read, be it after the cursors or in their place', () => {
    const delta = { state: 'open', pages: 0, changed: 0, gone: 0 } as const
    const finished = [walk(0, { state: 'finished' }), walk(1, { state: 'finished' })]
    const stateOf = (
      purpose: 'bracket' | 'since' | 'next',
      walks: readonly WalkRecord[],
    ): unknown =>
      manifestOf(run({}), [{ collection: record({ delta: { ...delta, purpose } }), walks }])[0]
        ?.state
    expect(stateOf('bracket', [...finished, walk(2)])).toBe('reading')
    expect(stateOf('bracket', finished)).toBe('changes')
    expect(stateOf('since', [])).toBe('changes')
    expect(stateOf('next', finished)).toBe('read')
  })

  it('gives what the collections before have not cost to the one that is being read', () => {
    const effort = effortSince({ ...noTotals, requests: 12, units: 20 }, [])
    const [users, members] = manifestOf(run({ requests: 40, units: 100 }), [
      { collection: record({ verdict: 'complete', effort }), walks: [walk(0)] },
      { collection: record({ collection: 'members' }), walks: [] },
    ])
    expect(users?.effort).toMatchObject({ requests: 12, units: 20 })
    expect(members?.effort).toMatchObject({ requests: 28, units: 80 })
  })
})

describe('the effort of a collection', () => {
  it('is never negative, whatever a record says', () => {
    const before = [{ effort: effortSince({ ...noTotals, requests: 9 }, []) }]
    expect(effortSince({ ...noTotals, requests: 4 }, before).requests).toBe(0)
  })

  it('holds the narrowest pace since the collection before it', () => {
    const meter = createEffortMeter({ totals: () => ({ ...noTotals, requests: 5 }) })
    meter.lowered(12)
    meter.lowered(27)
    expect(meter.taken([])).toMatchObject({ requests: 5, fewestSlots: 12 })
    expect(meter.taken([]).fewestSlots).toBeUndefined()
  })
})
