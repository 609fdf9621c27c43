import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createManualClock, EvergrantError, type ManualClock } from '../kernel/index.ts'
import type { JobEvent } from './events.ts'
import type { Job, Jobs } from './job.ts'
import { createLocalJobs } from './local-jobs.ts'

const minute = 60_000

interface Fixture {
  readonly clock: ManualClock
  readonly jobs: Jobs
  readonly events: JobEvent[]
}

function makeJobs(startAt?: string, fill = 0): Fixture {
  const clock = createManualClock(startAt === undefined ? undefined : Date.parse(startAt))
  const events: JobEvent[] = []
  const random = (length: number): Uint8Array => new Uint8Array(length).fill(fill)
  const jobs = createLocalJobs({ clock, random, emit: (event) => events.push(event) })
  return { clock, jobs, events }
}

/** A job that notes when it was run, and does what it is told. */
function noting(
  clock: ManualClock,
  run: Job['runDue'] = () => Promise.resolve({ more: false }),
): Job & { readonly ranAt: string[] } {
  const ranAt: string[] = []
  return {
    name: 'sweep',
    ranAt,
    runDue: (options) => {
      ranAt.push(new Date(clock.now()).toISOString())
      return run(options)
    },
  }
}

describe('a schedule', () => {
  it.each(['', '* * * *', '0 2 * * * *', '61 * * * *', '0 0 31 2 *', 'soon'])(
    'of %j is refused',
    async (cron) => {
      const { jobs, clock } = makeJobs()
      const adding = jobs.add(noting(clock), { cron })
      await expect(adding).rejects.toMatchObject({ code: 'config_invalid' })
    },
  )

  it('wakes no job twice under one name, and none unknown', async () => {
    const { jobs, clock } = makeJobs()
    await jobs.add(noting(clock), { everyMs: minute })
    await expect(jobs.add(noting(clock), { everyMs: minute })).rejects.toThrow('already')
    await expect(jobs.wake('other')).rejects.toThrow('no job')
    await expect(jobs.add({ ...noting(clock), name: 'a b' }, { everyMs: 1 })).rejects.toThrow(
      'name',
    )
  })

  it('of an interval begins within its first, a minute at most, and goes on', async () => {
    const { jobs, clock } = makeJobs('2026-01-01T00:00:00Z', 128)
    const job = noting(clock)
    await jobs.add(job, { everyMs: 5 * minute })
    await clock.advance(11 * minute)
    const [first = '', ...rest] = job.ranAt.map((at) => at.slice(14, 19))
    expect(Number(first.slice(3))).toBeCloseTo(30, 0)
    expect(rest).toEqual([`05:${first.slice(3)}`, `10:${first.slice(3)}`])
  })

  it('of a cron expression follows the wall clock, in UTC', async () => {
    const { jobs, clock } = makeJobs('2026-03-28T23:00:00Z')
    const job = noting(clock)
    await jobs.add(job, { cron: '30 2 * * *' })
    await clock.advance(48 * 60 * minute)
    expect(job.ranAt).toEqual(['2026-03-29T02:30:00.000Z', '2026-03-30T02:30:00.000Z'])
  })

  it('makes up once for the ticks that a clock set ahead has left out', async () => {
    const { jobs, clock } = makeJobs('2026-01-01T00:00:00Z')
    const job = noting(clock)
    await jobs.add(job, { cron: '0 * * * *' })
    clock.set(Date.parse('2026-01-01T05:10:00Z'))
    await clock.advance(minute)
    expect(job.ranAt).toHaveLength(1)
    await clock.advance(50 * minute)
    expect(job.ranAt.at(-1)).toBe('2026-01-01T06:00:00.000Z')
  })
})

