import { beforeEach, describe, expect, it } from 'vitest'
import { nextTick, previousTick } from '../jobs/index.ts'
import { createManualClock, EvergrantError, type ManualClock } from '../kernel/index.ts'
import { runDueSchedules, type ScheduleContext, type SeenSchedules } from './run-schedules.ts'
import type { ScheduleEvent } from './schedule-events.ts'
import type { ScheduleRecord, ScheduleStore } from './schedule-store.ts'

/** A store in memory that does what the contract says, and counts what it is asked. */
function aStore(): ScheduleStore & { readonly rows: Map<string, ScheduleRecord>; asked: number } {
  const rows = new Map<string, ScheduleRecord>()
  const store = {
    rows,
    asked: 0,
    listSchedules: async () => [...rows.values()],
    knowSchedule: async (name: string, cron: string, now: number) => {
      store.asked++
      const known = rows.get(name)
      if (known?.cron !== cron) rows.set(name, { name, cron, knownSince: now, handledAt: now })
      return rows.get(name) as ScheduleRecord
    },
    claimDue: async (name: string, _cron: string, dueAt: number, now: number) => {
      const { outcome: _, ...known } = rows.get(name) as ScheduleRecord
      if (known.handledAt >= dueAt || known.pausedAt !== undefined) return false
      rows.set(name, { ...known, handledAt: dueAt, takenAt: now })
      return true
    },
    reclaimDue: async (name: string, _dueAt: number, takenAt: number, now: number) => {
      const known = rows.get(name) as ScheduleRecord
      if (known.takenAt !== takenAt) return false
      rows.set(name, { ...known, takenAt: now })
      return true
    },
    noteDue: async (name: string, _dueAt: number, note: object, now: number) => {
      const { takenAt: _, ...known } = rows.get(name) as ScheduleRecord
      rows.set(name, { ...known, ...note, outcomeAt: now })
    },
    rewindSchedule: async (name: string, handledAt: number, now: number) => {
      const known = rows.get(name) as ScheduleRecord
      if (known.handledAt !== handledAt) return
      rows.set(name, { ...known, handledAt: now, knownSince: Math.min(known.knownSince, now) })
    },
    pauseSchedule: async () => false,
    resumeSchedule: async () => false,
  }
  return store
}

const hourMs = 3_600_000
const nightly = { name: 'nightly', cron: '0 2 * * *' }

let clock: ManualClock
let store: ReturnType<typeof aStore>
let events: ScheduleEvent[]
let started: string[]
let refusal: Error | undefined
/** What beginning one waits for. */
let onStart: (() => Promise<void>) | undefined
let beginning: Set<string>
let seen: SeenSchedules
beforeEach(() => {
  clock = createManualClock(Date.parse('2026-11-27T01:00:00Z'))
  store = aStore()
  events = []
  started = []
  refusal = undefined
  onStart = undefined
  beginning = new Set()
  seen = new Map()
})

const look = async (imports = [nightly], as: SeenSchedules = seen): Promise<void> => {
  const context: ScheduleContext = {
    store,
    clock,
    emit: (event) => void events.push(event),
    ticks: { previous: previousTick, next: nextTick },
    beginning,
    start: async (name) => {
      if (refusal !== undefined) throw refusal
      started.push(name)
      await onStart?.()
      return `run_${started.length}`
    },
  }
  while (await runDueSchedules(imports, as, context));
}

