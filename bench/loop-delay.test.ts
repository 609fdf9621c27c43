import { describe, expect, it } from 'vitest'
import { waitOfArrivals } from './loop-delay.ts'

describe('the wait of those who arrive at any moment', () => {
  it('is nothing when nothing was measured', () => {
    expect(waitOfArrivals([], 0.99)).toBe(0)
  })

  it('is nearly the whole of one long stall', () => {
    expect(waitOfArrivals([100], 0.99)).toBeCloseTo(99)
  })

  it('counts a stall as long as it lasts, among however many short ticks', () => {
    // 900 ms of ticks and 100 ms of one stall: a hundredth of the moments are its first 10 ms.
    const stalls = [...Array.from({ length: 900 }, () => 1), 100]
    expect(waitOfArrivals(stalls, 0.99)).toBeCloseTo(90)
  })

  it('spreads over stalls of equal length', () => {
    expect(waitOfArrivals([10, 10, 10, 10], 0.5)).toBeCloseTo(5)
  })
})
