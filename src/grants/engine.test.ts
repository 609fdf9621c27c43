import { inspect } from 'node:util'
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
import { issue, refuse } from '../../test/support/fake-token-endpoint.ts'
import type { MemoryGrantStore } from '../../test/support/memory-grant-store.ts'
import { Secret, type ManualClock } from '../kernel/index.ts'
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

describe('an engine asked for a connection it does not know', () => {
  it('names the nearest one', () => {
    expect(() => fixture.engine().connection('contoso-grap')).toThrow(
      'did you mean "contoso-graph"?',
    )
    expect(() => fixture.engine().connection('zzz')).toThrow('known are contoso-graph')
  })
})

describe('a provider that refuses', () => {
  it('is asked once; everyone gets the same refusal from memory, with its remedy', async () => {
    endpoint.answer = () => refuse(401, 'invalid_client', 7000222)
    const connection = fixture.connect()
    const results = await Promise.all(Array.from({ length: 100 }, () => connection.getToken()))
    for (const result of results) {
      expect(refused(result).code).toBe('client_rejected')
      expect(refused(result).remedy).toContain('new client secret')
    }
    await clock.advance(hour * 48)
    expect(refused(await connection.getToken()).code).toBe('client_rejected')
    expect(endpoint.requests).toHaveLength(1)
    expect(fixture.eventTypes().filter((type) => type === 'grant.lapsed')).toHaveLength(1)
    const [grant] = await store.listGrants({ limit: 1 })
    expect(grant).toMatchObject({ state: 'lapsed', lastFailure: { code: 'client_rejected' } })
  })

  it('is tried again as soon as the credential is another one', async () => {
    endpoint.answer = ({ form, number }) =>
      form.get('client_secret') === 'mended'
        ? issue({ number })
        : refuse(401, 'invalid_client', 7000215)
    const connection = fixture.connect()
    expect((await connection.getToken()).ok).toBe(false)
    fixture.secret = 'mended'
    expect((await connection.getToken()).ok).toBe(false)
    await clock.advance(minute)
    expect(granted(await connection.getToken()).origin).toBe('issued')
    expect(fixture.eventTypes()).toContain('grant.credentials_changed')
  })

  it('is tried with the re-read credential within the same call when that has changed already', async () => {
    endpoint.answer = ({ form, number }) =>
      form.get('client_secret') === 'mended'
        ? issue({ number })
        : refuse(401, 'invalid_client', 7000222)
    const connection = fixture.connect({ refresh: { beforeMs: minute } })
    endpoint.answer = (request) => issue(request)
    await connection.getToken()
    endpoint.answer = ({ form, number }) =>
      form.get('client_secret') === 'mended'
        ? issue({ number })
        : refuse(401, 'invalid_client', 7000222)
    fixture.secret = 'mended'
    await clock.advance(hour)
    expect(granted(await connection.getToken()).origin).toBe('issued')
    expect(endpoint.requests).toHaveLength(3)
  })

  it('is given a minute to learn of a new credential', async () => {
    const connection = fixture.connect()
    await connection.getToken()
    await clock.advance(hour)
    fixture.secret = 'new-and-not-replicated-yet'
    endpoint.answer = () => refuse(401, 'invalid_client', 7000215)
    expect(refused(await connection.getToken())).toMatchObject({
      code: 'client_rejected',
      retryAfterMs: 1_000,
    })
    endpoint.answer = (request) => issue(request)
    await clock.advance(1_000)
    expect((await connection.getToken()).ok).toBe(true)
    expect(fixture.eventTypes()).not.toContain('grant.lapsed')
  })

  it('is tried with the next credential when it rejects the first', async () => {
    endpoint.answer = ({ form, number }) =>
      form.get('client_secret') === 'second'
        ? issue({ number })
        : refuse(401, 'invalid_client', 7000222)
    const connection = fixture.connect({
      credentials: ['first', 'second'].map((value) => ({
        kind: 'secret',
        method: 'client_secret_post',
        read: () => new Secret(value),
      })),
    })
    expect((await connection.getToken()).ok).toBe(true)
    await connection.getToken({ forceRenewal: true })
    expect(endpoint.requests.map(({ form }) => form.get('client_secret'))).toEqual([
      'first',
      'second',
      'second',
    ])
    expect(fixture.eventTypes()).toContain('grant.credential_rejected')
  })

  it('is always tried by an explicit refresh', async () => {
    endpoint.answer = () => refuse(400, 'invalid_request', 90002)
    const engine = fixture.engine()
    expect(refused(await engine.connection('contoso-graph').getToken()).code).toBe(
      'request_rejected',
    )
    endpoint.answer = (request) => issue(request)
    expect(granted(await engine.refresh('contoso-graph')).origin).toBe('issued')
    expect((await engine.status('contoso-graph')).state).toBe('valid')
  })

  it('is left alone as long as Retry-After says, by everyone, even by an explicit refresh', async () => {
    endpoint.answer = () =>
      new Response('Too Many Requests', { status: 429, headers: { 'retry-after': '120' } })
    const engine = fixture.engine()
    const connection = engine.connection('contoso-graph')
    const first = await Promise.all(Array.from({ length: 50 }, () => connection.getToken()))
    for (const result of first)
      expect(refused(result)).toMatchObject({ code: 'provider_throttled', retryAfterMs: 120_000 })
    await clock.advance(119_000)
    expect(refused(await engine.refresh('contoso-graph'))).toMatchObject({
      code: 'provider_throttled',
      retryAfterMs: 1_000,
    })
    expect(store.onlySlot().blockedUntil).toBe(clock.now() + 1_000)
    const elsewhere = fixture.engine().connection('contoso-graph')
    expect(refused(await elsewhere.getToken()).code).toBe('provider_throttled')
    expect(endpoint.requests).toHaveLength(1)
    endpoint.answer = (request) => issue(request)
    await clock.advance(1_000)
    expect((await connection.getToken()).ok).toBe(true)
  })

  it('never gets hold of a secret in an event, an error or a status', async () => {
    endpoint.answer = () =>
      Response.json(
        { error: 'invalid_client', error_description: `bad ${fixture.secret}` },
        { status: 401 },
      )
    const engine = fixture.engine()
    const error = refused(await engine.connection('contoso-graph').getToken())
    const all = inspect(
      [error, events, await engine.status('contoso-graph'), await store.listGrants({ limit: 9 })],
      { depth: 12 },
    )
    expect(all).toContain('invalid_client')
    expect(all).not.toContain(fixture.secret)
  })
})