describe('schedules', () => {
  it('begin nothing for what was due before they were known', async () => {
    await look()
    expect(started).toEqual([])
    await clock.advance(59 * 60_000)
    await look()
    expect(started).toEqual([])
  })

  it('begin an import once an instant, and ask the store nothing in between', async () => {
    await look()
    await clock.advance(hourMs)
    await look()
    expect(started).toEqual(['nightly'])
    expect(store.rows.get('nightly')).toMatchObject({ outcome: 'started', runId: 'run_1' })
    const { asked } = store
    for (let i = 0; i < 10; i++) {
      await clock.advance(hourMs)
      await look()
    }
    expect(started).toHaveLength(1)
    expect(store.asked).toBe(asked)
    await clock.advance(14 * hourMs)
    await look()
    expect(started).toHaveLength(2)
  })

  it('give an instant to one of several processes', async () => {
    const other: SeenSchedules = new Map()
    await look()
    await look([nightly], other)
    await clock.advance(hourMs)
    await Promise.all([look(), look([nightly], other)])
    expect(started).toHaveLength(1)
  })

  it.each([
    [11, ['nightly'], 'import.schedule_started'],
    [13, [], 'import.schedule_missed'],
  ])('that nobody looked at for %d hours make up for it or not', async (hours, made, type) => {
    await look()
    await clock.advance((hours + 1) * hourMs)
    await look([nightly], new Map())
    expect(started).toEqual(made)
    expect(events.map((event) => event.type)).toEqual([type])
  })

  it('of a week that were missed are made up for within a day', async () => {
    const weekly = { name: 'weekly', cron: '0 2 * * 6' }
    await look([weekly])
    await clock.advance(25 * hourMs + 23 * hourMs)
    await look([weekly], new Map())
    expect(started).toEqual(['weekly'])
  })

  it('make up for the last of many missed instants alone', async () => {
    const hourly = { name: 'hourly', cron: '0 * * * *' }
    await look([hourly])
    await clock.advance(10 * hourMs + 60_000)
    await look([hourly], new Map())
    await look([hourly], new Map())
    expect(started).toEqual(['hourly'])
  })

  it('begin an instant whose process died before anything came of it, by one of the others', async () => {
    await look()
    await clock.advance(hourMs)
    const dueAt = clock.now()
    await store.claimDue('nightly', nightly.cron, dueAt, dueAt)
    const others = [seen, new Map() as SeenSchedules]
    for (const as of others) await look([nightly], as)
    await clock.advance(59_000)
    for (const as of others) await look([nightly], as)
    expect(started).toEqual([])
    await clock.advance(1_000)
    await Promise.all(others.map((as) => look([nightly], as)))
    expect(started).toEqual(['nightly'])
    expect(events).toMatchObject([{ type: 'import.schedule_started', dueAt }])
    await clock.advance(90_000)
    for (const as of others) await look([nightly], as)
    const { asked } = store
    for (const as of others) await look([nightly], as)
    expect(store.asked).toBe(asked)
    expect(started).toHaveLength(1)
  })

  it('are left alone by another look of the process that is beginning them, however long that takes', async () => {
    await look()
    await clock.advance(hourMs)
    const isAtIt = Promise.withResolvers<void>()
    const hasBegun = Promise.withResolvers<void>()
    onStart = async () => {
      onStart = undefined
      isAtIt.resolve()
      await hasBegun.promise
    }
    const slow = look()
    await isAtIt.promise
    await clock.advance(5 * 60_000)
    await look()
    expect(started).toEqual(['nightly'])
    hasBegun.resolve()
    await slow
    await clock.advance(24 * hourMs)
    await look()
    expect(started).toHaveLength(2)
  })

  it('begin one import a call, so that others can begin the rest', async () => {
    const two = [nightly, { name: 'other', cron: '0 2 * * *' }]
    const context: ScheduleContext = {
      store,
      clock,
      emit: () => {},
      ticks: { previous: previousTick, next: nextTick },
      beginning,
      start: async (name) => `run_${started.push(name)}`,
    }
    await runDueSchedules(two, seen, context)
    await clock.advance(hourMs)
    expect(await runDueSchedules(two, seen, context)).toBe(true)
    expect(started).toEqual(['nightly'])
    expect(await runDueSchedules(two, seen, context)).toBe(false)
    expect(started).toEqual(['nightly', 'other'])
  })

  it('leave an instant out while a run is going', async () => {
    await look()
    refusal = new EvergrantError('import_running', 'run_0 runs')
    await clock.advance(hourMs)
    await look()
    expect(store.rows.get('nightly')).toMatchObject({ outcome: 'skipped' })
    expect(events).toMatchObject([{ type: 'import.schedule_skipped', detail: 'run_0 runs' }])
  })

  it('note why an import could not be begun, and go on with the next', async () => {
    const other = { name: 'other', cron: '0 2 * * *' }
    await look([nightly, other])
    refusal = new EvergrantError('connection_unknown', 'there is none')
    await clock.advance(hourMs)
    await look([nightly, other])
    expect(events).toMatchObject([
      { type: 'import.schedule_failed', name: 'nightly', code: 'connection_unknown' },
      { type: 'import.schedule_failed', name: 'other', code: 'connection_unknown' },
    ])
    expect(store.rows.get('nightly')).toMatchObject({ outcome: 'failed' })
  })

  it('begin nothing while paused', async () => {
    await look()
    const row = store.rows.get('nightly') as ScheduleRecord
    store.rows.set('nightly', { ...row, pausedAt: 1 })
    await clock.advance(hourMs)
    await look()
    expect(started).toEqual([])
  })

  it('count from the change on when they change', async () => {
    await look()
    await clock.advance(hourMs / 2)
    const earlier = { name: 'nightly', cron: '15 1 * * *' }
    await look([earlier])
    expect(started).toEqual([])
    await clock.advance(24 * hourMs)
    await look([earlier])
    expect(started).toEqual(['nightly'])
  })

  it('go on after a clock that was ahead by far is put right, whoever met it', async () => {
    await look()
    const right = clock.now()
    clock.set(right + 400 * 24 * hourMs)
    await look()
    expect(store.rows.get('nightly')?.handledAt).toBeGreaterThan(right + 300 * 24 * hourMs)
    events = []
    started = []
    clock.set(right)
    for (const as of [seen, new Map() as SeenSchedules]) await look([nightly], as)
    expect(started).toEqual([])
    await clock.advance(hourMs)
    for (const as of [seen, new Map() as SeenSchedules]) await look([nightly], as)
    expect(started).toEqual(['nightly'])
    expect(store.rows.get('nightly')).toMatchObject({ outcome: 'started' })
  })

  it('begin an instant once though clocks differ a little, or one is put back a little', async () => {
    await look()
    await clock.advance(hourMs)
    await look()
    clock.set(clock.now() - 90_000)
    const other: SeenSchedules = new Map()
    for (const as of [seen, other]) await look([nightly], as)
    await clock.advance(90_000)
    for (const as of [seen, other]) await look([nightly], as)
    expect(started).toEqual(['nightly'])
  })
})
