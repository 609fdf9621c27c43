import { ManagedIdentityCredential } from '@azure/identity'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { TraceRecord } from '../../src/gateway/index.ts'
import { startService, type ServiceFixture } from '../support/service-fixture.ts'

let fixture: ServiceFixture
let key: string
const traces: TraceRecord[] = []
beforeAll(async () => {
  fixture = await startService({ serving: { onTrace: (trace) => traces.push(trace.toRecord()) } })
  key = await fixture.addCaller('app', { connections: ['contoso-graph'], allowTokens: true })
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await fixture.close()
})

const resource = encodeURIComponent('https://graph.microsoft.com')
const ask = (
  address: string,
  header: string | undefined,
  query = `api-version=2019-08-01&resource=${resource}`,
): Promise<Response> =>
  fetch(`${fixture.url}/identity/${address}/token?${query}`, {
    headers: header === undefined ? {} : { 'X-IDENTITY-HEADER': header },
  })

describe('the token endpoint of App Service on the service', () => {
  it('is refused without a key, without the permit, and without raw tokens', async () => {
    const powerless = await fixture.addCaller('powerless', { connections: ['contoso-graph'] })
    const elsewhere = await fixture.addCaller('elsewhere', {
      connections: ['other'],
      allowTokens: true,
    })
    const answers = await Promise.all([
      ask('contoso-graph', undefined),
      ask('contoso-graph', 'egk_wrong'),
      ask('contoso-graph', powerless),
      ask('contoso-graph', elsewhere),
      ask('nothing', key),
      ask('contoso-graph', key, `api-version=2017-09-01&resource=${resource}`),
      ask('contoso-graph', key, 'api-version=2019-08-01'),
    ])
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 403, 403, 403, 400, 400])
    for (const answer of answers) {
      const body = (await answer.json()) as Record<string, unknown>
      expect(body).toMatchObject({ statusCode: answer.status, error: expect.any(String) })
      expect(body['message']).toBe(body['error_description'])
    }
  })

  it('serves Microsoft’s ManagedIdentityCredential, and leaves a trace without the token', async () => {
    vi.stubEnv('IDENTITY_ENDPOINT', `${fixture.url}/identity/contoso-graph/token`)
    vi.stubEnv('IDENTITY_HEADER', key)
    const credential = new ManagedIdentityCredential()
    const token = await credential.getToken('https://graph.microsoft.com/.default')
    const call = await fetch(`${fixture.workspace.simulator.urls.graph}/v1.0/users?$top=1`, {
      headers: { authorization: `Bearer ${token.token}` },
    })
    expect(call.status).toBe(200)
    const trace = traces.findLast(({ kind }) => kind === 'token')
    expect(trace).toMatchObject({
      connection: 'contoso-graph',
      callerName: 'app',
      outcome: 'served',
    })
    const told = JSON.stringify([traces, fixture.log()])
    expect(told).not.toContain(token.token.slice(-40))
    expect(told).not.toContain(key.slice(40))
  })
})
