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
import { issue, refuse } from '../../test/support/fake-token-endpoint.ts'
import type { GrantRecord } from './ports.ts'

let fixture: EngineFixture

beforeEach(() => {
  fixture = createEngineFixture()
})

const grant = async (): Promise<GrantRecord | undefined> =>
  (await fixture.store.listGrants({ limit: 1 }))[0]
const lapses = (): number => fixture.eventTypes().filter((type) => type === 'grant.lapsed').length

describe('a verdict of the provider while a valid token lives', () => {
  it('is kept as evidence and leaves the grant active, in memory and in the store', async () => {
    const { clock, endpoint } = fixture
    const engine = fixture.engine()
    const connection = engine.connection('contoso-graph')
    await connection.getToken()
    await clock.advance(minute)
    endpoint.answer = () => refuse(401, 'invalid_client', 7000222)
    const kept = granted(await connection.getToken({ forceRenewal: true }))
    expect(kept.warning?.code).toBe('client_rejected')
    expect(await grant()).toMatchObject({
      state: 'active',
      lastFailure: { code: 'client_rejected' },
    })
    expect(await engine.status('contoso-graph')).toMatchObject({ state: 'failing' })
    expect(await fixture.engine().status('contoso-graph')).toMatchObject({ state: 'failing' })
    expect(lapses()).toBe(0)
    expect(clock.pending()).toBe(0)
  })

  it('leaves it active also when only the store has the token', async () => {
    await fixture.connect().getToken()
    fixture.endpoint.answer = () => refuse(401, 'invalid_client', 7000222)
    const other = fixture.engine()
    expect(granted(await other.refresh('contoso-graph')).warning?.code).toBe('client_rejected')
    expect((await grant())?.state).toBe('active')
  })

  it('lapses the grant, once, when that token has died', async () => {
    const { clock, endpoint } = fixture
    const connection = fixture.connect()
    await connection.getToken()
    endpoint.answer = () => refuse(401, 'invalid_client', 7000222)
    await connection.getToken({ forceRenewal: true })
    await clock.advance(hour)
    for (let i = 0; i < 3; i++) {
      expect(refused(await connection.getToken()).code).toBe('client_rejected')
      await clock.advance(minute)
    }
    expect((await grant())?.state).toBe('lapsed')
    expect(lapses()).toBe(1)
    expect(endpoint.requests).toHaveLength(2)
  })

  it('lapses it at once when the API has refused that token', async () => {
    const { endpoint } = fixture
    const connection = fixture.connect()
    const { token } = granted(await connection.getToken())
    endpoint.answer = () => refuse(401, 'invalid_client', 7000222)
    const rejection = await connection.reportRejection({
      status: 401,
      headers: new Headers(),
      body: '{"error":{"code":"InvalidAuthenticationToken","message":"Lifetime validation failed, the token is expired."}}',
      token,
    })
    expect(rejection.kind).toBe('renewal_failed')
    expect((await grant())?.state).toBe('lapsed')
    expect(lapses()).toBe(1)
  })

  it('is forgotten by the next success', async () => {
    const { clock, endpoint } = fixture
    const engine = fixture.engine()
    const connection = engine.connection('contoso-graph')
    await connection.getToken()
    endpoint.answer = () => refuse(401, 'invalid_client', 7000222)
    await connection.getToken({ forceRenewal: true })
    endpoint.answer = (request) => issue(request)
    await engine.refresh('contoso-graph')
    endpoint.answer = () => new Response('', { status: 503 })
    await clock.advance(hour)
    expect(refused(await connection.getToken()).code).toBe('provider_unavailable')
    expect(await grant()).toMatchObject({ state: 'active' })
  })
})

describe('a stored token in its last minute', () => {
  const nearItsEnd = async (): Promise<string | undefined> => {
    const { token } = granted(await fixture.connect().getToken())
    await fixture.clock.advance(hour - 30_000)
    return textOf(token)
  }

  it('serves another process whose provider does not answer', async () => {
    const stored = await nearItsEnd()
    fixture.endpoint.answer = () => new Response('', { status: 503 })
    const served = granted(await fixture.connect().getToken())
    expect(textOf(served.token)).toBe(stored)
    expect(served.warning?.code).toBe('provider_unavailable')
  })

  it('serves another process that has to stay away from the provider', async () => {
    const stored = await nearItsEnd()
    fixture.endpoint.answer = () =>
      refuse(429, 'temporarily_unavailable', undefined, { 'retry-after': '600' })
    await fixture.connect().getToken()
    const sent = fixture.endpoint.requests.length
    const served = granted(await fixture.connect().getToken())
    expect(textOf(served.token)).toBe(stored)
    expect(served.warning?.code).toBe('provider_throttled')
    expect(fixture.endpoint.requests).toHaveLength(sent)
  })

  it('does not serve a caller who needs more', async () => {
    await nearItsEnd()
    fixture.endpoint.answer = () => new Response('', { status: 503 })
    const answer = await fixture.connect().getToken({ minRemainingMs: minute })
    expect(refused(answer).code).toBe('provider_unavailable')
  })

  it('does not serve once an API has refused it', async () => {
    const first = fixture.connect()
    const { token } = granted(await first.getToken())
    await fixture.clock.advance(hour - 30_000)
    fixture.endpoint.answer = () => new Response('', { status: 503 })
    const other = fixture.connect()
    const report = { status: 401, headers: new Headers(), body: '', token }
    expect((await other.reportRejection(report)).kind).toBe('renewal_failed')
    expect(refused(await other.getToken()).code).toBe('provider_unavailable')
  })
})

describe('a refused token', () => {
  it('that is newer than ours is renewed, never answered with the older one', async () => {
    const { clock, endpoint } = fixture
    const older = fixture.connect()
    await older.getToken()
    await clock.advance(minute)
    const newer = granted(await fixture.connect().getToken({ forceRenewal: true }))
    const report = { status: 401, headers: new Headers(), body: '', token: newer.token }
    const rejection = await older.reportRejection(report)
    expect(rejection).toMatchObject({ kind: 'renewed' })
    expect(endpoint.requests).toHaveLength(3)
  })
})

describe('a token that was dead before it arrived', () => {
  it('is told as such and asked for again only after a pause', async () => {
    const { clock, endpoint } = fixture
    endpoint.answer = async (request) => {
      await clock.sleep(2_000)
      return issue(request, 1)
    }
    const connection = fixture.connect()
    const pending = connection.getToken()
    await endpoint.arrival(1)
    await clock.advance(2_000)
    expect(refused(await pending)).toMatchObject({ code: 'token_life_too_short' })
    expect(refused(await connection.getToken()).code).toBe('token_life_too_short')
    expect(endpoint.requests).toHaveLength(1)
  })
})

describe('a caller that has given up already', () => {
  it('starts no renewal', async () => {
    const connection = fixture.connect()
    const signal = AbortSignal.abort(new Error('gone'))
    await expect(connection.getToken({ signal })).rejects.toThrow('gone')
    expect(fixture.endpoint.requests).toHaveLength(0)
  })
})