describe('a provider that fails in passing', () => {
  it('is asked again after a pause, and not before', async () => {
    endpoint.answer = () => new Response('', { status: 503 })
    const connection = fixture.connect()
    expect(refused(await connection.getToken())).toMatchObject({
      code: 'provider_unavailable',
      retryAfterMs: 1_000,
    })
    await clock.advance(999)
    expect(refused(await connection.getToken()).retryAfterMs).toBe(1)
    expect(endpoint.requests).toHaveLength(1)
    await clock.advance(1)
    expect(refused(await connection.getToken()).retryAfterMs).toBe(2_000)
    endpoint.answer = (request) => issue(request)
    await clock.advance(2_000)
    expect((await connection.getToken()).ok).toBe(true)
  })

  it('does not hurt while the old token lives: it comes with a warning, then without', async () => {
    const connection = fixture.connect()
    const old = granted(await connection.getToken()).token
    endpoint.answer = () => new Response('', { status: 500 })
    await clock.advance(59.5 * minute)
    const served = granted(await connection.getToken())
    expect(served.token).toBe(old)
    expect(served.warning?.code).toBe('provider_unavailable')
    const again = granted(await connection.getToken())
    expect(again.warning).toBe(served.warning)
    expect(endpoint.requests).toHaveLength(2)
    endpoint.answer = (request) => issue(request)
    await clock.advance(1_000)
    const renewed = granted(await connection.getToken())
    expect(renewed.warning).toBeUndefined()
    expect(textOf(renewed.token)).toBe('token-3')
  })

  it('ends in a timeout for everyone when it hangs, and frees the flight', async () => {
    endpoint.answer = () => new Promise<Response>(() => {})
    const connection = fixture.connect()
    const results = Promise.all([connection.getToken(), connection.getToken()])
    await endpoint.arrival(1)
    await clock.advance(10_000)
    for (const result of await results) expect(refused(result).code).toBe('provider_timeout')
    endpoint.answer = (request) => issue(request)
    await clock.advance(1_000)
    expect((await connection.getToken()).ok).toBe(true)
  })
})

