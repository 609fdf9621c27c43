import { describe, expect, test } from 'vitest'
import { chooseCursors, shardTarget } from './cursor-count.ts'

const tenant = { asked: 'auto', total: 400_000, pageSize: 999, latencyMs: 470 } as const

describe('one cursor is taken', () => {
  test.each([
    [{ ...tenant, asked: 1 }, 'as asked'],
    [{ ...tenant, total: undefined }, 'does not count'],
    [{ ...tenant, total: 0 }, 'are few'],
    [{ ...tenant, total: 15 * 999 }, 'are few'],
    [{ ...tenant, latencyMs: 25 }, 'is fast'],
    [{ ...tenant, asked: 8, total: 3 }, 'are one page'],
    [{ ...tenant, asked: 8, total: 0 }, 'are 0 pages'],
  ] as const)('of %j', (facts, why) => {
    const chosen = chooseCursors(facts)
    expect(chosen.cursors).toBe(1)
    expect(chosen.why).toContain(why)
  })
})

test('as many cursors as were asked for are taken', () => {
  expect(chooseCursors({ ...tenant, asked: 32, latencyMs: 1 })).toEqual({
    cursors: 32,
    why: 'as asked',
  })
})

test('unasked, there are as many as hide the latency, 24 at most', () => {
  expect(chooseCursors(tenant)).toEqual({
    cursors: 24,
    why: '400,000 rows, 470 ms a page',
  })
  expect(chooseCursors({ ...tenant, latencyMs: 40 }).cursors).toBe(6)
  expect(chooseCursors({ ...tenant, total: 20_000 }).cursors).toBe(5)
})

test('a shard is half of what a cursor reads, but two pages at least', () => {
  expect(shardTarget(400_000, 20, 999)).toBe(10_000)
  expect(shardTarget(20_000, 24, 999)).toBe(1_998)
})
