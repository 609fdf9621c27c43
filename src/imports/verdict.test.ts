import { describe, expect, test } from 'vitest'
import type { DeltaRecord, Progress, WalkRecord } from './ports.ts'
import { judgeCollection } from './verdict.ts'
import { newWalk } from './commit-step.ts'

const users = { runId: 'run_1', collection: 'users' } as const

const finished = (distinctRows: number, before?: number, after?: number): Progress => ({
  collection: {
    ...users,
    writtenRows: distinctRows,
    segmentBytes: 0,
    distinctRows,
    ...(before === undefined ? {} : { countBefore: before }),
    ...(after === undefined ? {} : { countAfter: after }),
  },
  walks: [{ ...newWalk(users), state: 'finished' }],
})

describe('a run is incomplete', () => {
  test('without any walk', () => {
    expect(judgeCollection({ ...finished(0, 0, 0), walks: [] }).verdict).toBe('incomplete')
  })
  test('while a walk is unfinished, whatever the counts say', () => {
    const { collection, walks } = finished(10, 10, 10)
    const one = { collection, walks: [...walks, newWalk(users, 1)] }
    expect(judgeCollection(one).verdict).toBe('incomplete')
  })
})

describe('a finished run drifted', () => {
  test.each([
    ['too few rows', 398, 1000, 1000],
    ['one row too many of three', 4, 3, 3],
    ['no count before', 10, undefined, 10],
    ['no count after', 10, 10, undefined],
  ])('with %s', (_what, distinct, before, after) => {
    expect(judgeCollection(finished(distinct, before, after)).verdict).toBe('complete_with_drift')
  })
})

describe('a finished run is complete', () => {
  test.each([
    ['exactly as counted', 400_000, 400_000, 400_000],
    ['between the counts', 400_100, 400_000, 400_200],
    ['within 0.1 % below', 399_600, 400_000, 400_000],
    ['within 0.1 % above', 400_400, 400_000, 400_000],
    ['empty', 0, 0, 0],
  ])('%s', (_what, distinct, before, after) => {
    expect(judgeCollection(finished(distinct, before, after)).verdict).toBe('complete')
  })
})

describe('members are judged by the groups whose list was read to its end', () => {
  const members = (groups: number, vanishedGroups: number, count: number): Progress => {
    const { collection, walks } = finished(123_456, count, count)
    const counts = { collection: 'members', groups, vanishedGroups } as const
    return {
      collection: { ...collection, collection: 'members' },
      walks: walks.map((walk): WalkRecord => ({ ...walk, ...counts })),
    }
  }
  test('and drifted when groups are missing, vanished ones included', () => {
    expect(judgeCollection(members(90, 10, 100)).verdict).toBe('complete_with_drift')
  })
  test('and are complete when there are as many as counted', () => {
    expect(judgeCollection(members(100, 3, 100))).toEqual({
      verdict: 'complete',
      detail: '123456 distinct rows of 100 groups; $count of groups was 100 before and 100 after',
    })
  })
  test('and it is said how many were read in parts, not counting those that had to be read whole', () => {
    const { collection, walks } = members(98, 0, 100)
    const giant = (hasFailed: boolean): WalkRecord => ({
      ...newWalk(collection, 1),
      state: 'finished',
      groups: 1,
      split: { rounds: 1, ...(hasFailed ? { hasFailed } : {}) },
    })
    const judged = judgeCollection({ collection, walks: [...walks, giant(false), giant(true)] })
    expect(judged.verdict).toBe('complete')
    expect(judged.detail).toContain('rows of 100 groups, 1 of them in parts;')
  })
})

describe('members of which changes alone were read are as complete as what these were added to', () => {
  const since = (told: Partial<DeltaRecord>): Progress => {
    const { collection } = finished(123_456, 100, 100)
    const begin = { link: 'https://graph.example/v1.0/groups/delta', takenAt: 0 }
    const counts = { pages: 1, changed: 5, gone: 1 }
    const delta: DeltaRecord = { purpose: 'since', state: 'applied', begin, ...counts, ...told }
    return { collection: { ...collection, collection: 'members', delta }, walks: [] }
  }
  test('and drifted where a group was not shown, or the run before had drifted', () => {
    for (const told of [
      { base: 'complete', unshown: 1 },
      { base: 'complete_with_drift' },
      {},
    ] as const) {
      expect(judgeCollection(since(told)).verdict).toBe('complete_with_drift')
    }
  })
  test('and complete otherwise', () => {
    expect(judgeCollection(since({ base: 'complete' }))).toEqual({
      verdict: 'complete',
      detail: '5 groups read anew and 1 gone since 1970-01-01T00:00:00.000Z, 123456 known rows',
    })
  })
})
