import { appendFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCommand } from '../support/command.ts'
import { startApi, type TestApi } from '../support/gateway-fixture.ts'
import { startPostgres, type PostgresServer } from '../support/postgres-server.ts'
import { emptyDatabase } from '../support/postgres.ts'
import { startService, type ServiceFixture } from '../support/service-fixture.ts'

let server: PostgresServer
let api: TestApi
let fixture: ServiceFixture
/** Keys of callers that the service has seen, and of one that it has not. */
let known: string
let admin: string
let unseen: string
const rejections: unknown[] = []
const note = (reason: unknown): void => void rejections.push(reason)

beforeAll(async () => {
  process.on('unhandledRejection', note)
  server = await startPostgres()
  api = await startApi((_request, response) => response.end('fine'))
  fixture = await startService({
    workspace: { database: await emptyDatabase(server) },
    prepare: async ({ configPath, folder }) => {
      await appendFile(
        configPath,
        `    upstream: { url: "${api.url}", resource: https://graph.microsoft.com }\n`,
      )
      await runCommand(['migrate'], { cwd: folder })
    },
  })
  known = await fixture.addCaller('crm')
  admin = await fixture.addCaller('ops', { role: 'admin' })
  unseen = await fixture.addCaller('late')
  for (const key of [known, admin]) await call(key)
  await fixture.serving.traces.flush()
  await server.stop()
}, 60_000)
afterAll(async () => {
  await fixture.close()
  await api[Symbol.asyncDispose]()
  await server.dispose()
  process.off('unhandledRejection', note)
})

interface Told {
  readonly status: number
  readonly retryAfter: number
  readonly json: unknown
}

async function get(path: string, key?: string): Promise<Told> {
  const headers = key === undefined ? {} : { authorization: `Bearer ${key}` }
  const answer = await fetch(`${fixture.url}${path}`, { headers })
  const text = await answer.text()
  return {
    status: answer.status,
    retryAfter: Number(answer.headers.get('retry-after')),
    json: text.startsWith('{') ? JSON.parse(text) : text,
  }
}

const call = (key: string): Promise<Told> => get('/proxy/contoso-graph/users', key)

describe('a service whose PostgreSQL is stopped', () => {
  it('goes on calling for callers in memory with the token in memory', async () => {
    const calls = await Promise.all(Array.from({ length: 300 }, () => call(known)))
    expect(new Set(calls.map(({ status }) => status))).toEqual(new Set([200]))
  })

  it('tells callers it has not seen that the store is away, and when to come back', async () => {
    const refused = await call(unseen)
    expect(refused).toMatchObject({ status: 503, json: { code: 'store_unavailable' } })
    expect(refused.retryAfter).toBeGreaterThan(0)
  })

  it.each(['/api/v1/callers', '/api/v1/grants', '/api/v1/traces', '/api/v1/facades'])(
    'tells so at %s, too',
    async (path) => {
      const refused = await get(path, admin)
      expect(refused).toMatchObject({ status: 503, json: { code: 'store_unavailable' } })
      expect(refused.retryAfter).toBeGreaterThan(0)
    },
  )

  it('lives, but is not ready, and says why', async () => {
    expect(await get('/healthz')).toMatchObject({ status: 200 })
    expect(await get('/readyz')).toMatchObject({
      status: 503,
      json: { checks: { accepting: { status: 'ok' }, store: { status: 'failed' } } },
    })
  })

  it('says once that traces wait', async () => {
    await fixture.serving.traces.flush()
    await fixture.serving.traces.flush()
    const told = fixture.log().filter(({ msg }) => msg === 'traces cannot be written')
    expect(told).toMatchObject([{ level: 'warn', code: 'store_unavailable' }])
  })
})

describe('the same service once PostgreSQL is back', () => {
  it('serves everybody, is ready, and has every trace', async () => {
    await server.start()
    await expect.poll(async () => (await get('/readyz')).status, { timeout: 10_000 }).toBe(200)
    expect(await call(unseen)).toMatchObject({ status: 200 })
    expect(await call(known)).toMatchObject({ status: 200 })
    const { recorder, traces } = fixture.serving
    while (recorder.size > 0) await traces.flush()
    const listed = await get('/api/v1/traces?limit=500', admin)
    expect(listed).toMatchObject({ status: 200 })
    const { items } = listed.json as { items: readonly { status: number }[] }
    expect(items.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(304)
    expect(fixture.log().filter(({ msg }) => msg === 'traces are written again')).toHaveLength(1)
  })

  it('met no fault of its own', () => {
    const faults = fixture.log().filter(({ fault }) => fault !== undefined)
    expect(faults).toEqual([])
    expect(rejections).toEqual([])
  })
})
