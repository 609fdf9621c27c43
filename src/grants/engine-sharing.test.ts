import { beforeEach, describe, expect, it } from 'vitest'
import {
  createEngineFixture,
  granted,
  hour,
  minute,
  refused,
  textOf,
  type EngineFixture,
} from '../../test/support/engine-fixture.ts'
import type { FakeTokenEndpoint } from '../../test/support/fake-token-endpoint.ts'
import { issue } from '../../test/support/fake-token-endpoint.ts'
import type { MemoryGrantStore } from '../../test/support/memory-grant-store.ts'
import { EvergrantError, type ManualClock } from '../kernel/index.ts'
import type { GrantEvent } from './events.ts'

let fixture: EngineFixture
let clock: ManualClock
let store: MemoryGrantStore
let endpoint: FakeTokenEndpoint
let events: GrantEvent[]

beforeEach(() => {
  fixture = createEngineFixture()
  ;({ clock, store, endpoint, events } = fixture)
})

const unauthorized = {
  status: 401,
  headers: {},
  body: { error: { code: 'InvalidAuthenticationToken' } },
}

describe('another process on the same store', () => {
  it('adopts the token instead of asking for one', async () => {
    await fixture.connect().getToken()
    const adopted = granted(await fixture.connect().getToken())
    expect(adopted.origin).toBe('adopted')
    expect(textOf(adopted.token)).toBe('token-1')
    expect(endpoint.requests).toHaveLength(1)
    expect(fixture.eventTypes()).toContain('grant.adopted')
  })

  it('does not spare the renewal of a token that is short of what the caller wants', async () => {
    await fixture.connect().getToken()
    await clock.advance(56 * minute)
    const result = granted(await fixture.connect().getToken({ renewBelowMs: 5 * minute }))
    expect(result.origin).toBe('issued')
    expect(textOf(result.token)).toBe('token-2')
    expect(endpoint.requests).toHaveLength(2)
  })

  it('does not stand in for a renewal that was asked for', async () => {
    await fixture.connect().getToken()
    await clock.advance(minute)
    expect(granted(await fixture.connect().getToken({ forceRenewal: true })).origin).toBe('issued')
    expect(granted(await fixture.engine().refresh('contoso-graph')).origin).toBe('issued')
    expect(endpoint.requests).toHaveLength(3)
  })

  it('that claims to live in the future is not believed', async () => {
    const clockAhead = clock.now()
    clock.set(clockAhead + 5 * hour)
    await fixture.connect().getToken()
    clock.set(clockAhead)
    expect(granted(await fixture.connect().getToken()).origin).toBe('issued')
  })

  it('does not see the token of other credentials', async () => {
    await fixture.connect().getToken()
    fixture.secret = 'another'
    expect(granted(await fixture.connect().getToken()).origin).toBe('issued')
  })
})

describe('a store that is down', () => {
  it('costs persistence only, and is told once', async () => {
    store.fault = new EvergrantError('store_unavailable', 'test')
    const connection = fixture.connect()
    expect(granted(await connection.getToken()).origin).toBe('issued')
    await connection.getToken({ forceRenewal: true })
    expect(fixture.eventTypes().filter((type) => type === 'grant.store_lost')).toHaveLength(1)
    expect(events.find((event) => event.type === 'grant.refreshed')).toMatchObject({
      isPersisted: false,
    })
    store.fault = undefined
    await connection.getToken({ forceRenewal: true })
    expect(fixture.eventTypes()).toContain('grant.store_regained')
    expect(textOf(store.onlySlot().token)).toBe('token-3')
  })

  it('does not hold a token back for longer than its deadline', async () => {
    store.gate = new Promise(() => {})
    const connection = fixture.connect()
    const result = connection.getToken()
    while (store.calls.length === 0) await new Promise<void>((resolve) => setImmediate(resolve))
    await clock.advance(5_000)
    expect(granted(await result).origin).toBe('issued')
  })

  it('that throws a bug throws it to callers without a token, and spares those with one', async () => {
    const connection = fixture.connect()
    await connection.getToken()
    store.fault = new RangeError('a bug')
    await clock.advance(59.5 * minute)
    expect(granted(await connection.getToken()).warning?.code).toBe('internal')
    await clock.advance(hour)
    await expect(connection.getToken()).rejects.toThrow('a bug')
  })
})

