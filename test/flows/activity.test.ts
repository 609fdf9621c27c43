import { appendFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createClient, type Client } from '../../src/client/index.ts'
import { newId, ownerOf } from '../../src/kernel/index.ts'
import { startServing, type Serving } from '../../src/server/index.ts'
import { options } from '../contract/builders.ts'
import { startApi, type TestApi } from '../support/gateway-fixture.ts'
import { startService, type ServiceFixture } from '../support/service-fixture.ts'
import { createSkippingClock, type SkippingClock } from '../support/skipping-clock.ts'

let api: TestApi
let clock: SkippingClock
let fixture: ServiceFixture
let other: Serving | undefined
beforeEach(async () => {
  api = await startApi((request, response) => {
    response.statusCode = request.url === '/broken' ? 401 : 200
    response.end('told')
  })
  clock = createSkippingClock()
  fixture = await startService({
    prepare: async ({ configPath }) => {
      await appendFile(
        configPath,
        `    upstream: { url: "${api.url}", resource: https://graph.microsoft.com }\n`,
      )
    },
    serving: { clock },
  })
})
afterEach(async () => {
  await other?.close(0)
  other = undefined
  await fixture.close()
  await api[Symbol.asyncDispose]()
})

const viewer = async (): Promise<Client> =>
  createClient({ url: fixture.url, key: await fixture.addCaller('viewer', { role: 'viewer' }) })

const call = async (url: string, key: string, path: string): Promise<number> => {
  const answer = await fetch(`${url}/proxy/${path}`, { headers: { 'evergrant-key': key } })
  await answer.text()
  return answer.status
}

describe('activity', () => {
  it('is for viewers', async () => {
    const key = await fixture.addCaller('stranger')
    const stranger = createClient({ url: fixture.url, key })
    await expect(stranger.activity.show()).rejects.toMatchObject({ code: 'role_missing' })
    await expect((await viewer()).activity.show({ hours: 2_161 })).rejects.toMatchObject({
      code: 'request_invalid',
    })
  })

  it('counts calls, replays and renewals of every node, and imports that failed', async () => {
    const key = await fixture.addCaller('crm')
    other = await startServing({
      configPath: fixture.workspace.configPath,
      env: {},
      listen: { host: '127.0.0.1', port: 0 },
      keepAlive: false,
      logTo: { write: () => {} },
      clock,
    })
    expect(await call(fixture.url, key, 'contoso-graph/users')).toBe(200)
    expect(await call(other.url, key, 'contoso-graph/users')).toBe(200)
    expect(await call(fixture.url, key, 'contoso-graph/broken')).toBe(401)
    // What is no connection becomes no series.
    expect(await call(fixture.url, key, 'invented/users')).toBe(404)
    const { store, identity } = fixture.serving.composition
    const now = clock.now()
    const [id, instanceId] = [newId('run', now), newId('ins', now)]
    const owner = ownerOf(identity, instanceId)
    const source = { ...options, connection: 'contoso-graph' }
    await store.runs.createRun({ id, name: 'people', options: source, owner }, now)
    const failed = { state: 'failed', verdict: 'incomplete', finishedAt: now } as const
    await store.runs.closeRun(id, instanceId, failed, [], now)

    await fixture.serving.activity.flush()
    await other.activity.flush()
    const client = await viewer()
    const told = await client.activity.show({ hours: 2 })
    expect(told.step_seconds).toBe(3_600)
    expect(Date.parse(told.from) % 3_600_000).toBe(0)
    const sum = (kind: string, connection: string | null): number =>
      told.series
        .filter((one) => one.kind === kind && one.connection === connection)
        .flatMap(({ points }) => points)
        .reduce((all, one) => all + one, 0)
    expect(told.series.every(({ points }) => points.length === 2)).toBe(true)
    expect(sum('calls', 'contoso-graph')).toBe(3)
    expect(sum('calls', null)).toBe(4)
    expect(sum('calls_failed', 'contoso-graph')).toBe(1)
    expect(sum('replayed', 'contoso-graph')).toBe(1)
    expect(sum('refreshed', 'contoso-graph')).toBeGreaterThanOrEqual(2)
    expect(sum('imports_failed', 'contoso-graph')).toBe(1)
    expect(told.series.map(({ connection }) => connection)).not.toContain('invented')

    const days = await client.activity.show({ hours: 24 * 30 })
    expect(days.step_seconds).toBe(86_400)
    expect(days.series.find(({ kind }) => kind === 'calls')?.points.length).toBeLessThanOrEqual(31)
  })

  it('is written when the service ends, and forgotten after 90 days', async () => {
    const key = await fixture.addCaller('crm')
    await call(fixture.url, key, 'contoso-graph/users')
    await fixture.serving.close(0)
    other = await startServing({
      configPath: fixture.workspace.configPath,
      env: {},
      listen: { host: '127.0.0.1', port: 0 },
      keepAlive: false,
      logTo: { write: () => {} },
      clock,
    })
    const { store } = other.composition
    const hour = Math.floor(clock.now() / 3_600_000)
    const kept = await store.activity.totalActivity(hour - 1, hour + 1)
    expect(kept).toContainEqual(expect.objectContaining({ kind: 'calls', count: 1 }))
    clock.skip(91 * 24 * 3_600_000)
    await other.activity.sweep()
    expect(await store.activity.totalActivity(hour - 1, hour + 1)).toEqual([])
  })
})
