import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createThrottle, unitsOf } from './throttle.ts'

test('a spent bucket throttles, names the size class and refills with time', () => {
  const throttle = createThrottle({ size: 'S', restartPenalty: false })
  for (let i = 0; i < 1_750; i++) expect(throttle.charge('a', 2, 0).isThrottled).toBe(false)
  expect(throttle.charge('a', 2, 0)).toEqual({
    isThrottled: true,
    retryAfterSeconds: 1,
    category: 'aadgraph.app.tenant_small',
    usedShare: expect.closeTo(1, 2) as number,
  })
  expect(throttle.charge('b', 2, 0).isThrottled).toBe(false)
  expect(throttle.charge('a', 2, 1_000).isThrottled).toBe(false)
})

test('calling before Retry-After ended begins the penalty anew', () => {
  const throttle = createThrottle(undefined)
  throttle.penalize('a', 10, 0)
  expect(throttle.charge('a', 1, 9_000)).toMatchObject({ retryAfterSeconds: 10 })
  expect(throttle.charge('a', 1, 18_000)).toMatchObject({ retryAfterSeconds: 10 })
  expect(throttle.charge('a', 1, 28_000).isThrottled).toBe(false)
})

test('Retry-After can be left out', () => {
  const throttle = createThrottle({ burstUnits: 1, unitsPerSecond: 1, retryAfterSeconds: null })
  throttle.charge('a', 1, 0)
  expect(throttle.charge('a', 1, 0)).toMatchObject({ retryAfterSeconds: undefined })
})

test('who waits as long as told is served', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 20 }), (burst, rate) => {
      const throttle = createThrottle({ burstUnits: burst, unitsPerSecond: rate })
      let now = 0
      for (let i = 0; i < 200; i++) {
        const first = throttle.charge('a', 1, now)
        if (!first.isThrottled) continue
        now += (first.retryAfterSeconds ?? 0) * 1_000
        expect(throttle.charge('a', 1, now).isThrottled).toBe(false)
      }
    }),
  )
})

test.each([
  ['', 2],
  ['$select=id', 1],
  ['$top=19', 1],
  ['$top=20', 2],
  ['$select=id&$top=5', 1],
])('%j costs %i units', (query, units) => {
  expect(unitsOf({ kind: 'users', query: new URLSearchParams(query) })).toBe(units)
})

test.each([
  ['members', '$select=id', 2],
  ['owners', '', 1],
  ['groups', '$select=id', 1],
  ['getByIds', '', 5],
  ['memberOf', '', 4],
  ['users', '$expand=manager', 3],
] as const)('a request for %s with %j costs %i units', (kind, query, units) => {
  expect(unitsOf({ kind, query: new URLSearchParams(query) })).toBe(units)
})

test('what is spent of a budget shows before it is all spent, and a debt beyond', () => {
  const throttle = createThrottle({ burstUnits: 10, unitsPerSecond: 1 })
  const shares = Array.from({ length: 12 }, () => throttle.charge('a', 1, 0).usedShare)
  expect(shares.slice(0, 2)).toEqual([0.1, 0.2])
  expect(shares.slice(9)).toEqual([1, 1.1, 1.2])
  expect(createThrottle(undefined).charge('a', 1, 0).usedShare).toBe(0)
})
