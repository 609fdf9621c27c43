import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { apiOperations } from '../../src/server/index.ts'
import { runCommand } from '../support/command.ts'
import { emptyDatabase, type TestDatabase } from '../support/postgres.ts'
import { startService, type ServiceFixture } from '../support/service-fixture.ts'

/** Values that stand where nobody expects them. */
const oddNames = ['contoso-graph', '%00', 'a@b@c', '%F0%9F%92%A9', '__proto__']
const oddQueries = ['', '?limit=-1&cursor=%00', '?__proto__=1&since=%F0%9F%92%A9']
const oddBodies = [
  '',
  '1',
  '"x"',
  '[[]]',
  '{"__proto__":1,"constructor":{"prototype":{}}}',
  '{"name":{"toString":1},"definition":{"provider":[],"client":null,"grant":{}},"secrets":{"a":[]}}',
  '{"name":"contoso-graph","connection":"__proto__","tenant":"\\u0000","resource":"\\ud800","upstream":"\\ud800"}',
]

describe.each(['SQLite', 'PostgreSQL'])('an odd request over %s', (kind) => {
  let database: TestDatabase | undefined
  let fixture: ServiceFixture
  let key: string

  beforeAll(async () => {
    database = kind === 'SQLite' ? undefined : await emptyDatabase()
    fixture = await startService({
      workspace: database === undefined ? {} : { database },
      prepare: async ({ folder }) => {
        if (database !== undefined) await runCommand(['migrate'], { cwd: folder })
      },
    })
    key = await fixture.addCaller('ops', { role: 'admin', allowTokens: true })
  })
  afterAll(async () => {
    await fixture.close()
    await database?.dispose()
  })

  it.each(apiOperations.filter(({ isStream }) => isStream !== true))(
    'to $id is never a fault of ours, whatever stands in path, query and body',
    async ({ method, path, body }) => {
      const names = path.includes('{') ? oddNames : ['']
      const addresses = names.map((name) => path.replaceAll(/\{\w+\}/g, name))
      const queries = body === undefined ? oddQueries : ['']
      const bodies = body === undefined ? [undefined] : oddBodies
      const urls = addresses.flatMap((address) =>
        queries.flatMap((query) => bodies.map((sent) => [address + query, sent] as const)),
      )
      for (const [url, sent] of urls) {
        const answer = await fetch(`${fixture.url}${url}`, {
          method,
          headers: {
            authorization: `Bearer ${key}`,
            ...(sent === undefined ? {} : { 'content-type': 'application/json' }),
          },
          ...(sent === undefined ? {} : { body: sent }),
        })
        const text = await answer.text()
        expect({ url, sent, status: answer.status, text }).toMatchObject({
          status: expect.toSatisfy((status: number) => status < 500) as number,
        })
        if (answer.ok) continue
        expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/)
        expect(JSON.parse(text)).toMatchObject({ status: answer.status })
      }
    },
  )

  it.each([
    '/proxy/contoso-graph@%00/x',
    '/proxy/%00/x',
    '/oauth/contoso-graph/authorize?client_id=%00&response_type=code&state=%00',
    '/oauth/%00/authorize?client_id=%00',
    '/oauth/contoso-graph/userinfo',
    '/.well-known/openid-configuration/oauth/%00',
    '/identity/contoso-graph@%00/token?resource=%00&api-version=2019-08-01',
    '/identity/%00/token?resource=https://graph.microsoft.com&api-version=2019-08-01',
    '/healthz?%00',
    '/api/docs?%zz',
  ])('at %s is no fault of ours, either', async (path) => {
    const headers = { authorization: `Bearer ${key}`, metadata: 'true', 'x-identity-header': key }
    const answer = await fetch(`${fixture.url}${path}`, { headers, redirect: 'manual' })
    expect({ path, status: answer.status, text: await answer.text() }).toMatchObject({
      status: expect.toSatisfy((status: number) => status < 500) as number,
    })
  })

  it('leaves no fault of ours in the log, and the service as it was', async () => {
    expect(fixture.log().filter(({ fault }) => fault !== undefined)).toEqual([])
    const headers = { authorization: `Bearer ${key}` }
    expect((await fetch(`${fixture.url}/api/v1/callers`, { headers })).status).toBe(200)
  })
})
