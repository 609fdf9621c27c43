import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ExchangeClaim, ExchangeStart, TokenSlotKey } from '../../src/grants/ports.ts'
import { Secret } from '../../src/kernel/index.ts'
import type { Store } from '../../src/store/index.ts'
import {
  aClaim,
  aFailure,
  anOwner,
  aSavedToken,
  aSlot,
  aSuccess,
  aToken,
  type MakeStore,
  type SharedStore,
} from './builders.ts'

/** What every `GrantStore` does with exchanges, their flights and the journal. */
export function describeExchanges(kind: string, makeStore: MakeStore): void {
  describe(`exchanges in ${kind}`, () => {
    let shared: SharedStore
    let one: Store
    let two: Store
    let slot: TokenSlotKey
    beforeEach(async () => {
      shared = await makeStore()
      one = await shared.open()
      two = await shared.open()
      const grant = await one.grants.ensureGrant({ connection: 'c', tenant: 't' }, 1)
      slot = aSlot(grant.id)
    })
    afterEach(async () => await shared.dispose())

    const begin = async (
      attemptId: string,
      over: Partial<ExchangeClaim> = {},
      store = one,
    ): Promise<ExchangeStart> => await store.grants.beginExchange(aClaim(slot, attemptId, over))
    /** Lets the slot's grant hold a refresh token. */
    const giveRefreshToken = async (): Promise<void> => {
      const key = { connection: 'c', tenant: 't', subject: '' }
      const { id } = await one.grants.addCandidate(key, { secret: new Secret('refresh 1') }, 5)
      await one.grants.activateCandidate(id, 'adele', 6)
      slot = aSlot(id)
    }
    const exclusive = (over: Partial<ExchangeClaim> = {}): Partial<ExchangeClaim> => ({
      ...over,
      redemption: { refreshVersion: 1, isExclusive: true, ...over.redemption },
    })
    const fail = async (
      attemptId: string,
      over: Partial<Parameters<Store['grants']['failExchange']>[0]> = {},
    ): Promise<void> => {
      const failure = aFailure()
      await one.grants.failExchange({ slot, attemptId, failure, now: 30, lapse: false, ...over })
    }
    const view = async (): Promise<
      NonNullable<Awaited<ReturnType<Store['grants']['viewForRenewal']>>>
    > => {
      const seen = await two.grants.viewForRenewal(slot)
      if (seen === undefined) throw new Error('there is no such grant')
      return seen
    }

    describe('a claim', () => {
      it('is refused when a token was saved meanwhile', async () => {
        await aSavedToken(two, slot)
        expect(await begin('late')).toEqual({ kind: 'moved' })
        expect(await view()).not.toHaveProperty('slot.flight')
      })

      it('is refused for a grant there is not, or that was superseded', async () => {
        const old = slot
        await giveRefreshToken()
        expect(await begin('a', { slot: old })).toEqual({ kind: 'moved' })
        expect(await begin('a', { slot: aSlot('grt_none') })).toEqual({ kind: 'moved' })
      })

      it('is refused while another attempt flies, and is told of it', async () => {
        await begin('first', { owner: anOwner('other') })
        const flight = {
          attemptId: 'first',
          owner: anOwner('other'),
          leaseUntil: 15_010,
          startedAt: 10,
        }
        const refused = await begin('second', { now: 15_009 }, two)
        expect(refused).toEqual({ kind: 'in_flight', flight })
        expect((await view()).slot).toEqual({ version: 0, flight })
      })

      it('is refused when it would push aside another attempt than the one that flies', async () => {
        await begin('first')
        expect(await begin('third', { displaces: 'second' })).toMatchObject({ kind: 'in_flight' })
      })

      it('of a redemption is refused when there is no refresh token, or a newer one', async () => {
        const redemption = { refreshVersion: 0, isExclusive: false }
        expect(await begin('a', { redemption })).toEqual({ kind: 'moved' })
        await giveRefreshToken()
        expect(
          await begin('a', exclusive({ redemption: { ...redemption, refreshVersion: 2 } })),
        ).toEqual({ kind: 'moved' })
        expect(await view()).not.toHaveProperty('intent')
      })

      it('of an exclusive redemption is refused while another target redeems', async () => {
        await giveRefreshToken()
        await begin('first', exclusive())
        const arm = aSlot(slot.grantId, { target: 'arm' })
        const refused = await begin('second', exclusive({ slot: arm }), two)
        expect(refused).toEqual({ kind: 'intent_open', intent: (await view()).intent })
        expect(await two.grants.readSlot(arm)).toBeUndefined()
      })

      it('that displaces a flight does not thereby send its refresh token again', async () => {
        await giveRefreshToken()
        await begin('first', exclusive())
        const refused = await begin('second', exclusive({ displaces: 'first' }))
        expect(refused).toMatchObject({ kind: 'intent_open', intent: { attemptId: 'first' } })
        expect((await view()).slot?.flight?.attemptId).toBe('first')
      })

      it('is refused to resend for another attempt than the one journalled', async () => {
        await giveRefreshToken()
        await begin('first', exclusive())
        const redemption = { refreshVersion: 1, isExclusive: true, resends: 'zeroth' }
        const refused = await begin('second', { displaces: 'first', redemption })
        expect(refused).toMatchObject({ kind: 'intent_open' })
      })

      it('begins for exactly one of many processes', async () => {
        const outcomes = await Promise.all(
          Array.from({ length: 20 }, async (_, i) => await begin(`a${i}`, {}, i % 2 ? one : two)),
        )
        expect(outcomes.filter(({ kind: outcome }) => outcome === 'begun')).toHaveLength(1)
      })

      it('of an exclusive redemption begins for exactly one of many targets', async () => {
        await giveRefreshToken()
        const outcomes = await Promise.all(
          Array.from({ length: 20 }, async (_, i) => {
            const target = aSlot(slot.grantId, { target: `t${i}` })
            return await begin(`a${i}`, exclusive({ slot: target }), i % 2 ? one : two)
          }),
        )
        expect(outcomes.filter(({ kind: outcome }) => outcome === 'begun')).toHaveLength(1)
      })

      it('begins when the lease is over, or when it displaces the attempt that flies', async () => {
        await begin('first')
        expect(await begin('second', { now: 15_010 })).toEqual({ kind: 'begun' })
        expect(await begin('third', { displaces: 'second' }, two)).toEqual({ kind: 'begun' })
        expect((await view()).slot?.flight?.attemptId).toBe('third')
      })

      it('of a redemption that is not exclusive begins beside others, without a journal', async () => {
        await giveRefreshToken()
        const redemption = { refreshVersion: 1, isExclusive: false }
        expect(await begin('a', { redemption })).toEqual({ kind: 'begun' })
        const arm = aSlot(slot.grantId, { target: 'arm' })
        expect(await begin('b', { redemption, slot: arm }, two)).toEqual({ kind: 'begun' })
        expect(await view()).not.toHaveProperty('intent')
      })

      it('of an exclusive redemption journals what it is about to send', async () => {
        await giveRefreshToken()
        expect(await begin('a', exclusive({ owner: anOwner('me') }))).toEqual({ kind: 'begun' })
        expect((await view()).intent).toEqual({
          grantId: slot.grantId,
          refreshVersion: 1,
          attemptId: 'a',
          owner: anOwner('me'),
          leaseUntil: 15_010,
          startedAt: 10,
          resends: 0,
          isUnknown: false,
        })
      })

      it('that resends takes the intent over, and keeps when the token was first sent', async () => {
        await giveRefreshToken()
        await begin('first', exclusive())
        await one.grants.markRefreshUnknown(slot.grantId, 1, 100)
        const redemption = { refreshVersion: 1, isExclusive: true, resends: 'first' }
        const claim = { displaces: 'first', redemption, now: 200 }
        expect(await begin('second', claim, two)).toEqual({ kind: 'begun' })
        expect((await view()).intent).toMatchObject({
          attemptId: 'second',
          leaseUntil: 15_200,
          startedAt: 10,
          resends: 1,
          isUnknown: false,
        })
      })
    })

    describe('a commit', () => {
      it('does not overwrite the token of whoever saved first, and tells what that is', async () => {
        await begin('slow')
        await begin('quick', { displaces: 'slow' }, two)
        await two.grants.commitExchange(aSuccess(slot, 'quick', { token: aToken('quick') }))
        const late = await one.grants.commitExchange(aSuccess(slot, 'slow'))
        expect(late).toMatchObject({ token: 'superseded', refreshToken: 'none' })
        expect(late.slot.version).toBe(1)
        expect(late.slot.token?.secret.reveal()).toBe('quick')
        expect((await view()).grant.refreshCount).toBe(1)
      })

      it('lets exactly one of many racing processes save', async () => {
        const outcomes = await Promise.all(
          Array.from({ length: 20 }, async (_, i) => {
            const store = i % 2 === 0 ? one : two
            return await store.grants.commitExchange(aSuccess(slot, `a${i}`))
          }),
        )
        expect(outcomes.filter(({ token }) => token === 'saved')).toHaveLength(1)
      })

      it('drops a refresh token when another was rotated first', async () => {
        await giveRefreshToken()
        const redemption = { refreshVersion: 1, isExclusive: false }
        const arm = aSlot(slot.grantId, { target: 'arm' })
        await begin('a', { redemption })
        await begin('b', { redemption, slot: arm }, two)
        const rotated = (text: string): object => ({
          redemption: { refreshVersion: 1, refreshToken: new Secret(text) },
        })
        const first = await two.grants.commitExchange(aSuccess(arm, 'b', rotated('refresh b')))
        const second = await one.grants.commitExchange(aSuccess(slot, 'a', rotated('refresh a')))
        expect(first).toMatchObject({ token: 'saved', refreshToken: 'saved' })
        expect(second).toMatchObject({ token: 'saved', refreshToken: 'superseded' })
        expect((await view()).refreshToken?.reveal()).toBe('refresh b')
        expect((await view()).grant.refreshToken).toMatchObject({ version: 2 })
      })

      it('gives back the token as it was saved, and makes the grant active', async () => {
        const token = aToken('secret', { refreshAt: 9, scope: 'a b', tokenType: 'bearer' })
        const commit = await aSavedToken(one, slot, { token, claims: '{"a":1}', now: 7 })
        expect(commit).toEqual({
          token: 'saved',
          refreshToken: 'none',
          slot: { version: 1, token, claims: '{"a":1}' },
        })
        const seen = await view()
        expect(seen.slot).toEqual(commit.slot)
        expect(seen.slot?.token?.secret.reveal()).toBe('secret')
        expect(seen.grant).toMatchObject({
          state: 'active',
          stateChangedAt: 7,
          refreshCount: 1,
          lastRefreshedAt: 7,
        })
        expect(seen).not.toHaveProperty('refreshToken')
      })

      it('keeps slots of other targets and credentials apart', async () => {
        await aSavedToken(one, slot)
        expect(await two.grants.readSlot(aSlot(slot.grantId, { target: 'arm' }))).toBeUndefined()
        const other = aSlot(slot.grantId, { credentialVersion: 'v2' })
        expect(await two.grants.readSlot(other)).toBeUndefined()
      })

      it('rotates the refresh token, closes the journal and notes who it is for', async () => {
        const key = { connection: 'c', tenant: 'u', subject: '' }
        const { id } = await one.grants.addCandidate(key, { secret: new Secret('r1') }, 5)
        slot = aSlot(id)
        await begin('a', exclusive())
        const redemption = {
          refreshVersion: 1,
          refreshToken: new Secret('r2'),
          refreshExpiresAt: 900,
          subject: 'adele',
        }
        const commit = await one.grants.commitExchange(aSuccess(slot, 'a', { redemption }))
        expect(commit).toMatchObject({ token: 'saved', refreshToken: 'saved' })
        const seen = await view()
        expect(seen).not.toHaveProperty('intent')
        expect(seen).not.toHaveProperty('slot.flight')
        expect(seen.refreshToken?.reveal()).toBe('r2')
        expect(seen.grant).toMatchObject({
          subject: 'adele',
          refreshToken: { version: 2, obtainedAt: 20, lastUsedAt: 20, expiresAt: 900 },
        })
      })

      it('keeps the old refresh token when the provider returned none, and notes its use', async () => {
        await giveRefreshToken()
        await begin('a', exclusive())
        await one.grants.markRefreshUnknown(slot.grantId, 1, 15)
        const redemption = { refreshVersion: 1 }
        const commit = await one.grants.commitExchange(aSuccess(slot, 'a', { redemption }))
        expect(commit).toMatchObject({ token: 'saved', refreshToken: 'kept' })
        const seen = await view()
        expect(seen).not.toHaveProperty('intent')
        expect(seen.refreshToken?.reveal()).toBe('refresh 1')
        const facts = { version: 1, obtainedAt: 5, lastUsedAt: 20 }
        expect(seen.grant.refreshToken).toEqual(facts)
      })

      it('of a holder that woke after its lease counts as long as nobody was faster', async () => {
        await giveRefreshToken()
        await begin('slow', exclusive())
        await two.grants.markRefreshUnknown(slot.grantId, 1, 20_000)
        const redemption = { refreshVersion: 1, refreshToken: new Secret('refresh 2') }
        const late = aSuccess(slot, 'slow', { redemption, now: 90_000 })
        const commit = await one.grants.commitExchange(late)
        expect(commit).toMatchObject({ token: 'saved', refreshToken: 'saved' })
        const seen = await view()
        expect(seen.grant.refreshToken).not.toHaveProperty('unknownSince')
        expect(seen).not.toHaveProperty('intent')
      })

      it('leaves the flight of whoever pushed it aside', async () => {
        await begin('slow')
        await begin('quick', { displaces: 'slow' }, two)
        await one.grants.commitExchange(aSuccess(slot, 'slow'))
        expect((await view()).slot?.flight?.attemptId).toBe('quick')
      })

      it('clears the failure and the block before it', async () => {
        await fail('x', { blockedUntil: 500 })
        await aSavedToken(one, slot)
        expect(Object.keys((await view()).slot ?? {}).toSorted()).toEqual(['token', 'version'])
      })
    })

    describe('a failure', () => {
      it('does not lapse a grant whose refresh token was rotated meanwhile', async () => {
        await giveRefreshToken()
        const redemption = { refreshVersion: 1, refreshToken: new Secret('refresh 2') }
        await one.grants.commitExchange(aSuccess(slot, 'quick', { redemption }))
        await fail('slow', { lapse: true, redemption: { refreshVersion: 1, effect: 'none' } })
        expect((await view()).grant.state).toBe('active')
      })

      it('is shared with every process and kept as evidence, and ends the flight', async () => {
        await begin('a')
        const failure = aFailure({ retryAt: 1_000, attempts: 3 })
        await fail('a', { failure })
        const seen = await view()
        expect(seen.slot).toEqual({ version: 0, failure })
        const { code, detail, remedy, at } = failure
        expect(seen.grant.lastFailure).toEqual({ code, detail, remedy, at })
        expect(seen.grant.state).toBe('pending')
      })

      it('lapses the grant when told', async () => {
        await aSavedToken(one, slot)
        await fail('a', { lapse: true })
        expect((await view()).grant).toMatchObject({ state: 'lapsed', stateChangedAt: 30 })
      })

      it('leaves token and flight of others alone', async () => {
        await aSavedToken(one, slot)
        await begin('other', { slotVersion: 1 }, two)
        await fail('a')
        const seen = (await view()).slot
        expect(seen?.flight?.attemptId).toBe('other')
        expect(seen?.token).toBeDefined()
      })

      it('remembers the longest block, and keeps it when the next failure names none', async () => {
        await fail('a', { blockedUntil: 500 })
        await fail('b', { blockedUntil: 400 })
        await fail('c')
        expect((await view()).slot).toMatchObject({ version: 0, blockedUntil: 500 })
      })

      it('forgets a block that a turned-back clock has made longer than any', async () => {
        await fail('a', { blockedUntil: 20_000_000, now: 19_000_000 })
        await fail('b', { blockedUntil: 9_000_000, now: 8_000_000 })
        expect((await view()).slot).toMatchObject({ blockedUntil: 9_000_000 })
      })

      it('takes the intent back when the token was certainly not spent', async () => {
        await giveRefreshToken()
        await begin('a', exclusive())
        await fail('a', { redemption: { refreshVersion: 1, effect: 'none' } })
        const seen = await view()
        expect(seen).not.toHaveProperty('intent')
        expect(seen.grant.refreshToken).not.toHaveProperty('unknownSince')
        expect(await begin('b', exclusive())).toEqual({ kind: 'begun' })
      })

      it('marks intent and refresh token when the token may have been spent', async () => {
        await giveRefreshToken()
        await begin('a', exclusive())
        await fail('a', { redemption: { refreshVersion: 1, effect: 'unknown' } })
        const seen = await view()
        expect(seen.intent).toMatchObject({ attemptId: 'a', isUnknown: true })
        expect(seen.grant).toMatchObject({ state: 'active', refreshToken: { unknownSince: 30 } })
        expect(await begin('b', exclusive())).toMatchObject({ kind: 'intent_open' })
      })

      it('of a resend that certainly went nowhere leaves the first as unknown as it was', async () => {
        await giveRefreshToken()
        await begin('first', exclusive())
        const redemption = { refreshVersion: 1, isExclusive: true, resends: 'first' }
        await begin('second', { displaces: 'first', redemption, now: 200 })
        await fail('second', { redemption: { refreshVersion: 1, effect: 'none' } })
        expect((await view()).intent).toMatchObject({
          resends: 0,
          isUnknown: true,
          startedAt: 10,
        })
        expect(await begin('third', exclusive())).toMatchObject({ kind: 'intent_open' })
      })

      it('of an attempt that was pushed aside leaves the intent of the other', async () => {
        await giveRefreshToken()
        await begin('first', exclusive())
        const redemption = { refreshVersion: 1, isExclusive: true, resends: 'first' }
        await begin('second', { displaces: 'first', redemption, now: 200 })
        for (const effect of ['none', 'unknown'] as const) {
          await fail('first', { redemption: { refreshVersion: 1, effect } })
          expect((await view()).intent).toMatchObject({
            attemptId: 'second',
            resends: 1,
            isUnknown: false,
          })
        }
      })
    })

    describe('a flight', () => {
      it('is not lengthened by an attempt that does not hold it', async () => {
        expect(await one.grants.renewLease(slot, 'a', 99_000)).toBe(false)
        await begin('a')
        await begin('b', { displaces: 'a' })
        expect(await one.grants.renewLease(slot, 'a', 99_000)).toBe(false)
        expect((await view()).slot?.flight?.leaseUntil).toBe(15_010)
      })

      it('is lengthened by its holder, with its intent', async () => {
        await giveRefreshToken()
        await begin('a', exclusive())
        expect(await one.grants.renewLease(slot, 'a', 99_000)).toBe(true)
        const seen = await view()
        expect(seen.slot?.flight?.leaseUntil).toBe(99_000)
        expect(seen.intent?.leaseUntil).toBe(99_000)
      })

      it('is given up by its holder alone, with its intent, twice as well as once', async () => {
        await giveRefreshToken()
        await begin('a', exclusive())
        await two.grants.abandonExchange(slot, 'b')
        expect((await view()).slot?.flight?.attemptId).toBe('a')
        await two.grants.abandonExchange(slot, 'a')
        await two.grants.abandonExchange(slot, 'a')
        const seen = await view()
        expect(seen.slot).toEqual({ version: 0 })
        expect(seen).not.toHaveProperty('intent')
      })
    })

    describe('a refresh token', () => {
      it('is not marked for what became of an older one', async () => {
        await giveRefreshToken()
        const redemption = { refreshVersion: 1, refreshToken: new Secret('refresh 2') }
        await one.grants.commitExchange(aSuccess(slot, 'a', { redemption }))
        await two.grants.markRefreshUnknown(slot.grantId, 1, 50)
        expect((await view()).grant.refreshToken).not.toHaveProperty('unknownSince')
      })

      it('keeps since when its fate is unknown, and its intent says so too', async () => {
        await giveRefreshToken()
        await begin('a', exclusive())
        await two.grants.markRefreshUnknown(slot.grantId, 1, 50)
        await one.grants.markRefreshUnknown(slot.grantId, 1, 60)
        const seen = await view()
        expect(seen.grant.refreshToken?.unknownSince).toBe(50)
        expect(seen.intent?.isUnknown).toBe(true)
        expect(seen.refreshToken?.reveal()).toBe('refresh 1')
      })
    })
  })
}
