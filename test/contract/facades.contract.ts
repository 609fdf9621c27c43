import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type {
  FacadeClient,
  FacadeCode,
  FacadeFamily,
  FacadeToken,
} from '../../src/gateway/index.ts'
import { newId } from '../../src/kernel/index.ts'
import type { Store } from '../../src/store/index.ts'
import type { MakeStore, SharedStore } from './builders.ts'

/** A client with a secret. */
function aClient(name: string, over: Partial<FacadeClient> = {}): FacadeClient {
  return {
    id: newId('fac', 10),
    name,
    connection: 'contoso-graph',
    redirectUris: ['https://app.example/cb'],
    tokens: 'gateway',
    isPublic: false,
    requiresPkce: false,
    rotates: false,
    graceMs: 60_000,
    needsSecretOnRefresh: true,
    secretHash: 'ab'.repeat(32),
    createdAt: 10,
    ...over,
  }
}

const day = 86_400_000

/** What every `FacadeStore` does. */
export function describeFacadeStore(kind: string, makeStore: MakeStore): void {
  describe(`the façade in ${kind}`, () => {
    let shared: SharedStore
    let one: Store
    let two: Store
    beforeEach(async () => {
      shared = await makeStore()
      one = await shared.open()
      two = await shared.open()
    })
    afterEach(async () => await shared.dispose())

    const generation = async (): Promise<number> => (await two.readGenerations()).facades
    const added = async (over: Partial<FacadeClient> = {}): Promise<FacadeClient> => {
      const client = aClient('crm', over)
      expect(await one.facades.addFacadeClient(client)).toBe(true)
      return client
    }
    const aCode = (clientId: string, hash: string, expiresAt = 100): FacadeCode => ({
      hash,
      clientId,
      redirectUri: 'https://app.example/cb',
      namedRedirectUri: true,
      scope: 'api',
      expiresAt,
    })
    const aFamily = (clientId: string, id = 'fam_1'): FacadeFamily => ({
      id,
      clientId,
      scope: 'api',
      createdAt: 20,
      generation: 1,
      rotatedAt: 20,
    })
    const access = (hash: string, issuedAt = 20, expiresAt = 500): FacadeToken => ({
      hash,
      kind: 'access',
      generation: 0,
      issuedAt,
      expiresAt,
    })
    const refresh = (hash: string, at = 20, of = 1): FacadeToken => ({
      hash,
      kind: 'refresh',
      generation: of,
      issuedAt: at,
    })
    /** A client whose family `fam_1` has `a1` and `r1`. */
    const connected = async (over: Partial<FacadeClient> = {}): Promise<FacadeClient> => {
      const client = await added(over)
      await one.facades.addFacadeCode(aCode(client.id, 'c1'), 9, 10)
      const family = aFamily(client.id)
      const tokens = [access('a1'), refresh('r1')]
      expect(await one.facades.redeemFacadeCode({ hash: 'c1', family, tokens }, 20)).toBe(
        'redeemed',
      )
      return client
    }
    const isThere = async (hash: string, now = 30): Promise<boolean> =>
      (await two.facades.findFacadeToken(hash, now)) !== undefined
    const rotate = async (from: number, fresh: string, store = one, now = 40): Promise<boolean> =>
      await store.facades.issueFacadeTokens(
        {
          familyId: 'fam_1',
          expectedGeneration: from,
          generation: from + 1,
          tokens: [refresh(fresh, now, from + 1)],
          rememberUntil: 1_000,
        },
        now,
      )

    it('has one living client a name, and tells the other processes of a new one', async () => {
      const before = await generation()
      const client = await added()
      const after = await generation()
      expect(after).toBeGreaterThan(before)
      expect(await two.facades.addFacadeClient(aClient('crm'))).toBe(false)
      expect(await generation()).toBe(after)
      expect(await two.facades.findFacadeClient('crm')).toEqual(client)
      expect(await two.facades.findFacadeClient(client.id)).toEqual(client)
      expect(await two.facades.findFacadeClient('other')).toBeUndefined()
    })

    it('keeps every setting of a client', async () => {
      const client = await added({
        connection: 'csp@fabrikam.example',
        upstream: 'arm',
        redirectUris: ['https://a.example', 'com.example.app:/cb'],
        tokens: 'upstream',
        isPublic: true,
        requiresPkce: true,
        rotates: true,
        graceMs: 0,
        needsSecretOnRefresh: false,
        approvedAt: 12,
      })
      expect(await two.facades.findFacadeClient('crm')).toEqual(client)
    })

    it('lists clients in pages, of one connection, and revoked ones when asked for', async () => {
      for (const name of ['b', 'a', 'c']) await one.facades.addFacadeClient(aClient(name))
      await one.facades.addFacadeClient(aClient('other', { connection: 'csp' }))
      const names = async (
        query: Partial<Parameters<Store['facades']['listFacadeClients']>[0]>,
      ): Promise<string> =>
        (await two.facades.listFacadeClients({ limit: 9, ...query }))
          .map(({ name }) => name)
          .join(' ')
      expect(await names({ limit: 2 })).toBe('a b')
      const [, after] = await two.facades.listFacadeClients({ limit: 2 })
      expect(await names(after === undefined ? {} : { after })).toBe('c other')
      expect(await names({ connection: 'csp' })).toBe('other')
      const b = await one.facades.findFacadeClient('b')
      await one.facades.revokeFacadeClient(b?.id ?? '', 50)
      expect(await names({ connection: 'contoso-graph' })).toBe('a c')
      expect(await names({ withRevoked: true })).toBe('a b c other')
    })

    it('changes living clients alone', async () => {
      const client = await added()
      expect(await two.facades.setFacadeSecret(client.id, 'cd')).toBe(true)
      expect(await two.facades.approveFacadeClient(client.id, 30)).toBe(true)
      expect(await one.facades.findFacadeClient('crm')).toMatchObject({
        secretHash: 'cd',
        approvedAt: 30,
      })
      expect(await two.facades.revokeFacadeClient(client.id, 40)).toBe(true)
      const before = await generation()
      expect(await one.facades.setFacadeSecret(client.id, 'ef')).toBe(false)
      expect(await one.facades.approveFacadeClient(client.id, 50)).toBe(false)
      expect(await one.facades.revokeFacadeClient(client.id, 50)).toBe(false)
      expect(await generation()).toBe(before)
      expect(await one.facades.findFacadeClient('crm')).toBeUndefined()
      expect(await one.facades.findFacadeClient(client.id)).toMatchObject({ revokedAt: 40 })
    })

    it('keeps no more codes of a client than are allowed at once', async () => {
      const { id } = await added()
      expect(await one.facades.addFacadeCode(aCode(id, 'c1'), 2, 10)).toBe(true)
      expect(await two.facades.addFacadeCode(aCode(id, 'c2'), 2, 10)).toBe(true)
      expect(await one.facades.addFacadeCode(aCode(id, 'c3'), 2, 10)).toBe(false)
      expect(await one.facades.addFacadeCode(aCode('fac_2', 'c4'), 2, 10)).toBe(true)
      expect(await one.facades.addFacadeCode(aCode(id, 'c5', 200), 2, 100)).toBe(true)
      const full = { ...aCode(id, 'c6', 200), challenge: 'xyz', namedRedirectUri: false }
      await one.facades.addFacadeCode(full, 9, 100)
      expect(await two.facades.getFacadeCode('c6')).toEqual(full)
    })

    it('redeems a code once, however many try', async () => {
      const { id } = await added()
      await one.facades.addFacadeCode(aCode(id, 'c1'), 9, 10)
      const outcomes = await Promise.all(
        Array.from({ length: 8 }, async (_, i) => {
          const family = aFamily(id, `fam_${i}`)
          const tokens = [access(`a${i}`), refresh(`r${i}`)]
          const store = i % 2 === 0 ? one : two
          return await store.facades.redeemFacadeCode({ hash: 'c1', family, tokens }, 20)
        }),
      )
      expect(outcomes.filter((outcome) => outcome === 'redeemed')).toHaveLength(1)
      expect(outcomes.filter((outcome) => outcome === 'used')).toHaveLength(7)
      expect(await two.facades.countFacadeFamilies(id)).toBe(1)
      const winner = outcomes.indexOf('redeemed')
      expect((await one.facades.getFacadeCode('c1'))?.usedFor).toBe(`fam_${winner}`)
      expect(await isThere(`r${winner}`)).toBe(true)
    })

    it('redeems nothing of a code or client that is gone', async () => {
      const client = await added()
      const attempt = async (hash: string): Promise<string> =>
        await one.facades.redeemFacadeCode({ hash, family: aFamily(client.id), tokens: [] }, 20)
      expect(await attempt('c0')).toBe('gone')
      await one.facades.addFacadeCode(aCode(client.id, 'c1'), 9, 10)
      await one.facades.revokeFacadeClient(client.id, 15)
      expect(await attempt('c1')).toBe('gone')
      expect(await two.facades.getFacadeCode('c1')).toBeUndefined()
    })

    it('spends an approval with the first code, whatever others were made', async () => {
      const { id } = await added({ isPublic: true, approvedAt: 12 })
      for (const hash of ['c1', 'c2']) await one.facades.addFacadeCode(aCode(id, hash), 9, 10)
      const attempt = async (hash: string, approvedSince: number): Promise<string> =>
        await one.facades.redeemFacadeCode(
          { hash, family: aFamily(id, `fam_${hash}`), tokens: [], approvedSince },
          20,
        )
      expect(await attempt('c1', 12)).toBe('unapproved')
      expect((await two.facades.getFacadeCode('c1'))?.usedFor).toBeUndefined()
      expect(await attempt('c1', 11)).toBe('redeemed')
      expect(await attempt('c2', 11)).toBe('unapproved')
      expect((await two.facades.findFacadeClient(id))?.approvedAt).toBeUndefined()
    })

    it('finds a token with all it belongs to, while it lives', async () => {
      const client = await connected()
      expect(await two.facades.findFacadeToken('a1', 499)).toEqual({
        token: access('a1'),
        family: aFamily(client.id),
        client,
      })
      expect(await isThere('a1', 500)).toBe(false)
      expect(await isThere('r1', 10_000_000)).toBe(true)
      expect(await isThere('unknown')).toBe(false)
    })

    it('finds a token of several families as the one it was handed out for last', async () => {
      const { id } = await connected()
      await one.facades.addFacadeCode(aCode(id, 'c2'), 9, 10)
      const family = aFamily(id, 'fam_2')
      await one.facades.redeemFacadeCode({ hash: 'c2', family, tokens: [access('a1', 25)] }, 25)
      expect((await two.facades.findFacadeToken('a1', 30))?.family.id).toBe('fam_2')
    })

    it('rotates a family once for each generation, and remembers what was rotated away', async () => {
      await connected({ rotates: true })
      const outcomes = await Promise.all(
        Array.from({ length: 6 }, async (_, i) => await rotate(1, `n${i}`, i % 2 ? one : two)),
      )
      expect(outcomes.filter(Boolean)).toHaveLength(1)
      const old = await two.facades.findFacadeToken('r1', 999)
      expect(old).toMatchObject({
        token: { generation: 1 },
        family: { generation: 2, rotatedAt: 40 },
      })
      expect(old?.token.expiresAt).toBeUndefined()
      expect(await isThere('r1', 1_000)).toBe(false)
      expect(await isThere(`n${outcomes.indexOf(true)}`, 1_000)).toBe(true)
    })

    it('adds siblings to a generation without ending it', async () => {
      await connected({ rotates: true })
      await rotate(1, 'n1')
      const handedOut = { hash: 'up', at: 41 }
      const issue = {
        familyId: 'fam_1',
        expectedGeneration: 2,
        generation: 2,
        rememberUntil: 1_000,
      }
      const tokens = [refresh('n2', 41, 2), access('a2', 41)]
      expect(await two.facades.issueFacadeTokens({ ...issue, tokens, handedOut }, 41)).toBe(true)
      expect(await one.facades.findFacadeToken('n1', 5_000)).toMatchObject({
        family: { generation: 2, rotatedAt: 40, handedOut },
      })
    })

    it('keeps the newest thousand access tokens of a family', async () => {
      await connected()
      const issue = {
        familyId: 'fam_1',
        expectedGeneration: 1,
        generation: 1,
        rememberUntil: 1_000,
      }
      const tokens = Array.from({ length: 1_000 }, (_, i) => access(`x${i}`, 100 + i, 9_000))
      await one.facades.issueFacadeTokens({ ...issue, tokens }, 100)
      expect(await isThere('a1')).toBe(false)
      expect(await isThere('x0')).toBe(true)
      expect(await isThere('r1')).toBe(true)
    })

    it('revokes a family with all its tokens, once, and tells the others', async () => {
      await connected()
      const before = await generation()
      expect(await one.facades.revokeFacadeFamily('fam_1')).toBe(true)
      expect(await two.facades.revokeFacadeFamily('fam_1')).toBe(false)
      expect([await isThere('a1'), await isThere('r1')]).toEqual([false, false])
      expect(await generation()).toBe(before + 1)
      expect(await rotate(1, 'n1')).toBe(false)
    })

    it('revokes one access token, and no refresh token so', async () => {
      await connected()
      await one.facades.revokeFacadeToken('r1', 'fam_1')
      await one.facades.revokeFacadeToken('a1', 'fam_1')
      expect([await isThere('a1'), await isThere('r1')]).toEqual([false, true])
    })

    it('revokes a client with all it was given', async () => {
      const client = await connected()
      await one.facades.revokeFacadeClient(client.id, 40)
      expect([await isThere('a1'), await isThere('r1')]).toEqual([false, false])
      expect(await two.facades.countFacadeFamilies(client.id)).toBe(0)
    })

    it('sweeps what is over, and remembers used codes for a day', async () => {
      const { id } = await connected({ rotates: true })
      await one.facades.addFacadeCode(aCode(id, 'c2'), 9, 10)
      await rotate(1, 'n1')
      expect(await one.facades.sweepFacade(99)).toBe(0)
      expect(await one.facades.sweepFacade(100)).toBe(1)
      expect(await two.facades.getFacadeCode('c2')).toBeUndefined()
      expect(await two.facades.sweepFacade(1_000)).toBe(2)
      expect(await one.facades.sweepFacade(100 + day)).toBe(1)
      expect(await isThere('n1', 100 + day)).toBe(true)
    })
  })
}
