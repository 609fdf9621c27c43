import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startApi, type TestApi } from '../support/gateway-fixture.ts'
import { emptyDatabase, type TestDatabase } from '../support/postgres.ts'
import { runCommand } from '../support/command.ts'
import { appendFile } from 'node:fs/promises'
import { startService, type ServiceFixture } from '../support/service-fixture.ts'

let database: TestDatabase
let api: TestApi
let fixture: ServiceFixture
beforeAll(async () => {
  database = await emptyDatabase()
  api = await startApi((_request, response) => response.end('fine'))
  fixture = await startService({
    workspace: { database },
    prepare: async ({ configPath, folder }) => {
      await appendFile(
        configPath,
        `    upstream: { url: "${api.url}", resource: https://graph.microsoft.com }\n`,
      )
      await runCommand(['migrate'], { cwd: folder })
    },
  })
})
afterAll(async () => {
  await fixture.close()
  await api[Symbol.asyncDispose]()
  await database.dispose()
})

describe('the service over PostgreSQL', () => {
  it('serves callers that another process made, and keeps their traces', async () => {
    const { folder } = fixture.workspace
    const added = await runCommand(
      ['callers', 'add', 'crm', '--connections', 'contoso-graph', '--json'],
      { cwd: folder },
    )
    const { key } = added.json() as { key: string }
    const call = (): Promise<Response> =>
      fetch(`${fixture.url}/proxy/contoso-graph/users`, {
        headers: { authorization: `Bearer ${key}` },
      })
    const answer = await call()
    expect({ status: answer.status, text: await answer.text() }).toEqual({
      status: 200,
      text: 'fine',
    })
    await fixture.serving.traces.flush()
    const shown = await runCommand(['traces', 'list', '--json'], { cwd: folder })
    expect(shown.json()).toMatchObject([
      { id: answer.headers.get('evergrant-trace'), connection: 'contoso-graph', status: 200 },
    ])
    await runCommand(['callers', 'revoke', 'crm'], { cwd: folder })
    await expect
      .poll(async () => {
        const refused = await call()
        await refused.text()
        return refused.status
      })
      .toBe(401)
  })
})