describe('a refused token', () => {
  it('is never handed out again and costs one renewal, however many report it', async () => {
    const connection = fixture.connect()
    const { token } = granted(await connection.getToken())
    const outcomes = await Promise.all(
      Array.from({ length: 1_000 }, () => connection.reportRejection({ ...unauthorized, token })),
    )
    for (const outcome of outcomes) {
      expect(outcome.kind).toBe('renewed')
      expect(outcome.kind === 'renewed' && textOf(outcome.token)).toBe('token-2')
    }
    expect(endpoint.requests).toHaveLength(2)
    expect(textOf(granted(await connection.getToken()).token)).toBe('token-2')
    expect(events.findLast((event) => event.type === 'grant.refreshed')).toMatchObject({
      reason: 'rejected',
      oldExpiresAt: token.expiresAt,
    })
  })

  it('that is older than the newest one yields the newest', async () => {
    const connection = fixture.connect()
    const { token } = granted(await connection.getToken())
    await connection.getToken({ forceRenewal: true })
    const outcome = await connection.reportRejection({ ...unauthorized, token })
    expect(outcome).toMatchObject({ kind: 'newer_token_exists' })
    expect(endpoint.requests).toHaveLength(2)
  })

  it('is not served even while its renewal fails', async () => {
    const connection = fixture.connect()
    const { token } = granted(await connection.getToken())
    endpoint.answer = () => new Response('', { status: 500 })
    const outcome = await connection.reportRejection({ ...unauthorized, token })
    expect(outcome).toMatchObject({
      kind: 'renewal_failed',
      error: { code: 'provider_unavailable' },
    })
    expect(connection.peek()).toBeUndefined()
    expect((await connection.getToken()).ok).toBe(false)
  })

  it('is not taken back from the store or from the provider', async () => {
    const connection = fixture.connect()
    const { token } = granted(await connection.getToken())
    endpoint.answer = () => issue({ number: 1 })
    const outcome = await connection.reportRejection({ ...unauthorized, token })
    expect(outcome).toMatchObject({ kind: 'renewal_failed', error: { code: 'token_refused' } })
    expect(endpoint.requests).toHaveLength(2)
  })

  it('leads to three fruitless renewals in five minutes, then to a plain word', async () => {
    const connection = fixture.connect()
    let token = granted(await connection.getToken()).token
    for (let i = 0; i < 3; i++) {
      const outcome = await connection.reportRejection({ ...unauthorized, token })
      if (outcome.kind !== 'renewed') throw new Error(outcome.kind)
      token = outcome.token
    }
    expect(await connection.reportRejection({ ...unauthorized, token })).toMatchObject({
      kind: 'renewal_failed',
      error: { code: 'token_refused' },
    })
    expect(refused(await connection.getToken()).code).toBe('token_refused')
    expect(endpoint.requests).toHaveLength(4)
    await clock.advance(5 * minute)
    expect((await connection.getToken()).ok).toBe(true)
  })

  it('with a claims challenge is renewed with those claims and cp1', async () => {
    const claims = { access_token: { nbf: { essential: true, value: '1700000000' } } }
    const header = `Bearer error="insufficient_claims", claims="${Buffer.from(JSON.stringify(claims)).toString('base64')}"`
    const connection = fixture.connect()
    const { token } = granted(await connection.getToken())
    const outcome = await connection.reportRejection({
      status: 401,
      headers: { 'www-authenticate': header },
      token,
    })
    expect(outcome.kind).toBe('renewed_with_claims')
    expect(
      endpoint.requests.map(({ form }) => JSON.parse(form.get('claims') ?? '') as unknown),
    ).toEqual([
      { access_token: { xms_cc: { values: ['cp1'] } } },
      { access_token: { ...claims.access_token, xms_cc: { values: ['cp1'] } } },
    ])
    expect(textOf(granted(await connection.getToken()).token)).toBe('token-2')
    expect(store.onlySlot().claims).toBe(JSON.stringify(claims))
  })

  it('with a claims challenge is renewed with the claims although a renewal without them is under way', async () => {
    const claims = JSON.stringify({ access_token: { acrs: { essential: true, value: 'c1' } } })
    const header = `Bearer error="insufficient_claims", claims="${Buffer.from(claims).toString('base64')}"`
    const connection = fixture.connect()
    const { token } = granted(await connection.getToken())
    const { answer } = endpoint
    const isOpen = Promise.withResolvers<void>()
    endpoint.answer = async (request) => {
      await isOpen.promise
      return answer(request)
    }
    const underWay = connection.getToken({ forceRenewal: true })
    await endpoint.arrival(2)
    const headers = { 'www-authenticate': header }
    const reported = connection.reportRejection({ status: 401, headers, token })
    isOpen.resolve()
    await underWay
    expect((await reported).kind).toBe('renewed_with_claims')
    expect(endpoint.requests.at(-1)?.form.get('claims')).toContain('acrs')
  })

  it('with a claims challenge is not replaced by a stored token without those claims', async () => {
    const theirs = fixture.connect()
    const ours = fixture.connect()
    await theirs.getToken()
    const { token } = granted(await ours.getToken())
    await clock.advance(minute)
    await theirs.getToken({ forceRenewal: true })
    const claims = Buffer.from('{"access_token":{"acrs":{"value":"c1"}}}').toString('base64')
    const outcome = await ours.reportRejection({
      status: 401,
      headers: { 'www-authenticate': `Bearer error="insufficient_claims", claims="${claims}"` },
      token,
    })
    expect(outcome.kind).toBe('renewed_with_claims')
    expect(endpoint.requests).toHaveLength(3)
  })

  it('is replaced by the newer token that another process stored', async () => {
    const theirs = fixture.connect()
    const ours = fixture.connect()
    await theirs.getToken()
    const { token } = granted(await ours.getToken())
    await clock.advance(minute)
    await theirs.getToken({ forceRenewal: true })
    const outcome = await ours.reportRejection({ ...unauthorized, token })
    expect(outcome).toMatchObject({ kind: 'newer_token_exists' })
    expect(endpoint.requests).toHaveLength(2)
  })

  it('by a ruling is renewed whatever the status says', async () => {
    const connection = fixture.connect()
    for (const status of [200, 302, 403, 500]) {
      const { token } = granted(await connection.getToken())
      const ruling = { rule: 'expired', upstream: `u${status}` }
      const outcome = await connection.reportRejection({ status, headers: {}, token, ruling })
      expect(outcome.kind).toBe('renewed')
    }
    expect(events.findLast((event) => event.type === 'grant.rejected')).toMatchObject({
      verdict: 'refused',
      rule: 'expired',
      upstream: 'u500',
    })
  })

  it('by a false ruling costs three renewals, then serves on for everyone', async () => {
    const connection = fixture.connect()
    const ruling = { rule: 'false', upstream: 'arm' }
    const report = { status: 500, headers: {}, ruling }
    let token = granted(await connection.getToken()).token
    for (let i = 0; i < 3; i++) {
      const outcome = await connection.reportRejection({ ...report, token })
      if (outcome.kind !== 'renewed') throw new Error(outcome.kind)
      token = outcome.token
    }
    for (let i = 0; i < 20; i++) {
      await clock.advance(1_000)
      expect(await connection.reportRejection({ ...report, token })).toMatchObject({
        kind: 'not_about_token',
        reason: 'budget',
        detail: expect.stringContaining('3 new tokens were refused alike') as string,
      })
      expect(granted(await connection.getToken()).token).toBe(token)
    }
    expect(endpoint.requests).toHaveLength(4)
    const elsewhere = { ...report, ruling: { ...ruling, upstream: 'graph' }, token }
    expect((await connection.reportRejection(elsewhere)).kind).toBe('renewed')
    await clock.advance(5 * minute)
    const later = granted(await connection.getToken()).token
    expect((await connection.reportRejection({ ...report, token: later })).kind).toBe('renewed')
    expect(endpoint.requests).toHaveLength(6)
  })

  it('by a ruling that is paused still yields the newer token where there is one', async () => {
    const connection = fixture.connect()
    const first = granted(await connection.getToken()).token
    const report = { status: 401, headers: {}, ruling: { rule: '401', upstream: '' } }
    let token = first
    for (let i = 0; i < 3; i++) {
      const outcome = await connection.reportRejection({ ...report, token })
      if (outcome.kind !== 'renewed') throw new Error(outcome.kind)
      token = outcome.token
    }
    expect(await connection.reportRejection({ ...report, token: first })).toMatchObject({
      kind: 'newer_token_exists',
      token,
    })
  })

  it('by a thousand calls under one ruling costs one renewal, and one of its three', async () => {
    const connection = fixture.connect()
    const report = { status: 403, headers: {}, ruling: { rule: 'r', upstream: '' } }
    let { token } = granted(await connection.getToken())
    for (let i = 0; i < 3; i++) {
      const sent = token
      const outcomes = await Promise.all(
        Array.from({ length: 1_000 }, () => connection.reportRejection({ ...report, token: sent })),
      )
      expect(new Set(outcomes.map(({ kind }) => kind))).toEqual(new Set(['renewed']))
      ;({ token } = granted(await connection.getToken()))
    }
    expect(endpoint.requests).toHaveLength(4)
    const outcomes = await Promise.all(
      Array.from({ length: 1_000 }, () => connection.reportRejection({ ...report, token })),
    )
    expect(new Set(outcomes.map(({ kind }) => kind))).toEqual(new Set(['not_about_token']))
    expect(endpoint.requests).toHaveLength(4)
  })

  it('by a ruling and a claims challenge is renewed with the claims', async () => {
    const claims = Buffer.from('{"access_token":{"acrs":{"value":"c1"}}}').toString('base64')
    const connection = fixture.connect()
    const { token } = granted(await connection.getToken())
    const outcome = await connection.reportRejection({
      status: 403,
      headers: { 'www-authenticate': `Bearer error="insufficient_claims", claims="${claims}"` },
      token,
      ruling: { rule: 'claims-challenge', upstream: '' },
    })
    expect(outcome.kind).toBe('renewed_with_claims')
  })

  it('stays in use when the answer is not about the token', async () => {
    const connection = fixture.connect()
    const { token } = granted(await connection.getToken())
    const outcome = await connection.reportRejection({ status: 403, headers: {}, body: '', token })
    expect(outcome).toMatchObject({ kind: 'not_about_token', reason: 'permission' })
    expect(connection.peek()).toBe(token)
  })
})
