import { describe, expect, it } from 'vitest'
import type { ScheduleRecord } from '../imports/index.ts'
import { previousTick } from '../jobs/index.ts'
import { dueOf } from './alarm-facts.ts'

const at = (text: string): number => Date.parse(`2026-11-27T${text}Z`)

describe('the last time a schedule named', () => {
  it('is the minute itself, or the one before', () => {
    expect(previousTick('0 2 * * *', at('02:00:00'))).toBe(at('02:00:00'))
    expect(previousTick('0 2 * * *', at('23:59:59'))).toBe(at('02:00:00'))
    expect(previousTick('0 2 * * *', at('01:59:59'))).toBe(at('02:00:00') - 86_400_000)
  })
})

describe('a due instant', () => {
  const cron = '0 2 * * *'
  const due = at('02:00:00')
  const now = at('04:00:00')
  const record = (over: Partial<ScheduleRecord> = {}): ScheduleRecord => ({
    name: 'nightly',
    cron,
    knownSince: 0,
    handledAt: 0,
    ...over,
  })

  it.each<[string, Partial<ScheduleRecord>, number | undefined, boolean]>([
    ['nobody took', {}, undefined, false],
    ['nobody took although an older run ended', {}, due - 1, false],
    ['was taken by a process that died', { handledAt: due }, undefined, false],
    ['was too late', { handledAt: due, outcome: 'missed' }, undefined, false],
    ['could not be begun', { handledAt: due, outcome: 'failed' }, undefined, false],
    ['was begun, or gone on with', { handledAt: due, outcome: 'started' }, due - 1, true],
    ['met a run', { handledAt: due, outcome: 'skipped' }, due - 1, true],
    ['somebody saw to by hand', {}, due + 1, true],
    ['was before the schedule was known', { knownSince: due + 1 }, undefined, true],
    ['passed while it was paused', { handledAt: due + 1 }, undefined, true],
  ])('that %s', (_what, over, createdAt, hasBegun) => {
    const newest = createdAt === undefined ? undefined : { createdAt }
    expect(dueOf(cron, newest, record(over), now)).toEqual({ at: due, hasBegun })
  })

  it('is none while paused, without a schedule, and before it is known', () => {
    expect(dueOf(cron, undefined, record({ pausedAt: 1 }), now)).toBeUndefined()
    expect(dueOf(undefined, undefined, record(), now)).toBeUndefined()
    expect(dueOf(cron, undefined, undefined, now)).toBeUndefined()
    expect(dueOf(cron, undefined, record({ cron: '0 3 * * *' }), now)).toBeUndefined()
  })
})
