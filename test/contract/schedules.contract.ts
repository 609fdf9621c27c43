import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Store } from '../../src/store/index.ts'
import type { MakeStore, SharedStore } from './builders.ts'

const cron = '0 2 * * *'

/** What every `ScheduleStore` does. */
export function describeScheduleStore(kind: string, makeStore: MakeStore): void {
  describe(`schedules in ${kind}`, () => {
    let shared: SharedStore
    let one: Store
    let two: Store
    beforeEach(async () => {
      shared = await makeStore()
      one = await shared.open()
      two = await shared.open()
    })
    afterEach(async () => await shared.dispose())

    it('give no due instant of one that nobody noted', async () => {
      expect(await one.schedules.claimDue('directory', cron, 100, 101)).toBe(false)
      expect(await one.schedules.resumeSchedule('directory', 100)).toBe(false)
      expect(await one.schedules.listSchedules()).toEqual([])
    })

    it('give a due instant to one of many, and none from before it was known', async () => {
      const known = { name: 'directory', cron, knownSince: 100, handledAt: 100 }
      expect(await one.schedules.knowSchedule('directory', cron, 100)).toEqual(known)
      expect(await two.schedules.knowSchedule('directory', cron, 150)).toEqual(known)
      expect(await one.schedules.claimDue('directory', cron, 100, 101)).toBe(false)
      const taken = await Promise.all(
        [one, two, one, two].map((store) => store.schedules.claimDue('directory', cron, 200, 201)),
      )
      expect(taken.filter(Boolean)).toHaveLength(1)
      expect(await one.schedules.claimDue('directory', cron, 199, 200)).toBe(false)
      expect(await two.schedules.listSchedules()).toEqual([
        { ...known, handledAt: 200, takenAt: 201 },
      ])
    })

    it('keep what came of the last instant, and take no note of another', async () => {
      await one.schedules.knowSchedule('directory', cron, 100)
      await one.schedules.claimDue('directory', cron, 200, 201)
      await two.schedules.noteDue('directory', 200, { outcome: 'started', runId: 'run_1' }, 201)
      const noted = { outcome: 'started', outcomeAt: 201, runId: 'run_1' }
      expect(await one.schedules.listSchedules()).toMatchObject([noted])
      await one.schedules.noteDue('directory', 150, { outcome: 'failed', code: 'x' }, 202)
      expect(await one.schedules.listSchedules()).toMatchObject([noted])
      await one.schedules.claimDue('directory', cron, 300, 301)
      const [open] = await one.schedules.listSchedules()
      expect(open).toEqual({
        name: 'directory',
        cron,
        knownSince: 100,
        handledAt: 300,
        takenAt: 301,
      })
    })

    it('give the instant of one that died to one of many, and nobody what something came of', async () => {
      await one.schedules.knowSchedule('directory', cron, 100)
      await one.schedules.claimDue('directory', cron, 200, 201)
      expect(await two.schedules.reclaimDue('directory', 200, 200, 300)).toBe(false)
      expect(await two.schedules.reclaimDue('directory', 199, 201, 300)).toBe(false)
      const taken = await Promise.all(
        [one, two, one].map((store) => store.schedules.reclaimDue('directory', 200, 201, 300)),
      )
      expect(taken.filter(Boolean)).toHaveLength(1)
      await two.schedules.noteDue('directory', 200, { outcome: 'started', runId: 'run_2' }, 301)
      // Whoever was thought to be dead only was slow.
      await one.schedules.noteDue('directory', 200, { outcome: 'skipped' }, 302)
      const noted = { outcome: 'started', outcomeAt: 301, runId: 'run_2' }
      expect(await one.schedules.listSchedules()).toMatchObject([noted])
      expect(await two.schedules.reclaimDue('directory', 200, 301, 400)).toBe(false)
      await two.schedules.claimDue('directory', cron, 400, 401)
      await two.schedules.pauseSchedule('directory', cron, 'ops', 402)
      expect(await one.schedules.reclaimDue('directory', 400, 401, 500)).toBe(false)
      // What was due while it was paused is not wanted any more, and so with a change or a rewind.
      await one.schedules.resumeSchedule('directory', 600)
      expect((await one.schedules.listSchedules())[0]?.takenAt).toBeUndefined()
      await one.schedules.claimDue('directory', cron, 700, 701)
      await one.schedules.rewindSchedule('directory', 700, 650)
      expect((await one.schedules.listSchedules())[0]?.takenAt).toBeUndefined()
      await one.schedules.claimDue('directory', cron, 700, 702)
      await one.schedules.knowSchedule('directory', '0 3 * * *', 800)
      expect((await one.schedules.listSchedules())[0]?.takenAt).toBeUndefined()
    })

    it('are due from the change on when they change, and by the newest alone', async () => {
      await one.schedules.knowSchedule('directory', cron, 100)
      const other = '0 3 * * *'
      expect(await two.schedules.knowSchedule('directory', other, 400)).toMatchObject({
        cron: other,
        knownSince: 400,
        handledAt: 400,
      })
      expect(await one.schedules.claimDue('directory', cron, 500, 501)).toBe(false)
      expect(await one.schedules.claimDue('directory', other, 500, 501)).toBe(true)
    })

    it('take an instant back that a wrong clock took, unless another was taken since', async () => {
      await one.schedules.knowSchedule('directory', cron, 100)
      await one.schedules.claimDue('directory', cron, 9_000, 9_001)
      await two.schedules.rewindSchedule('directory', 8_000, 200)
      expect(await one.schedules.claimDue('directory', cron, 300, 301)).toBe(false)
      await two.schedules.rewindSchedule('directory', 9_000, 200)
      expect(await one.schedules.listSchedules()).toMatchObject([
        { knownSince: 100, handledAt: 200 },
      ])
      expect(await one.schedules.claimDue('directory', cron, 300, 301)).toBe(true)
      await two.schedules.rewindSchedule('directory', 300, 50)
      expect(await one.schedules.listSchedules()).toMatchObject([{ knownSince: 50, handledAt: 50 }])
    })

    it('give nothing while paused, nor what was due meanwhile, and are paused once', async () => {
      const pause = async (store: Store): Promise<boolean> =>
        await store.schedules.pauseSchedule('directory', cron, 'ops', 100)
      expect((await Promise.all([pause(one), pause(two)])).toSorted()).toEqual([false, true])
      expect(await two.schedules.listSchedules()).toMatchObject([
        { pausedAt: 100, pausedBy: 'ops' },
      ])
      expect(await two.schedules.claimDue('directory', cron, 200, 201)).toBe(false)
      expect(await two.schedules.resumeSchedule('directory', 250)).toBe(true)
      expect(await one.schedules.resumeSchedule('directory', 260)).toBe(false)
      expect(await one.schedules.claimDue('directory', cron, 200, 201)).toBe(false)
      expect(await one.schedules.claimDue('directory', cron, 300, 301)).toBe(true)
      const [record] = await one.schedules.listSchedules()
      expect(record).not.toHaveProperty('pausedAt')
    })
  })
}