describe('a job', () => {
  it('that fails pauses longer each time, tells why, and recovers', async () => {
    const { jobs, clock, events } = makeJobs()
    const errors: Error[] = [
      new EvergrantError('store_unavailable', 'the store is away'),
      new TypeError('no token eyJhbGciOiJub25lIn0.eyJhIjoxfQ.c2ln in here'),
    ]
    const job = noting(clock, () => {
      const error = errors.shift()
      return error === undefined ? Promise.resolve({ more: false }) : Promise.reject(error)
    })
    await jobs.add(job, { everyMs: 7 })
    await clock.advance(0)
    const startedAt = clock.now()
    await clock.advance(1_500)
    expect(events.slice(0, 3)).toMatchObject([
      { type: 'job.failed', attempt: 1, code: 'store_unavailable', retryAt: startedAt + 500 },
      { type: 'job.failed', attempt: 2, code: 'internal', retryAt: startedAt + 1_500 },
      { type: 'job.finished', rounds: 1 },
    ])
    expect(JSON.stringify(events)).not.toContain('eyJhbGci')
    expect(job.ranAt).toHaveLength(3)
    await clock.advance(7)
    expect(job.ranAt).toHaveLength(4)
  })

  it('is woken at once in the middle of a pause', async () => {
    const { jobs, clock } = makeJobs()
    const job = noting(clock, () => Promise.reject(new Error('no')))
    await jobs.add(job, { everyMs: 10 * minute })
    await clock.advance(0)
    await jobs.wake('sweep')
    expect(job.ranAt).toHaveLength(2)
  })

  it('is called again while there is more', async () => {
    const { jobs, clock, events } = makeJobs()
    let left = 5
    await jobs.add(
      noting(clock, () => Promise.resolve({ more: --left > 0 })),
      { everyMs: minute },
    )
    await clock.advance(0)
    expect(events).toMatchObject([{ type: 'job.finished', rounds: 5 }])
  })

  it('never runs twice at a time, whoever wakes it, and misses no wake-up', async () => {
    const action = fc.constantFrom('wake', 'finish', 'tick')
    const property = fc.asyncProperty(fc.array(action, { maxLength: 30 }), async (actions) => {
      const { jobs, clock } = makeJobs()
      let finish: (() => void) | undefined
      let running = 0
      let starts = 0
      await jobs.add(
        {
          name: 'sweep',
          runDue: async () => {
            starts++
            expect(++running).toBe(1)
            await new Promise<void>((resolve) => {
              finish = resolve
            })
            running--
            return { more: false }
          },
        },
        { everyMs: minute },
      )
      let missed = 0
      for (const one of actions) {
        const before = starts
        if (one === 'wake') await jobs.wake('sweep')
        if (one === 'tick') await clock.advance(minute)
        if (one === 'finish') finish?.()
        await clock.advance(0)
        if (one !== 'wake') continue
        if (starts === before) finish?.()
        await clock.advance(0)
        if (starts === before) missed++
      }
      expect(missed).toBe(0)
      const stopped = jobs.stop()
      finish?.()
      await stopped
      expect(running).toBe(0)
      expect(clock.pending()).toBe(0)
    })
    await fc.assert(property)
  })
})

describe('leaving a job', () => {
  it('lets the run under way end and wakes it no more, while others go on', async () => {
    const { jobs, clock } = makeJobs()
    let isAborted = false
    const job = noting(clock, async ({ signal }) => {
      await clock.sleep(minute)
      isAborted = signal.aborted
      return { more: false }
    })
    const other = { ...noting(clock), name: 'other' }
    await jobs.add(job, { everyMs: minute })
    await jobs.add(other, { everyMs: minute })
    await jobs.wake('sweep')
    await jobs.wake('sweep')
    const leaving = jobs.leave('sweep')
    await clock.advance(minute)
    await leaving
    await jobs.leave('sweep')
    expect(isAborted).toBe(false)
    const { length } = other.ranAt
    await clock.advance(10 * minute)
    expect(job.ranAt).toHaveLength(1)
    expect(other.ranAt.length).toBeGreaterThan(length)
    await jobs.stop()
  })
})

describe('stopping', () => {
  it('aborts the run under way, waits for it, and takes it for no failure', async () => {
    const { jobs, clock, events } = makeJobs()
    let hasEnded = false
    const job = noting(clock, async ({ signal }) => {
      await clock.sleep(minute, { signal }).finally(() => {
        hasEnded = true
      })
      return { more: true }
    })
    await jobs.add(job, { everyMs: minute })
    await jobs.wake('sweep')
    await jobs.stop()
    expect(hasEnded).toBe(true)
    expect(events).toEqual([])
    await jobs.wake('sweep')
    await clock.advance(10 * minute)
    expect(job.ranAt).toHaveLength(1)
    expect(clock.pending()).toBe(0)
  })
})
