import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { TokenSlotKey } from '../../src/grants/ports.ts'
import type { Store } from '../../src/store/index.ts'
import { aToken, type MakeStore, type SharedStore } from './builders.ts'

const key = { connection: 'contoso-graph', tenant: 't', subject: '' }
const slotOf = (grantId: string, target = 'graph'): TokenSlotKey => ({
  grantId,
  target,
  credentialVersion: 'v1',
})

/** What every `GrantStore` does. */
export function describeGrantStore(kind: string, makeStore: MakeStore): void {
  describe(`grants in ${kind}`, () => {
    let shared: SharedStore
    let one: Store
    let two: Store
    beforeEach(async () => {
      shared = await makeStore()
      one = await shared.open()
      two = await shared.open()
    })
    afterEach(async () => await shared.dispose())

    it('does not save a token when another process saved first, and tells what it saved', async () => {
      const { id } = await one.grants.ensureGrant(key, 1)
      const slot = slotOf(id)
      await one.grants.saveToken(slot, 0, aToken('first'), { now: 2 })
      const late = await two.grants.saveToken(slot, 0, aToken('late'), { now: 3 })
      const current = late.saved ? undefined : late.current
      expect(current?.version).toBe(1)
      expect(current?.token?.secret.reveal()).toBe('first')
      expect((await two.grants.findGrant(key))?.refreshCount).toBe(1)
    })

    it('lets exactly one of many racing processes save', async () => {
      const { id } = await one.grants.ensureGrant(key, 1)
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, async (_, i) => {
          const store = i % 2 === 0 ? one : two
          return await store.grants.saveToken(slotOf(id), 0, aToken(`t${i}`), { now: 2 })
        }),
      )
      expect(outcomes.filter(({ saved }) => saved)).toHaveLength(1)
    })

    it('does not find what was never written', async () => {
      expect(await one.grants.findGrant(key)).toBeUndefined()
      expect(await one.grants.readSlot(slotOf('grt_none'))).toBeUndefined()
    })

    it('makes a pending grant once, however many ask', async () => {
      const made = await Promise.all([one, two, one].map((s) => s.grants.ensureGrant(key, 5)))
      expect(new Set(made.map(({ id }) => id)).size).toBe(1)
      expect(made[0]).toMatchObject({ ...key, state: 'pending', createdAt: 5, refreshCount: 0 })
    })

    it('gives back the token as it was saved, and makes the grant active', async () => {
      const { id } = await one.grants.ensureGrant(key, 1)
      const token = aToken('secret', { refreshAt: 9, scope: 'a b', tokenType: 'bearer' })
      await one.grants.saveToken(slotOf(id), 0, token, { claims: '{"a":1}', now: 7 })
      const slot = await two.grants.readSlot(slotOf(id))
      expect(slot).toEqual({ version: 1, token, claims: '{"a":1}' })
      expect(slot?.token?.secret.reveal()).toBe('secret')
      expect(await two.grants.findGrant(key)).toMatchObject({
        state: 'active',
        stateChangedAt: 7,
        refreshCount: 1,
        lastRefreshedAt: 7,
      })
    })

    it('keeps slots of other targets and credentials apart', async () => {
      const { id } = await one.grants.ensureGrant(key, 1)
      await one.grants.saveToken(slotOf(id), 0, aToken('a'), { now: 2 })
      expect(await one.grants.readSlot(slotOf(id, 'arm'))).toBeUndefined()
      expect(await one.grants.readSlot({ ...slotOf(id), credentialVersion: 'v2' })).toBeUndefined()
    })

    it('keeps a failure as evidence, and lapses the grant only when told', async () => {
      const { id } = await one.grants.ensureGrant(key, 1)
      const failure = { code: 'internal', detail: 'd', remedy: 'r', at: 8 } as const
      await one.grants.recordFailure(id, failure, { lapse: false })
      expect(await two.grants.findGrant(key)).toMatchObject({
        state: 'pending',
        lastFailure: failure,
      })
      await one.grants.recordFailure(id, failure, { lapse: true })
      expect(await two.grants.findGrant(key)).toMatchObject({ state: 'lapsed', stateChangedAt: 8 })
    })

    it('remembers the longest block of a slot until a token is saved', async () => {
      const { id } = await one.grants.ensureGrant(key, 1)
      await one.grants.blockSlot(slotOf(id), 500, 1)
      await two.grants.blockSlot(slotOf(id), 400, 1)
      expect(await one.grants.readSlot(slotOf(id))).toEqual({ version: 0, blockedUntil: 500 })
      expect((await one.grants.saveToken(slotOf(id), 0, aToken(), { now: 2 })).saved).toBe(true)
      expect(await one.grants.readSlot(slotOf(id))).not.toHaveProperty('blockedUntil')
    })

    it('forgets a wait that a turned-back clock has made longer than any', async () => {
      const { id } = await one.grants.ensureGrant(key, 1)
      await one.grants.blockSlot(slotOf(id), 20_000_000, 19_000_000)
      await two.grants.blockSlot(slotOf(id), 9_000_000, 8_000_000)
      expect(await one.grants.readSlot(slotOf(id))).toMatchObject({ blockedUntil: 9_000_000 })
    })

    it('pages through grants, newest first', async () => {
      for (const [i, connection] of ['a', 'b', 'a', 'a'].entries()) {
        await one.grants.ensureGrant({ connection, tenant: `t${i}`, subject: '' }, i + 1)
      }
      const first = await two.grants.listGrants({ connection: 'a', limit: 2 })
      expect(first.map(({ tenant }) => tenant)).toEqual(['t3', 't2'])
      const afterId = first[1]?.id ?? ''
      const rest = await two.grants.listGrants({ connection: 'a', limit: 2, afterId })
      expect(rest.map(({ tenant }) => tenant)).toEqual(['t0'])
    })

    it('behaves as a compare-and-swap register, whoever writes', async () => {
      const command = fc.record({
        who: fc.nat(1),
        target: fc.constantFrom('graph', 'arm'),
        expected: fc.nat(3),
        text: fc.string({ minLength: 1, unit: 'grapheme' }),
      })
      let round = 0
      await fc.assert(
        fc.asyncProperty(fc.array(command, { maxLength: 12 }), async (commands) => {
          const { id } = await one.grants.ensureGrant({ ...key, tenant: `r${round++}` }, 1)
          const model = new Map<string, { version: number; text: string }>()
          for (const { who, target, expected, text } of commands) {
            const { grants } = who === 0 ? one : two
            const outcome = await grants.saveToken(slotOf(id, target), expected, aToken(text), {
              now: 2,
            })
            const version = model.get(target)?.version ?? 0
            expect(outcome.saved).toBe(expected === version)
            if (outcome.saved) model.set(target, { version: version + 1, text })
          }
          for (const [target, { version, text }] of model) {
            const slot = await one.grants.readSlot(slotOf(id, target))
            expect(slot?.version).toBe(version)
            expect(slot?.token?.secret.reveal()).toBe(text)
          }
        }),
        { numRuns: 25 },
      )
    })
  })
}
