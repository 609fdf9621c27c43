import { describe, expect, it, vi } from 'vitest'
import { createManualClock, systemClock } from './clock.ts'

describe('the system clock', () => {
  it('refuses to sleep once the signal has aborted', async () => {
    const reason = new Error('stop')
    await expect(systemClock.sleep(60_000, { signal: AbortSignal.abort(reason) })).rejects.toBe(
      reason,
    )
  })

  it('wakes a sleeper with the reason of the abort, and leaves no listener behind', async () => {
    const controller = new AbortController()
    const sleeping = systemClock.sleep(60_000, { signal: controller.signal })
    const reason = new Error('stop')
    controller.abort(reason)
    await expect(sleeping).rejects.toBe(reason)
  })

  it('takes a negative wait as none', async () => {
    await expect(systemClock.sleep(-5)).resolves.toBeUndefined()
  })

  it('forgets a task that was cancelled', async () => {
    let hasRun = false
    systemClock.schedule(0, () => (hasRun = true))()
    await systemClock.sleep(1)
    expect(hasRun).toBe(false)
  })

  it('takes a wait longer than a timer can hold in steps, and can cancel it in any', () => {
    vi.useFakeTimers()
    try {
      const runs: number[] = []
      const startedAt = Date.now()
      systemClock.schedule(3_000_000_000, () => runs.push(Date.now() - startedAt))
      const cancel = systemClock.schedule(3_000_000_000, () => runs.push(-1))
      vi.advanceTimersByTime(2_999_999_999)
      expect(runs).toEqual([])
      cancel()
      vi.advanceTimersByTime(10_000_000_000)
      expect(runs).toEqual([3_000_000_000])
    } finally {
      vi.useRealTimers()
    }
  })

  it('never runs backwards', () => {
    const before = systemClock.monotonic()
    expect(systemClock.monotonic()).toBeGreaterThanOrEqual(before)
  })
})

describe('the manual clock', () => {
  it('stands still until it is moved', async () => {
    const clock = createManualClock(1_000)
    let isAwake = false
    void clock.sleep(10).then(() => (isAwake = true))
    await clock.advance(9)
    expect([isAwake, clock.now(), clock.pending()]).toEqual([false, 1_009, 1])
    await clock.advance(1)
    expect([isAwake, clock.now(), clock.pending()]).toEqual([true, 1_010, 0])
  })

  it('wakes in the order of the due times, each at its own time', async () => {
    const clock = createManualClock(0)
    const woken: string[] = []
    clock.schedule(30, () => woken.push(`c ${clock.now()}`))
    clock.schedule(10, () => woken.push(`a ${clock.now()}`))
    clock.schedule(20, () => woken.push(`b ${clock.now()}`))
    await clock.advance(100)
    expect(woken).toEqual(['a 10', 'b 20', 'c 30'])
  })

  it('wakes those that were added by others on the way', async () => {
    const clock = createManualClock(0)
    const woken: number[] = []
    const again = (): void => {
      woken.push(clock.now())
      clock.schedule(10, again)
    }
    clock.schedule(10, again)
    await clock.advance(35)
    expect(woken).toEqual([10, 20, 30])
  })

  it('drops an aborted sleeper and a cancelled task', async () => {
    const clock = createManualClock()
    const controller = new AbortController()
    const sleeping = clock.sleep(10, { signal: controller.signal })
    const cancel = clock.schedule(10, () => {
      throw new Error('must not run')
    })
    controller.abort(new Error('stop'))
    cancel()
    await expect(sleeping).rejects.toThrow('stop')
    expect(clock.pending()).toBe(0)
    await clock.advance(20)
  })

  it('lets the wall clock jump without waking anyone', async () => {
    const clock = createManualClock(1_000)
    clock.schedule(10, () => {
      throw new Error('must not run')
    })
    clock.set(9_999_999)
    await clock.advance(5)
    expect([clock.now(), clock.monotonic()]).toEqual([10_000_004, 5])
  })
})
