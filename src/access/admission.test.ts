import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createManualClock, type ManualClock } from '../kernel/index.ts'
import { createAdmission, type Admission, type Release } from './admission.ts'
import type { Caller, CallerLimits } from './caller.ts'

const caller = (limits: CallerLimits, id = 'clr_1'): Caller => ({
  id,
  name: 'crm',
  kind: 'key',
  connections: '*',
  allowTokens: false,
  limits,
})

const world = (): { clock: ManualClock; admission: Admission } => {
  const clock = createManualClock()
  return { clock, admission: createAdmission(clock) }
}
const isIn = (outcome: unknown): outcome is Release => typeof outcome === 'function'
/** How long a refused caller is told to wait; 0 when it was let in. */
const waitOf = (outcome: ReturnType<Admission['admit']>): number =>
  isIn(outcome) ? 0 : (outcome.retryAfterMs ?? Number.NaN)

describe('a caller', () => {
  it('beyond its concurrency is refused until a request of it has ended', () => {
    const { admission } = world()
    const bound = caller({ concurrency: 2 })
    const [first] = [admission.admit(bound), admission.admit(bound)]
    const refused = admission.admit(bound)
    expect(refused).toMatchObject({ code: 'caller_throttled', retryAfterMs: 1_000 })
    if (isIn(first)) {
      first()
      first()
    }
    expect(isIn(admission.admit(bound))).toBe(true)
    expect(isIn(admission.admit(bound))).toBe(false)
  })

  it('is let in again exactly when it was told to come', async () => {
    const { clock, admission } = world()
    const slow = caller({ ratePerSecond: 0.5 })
    expect(isIn(admission.admit(slow))).toBe(true)
    expect(waitOf(admission.admit(slow))).toBe(2_000)
    await clock.advance(1_999)
    expect(waitOf(admission.admit(slow))).toBe(1)
    await clock.advance(1)
    expect(isIn(admission.admit(slow))).toBe(true)
  })

  it('pays nothing for what is refused', async () => {
    const { clock, admission } = world()
    const bound = caller({ ratePerSecond: 1, concurrency: 1 })
    const first = admission.admit(bound)
    for (let i = 0; i < 50; i++) expect(isIn(admission.admit(bound))).toBe(false)
    if (isIn(first)) first()
    await clock.advance(1_000)
    expect(isIn(admission.admit(bound))).toBe(true)
  })

  it('is not held back by what others do, nor without limits at all', () => {
    const { admission } = world()
    admission.admit(caller({ concurrency: 1 }, 'clr_1'))
    expect(isIn(admission.admit(caller({ concurrency: 1 }, 'clr_2')))).toBe(true)
    for (let i = 0; i < 100; i++) expect(isIn(admission.admit(caller({}, 'clr_3')))).toBe(true)
    expect(admission.size()).toBe(2)
  })

  it('never gets more than a burst and its rate, and never less when it asks often', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.double({ min: 0.2, max: 300, noNaN: true }),
        fc.array(fc.nat(700), { minLength: 1, maxLength: 60 }),
        async (ratePerSecond, gaps) => {
          const { clock, admission } = world()
          const limited = caller({ ratePerSecond })
          const burst = Math.max(1, ratePerSecond)
          let admitted = 0
          for (const gap of gaps) {
            await clock.advance(gap)
            // As a client that takes every chance: at most what fits, and all that fits.
            while (waitOf(admission.admit(limited)) === 0) admitted++
            const allowed = burst + (ratePerSecond * clock.monotonic()) / 1_000
            expect(admitted).toBeLessThanOrEqual(allowed + 1e-6)
          }
          const wait = waitOf(admission.admit(limited))
          expect(wait).toBeLessThanOrEqual(Math.ceil(1_000 / ratePerSecond))
          await clock.advance(wait - 1)
          expect(waitOf(admission.admit(limited))).toBe(1)
          await clock.advance(1)
          expect(waitOf(admission.admit(limited))).toBe(0)
        },
      ),
      { numRuns: 50 },
    )
  })

  it('that is idle is forgotten when there are many', async () => {
    const { clock, admission } = world()
    const busy = admission.admit(caller({ concurrency: 1 }, 'busy'))
    for (let i = 0; i < 5_000; i++) {
      const outcome = admission.admit(caller({ ratePerSecond: 1_000 }, `clr_${i}`))
      if (isIn(outcome)) outcome()
      await clock.advance(1)
    }
    expect(admission.size()).toBeLessThanOrEqual(1_024)
    expect(isIn(busy)).toBe(true)
    expect(isIn(admission.admit(caller({ concurrency: 1 }, 'busy')))).toBe(false)
  })
})
