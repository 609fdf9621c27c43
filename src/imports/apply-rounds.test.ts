import { expect, test } from 'vitest'
import { makeScriptedGraph, scriptedGraphUrl } from '../../test/support/sending.ts'
import { applyRounds } from './apply-rounds.ts'
import type { WalkDependencies } from './commit-step.ts'
import type { CollectionRecord, DeltaRecord, RunRecord, RunStore } from './ports.ts'
import { createStoreDestination } from './store-destination.ts'

const deltaUrl = `${scriptedGraphUrl}/users/delta?$deltatoken=`
const begin = { link: `${deltaUrl}0`, takenAt: 0 }
const start: DeltaRecord = {
  purpose: 'bracket',
  state: 'open',
  begin,
  pages: 0,
  changed: 0,
  gone: 0,
}

/**
 * Applies rounds that name these users, one page each, those called `gone` as removed; `reset` in
 * the place of a round that is lost.
 */
async function applied(
  rounds: readonly (readonly string[] | 'reset')[],
  delta: DeltaRecord = start,
  over: Partial<CollectionRecord> = {},
): Promise<{ readonly delta: DeltaRecord | undefined; readonly asked: readonly string[] }> {
  const { asked, deps } = makeScriptedGraph((path) => {
    const ids = /id in \((.*)\)/.exec(path)?.[1]?.split(',')
    if (ids !== undefined) {
      const value = ids.map((id) => ({ id: id.slice(1, -1), displayName: 'now' }))
      return { status: 200, body: { value } }
    }
    if (path.includes('getByIds')) return { status: 200, body: { value: [] } }
    const number = Number(path.split('=').at(-1))
    const round = rounds[number] ?? []
    if (round === 'reset') return { status: 410, body: { error: { code: 'resyncRequired' } } }
    const value = round.map((id) => (id.startsWith('gone') ? { id, '@removed': {} } : { id }))
    const link = { '@odata.deltaLink': `${deltaUrl}${number + 1}` }
    return { status: 200, body: { value, ...link } }
  })
  const store = {
    commitPage: () => Promise.resolve({ deleted: 0 }),
    countUnmet: () => Promise.resolve(0),
    countSeen: () => Promise.resolve(100),
    countUnseen: () => Promise.resolve({ known: 100, unseen: 0 }),
    saveProgress: () => Promise.resolve(),
  } as unknown as RunStore
  const options = {
    tenantId: 't',
    graphUrl: scriptedGraphUrl,
    columns: { users: ['id', 'displayName'] },
    pageSize: 999,
    destination: 'store',
  }
  const run = { id: 'run_1', sequence: 1, options } as unknown as RunRecord
  const destination = createStoreDestination(store, run)
  const means: WalkDependencies = { ...deps, store, run, instanceId: 'one', destination }
  const record: CollectionRecord = {
    runId: 'run_1',
    collection: 'users',
    writtenRows: 0,
    segmentBytes: 0,
    delta,
    ...over,
  }
  const { delta: left } = await applyRounds(means, record)
  return { delta: left, asked: asked.filter((each) => each.includes('/delta')) }
}

test('rounds are read until one brings nothing, each from where the one before ended', async () => {
  const { asked, delta } = await applied([['a'], ['b', 'c'], [], ['never asked for']])
  expect(asked.map((each) => each.at(-1))).toEqual(['0', '1', '2'])
  expect(delta).toMatchObject({ state: 'applied', begin, changed: 3 })
  expect(delta?.end?.link).toBe(`${deltaUrl}3`)
})

test('no more than five rounds are read of a directory that never rests', async () => {
  const { asked, delta } = await applied(Array.from({ length: 9 }, (_, i) => [`user${i}`]))
  expect(asked).toHaveLength(5)
  expect(delta?.end?.link).toBe(`${deltaUrl}5`)
})

test('a further round that is lost costs nothing, and the next run begins where it began', async () => {
  const { delta } = await applied([['a'], 'reset'])
  expect(delta).toMatchObject({ state: 'applied', changed: 1 })
  expect(delta?.end?.link).toBe(`${deltaUrl}1`)
})

test('of changes since an earlier run one round is read: the next run reads the next', async () => {
  const { asked } = await applied([['a'], ['b']], { ...start, purpose: 'since' })
  expect(asked).toHaveLength(1)
})

test('a lost round from an earlier end is followed by the one from just before, and its rounds', async () => {
  const fallback = { link: `${deltaUrl}1`, takenAt: 5 }
  const bracket: DeltaRecord = { ...start, isEarlier: true, fallback }
  const { asked, delta } = await applied(['reset', ['a'], []], bracket)
  expect(asked.map((each) => each.at(-1))).toEqual(['0', '1', '2'])
  expect(delta).toMatchObject({ state: 'applied', begin: fallback, changed: 1 })
  expect(delta?.notEarlier).toContain('Graph has reset the delta')
})

test('what a lost round has marked leaves less of deleteAtMost to the one behind it', async () => {
  const gone = (count: number): string[] => Array.from({ length: count }, (_, i) => `gone${i}`)
  const marked: DeltaRecord = { ...start, goneBefore: 6 }
  expect((await applied([gone(4)], marked)).delta).toMatchObject({ state: 'applied', gone: 4 })
  const { delta } = await applied([gone(5)], marked)
  expect(delta).toMatchObject({ state: 'lost', note: 'more than 4 objects are gone' })
  const spent = await applied([['a']], { ...start, goneBefore: 60 })
  expect(spent.delta).toMatchObject({ state: 'applied', changed: 1 })
})

test('of memberships a tenth of the groups may have changed, however many rows they have', async () => {
  const groups = Array.from({ length: 150 }, (_, i) => `group${i}`)
  const since: DeltaRecord = { ...start, purpose: 'since' }
  const members = { collection: 'members' } as const
  const few = await applied([groups], since, { ...members, countBefore: 1_499 })
  expect(few.delta).toMatchObject({ state: 'lost', note: 'more than 149 groups have changed' })
  const many = await applied([groups], since, { ...members, countBefore: 1_500 })
  expect(many.delta).toMatchObject({ state: 'applied', named: 150, changed: 150 })
})

test('who is gone counts once, told of by several rounds or before a round was lost', async () => {
  const { asked, delta } = await applied([
    ['a', 'gone1'],
    ['b', 'gone1', 'gone2'],
    ['gone1'],
    ['c'],
  ])
  expect(delta).toMatchObject({ state: 'applied', changed: 2, gone: 2 })
  // What tells nothing new is the last.
  expect(asked).toHaveLength(3)
})
