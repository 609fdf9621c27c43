import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ConnectionStore } from '../../src/grants/ports.ts'
import { Secret } from '../../src/kernel/index.ts'
import type { Store } from '../../src/store/index.ts'
import type { MakeStore, SharedStore } from './builders.ts'

type Saved = Awaited<ReturnType<ConnectionStore['saveConnection']>>

/** What every `ConnectionStore` does. */
export function describeConnectionStore(kind: string, makeStore: MakeStore): void {
  describe(`stored connections in ${kind}`, () => {
    let shared: SharedStore
    let one: Store
    let two: Store
    beforeEach(async () => {
      shared = await makeStore()
      one = await shared.open()
      two = await shared.open()
    })
    afterEach(async () => await shared.dispose())

    const save = async (
      over: Partial<Parameters<ConnectionStore['saveConnection']>[0]> = {},
      now = 10,
      store = one,
    ): Promise<Saved> => {
      const none: ReadonlyMap<string, Secret> = new Map()
      const base = { name: 'csp', body: '{}', expectedVersion: 0, secrets: none, slots: [] }
      return await store.connections.saveConnection({ ...base, ...over }, now)
    }
    const versionOf = (saved: Saved): number => {
      if (!saved.saved) throw new Error('it was not saved')
      return saved.version
    }
    const secretsOf = (...entries: readonly (readonly [string, string])[]): Map<string, Secret> =>
      new Map(entries.map(([slot, text]) => [slot, new Secret(text)]))
    const read = async (slot: string, name = 'csp'): Promise<string | undefined> =>
      (await two.connections.readSecret(name, slot))?.reveal()

    it('are not overwritten by who does not know the newest version, and are told to them', async () => {
      const first = versionOf(await save({ body: '{"a":1}' }))
      const current = await two.connections.getConnection('csp')
      for (const expectedVersion of [0, first - 1, first + 1]) {
        const refused = await save({ body: '{}', expectedVersion }, 20, two)
        expect(refused).toEqual({ saved: false, current })
      }
      expect(await one.connections.getConnection('csp')).toEqual(current)
    })

    it('are not made by who believes that they are there', async () => {
      expect(await save({ expectedVersion: 3 })).toEqual({ saved: false, current: undefined })
      expect(await one.connections.getConnection('csp')).toBeUndefined()
    })

    it('are not overwritten by who knew one of the name that was removed since', async () => {
      const first = versionOf(await save())
      await two.connections.removeConnection('csp', 20)
      await save({ body: '{"new":true}' }, 30, two)
      expect(await save({ expectedVersion: first })).toMatchObject({ saved: false })
      expect((await one.connections.getConnection('csp'))?.body).toBe('{"new":true}')
    })

    it('are written by exactly one of many that know the same version', async () => {
      const outcomes = await Promise.all(
        Array.from({ length: 10 }, async (_, i) => await save({}, i, i % 2 === 0 ? one : two)),
      )
      expect(outcomes.filter(({ saved }) => saved)).toHaveLength(1)
    })

    it('keep when they were made, and a version that goes up with every change', async () => {
      const first = versionOf(await save({ body: '{"a":1}' }))
      const second = versionOf(await save({ body: '{"a":2}', expectedVersion: first }, 20, two))
      expect(second).toBeGreaterThan(first)
      expect(await one.connections.getConnection('csp')).toEqual({
        name: 'csp',
        body: '{"a":2}',
        version: second,
        createdAt: 10,
        updatedAt: 20,
      })
    })

    it('have no secret that was never given, nor that of another connection', async () => {
      await save({ secrets: secretsOf(['a', 's3cret']), slots: ['a'] })
      expect(await read('b')).toBeUndefined()
      expect(await read('a', 'other')).toBeUndefined()
    })

    it('lose the secrets they no longer refer to, and keep those not given again', async () => {
      const secrets = secretsOf(['a', 'first'], ['b', 'second'], ['c', 'third'])
      const version = versionOf(await save({ secrets, slots: ['a', 'b', 'c'] }))
      await save({ secrets: secretsOf(['b', 'new']), slots: ['a', 'b'], expectedVersion: version })
      expect([await read('a'), await read('b'), await read('c')]).toEqual([
        'first',
        'new',
        undefined,
      ])
    })

    it('keep their secrets when a save is refused', async () => {
      await save({ secrets: secretsOf(['a', 'first']), slots: ['a'] })
      await save({ secrets: secretsOf(['a', 'other']), slots: ['a'], expectedVersion: 0 }, 20, two)
      expect(await read('a')).toBe('first')
    })

    it('are removed once, with their secrets, for good', async () => {
      await save({ secrets: secretsOf(['a', 'first']), slots: ['a'] })
      expect(await two.connections.removeConnection('csp', 20)).toBe(true)
      expect(await one.connections.removeConnection('csp', 21)).toBe(false)
      expect(await read('a')).toBeUndefined()
      await save({ slots: ['a'] })
      expect(await read('a')).toBeUndefined()
    })

    it('leave their grants orphaned, but not those of others, revoked or superseded', async () => {
      await save()
      const ensure = async (connection: string, tenant: string): Promise<string> =>
        (await one.grants.ensureGrant({ connection, tenant }, 1)).id
      const stateOf = async (id: string): Promise<string | undefined> =>
        (await two.grants.getGrant(id))?.state
      const mine = [await ensure('csp', 'a'), await ensure('csp', 'b')]
      const other = await ensure('graph', 'a')
      const revoked = await ensure('csp', 'c')
      await one.grants.revokeGrant(revoked, 5)
      const trial = async (): Promise<string> => {
        const key = { connection: 'csp', tenant: 'a', subject: '' }
        return (await one.grants.addCandidate(key, { secret: new Secret('r') }, 5)).id
      }
      const superseded = await trial()
      const candidate = await trial()
      await two.connections.removeConnection('csp', 20)
      expect(await Promise.all([...mine, candidate].map(stateOf))).toEqual([
        'orphaned',
        'orphaned',
        'orphaned',
      ])
      expect((await two.grants.getGrant(mine[0] ?? ''))?.stateChangedAt).toBe(20)
      expect(await Promise.all([other, revoked, superseded].map(stateOf))).toEqual([
        'pending',
        'revoked',
        'pending',
      ])
    })

    it('come in pages, by name', async () => {
      for (const name of ['c', 'a', 'd', 'b']) await save({ name })
      const names = async (query: { limit: number; afterName?: string }): Promise<string> =>
        (await two.connections.listConnections(query)).map(({ name }) => name).join('')
      expect(await names({ limit: 3 })).toBe('abc')
      expect(await names({ limit: 3, afterName: 'c' })).toBe('d')
      expect(await names({ limit: 3, afterName: 'd' })).toBe('')
    })

    it('move their generation with every change, and only then', async () => {
      const generation = async (): Promise<number> => (await two.readGenerations()).connections
      const start = await generation()
      await save()
      const made = await generation()
      expect(made).toBeGreaterThan(start)
      await save({ expectedVersion: 0 })
      await two.connections.removeConnection('none', 5)
      expect(await generation()).toBe(made)
      await two.connections.removeConnection('csp', 5)
      expect(await generation()).toBeGreaterThan(made)
    })

    describe('a pause', () => {
      const pause = {
        connection: 'csp',
        pausedAt: 7,
        by: 'anna',
        reason: 'moving',
        keepsAlive: false,
      }
      const pauses = async (): Promise<unknown> => await two.connections.listPauses({ limit: 10 })
      const bumps = async (): Promise<number> => (await two.readGenerations()).connections

      it('is refused where there is one, which stays as it was', async () => {
        expect(await one.connections.pauseConnection(pause)).toBe(true)
        const before = await bumps()
        const again = { ...pause, by: 'bob', pausedAt: 9, keepsAlive: true }
        expect(await two.connections.pauseConnection(again)).toBe(false)
        expect(await pauses()).toEqual([pause])
        expect(await bumps()).toBe(before)
      })

      it('is ended once, and cannot be where there is none', async () => {
        expect(await one.connections.resumeConnection('csp')).toBe(false)
        await one.connections.pauseConnection(pause)
        const before = await bumps()
        expect(await two.connections.resumeConnection('csp')).toBe(true)
        expect(await one.connections.resumeConnection('csp')).toBe(false)
        expect(await pauses()).toEqual([])
        expect(await bumps()).toBeGreaterThan(before)
      })

      it('comes in pages by name, and ends with a connection that is removed', async () => {
        for (const connection of ['c', 'a', 'csp', 'b']) {
          await one.connections.pauseConnection({ ...pause, connection, keepsAlive: true })
        }
        const first = await two.connections.listPauses({ limit: 3 })
        expect(first.map(({ connection }) => connection)).toEqual(['a', 'b', 'c'])
        const rest = await two.connections.listPauses({ limit: 3, afterName: 'c' })
        expect(rest).toEqual([{ ...pause, keepsAlive: true }])
        await save()
        await one.connections.removeConnection('csp', 20)
        expect(await two.connections.listPauses({ limit: 10, afterName: 'c' })).toEqual([])
      })
    })
  })
}
