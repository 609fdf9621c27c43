import { beforeEach, describe, expect, it } from 'vitest'
import {
  createEngineFixture,
  granted,
  minute,
  refused,
  type EngineFixture,
} from '../../test/support/engine-fixture.ts'
import { issue } from '../../test/support/fake-token-endpoint.ts'
import { Secret } from '../kernel/index.ts'
import type { ConnectionHandle } from './connection-handle.ts'
import type { GrantEngine } from './engine.ts'

const pause = {
  connection: 'contoso-graph',
  pausedAt: 1_000,
  by: 'anna',
  reason: 'planted-reason',
  keepsAlive: true,
}
const day = 86_400_000

let fixture: EngineFixture
let engine: GrantEngine
let connection: ConnectionHandle
beforeEach(() => {
  fixture = createEngineFixture()
  engine = fixture.engine()
  engine.pause([])
  connection = engine.connection('contoso-graph')
})

describe('a paused connection', () => {
  it('hands out no token, be one at hand or not, and says nothing of the reason', async () => {
    granted(await connection.getToken())
    const [held] = [connection.peek()]
    engine.pause([pause])
    for (const ask of [{}, { forceRenewal: true }, { minRemainingMs: minute }, undefined]) {
      const error = refused(await connection.getToken(ask))
      expect(error).toMatchObject({ code: 'connection_paused', retryAfterMs: 30_000 })
      expect(error.detail + error.remedy).not.toContain('planted-reason')
    }
    expect([connection.peek(), connection.take()]).toEqual([undefined, undefined])
    expect(refused(await engine.refresh('contoso-graph')).code).toBe('connection_paused')
    if (held === undefined) throw new Error('a token was held')
    const report = { status: 401, headers: {}, body: '', token: held }
    expect(await connection.reportRejection(report)).toMatchObject({
      kind: 'renewal_failed',
      error: { code: 'connection_paused' },
    })
    expect(fixture.endpoint.requests).toHaveLength(1)
    expect(await engine.status('contoso-graph')).toMatchObject({ state: 'paused' })
    expect(engine.pauseOf('contoso-graph')).toEqual(pause)
  })

  it('is one from the start where the pause is older than its first use', async () => {
    const later = fixture.engine()
    later.pause([pause])
    expect(refused(await later.connection('contoso-graph').getToken()).code).toBe(
      'connection_paused',
    )
    expect(fixture.endpoint.requests).toEqual([])
    expect(fixture.eventTypes()).not.toContain('connection.paused')
  })

  it('hands out nothing that was asked for before, and keeps it for later', async () => {
    const waiting = connection.getToken()
    await fixture.endpoint.arrival(1)
    engine.pause([pause])
    expect(refused(await waiting).code).toBe('connection_paused')
    engine.pause([])
    expect(granted(await connection.getToken()).origin).toBe('cache')
    expect(fixture.endpoint.requests).toHaveLength(1)
  })

  it('leaves others alone, and tells when it begins and ends', async () => {
    engine.pause([{ ...pause, connection: 'another' }])
    expect((await connection.getToken()).ok).toBe(true)
    engine.pause([pause])
    engine.pause([pause])
    engine.pause([])
    const told = fixture.events.filter(({ type }) => type.startsWith('connection.'))
    expect(told).toMatchObject([
      { type: 'connection.paused', connection: 'another' },
      { type: 'connection.paused', connection: 'contoso-graph', by: 'anna' },
      { type: 'connection.resumed', connection: 'another' },
      { type: 'connection.resumed', connection: 'contoso-graph' },
    ])
    expect((await connection.getToken()).ok).toBe(true)
  })

  it.each([
    [true, 1],
    [false, 0],
  ])('keeps its refresh token alive unless asked not to (%s)', async (keepsAlive, sent) => {
    const own = createEngineFixture()
    own.endpoint.answer = (request) => issue(request, 3_600, { refresh_token: 'rt-2' })
    const csp = own.engine({ grant: 'authorization_code' })
    const key = {
      connection: 'contoso-graph',
      tenant: '11111111-2222-3333-4444-555555555555',
      subject: '',
    }
    const { id } = await own.store.addCandidate(key, { secret: new Secret('rt-1') }, 1)
    await own.store.activateCandidate(id, 'alex', 1)
    await own.store.scheduleKeepAlive(id, own.clock.now() + day)
    csp.pause([{ ...pause, keepsAlive }])
    await own.clock.advance(2 * day)
    const report = await csp.runDue()
    expect(report).toMatchObject({ taken: 1, renewed: sent, paused: 1 - sent })
    expect(own.endpoint.requests).toHaveLength(sent)
    csp.pause([])
    await own.clock.advance(2 * 3_600_000)
    const after = await csp.runDue()
    expect(after.renewed).toBe(1 - sent)
  })
})
