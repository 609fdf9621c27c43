import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Secret } from '../../src/kernel/index.ts'
import { nodeLeaseMs, type NodeRecord, type ResealPage, type Store } from '../../src/store/index.ts'
import {
  anOwner,
  aRing,
  aSavedToken,
  aSlot,
  aSuccess,
  aToken,
  type MakeStore,
  type SharedStore,
} from './builders.ts'

/** What every `KeyStore` does. */
export function describeKeyStore(kind: string, makeStore: MakeStore): void {
  describe(`keys in ${kind}`, () => {
    let shared: SharedStore
    beforeEach(async () => {
      shared = await makeStore()
    })
    afterEach(async () => await shared.dispose())

    const openWith = async (...ids: readonly string[]): Promise<Store> =>
      await shared.open('main', aRing(...ids))
    const beat = async (
      store: Store,
      instanceId: string,
      keyIds: readonly string[],
      now = store.clock.now(),
    ): Promise<string> => {
      const sealsWith = keyIds[0] ?? ''
      return await store.keys.beat({ owner: anOwner(instanceId), keyIds, sealsWith }, now)
    }
    const resealAll = async (store: Store, limit = 2): Promise<Omit<ResealPage, 'next'>> => {
      let [resealed, unopened] = [0, 0]
      let after: string | undefined
      do {
        const page = await store.keys.reseal(after, limit)
        resealed += page.resealed
        unopened += page.unopened
        after = page.next
      } while (after !== undefined)
      return { resealed, unopened }
    }
    /** Seals one access token, one refresh token and one secret of a connection. */
    const sealOneOfEach = async (store: Store, tenant: string): Promise<string> => {
      const key = { connection: 'csp', tenant, subject: '' }
      const { id } = await store.grants.addCandidate(key, { secret: new Secret(`r ${tenant}`) }, 1)
      await aSavedToken(store, aSlot(id), { token: aToken(`a ${tenant}`) })
      await store.connections.saveConnection(
        {
          name: tenant,
          body: '{}',
          expectedVersion: 0,
          secrets: new Map([['s', new Secret(`s ${tenant}`)]]),
          slots: ['s'],
        },
        1,
      )
      return id
    }
    const secretsOf = async (store: Store, tenant: string, id: string): Promise<unknown> => {
      const view = await store.grants.viewForRenewal(aSlot(id))
      const secret = await store.connections.readSecret(tenant, 's')
      return [view?.slot?.token?.secret, view?.refreshToken, secret].map((s) => s?.reveal())
    }
    const wrongKey = expect.objectContaining({ code: 'key_wrong' }) as Error

    describe('opening', () => {
      it('is refused to a ring that lacks the sealing key', async () => {
        await openWith('k1')
        await expect(openWith('k2')).rejects.toEqual(wrongKey)
      })

      it('is refused to a ring that lacks a key which still seals something', async () => {
        const old = await openWith('k1')
        await sealOneOfEach(old, 'a')
        await openWith('k2', 'k1')
        await expect(openWith('k2')).rejects.toEqual(wrongKey)
      })

      it('changes the sealing key to the first of its ring when no live node lacks that', async () => {
        await openWith('k1')
        const store = await openWith('k2', 'k1')
        expect(await store.keys.sealingKey()).toBe('k2')
      })

      it('leaves the sealing key alone while a live node lacks the first of its ring', async () => {
        const old = await openWith('k1')
        await beat(old, 'old', ['k1'])
        const store = await openWith('k2', 'k1')
        expect(await store.keys.sealingKey()).toBe('k1')
        await sealOneOfEach(store, 'a')
        expect(await old.keys.countByKey()).toEqual(new Map([['k1', 3]]))
        await openWith('k1')
      })

      it('takes no account of a node that has left, or has not beaten for too long', async () => {
        const old = await openWith('k1')
        await beat(old, 'dead', ['k1'], old.clock.now() - nodeLeaseMs - 1_000)
        await beat(old, 'left', ['k1'])
        await old.keys.leave('left')
        expect(await (await openWith('k2', 'k1')).keys.sealingKey()).toBe('k2')
      })

      it('does not go back to a key that has sealed before, not even a forgotten one', async () => {
        await openWith('k1')
        const store = await openWith('k2', 'k1')
        expect(await (await openWith('k1', 'k2')).keys.sealingKey()).toBe('k2')
        await store.keys.forgetKey('k1')
        expect(await (await openWith('k1', 'k2')).keys.sealingKey()).toBe('k2')
        expect(await (await openWith('k2')).keys.sealingKey()).toBe('k2')
      })
    })

    describe('the sealing key', () => {
      it('is not set to one that the ring lacks', async () => {
        const store = await openWith('k1')
        await expect(store.keys.setSealingKey('k2')).rejects.toMatchObject({ code: 'key_missing' })
        expect(await store.keys.sealingKey()).toBe('k1')
      })

      it('seals from the moment it is set on, in every process that holds it', async () => {
        const one = await openWith('k1', 'k2')
        const two = await openWith('k1', 'k2')
        await one.keys.setSealingKey('k2')
        await sealOneOfEach(two, 'a')
        expect(await one.keys.countByKey()).toEqual(new Map([['k2', 3]]))
      })

      it('is not used by a process that lacks it: that one goes on with the old', async () => {
        const old = await openWith('k1')
        const store = await openWith('k1', 'k2')
        await store.keys.setSealingKey('k2')
        await store.keys.forgetKey('k1')
        const id = await sealOneOfEach(old, 'a')
        expect(await store.keys.countByKey()).toEqual(new Map([['k1', 3]]))
        expect(await secretsOf(store, 'a', id)).toEqual(['a a', 'r a', 's a'])
        await expect(openWith('k2')).rejects.toEqual(wrongKey)
      })
    })

    describe('a key', () => {
      it('is not forgotten while it is the sealing key or seals a value', async () => {
        const store = await openWith('k1', 'k2')
        await sealOneOfEach(store, 'a')
        await expect(store.keys.forgetKey('k1')).rejects.toMatchObject({ code: 'key_in_use' })
        await store.keys.setSealingKey('k2')
        await expect(store.keys.forgetKey('k1')).rejects.toMatchObject({ code: 'key_in_use' })
      })

      it('may leave the ring when everything is sealed anew and it is forgotten', async () => {
        const store = await openWith('k1', 'k2')
        const id = await sealOneOfEach(store, 'a')
        await store.keys.setSealingKey('k2')
        expect(await resealAll(store)).toEqual({ resealed: 3, unopened: 0 })
        await store.keys.forgetKey('k1')
        const later = await openWith('k2')
        expect(await secretsOf(later, 'a', id)).toEqual(['a a', 'r a', 's a'])
      })

      it('that was forgotten seals again when it is set', async () => {
        const store = await openWith('k1', 'k2')
        await store.keys.setSealingKey('k2')
        await store.keys.forgetKey('k1')
        await store.keys.setSealingKey('k1')
        await sealOneOfEach(store, 'a')
        expect(await store.keys.countByKey()).toEqual(new Map([['k1', 3]]))
        await expect(openWith('k2')).rejects.toEqual(wrongKey)
      })
    })

    describe('sealing anew', () => {
      it('leaves values alone that no key of the ring opens, and tells how many', async () => {
        const three = await openWith('k1', 'k2', 'k3')
        const kept = await sealOneOfEach(three, 'a')
        const two = await openWith('k1', 'k3')
        await three.keys.setSealingKey('k2')
        const gone = await sealOneOfEach(three, 'b')
        await three.keys.setSealingKey('k3')
        expect(await resealAll(two, 1)).toEqual({ resealed: 3, unopened: 3 })
        expect(await two.keys.countByKey()).toEqual(
          new Map([
            ['k2', 3],
            ['k3', 3],
          ]),
        )
        expect(await secretsOf(two, 'a', kept)).toEqual(['a a', 'r a', 's a'])
        expect(await secretsOf(three, 'b', gone)).toEqual(['a b', 'r b', 's b'])
      })

      it('has nothing to do in an empty store or when all is sealed with the key', async () => {
        const store = await openWith('k1', 'k2')
        expect(await store.keys.reseal(undefined, 9)).toEqual({
          resealed: 0,
          unopened: 0,
          next: undefined,
        })
        await sealOneOfEach(store, 'a')
        expect(await resealAll(store)).toEqual({ resealed: 0, unopened: 0 })
      })

      it('never loses what is written meanwhile', { timeout: 120_000 }, async () => {
        const writer = await openWith('k1', 'k2')
        const lagging = await openWith('k1')
        const sealer = await openWith('k1', 'k2')
        const grants = 12
        /** Each grant gets one more token, after so many turns of the microtask queue. */
        const writes = fc.array(fc.record({ isLagging: fc.boolean(), turns: fc.nat(60) }), {
          minLength: grants,
          maxLength: grants,
        })
        let round = 0
        await fc.assert(
          fc.asyncProperty(writes, fc.integer({ min: 1, max: 6 }), async (each, pageSize) => {
            const tenant = `t${round++}`
            await sealer.keys.setSealingKey('k1')
            const slots = await Promise.all(
              each.map(async (_, i) => {
                const address = { connection: `c${i}`, tenant }
                const slot = aSlot((await writer.grants.ensureGrant(address, 1)).id)
                await writer.grants.commitExchange(aSuccess(slot, 'a', { token: aToken('first') }))
                return slot
              }),
            )
            const writeAll = each.map(async ({ isLagging, turns }, i) => {
              for (let turn = 0; turn < turns; turn++) await Promise.resolve()
              const slot = slots[i] ?? aSlot('')
              const next = { slotVersion: 1, token: aToken(`second ${i}`) }
              const store = isLagging ? lagging : writer
              return await store.grants.commitExchange(aSuccess(slot, 'b', next))
            })
            await sealer.keys.setSealingKey('k2')
            const [commits] = await Promise.all([
              Promise.all(writeAll),
              resealAll(sealer, pageSize),
            ])
            expect(commits.map(({ token }) => token)).toEqual(each.map(() => 'saved'))
            const seen = await Promise.all(slots.map((slot) => sealer.grants.readSlot(slot)))
            expect(seen.map((slot) => slot?.token?.secret.reveal())).toEqual(
              each.map((_, i) => `second ${i}`),
            )
            await resealAll(sealer, 50)
            expect([...(await sealer.keys.countByKey()).keys()]).toEqual(['k2'])
          }),
          { numRuns: 20 },
        )
      })
    })

    describe('nodes', () => {
      const names = (nodes: readonly NodeRecord[]): readonly string[] =>
        nodes.map(({ owner }) => owner.instanceId).toSorted()

      it('are on the list from their first beat until they leave, or no longer beat', async () => {
        const store = await openWith('k1', 'k2')
        expect(await beat(store, 'a', ['k1', 'k2'], 1_000)).toBe('k1')
        await beat(store, 'b', ['k1'], 1_500)
        await beat(store, 'a', ['k1', 'k2'], 2_000)
        expect(await store.keys.listNodes(1_501)).toEqual([
          {
            owner: anOwner('a'),
            keyIds: ['k1', 'k2'],
            sealsWith: 'k1',
            startedAt: 1_000,
            beatAt: 2_000,
          },
        ])
        expect(names(await store.keys.listNodes(1_500))).toEqual(['a', 'b'])
        await store.keys.leave('a')
        await store.keys.leave('a')
        expect(names(await store.keys.listNodes(0))).toEqual(['b'])
      })

      it('are forgotten a day after they died without leaving', async () => {
        const store = await openWith('k1')
        await beat(store, 'dead', ['k1'], 1_000)
        await beat(store, 'new', ['k1'], 86_402_000)
        expect(names(await store.keys.listNodes(0))).toEqual(['new'])
      })

      it('learn the sealing key by beating', async () => {
        const one = await openWith('k1', 'k2')
        const two = await openWith('k1', 'k2')
        await one.keys.setSealingKey('k2')
        expect(await beat(two, 'b', ['k1', 'k2'])).toBe('k2')
      })

      it('move the generation when one comes, changes or goes, not when it merely beats', async () => {
        const store = await openWith('k1', 'k2')
        let known = (await store.readGenerations()).keys
        const moves = async (act: () => Promise<unknown>): Promise<boolean> => {
          await act()
          const before = known
          known = (await store.readGenerations()).keys
          return known > before
        }
        expect(await moves(async () => await beat(store, 'a', ['k1'], 1))).toBe(true)
        expect(await moves(async () => await beat(store, 'a', ['k1'], 2))).toBe(false)
        expect(await moves(async () => await beat(store, 'a', ['k2', 'k1'], 3))).toBe(true)
        expect(await moves(async () => await store.keys.setSealingKey('k2'))).toBe(true)
        expect(await moves(async () => await store.keys.leave('a'))).toBe(true)
      })
    })
  })
}
