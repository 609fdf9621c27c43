import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AlarmRecord } from '../../src/alarms/index.ts'
import { newId, Secret } from '../../src/kernel/index.ts'
import type { Store } from '../../src/store/index.ts'
import type { MakeStore, SharedStore } from './builders.ts'

/** An alarm that was raised at 100. */
function anAlarm(over: Partial<AlarmRecord> = {}): AlarmRecord {
  return {
    id: newId('alm', over.raisedAt ?? 100),
    key: 'grant_lapsed:csp',
    kind: 'grant_lapsed',
    subject: 'csp',
    severity: 'critical',
    title: 'Connection "csp" gets no tokens any more',
    detail: 'It was revoked.',
    remedy: 'Consent again.',
    since: 90,
    step: 0,
    raisedAt: 100,
    changedAt: 100,
    ...over,
  }
}

let made = 0
const aMessage = (target = 'ops') => ({ id: newId('dlv', ++made), target, body: `{"n":${made}}` })
const none = { waiting: 0, delivered: 0, dead: 0 }

/** What every `AlarmStore` does. */
export function describeAlarmStore(kind: string, makeStore: MakeStore): void {
  describe(`alarms in ${kind}`, () => {
    let shared: SharedStore
    let one: Store
    let two: Store
    beforeEach(async () => {
      shared = await makeStore()
      one = await shared.open()
      two = await shared.open()
    })
    afterEach(async () => await shared.dispose())

    const claim = async (
      store: Store,
      over: Partial<Parameters<Store['alarms']['claimDeliveries']>[0]> = {},
    ): Promise<readonly string[]> => {
      const wanted = { attemptId: 'att', targets: ['ops'], limit: 10, leaseMs: 50, now: 200 }
      const taken = await store.alarms.claimDeliveries({ ...wanted, ...over })
      return taken.map(({ id }) => id)
    }

    it('are raised once, however many processes do, and none of their messages twice', async () => {
      const [first, second] = [aMessage(), aMessage()]
      const raised = await Promise.all([
        one.alarms.raiseAlarm(anAlarm(), [first]),
        two.alarms.raiseAlarm(anAlarm(), [second]),
      ])
      expect(raised.toSorted()).toEqual([false, true])
      expect(await claim(one, { limit: 10 })).toHaveLength(1)
    })

    it('are read by other processes as they were raised, and raised anew once over', async () => {
      const alarm = anAlarm()
      await one.alarms.raiseAlarm(alarm, [])
      expect(await two.alarms.listAlarms({ limit: 10 })).toEqual([{ ...alarm, deliveries: none }])
      expect(await two.alarms.recoverAlarm(alarm.id, [aMessage()], 150)).toBe(true)
      expect(await one.alarms.recoverAlarm(alarm.id, [aMessage()], 160)).toBe(false)
      expect(await one.alarms.listAlarms({ limit: 10, isOpen: true })).toEqual([])
      expect(await one.alarms.listAlarms({ limit: 10, isOpen: false })).toEqual([
        { ...alarm, recoveredAt: 150, deliveries: { ...none, waiting: 1 } },
      ])
      const again = anAlarm({ raisedAt: 300 })
      expect(await one.alarms.raiseAlarm(again, [])).toBe(true)
      const page = await one.alarms.listAlarms({ limit: 1 })
      expect(page.map(({ id }) => id)).toEqual([again.id])
      const rest = await one.alarms.listAlarms({ limit: 10, after: again.id })
      expect(rest.map(({ id }) => id)).toEqual([alarm.id])
    })

    it('pass a threshold once', async () => {
      const alarm = anAlarm({ step: 30 })
      await one.alarms.raiseAlarm(alarm, [])
      const closer = { ...alarm, step: 14, changedAt: 120, title: 'closer' }
      const passed = await Promise.all([
        one.alarms.changeAlarm(closer, 30, [aMessage()], 120),
        two.alarms.changeAlarm(closer, 30, [aMessage()], 120),
      ])
      expect(passed.toSorted()).toEqual([false, true])
      expect(await one.alarms.listAlarms({ limit: 10 })).toEqual([
        { ...closer, deliveries: { ...none, waiting: 1 } },
      ])
      await one.alarms.recoverAlarm(alarm.id, [], 130)
      expect(await one.alarms.changeAlarm({ ...alarm, step: 7 }, 14, [], 140)).toBe(false)
    })

    it('have messages that one process takes at a time, until its lease is over', async () => {
      const message = aMessage()
      await one.alarms.raiseAlarm(anAlarm(), [message, aMessage('others')])
      expect(await claim(one, { targets: [] })).toEqual([])
      expect(await claim(one, { now: 99 })).toEqual([])
      expect(await claim(one, { attemptId: 'first' })).toEqual([message.id])
      expect(await claim(two, { attemptId: 'second', now: 249 })).toEqual([])
      expect(await claim(two, { attemptId: 'second', now: 250 })).toEqual([message.id])
      const settled = { kind: 'delivered' } as const
      expect(await one.alarms.settleDelivery(message.id, 'first', settled, 260)).toBe(false)
      expect(await two.alarms.settleDelivery(message.id, 'second', settled, 260)).toBe(true)
      expect(await claim(two, { now: 1_000 })).toEqual([])
      const [listed] = await one.alarms.listAlarms({ limit: 1 })
      expect(listed?.deliveries).toEqual({ waiting: 1, delivered: 1, dead: 0 })
    })

    it('have messages that wait for their time and for those before them', async () => {
      const alarm = anAlarm()
      const [raised, over] = [aMessage(), aMessage()]
      await one.alarms.raiseAlarm(alarm, [raised])
      await one.alarms.recoverAlarm(alarm.id, [over], 150)
      expect(await claim(one)).toEqual([raised.id])
      const retry = { kind: 'retry', at: 500, detail: 'it answered 503' } as const
      await one.alarms.settleDelivery(raised.id, 'att', retry, 210)
      expect(await claim(one, { now: 499 })).toEqual([])
      const [taken] = await one.alarms.claimDeliveries({
        attemptId: 'att',
        targets: ['ops'],
        limit: 10,
        leaseMs: 50,
        now: 500,
      })
      expect(taken).toEqual({ ...raised, alarmId: alarm.id, createdAt: 100, attempts: 1 })
      const dead = { kind: 'dead', detail: 'it answered 410' } as const
      await one.alarms.settleDelivery(raised.id, 'att', dead, 510)
      expect(await claim(one, { now: 520 })).toEqual([over.id])
    })

    it('give up messages nobody sends, and are swept once they were over for long', async () => {
      const alarm = anAlarm()
      await one.alarms.raiseAlarm(alarm, [aMessage(), aMessage('gone')])
      await claim(one, { leaseMs: 1_000 })
      expect(await two.alarms.buryDeliveries(100, 10, 900)).toBe(0)
      expect(await two.alarms.buryDeliveries(101, 10, 900)).toBe(1)
      await one.alarms.recoverAlarm(alarm.id, [], 950)
      expect(await two.alarms.sweepAlarms(950, 10)).toBe(0)
      expect(await two.alarms.sweepAlarms(951, 10)).toBe(1)
      expect(await one.alarms.listAlarms({ limit: 10 })).toEqual([])
    })

    it('find grants that may be a reason, and no others', async () => {
      const look = async (): Promise<readonly string[]> => {
        const found = await two.alarms.troubledGrants({ dueBefore: 500, usedBefore: 500, limit: 9 })
        return found.map(({ connection }) => connection)
      }
      const add = async (connection: string, now: number): Promise<string> => {
        const key = { connection, tenant: 't', subject: '' }
        const { id } = await one.grants.addCandidate(key, { secret: new Secret('r') }, now)
        await one.grants.activateCandidate(id, 's', now)
        return id
      }
      await add('fresh', 600)
      expect(await look()).toEqual([])
      const lapsed = await add('lapsed', 600)
      const failure = { code: 'grant_lapsed', detail: 'No.', remedy: 'Consent.', at: 610 } as const
      await one.grants.recordFailure(lapsed, failure, { lapse: true })
      const unknown = await add('unknown', 600)
      await one.grants.markRefreshUnknown(unknown, 1, 620)
      const due = await add('due', 600)
      await one.grants.scheduleKeepAlive(due, 499)
      await add('idle', 499)
      expect(await look()).toEqual(['lapsed', 'unknown', 'due', 'idle'])
      const [first, second] = await two.alarms.troubledGrants({
        dueBefore: 500,
        usedBefore: 500,
        limit: 9,
      })
      expect(first).toMatchObject({ state: 'lapsed', failure: { detail: 'No.' } })
      expect(second).toMatchObject({ unknownSince: 620, refreshUsedAt: 600 })
    })
  })
}
