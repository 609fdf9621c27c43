import { describe, expect, it } from 'vitest'
import { previousTick } from '../jobs/index.ts'
import { createScheduleMemory } from './alarm-facts.ts'

describe('the last time a schedule named', () => {
  const at = (text: string): number => Date.parse(`2026-11-27T${text}Z`)

  it('is the minute itself, or the one before', () => {
    expect(previousTick('0 2 * * *', at('02:00:00'))).toBe(at('02:00:00'))
    expect(previousTick('0 2 * * *', at('23:59:59'))).toBe(at('02:00:00'))
    expect(previousTick('0 2 * * *', at('01:59:59'))).toBe(at('02:00:00') - 86_400_000)
  })
})

describe('a schedule', () => {
  it('that was there at the start counts from before it, one that came later from then on', () => {
    const memory = createScheduleMemory(100)
    expect(memory.knownSince('nightly', '0 2 * * *')).toBe(0)
    memory.settle(200)
    expect(memory.knownSince('nightly', '0 2 * * *')).toBe(0)
    expect(memory.knownSince('nightly', '0 3 * * *')).toBe(200)
    memory.settle(300)
    expect(memory.knownSince('nightly', '0 3 * * *')).toBe(200)
  })
})
