import { readFile, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TraceRecord } from '../../src/gateway/index.ts'
import { startService, type ServiceFixture } from '../support/service-fixture.ts'

let fixture: ServiceFixture
let key: string
const traces: TraceRecord[] = []
beforeAll(async () => {
  fixture = await startService({
    prepare: async ({ configPath, simulator }) => {
      const text = await readFile(configPath, 'utf8')
      await writeFile(
        configPath,
        `${text}    resource: https://management.azure.com
    upstream:
      url: ${simulator.urls.http}/arm
      rejected: [microsoft, { name: expired-500, status: 500, text: access token expired }]
`,
      )
    },
    serving: { onTrace: (trace) => traces.push(trace.toRecord()) },
  })
  key = await fixture.addCaller('crm', { connections: ['contoso-graph'] })
})
afterAll(() => fixture.close())

const call = (credential = key): Promise<Response> =>
  fetch(`${fixture.url}/proxy/contoso-graph/subscriptions?api-version=2022-12-01&planted=x`, {
    headers: { authorization: `Bearer ${credential}` },
  })

describe('a call through the service', () => {
  it('is refused without a key that is known', async () => {
    const answer = await call('egk_nobody')
    expect(answer.status).toBe(401)
    expect(await answer.json()).toMatchObject({ code: 'caller_unauthenticated' })
  })

  it('is repaired when the API says 500 because the token has expired', async () => {
    expect((await call()).status).toBe(200)
    const { control } = fixture.workspace.simulator
    control.setRejectionStyle('server_error', 'arm')
    control.expireTokens()
    const answer = await call()
    expect(answer.status).toBe(200)
    expect(answer.headers.get('evergrant-replay')).toBe('replayed; rule=expired-500')
    const id = answer.headers.get('evergrant-trace')
    await answer.text()
    await expect
      .poll(() => traces.find((trace) => trace.id === id))
      .toMatchObject({
        connection: 'contoso-graph',
        callerName: 'crm',
        path: '/subscriptions',
        status: 200,
        rule: 'expired-500',
        wasRenewed: true,
        wasReplayed: true,
      })
    const judged = traces
      .find((trace) => trace.id === id)
      ?.steps.find(({ step }) => step === 'judged')
    expect(judged?.detail['looks']).toMatch(
      /^401 did not match: status 500; .*expired-500 matched: status 500 and every condition$/,
    )
    const told = JSON.stringify([traces, fixture.log()])
    expect(told).not.toContain('planted')
    expect(told).not.toContain(key.slice(40))
    expect(told).not.toContain('eyJ')
  })
})
