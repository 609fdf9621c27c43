import { appendFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { apiOperations, startServing, type Serving } from '../../src/server/index.ts'
import { startService, type ServiceFixture } from '../support/service-fixture.ts'
import { atPage } from '../support/workspace.ts'

const users = 200
let fixture: ServiceFixture
let next: Serving | undefined
let url = ''
let key = ''

beforeAll(async () => {
  fixture = await startService({
    workspace: { users },
    prepare: async ({ configPath }) => {
      await appendFile(
        configPath,
        'imports:\n  people: { connection: contoso-graph, collections: [users], pageSize: 50 }\n',
      )
    },
  })
  url = fixture.url
  key = await fixture.addCaller('ops', { role: 'operator', allowTokens: true })
})
afterAll(async () => {
  await next?.close(0)
  await fixture.close()
})

interface Answer {
  readonly status: number
  readonly body: Record<string, unknown>
  readonly headers: Headers
}

/** Calls an operation; a success is held against its schema. */
async function ask(
  operationId: string,
  { id = '', body }: { readonly id?: string; readonly body?: object } = {},
): Promise<Answer> {
  const operation = apiOperations.find((one) => one.id === operationId)
  if (operation === undefined) throw new Error(`no operation ${operationId}`)
  const { method, path, response } = operation
  const answer = await fetch(`${url}${path.replace(/\{\w+\}/, id)}`, {
    method,
    headers: {
      authorization: `Bearer ${key}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const parsed = (await answer.json()) as Record<string, unknown>
  if (answer.ok) response?.parse(parsed)
  return { status: answer.status, body: parsed, headers: answer.headers }
}

/** Resolves once a run is in a state; its thread tells the store alone. */
async function becomes(id: string, state: string): Promise<Record<string, unknown>> {
  let body: Record<string, unknown> = {}
  await expect
    .poll(
      async () => {
        body = (await ask('imports.show', { id })).body
        return body['state']
      },
      { interval: 100, timeout: 30_000 },
    )
    .toBe(state)
  return body
}

/** Begins an import and holds its next page for so long once one has been read. */
async function held(begin: () => Promise<Answer>, forMs = 3_600_000): Promise<string> {
  const { control } = fixture.workspace.simulator
  const reached = new Promise<void>((resolve) => {
    atPage(fixture.workspace.simulator, 1, () => {
      control.setLatency(forMs)
      resolve()
    })
  })
  const begun = await begin()
  expect(begun).toMatchObject({ status: 202, body: { state: 'running' } })
  await reached
  return String(begun.body['id'])
}

describe('imports over the API', () => {
  it('refuses a name that the configuration does not describe', async () => {
    const answer = await ask('imports.run', { body: { name: 'pepole' } })
    expect(answer.body).toMatchObject({ code: 'import_undefined' })
  })

  it('runs one to its end, with its log', async () => {
    const begun = await ask('imports.run', { body: { name: 'people' } })
    expect(begun).toMatchObject({ status: 202, body: { name: 'people', state: 'running' } })
    const id = String(begun.body['id'])
    const shown = await becomes(id, 'completed')
    expect(shown).toMatchObject({ verdict: 'complete', rows: users })
    expect(shown['walks']).toMatchObject([{ collection: 'users', distinct_rows: users }])
    const log = (await ask('imports.log', { id })).body['items'] as { readonly type: string }[]
    expect(log.map(({ type }) => type)).toContain('run_completed')
    expect((await ask('imports.cancel', { id })).body).toMatchObject({
      code: 'import_not_resumable',
    })
  })

  it('hands a run on when the service ends, and one that goes on can be cancelled', async () => {
    const { control } = fixture.workspace.simulator
    const id = await held(() => ask('imports.run', { body: { name: 'people' } }))
    const twice = await ask('imports.run', { body: { name: 'people' } })
    expect(twice.body).toMatchObject({ code: 'import_running' })
    await fixture.serving.close(0)
    // A live run ends after its page, so that has to come.
    control.setLatency(1_500)
    next = await startServing({
      configPath: fixture.workspace.configPath,
      env: {},
      listen: { host: '127.0.0.1', port: 0 },
      keepAlive: false,
      logTo: { write: () => {} },
    })
    url = next.url
    const going = await becomes(id, 'running')
    expect(going).toMatchObject({ driven_by: { kind: 'service', taken_over: true } })
    const resumed = await ask('imports.resume', { id })
    expect(resumed.body).toMatchObject({ code: 'import_running' })
    const asked = await ask('imports.cancel', { id })
    expect(asked).toMatchObject({ status: 200, body: { id, became: 'asked' } })
    await becomes(id, 'cancelled')
    control.setLatency(0)
    const again = await ask('imports.cancel', { id })
    expect(again.body).toMatchObject({ id, became: 'cancelled' })
  })
})

describe('traces over the API', () => {
  it('shows the trace of a token once it is written', async () => {
    const issued = await ask('tokens.issue', { id: 'contoso-graph', body: {} })
    const id = issued.headers.get('evergrant-trace') ?? ''
    await next?.traces.flush()
    const shown = await ask('traces.show', { id })
    expect(shown).toMatchObject({
      status: 200,
      body: { id, kind: 'token', outcome: 'served', caller_name: 'ops' },
    })
    expect(shown.body['steps']).not.toEqual([])
    expect(JSON.stringify(shown.body)).not.toContain(issued.body['access_token'])
  })
})
