import { expect, test } from 'vitest'
import { manifestOf, type Progress, type RunRecord, type WalkRecord } from '../imports/index.ts'
import { noTotals } from '../../test/support/no-totals.ts'
import { formatManifest, formatShards } from './format-manifest.ts'

const collection = { runId: 'run_1', collection: 'members' } as const
const walk = (shard: number, more: Partial<WalkRecord>): WalkRecord => ({
  ...collection,
  shard,
  state: 'finished',
  pages: 3,
  rows: 2_997,
  restarts: 0,
  ...more,
})
const progress: Progress = {
  collection: {
    ...collection,
    writtenRows: 0,
    segmentBytes: 0,
    plan: { cursors: 1, why: 'one list of groups' },
  },
  walks: [
    walk(0, {}),
    walk(1, { only: 'g', label: 'group g', split: { rounds: 0 } }),
    walk(2, { only: 'g', cast: 'user', label: 'group g: user a, b', expected: 3_001 }),
    walk(3, { only: 'g', cast: 'device', label: 'group g: device', state: 'walking', pages: 0 }),
  ],
}
const run = { id: 'run_1', options: { collections: ['members'] }, totals: noTotals }
const manifest = manifestOf(run as unknown as RunRecord, [progress])

test('what is read as one list names the walks of its giants besides', () => {
  const text = formatManifest(manifest, undefined)
  expect(text).toContain('one cursor, and 3 beside it: one list of groups\n')
})

test('what is told of a collection stands under its name, before there is a verdict as well', () => {
  const text = formatManifest(manifest, undefined)
  expect(text).toContain('\nmembers:\n  one cursor, and 3 beside it')
  const bare = { ...progress, collection: { ...collection, writtenRows: 0, segmentBytes: 0 } }
  const untold = manifestOf(run as unknown as RunRecord, [bare])
  expect(formatManifest(untold, undefined)).not.toContain('members:')
})

test('each part of a giant is told by what it reads', () => {
  const lines = formatShards(manifest).split('\n')
  expect(lines[3]).toMatch(/^members +2 +group g: user a, b +finished +2,997 +3,001 +3/)
  expect(lines[4]).toMatch(/^members +3 +group g: device +waiting/)
})