describe('ten thousand callers at expiry', () => {
  it('cost one request and share its token', async () => {
    const connection = fixture.connect()
    await connection.getToken()
    await clock.advance(hour)
    const results = await Promise.all(Array.from({ length: 10_000 }, () => connection.getToken()))
    expect(new Set(results.map((result) => textOf(granted(result).token)))).toEqual(
      new Set(['token-2']),
    )
    expect(endpoint.requests).toHaveLength(2)
  })

  it('cost one request when it fails, too', async () => {
    endpoint.answer = () => refuse(400, 'unauthorized_client', 700016)
    const connection = fixture.connect()
    const results = await Promise.all(Array.from({ length: 10_000 }, () => connection.getToken()))
    expect(results.every((result) => !result.ok)).toBe(true)
    expect(endpoint.requests).toHaveLength(1)
  })

  it('each end only their own wait', async () => {
    const open = Promise.withResolvers<void>()
    endpoint.answer = async (request) => {
      await open.promise
      return issue(request)
    }
    const connection = fixture.connect()
    const controller = new AbortController()
    const impatient = connection.getToken({ signal: controller.signal })
    const patient = connection.getToken()
    await endpoint.arrival(1)
    controller.abort(new Error('gone'))
    await expect(impatient).rejects.toThrow('gone')
    open.resolve()
    expect((await patient).ok).toBe(true)
    expect(endpoint.requests).toHaveLength(1)
  })
})

describe('a fresh token', () => {
  it('comes from memory without any work: the same promise, no store, no event', async () => {
    const connection = fixture.connect()
    await connection.getToken()
    store.calls.length = 0
    events.length = 0
    const first = connection.getToken()
    expect(connection.getToken()).toBe(first)
    expect(connection.getToken({ minRemainingMs: minute, renewBelowMs: 5 * minute })).toBe(first)
    expect(granted(await first).origin).toBe('cache')
    expect(connection.peek()).toBe(granted(await first).token)
    expect(store.calls).toEqual([])
    expect(events).toEqual([])
  })

  it('is renewed in the background from the soft point on, the caller being served at once', async () => {
    const connection = fixture.connect()
    const old = granted(await connection.getToken()).token
    const open = Promise.withResolvers<void>()
    endpoint.answer = async (request) => {
      await open.promise
      return issue(request)
    }
    await clock.advance(56 * minute)
    const results = await Promise.all([connection.getToken(), connection.getToken()])
    for (const result of results) expect(granted(result)).toEqual({ token: old, origin: 'cache' })
    await endpoint.arrival(2)
    open.resolve()
    const waited = granted(await connection.getToken({ renewBelowMs: 5 * minute }))
    expect(textOf(waited.token)).toBe('token-2')
    expect(endpoint.requests).toHaveLength(2)
    expect(textOf(granted(await connection.getToken()).token)).toBe('token-2')
  })

  it('is renewed when the provider asks for it', async () => {
    endpoint.answer = (request) => issue(request, 86_400, { refresh_in: 43_200 })
    const connection = fixture.connect()
    await connection.getToken()
    await clock.advance(43_199_000)
    await connection.getToken()
    expect(endpoint.requests).toHaveLength(1)
    await clock.advance(hour)
    await connection.getToken()
    await connection.getToken({ forceRenewal: true })
    expect(endpoint.requests).toHaveLength(2)
  })

  it('dies at the assumed life where that is shorter', async () => {
    const connection = fixture.connect({ refresh: { assumedLifeMs: 10 * minute } })
    expect(granted(await connection.getToken()).token.expiresAt).toBe(clock.now() + 10 * minute)
    expect(store.onlySlot().token?.expiresAt).toBe(clock.now() + hour)
    await clock.advance(10 * minute)
    expect(connection.peek()).toBeUndefined()
    expect(granted(await connection.getToken()).origin).toBe('issued')
  })

  it('does not live longer because the clock was turned back', async () => {
    const connection = fixture.connect()
    await connection.getToken()
    clock.set(clock.now() - 10 * hour)
    expect(connection.peek()).toBeDefined()
    await clock.advance(hour)
    expect(connection.peek()).toBeUndefined()
    expect(textOf(granted(await connection.getToken()).token)).toBe('token-2')
    expect(connection.peek()?.issuedAt).toBe(clock.now())
  })

  it('is dead when the clock jumped past its end', async () => {
    const connection = fixture.connect()
    await connection.getToken()
    clock.set(clock.now() + 2 * hour)
    expect(connection.peek()).toBeUndefined()
    expect(textOf(granted(await connection.getToken()).token)).toBe('token-2')
  })
})

