import { readFile, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCommand, type CommandOutcome } from '../support/command.ts'
import { startService, type ServiceFixture } from '../support/service-fixture.ts'

let fixture: ServiceFixture
let viewer: string
let operator: string
const ended = new Set<string>()
beforeAll(async () => {
  fixture = await startService({
    serving: { onTrace: (trace) => ended.add(trace.id) },
    prepare: async ({ configPath, simulator }) => {
      const text = await readFile(configPath, 'utf8')
      await writeFile(
        configPath,
        `${text}    resource: https://management.azure.com\n    upstream: { url: ${simulator.urls.http}/arm }\n`,
      )
    },
  })
  viewer = await fixture.addCaller('viewer', { role: 'viewer' })
  operator = await fixture.addCaller('operator', { role: 'operator' })
})
afterAll(() => fixture.close())

const evergrant = (...args: readonly string[]): Promise<CommandOutcome> =>
  runCommand(['traces', ...args], { cwd: fixture.workspace.folder })

const logged = (event: string): readonly Readonly<Record<string, unknown>>[] =>
  fixture.log().filter((line) => line['event'] === event)

/** Calls the API once; the id of the trace, which is in the store. */
async function callOnce(): Promise<string> {
  const answer = await fetch(
    `${fixture.url}/proxy/contoso-graph/subscriptions?api-version=2022-12-01`,
    { headers: { authorization: `Bearer ${operator}` } },
  )
  expect(answer.status).toBe(200)
  await answer.text()
  const id = answer.headers.get('evergrant-trace') ?? ''
  // It ends just behind its answer; then it is held or, as the second may have it, written already.
  await expect.poll(() => ended.has(id)).toBe(true)
  await fixture.serving.traces.flush()
  return id
}

async function bodiesOf(id: string, key: string): Promise<unknown> {
  const answer = await fetch(`${fixture.url}/api/v1/traces/${id}`, {
    headers: { authorization: `Bearer ${key}` },
  })
  return ((await answer.json()) as { bodies: unknown }).bodies
}

describe('bodies', () => {
  it('are kept from when they are switched on until they are switched off, by any process', async () => {
    expect(await bodiesOf(await callOnce(), operator)).toBeNull()

    const on = await evergrant('capture', 'contoso-graph', '--for', '5m')
    expect(on.out).toMatch(/^contoso-graph +\d{4}-/m)
    await expect.poll(() => logged('gateway.capture_began'), { timeout: 3_000 }).toHaveLength(1)
    expect(logged('gateway.capture_began')).toMatchObject([
      { level: 'warn', connection: 'contoso-graph' },
    ])
    const id = await callOnce()
    expect(await bodiesOf(id, operator)).toEqual({
      response: expect.stringContaining('"subscriptionId"') as string,
    })
    const shown = await evergrant('show', id)
    expect(shown.out).toContain('\nanswer body\n  {')
    expect(shown.out).toMatch(/received\n +authorization: \(withheld\)|authorization: \(withheld\)/)
    // Whoever may not have bodies kept does not get to see them either.
    expect(await bodiesOf(id, viewer)).toBeNull()

    const off = await evergrant('capture', 'contoso-graph', '--off')
    expect(off.out).toBe('no bodies are kept\n')
    await expect.poll(() => logged('gateway.capture_ended'), { timeout: 3_000 }).toHaveLength(1)
    expect(await bodiesOf(await callOnce(), operator)).toBeNull()
  })

  it('are kept of connections that exist, for an hour at most', async () => {
    const unknown = await evergrant('capture', 'contoso-grahp')
    expect(unknown.exit).toBe(2)
    expect(unknown.note).toContain('contoso-graph')
    const long = await evergrant('capture', 'contoso-graph', '--for', '61m')
    expect(long.exit).toBe(2)
    expect(long.note).toContain('--for: expected 1s to 1h, but saw "61m"')
    for (const args of [['--off'], ['contoso-graph', '--off', '--for', '5m']]) {
      const refused = await evergrant('capture', ...args)
      expect(refused.exit).toBe(2)
      expect(refused.note).toContain('--off')
    }
    expect((await evergrant('capture', '--json')).json()).toEqual([])
    const asked = await fetch(`${fixture.url}/api/v1/captures/contoso-graph`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${viewer}`, 'content-type': 'application/json' },
      body: '{"for_seconds":60}',
    })
    expect(asked.status).toBe(403)
  })
})
