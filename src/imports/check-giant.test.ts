import { expect, test } from 'vitest'
import { EvergrantError } from '../kernel/index.ts'
import { checkGiant } from './check-giant.ts'
import { createGiantParts, type ReadPart } from './giant-parts.ts'
import type { RelatedPart } from './page-url.ts'
import type { WalkRecord } from './ports.ts'

const part = (name: string, rows: number): ReadPart => ({
  cast: 'user',
  filter: `startsWith(userPrincipalName,'${name}')`,
  label: name,
  expected: rows,
  rows,
})
const parts = [part('a', 3_000), part('b', 4_000), { ...part('', 50), cast: 'device' }]

/** Counts as Graph would answer them, one list for each time it is asked: all first, then parts. */
function counting(
  ...answers: readonly (readonly number[])[]
): (asked: RelatedPart) => Promise<number> {
  let times = -1
  return ({ cast, filter }) => {
    if (cast === undefined) times++
    const place = 1 + parts.findIndex((one) => one.cast === cast && one.filter === filter)
    return Promise.resolve(answers[times]?.[place] ?? Number.NaN)
  }
}

test('parts that brought what Graph counts are all there is', async () => {
  const check = await checkGiant(counting([7_050, 3_000, 4_000, 50]), 0, parts)
  expect(check).toMatchObject({ outcome: 'agrees', rows: 7_050, count: 7_050 })
})

test('parts that differ by a single row are read again, also where the sum agrees', async () => {
  const counts = counting([7_050, 2_999, 4_001, 50])
  const check = await checkGiant(counts, 1, parts)
  expect(check).toMatchObject({ outcome: 'again', differing: parts.slice(0, 2) })
  expect(check.detail).toContain('a and 1 more')
})

test('what still changes after that may differ by one in a thousand of all, and by no more', async () => {
  const near = await checkGiant(counting([7_057, 3_007, 4_000, 50]), 2, parts)
  expect(near.outcome).toBe('agrees')
  const far = await checkGiant(counting([7_058, 3_008, 4_000, 50]), 2, parts)
  expect(far.outcome).toBe('fails')
})

test('what no part explains fails however little it is, unless it was a matter of the moment', async () => {
  const more = [7_051, 3_000, 4_000, 50]
  const lasting = await checkGiant(counting(more, more, more), 2, parts)
  expect(lasting).toMatchObject({ outcome: 'fails', rows: 7_050, count: 7_051 })
  const passing = await checkGiant(counting(more, [7_050, 3_000, 4_000, 50]), 0, parts)
  expect(passing.outcome).toBe('agrees')
})

test('what no part explains is not borne with what changes besides', async () => {
  const more = [7_057, 3_001, 4_000, 50]
  const lasting = await checkGiant(counting(more, more, more), 2, parts)
  expect(lasting).toMatchObject({ outcome: 'fails', rows: 7_050, count: 7_057 })
  const passing = await checkGiant(counting(more, [7_051, 3_001, 4_000, 50]), 2, parts)
  expect(passing.outcome).toBe('agrees')
})

test('parts that lack many fail also where others have as many too many', async () => {
  const check = await checkGiant(counting([7_050, 2_500, 4_500, 50]), 2, parts)
  expect(check.outcome).toBe('fails')
})

test('a part that Graph did not give to its end fails however small it is', async () => {
  const short = [...parts.slice(0, 2), { ...part('', 48), cast: 'device', isShort: true }]
  const counts = counting([7_050, 3_000, 4_000, 50])
  expect((await checkGiant(counts, 0, short)).outcome).toBe('again')
  const check = await checkGiant(counting([7_050, 3_000, 4_000, 50]), 2, short)
  expect(check.outcome).toBe('fails')
})

test('fails where Graph does not count any more, and ends with what is no refusal', async () => {
  const refused = new EvergrantError('graph_request_rejected', 'no')
  const check = await checkGiant(() => Promise.reject(refused), 0, parts)
  expect(check).toMatchObject({ outcome: 'fails', count: null, detail: 'no' })
  const away = new EvergrantError('graph_unavailable', 'away')
  await expect(checkGiant(() => Promise.reject(away), 0, parts)).rejects.toBe(away)
})

const walk = (shard: number, more: Partial<WalkRecord>): WalkRecord => ({
  runId: 'r',
  collection: 'members',
  shard,
  state: 'walking',
  pages: 0,
  rows: 0,
  restarts: 0,
  only: 'g',
  ...more,
})

test('the walk of a giant wakes behind its last part, also in a later session', () => {
  const a = walk(2, { cast: 'user', filter: 'a', state: 'finished', rows: 7 })
  const b = walk(3, { cast: 'user', filter: 'b', rows: 2 })
  const known = createGiantParts([walk(1, { split: { rounds: 0 } }), a, b])
  expect(known.areOpen('g')).toBe(true)
  expect(known.end({ ...b, rows: 5 })).toEqual([1])
  expect(known.read('g').map(({ rows }) => rows)).toEqual([7, 5])
  expect(known.areOpen('g')).toBe(false)
})

test('a part that is read again counts as it was read last', () => {
  const first = walk(2, { cast: 'user', filter: 'a', state: 'finished', rows: 7 })
  const again = walk(9, { cast: 'user', filter: 'a', rows: 0 })
  const known = createGiantParts([again, first, walk(1, { split: { rounds: 1 } })])
  expect(known.end({ ...again, rows: 8 })).toEqual([1])
  expect(known.read('g').map(({ rows }) => rows)).toEqual([8])
})

test('a part that Graph did not give to its end is short until it is read again', () => {
  const short = walk(2, { cast: 'user', filter: 'a', state: 'finished', rows: 7, isShort: true })
  const known = createGiantParts([walk(1, { split: { rounds: 0 } }), short])
  expect(known.read('g')).toMatchObject([{ rows: 7, isShort: true }])
  known.begin('g', 1, known.read('g'))
  expect(known.end(walk(3, { cast: 'user', filter: 'a', rows: 7 }))).toEqual([1])
  expect(known.read('g')[0]).not.toHaveProperty('isShort')
})
