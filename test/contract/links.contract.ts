import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ConsentLink } from '../../src/consent/index.ts'
import { newId, Secret } from '../../src/kernel/index.ts'
import type { Store } from '../../src/store/index.ts'
import type { MakeStore, SharedStore } from './builders.ts'

/** A link that can be used from 10 to 1,000. */
function aLink(over: Partial<ConsentLink> = {}): ConsentLink {
  const createdAt = over.createdAt ?? 10
  return {
    id: newId('lnk', createdAt),
    tokenHash: crypto.randomUUID(),
    connection: 'csp',
    tenant: 'contoso.example',
    recipient: 'Anna',
    approvesAccount: false,
    createdBy: 'alex',
    createdAt,
    expiresAt: 1_000,
    ...over,
  }
}

/** What every `LinkStore` does. */
export function describeLinkStore(kind: string, makeStore: MakeStore): void {
  describe(`hand-off links in ${kind}`, () => {
    let shared: SharedStore
    let one: Store
    let two: Store
    beforeEach(async () => {
      shared = await makeStore()
      one = await shared.open()
      two = await shared.open()
    })
    afterEach(async () => await shared.dispose())

    /** Begins a sign-in by a link. */
    const begin = async (link: ConsentLink, id = newId('cns', 20)): Promise<string> => {
      expect(await tryToBegin(link, id)).toBe(true)
      return id
    }
    const tryToBegin = async (link: ConsentLink, id: string): Promise<boolean> => {
      const { connection, tenant } = link
      return await one.consents.addConsent(
        {
          id,
          connection,
          tenant,
          stateHash: crypto.randomUUID(),
          redirectUri: 'http://localhost:8420/consent/callback',
          purpose: 'connect',
          startedBy: 'Anna',
          approvesAccount: false,
          linkId: link.id,
          browserHash: 'planted-hash',
          state: 'created',
          stateChangedAt: 20,
          createdAt: 20,
          expiresAt: 600,
          rungs: [],
        },
        new Secret('planted-verifier'),
      )
    }

    it('are not known before they were added', async () => {
      expect(await one.links.findLink('lnk_none')).toBeUndefined()
      expect(await one.links.findLinkByToken('none')).toBeUndefined()
      expect(await one.links.openLink('lnk_none', 20)).toBe(false)
      expect(await one.links.bindLink('lnk_none', 'browser', 20)).toBe(false)
      expect(await one.links.revokeLink('lnk_none', 20)).toBe(false)
      expect((await two.readGenerations()).consents).toBe(0)
    })

    it('are read by other processes as they were added', async () => {
      const full = aLink({ note: 'for the demo', approvesAccount: true })
      for (const link of [aLink(), full]) {
        await one.links.addLink(link)
        expect(await two.links.findLink(link.id)).toEqual(link)
        expect(await two.links.findLinkByToken(link.tokenHash)).toEqual(link)
      }
      expect((await two.readGenerations()).consents).toBeGreaterThan(0)
    })

    it('are opened once', async () => {
      const link = aLink()
      await one.links.addLink(link)
      expect(await one.links.openLink(link.id, 20)).toBe(true)
      expect(await two.links.openLink(link.id, 30)).toBe(false)
      expect(await two.links.findLink(link.id)).toEqual({ ...link, openedAt: 20 })
    })

    it('are bound to one browser, for good', async () => {
      const link = aLink()
      await one.links.addLink(link)
      const bound = await Promise.all(
        [one, two, one, two].map(({ links }, at) => links.bindLink(link.id, `browser-${at}`, 20)),
      )
      expect(bound.filter(Boolean)).toHaveLength(1)
      const hash = `browser-${bound.indexOf(true)}`
      expect(await two.links.findLink(link.id)).toEqual({ ...link, browserHash: hash })
      expect(await two.links.bindLink(link.id, hash, 30)).toBe(true)
      expect(await two.links.bindLink(link.id, 'another', 30)).toBe(false)
    })

    it('are bound no more once they expired or were revoked', async () => {
      const [late, revoked] = [aLink({ expiresAt: 30 }), aLink()]
      for (const link of [late, revoked]) await one.links.addLink(link)
      expect(await one.links.bindLink(late.id, 'browser', 30)).toBe(false)
      expect(await one.links.revokeLink(revoked.id, 20)).toBe(true)
      expect(await one.links.revokeLink(revoked.id, 25)).toBe(false)
      expect(await one.links.bindLink(revoked.id, 'browser', 30)).toBe(false)
      expect(await two.links.findLink(revoked.id)).toMatchObject({ revokedAt: 20 })
    })

    it('show the newest sign-in that they began', async () => {
      const link = aLink()
      await one.links.addLink(link)
      // By the order of their coming, whatever their ids are.
      const first = await begin(link, newId('cns', 30))
      const second = await begin(link, newId('cns', 20))
      expect((await one.links.findLink(link.id))?.consent).toEqual({
        id: second,
        state: 'created',
        stateChangedAt: 20,
        expiresAt: 600,
      })
      expect(await one.consents.findConsent(first)).toMatchObject({ state: 'cancelled' })
    })

    it('begin no other sign-in once one came back, unless it failed', async () => {
      const link = aLink()
      await one.links.addLink(link)
      const first = await begin(link)
      expect(await two.consents.spendConsent(first, 'ins_1', 30)).toBeDefined()
      expect(await tryToBegin(link, newId('cns', 30))).toBe(false)
      await two.consents.moveConsent(first, { from: 'code_received', to: 'verifying' }, 40)
      expect(await tryToBegin(link, newId('cns', 40))).toBe(false)
      await begin(aLink({ connection: 'other' }))
      await two.consents.moveConsent(first, { from: 'verifying', to: 'failed' }, 50)
      const second = await begin(link, newId('cns', 60))
      await two.consents.spendConsent(second, 'ins_1', 70)
      await two.consents.moveConsent(second, { from: 'code_received', to: 'active' }, 80)
      expect(await tryToBegin(link, newId('cns', 90))).toBe(false)
      expect((await two.links.findLink(link.id))?.consent?.id).toBe(second)
    })

    it('have one sign-in at most that is not given up, however two meet', async () => {
      for (let at = 0; at < 8; at++) {
        const link = aLink()
        await one.links.addLink(link)
        const first = await begin(link)
        const [verifier, isBegun] = await Promise.all([
          two.consents.spendConsent(first, 'ins_1', 30),
          tryToBegin(link, newId('cns', 30)),
        ])
        expect(isBegun).toBe(verifier === undefined)
      }
    })

    it('take their waiting sign-in with them when they are revoked', async () => {
      const link = aLink()
      await one.links.addLink(link)
      const consentId = await begin(link)
      await two.links.revokeLink(link.id, 30)
      expect(await one.consents.findConsent(consentId)).toMatchObject({ state: 'cancelled' })
      expect(await one.consents.spendConsent(consentId, 'ins_1', 40)).toBeUndefined()
    })

    it('are listed the newest first, by connection and by what they can still do', async () => {
      const used = aLink({ createdAt: 10 })
      const late = aLink({ createdAt: 11, expiresAt: 50 })
      const other = aLink({ createdAt: 12, connection: 'other' })
      const revoked = aLink({ createdAt: 13 })
      for (const link of [used, late, other, revoked]) await one.links.addLink(link)
      const consentId = await begin(used)
      await one.links.revokeLink(revoked.id, 20)
      const ids = async (query: object, now = 100): Promise<readonly string[]> =>
        (await two.links.listLinks({ limit: 10, ...query }, now)).map(({ id }) => id)
      expect(await ids({})).toEqual([revoked.id, other.id, late.id, used.id])
      expect(await ids({ limit: 1, before: other.id })).toEqual([late.id])
      expect(await ids({ connection: 'other' })).toEqual([other.id])
      expect(await ids({ isOpen: true })).toEqual([other.id, used.id])
      expect(await ids({ isOpen: false })).toEqual([revoked.id, late.id])
      // What has come back goes on, whatever the time of its link.
      await one.consents.spendConsent(consentId, 'ins_1', 100)
      expect(await ids({ isOpen: true }, 2_000)).toEqual([used.id])
      await one.consents.moveConsent(consentId, { from: 'code_received', to: 'active' }, 110)
      expect(await ids({ isOpen: true })).toEqual([other.id])
    })

    it('are swept once they are over, with their sign-ins, some at a time', async () => {
      const links = [100, 200, 300].map((expiresAt) => aLink({ expiresAt }))
      for (const link of links) await one.links.addLink(link)
      const consentId = await begin(links[0] ?? aLink())
      expect(await one.consents.sweepConsents(10_000, 10)).toBe(0)
      expect(await two.links.sweepLinks(100, 10)).toBe(0)
      expect(await two.links.sweepLinks(250, 1)).toBe(1)
      expect(await one.consents.findConsent(consentId)).toBeUndefined()
      expect(await two.links.sweepLinks(250, 10)).toBe(1)
      const left = await one.links.listLinks({ limit: 10 }, 0)
      expect(left.map(({ id }) => id)).toEqual([links[2]?.id])
    })
  })
}