describe('a minimum of remaining life', () => {
  it('that a just-issued token does not reach fails without a second exchange', async () => {
    endpoint.answer = (request) => issue(request, 600)
    const connection = fixture.connect()
    expect(refused(await connection.getToken({ minRemainingMs: hour })).code).toBe(
      'token_life_too_short',
    )
    expect(refused(await connection.getToken({ minRemainingMs: hour })).code).toBe(
      'token_life_too_short',
    )
    expect(endpoint.requests).toHaveLength(1)
    expect((await connection.getToken()).ok).toBe(true)
  })

  it('renews a token that has become too old for it', async () => {
    const connection = fixture.connect()
    await connection.getToken()
    await clock.advance(30 * minute)
    const result = granted(await connection.getToken({ minRemainingMs: 45 * minute }))
    expect(textOf(result.token)).toBe('token-2')
  })

  it('is not satisfied by what another process left in the store', async () => {
    await fixture.connect().getToken()
    await clock.advance(30 * minute)
    const result = granted(await fixture.connect().getToken({ minRemainingMs: 45 * minute }))
    expect(result.origin).toBe('issued')
    expect(fixture.eventTypes()).not.toContain('grant.adopted')
  })
})

describe('a threshold below which to renew', () => {
  it('counts at most half of the newest token’s life', async () => {
    endpoint.answer = (request) => issue(request, 120)
    const connection = fixture.connect()
    await connection.getToken()
    await clock.advance(50_000)
    expect(granted(await connection.getToken({ renewBelowMs: 5 * minute })).origin).toBe('cache')
    await clock.advance(11_000)
    expect(granted(await connection.getToken({ renewBelowMs: 5 * minute })).origin).toBe('issued')
  })

  it('yields the old token with a warning when that fails, and keeps the pause', async () => {
    const connection = fixture.connect()
    const old = granted(await connection.getToken()).token
    endpoint.answer = () => new Response('', { status: 502 })
    await clock.advance(40 * minute)
    for (let i = 0; i < 20; i++) {
      const result = granted(await connection.getToken({ renewBelowMs: 30 * minute }))
      expect(result.token).toBe(old)
      expect(result.warning?.code).toBe('provider_unavailable')
    }
    expect(endpoint.requests).toHaveLength(2)
  })
})

describe('the status of a connection', () => {
  it('says unused, valid, failing and lapsed, asking no provider', async () => {
    const engine = fixture.engine()
    const connection = engine.connection('contoso-graph')
    const stateNow = async (): Promise<string> => (await engine.status('contoso-graph')).state
    expect(await stateNow()).toBe('unused')
    await connection.getToken()
    expect(await stateNow()).toBe('valid')
    expect(await fixture.engine().status('contoso-graph')).toMatchObject({
      state: 'valid',
      refreshCount: 1,
      token: { expiresAt: clock.now() + hour },
    })
    await clock.advance(hour)
    expect(await stateNow()).toBe('expired')
    endpoint.answer = () => new Response('', { status: 500 })
    await connection.getToken()
    expect(await engine.status('contoso-graph')).toMatchObject({
      state: 'failing',
      nextAttemptAt: clock.now() + 1_000,
    })
    endpoint.answer = () => refuse(401, 'invalid_client', 7000222)
    await engine.refresh('contoso-graph')
    expect(await stateNow()).toBe('lapsed')
    expect(await fixture.engine().status('contoso-graph')).toMatchObject({ state: 'lapsed' })
  })
})

describe('closing an engine', () => {
  it('waits for the renewal under way and lets no other start; no timer is left', async () => {
    const open = Promise.withResolvers<void>()
    endpoint.answer = async (request) => {
      await open.promise
      return issue(request)
    }
    const engine = fixture.engine()
    const connection = engine.connection('contoso-graph')
    const pending = connection.getToken()
    await endpoint.arrival(1)
    const closing = engine.close()
    open.resolve()
    await closing
    expect((await pending).ok).toBe(true)
    expect(clock.pending()).toBe(0)
    expect((await connection.getToken()).ok).toBe(true)
    await clock.advance(hour)
    expect(refused(await connection.getToken()).code).toBe('engine_closed')
    expect(endpoint.requests).toHaveLength(1)
  })
})
