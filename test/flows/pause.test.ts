import { appendFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  compose,
  pauseConnection,
  type AnyEvent,
  type Composition,
} from '../../src/server/index.ts'
import { emptyDatabase } from '../support/postgres.ts'
import { atPage, makeWorkspace } from '../support/workspace.ts'
import { runCommand, type CommandOutcome } from '../support/command.ts'
import { startService, type ServiceFixture } from '../support/service-fixture.ts'

let fixture: ServiceFixture
let key: string
beforeEach(async () => {
  fixture = await startService({
    prepare: async ({ configPath, simulator }) =>
      await appendFile(configPath, `    upstream: { url: "${simulator.urls.graph}" }\n`),
  })
  key = await fixture.addCaller('anna', { role: 'operator', allowTokens: true })
})
afterEach(() => fixture.close())

const evergrant = (args: string): Promise<CommandOutcome> =>
  runCommand(args.split(' '), { cwd: fixture.workspace.folder })
const through = async (): Promise<Response> =>
  await fetch(`${fixture.url}/proxy/contoso-graph/v1.0/users?$top=1`, {
    headers: { authorization: `Bearer ${key}` },
  })
const post = async (path: string, body: object = {}, as = key): Promise<Response> =>
  await fetch(`${fixture.url}/api/v1/connections/${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${as}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
/** Resolves when the service has told of an event. */
const told = (type: AnyEvent['type']): Promise<void> =>
  new Promise((resolve) => {
    const stop = fixture.serving.composition.events.on((event) => {
      if (event.type !== type) return
      stop()
      resolve()
    })
  })

describe('pausing a connection', () => {
  it('is refused to a viewer, for a connection that is not there, and for long reasons', async () => {
    const viewer = await fixture.addCaller('viewer', { role: 'viewer' })
    expect((await post('contoso-graph/pause', {}, viewer)).status).toBe(403)
    expect((await post('nothing/pause')).status).toBe(404)
    expect((await post('nothing/resume')).status).toBe(404)
    expect((await post('contoso-graph/pause', { reason: 'x'.repeat(501) })).status).toBe(400)
    expect((await post('contoso-graph/pause', { reason: 'two\nlines' })).status).toBe(400)
    expect(await evergrant('connections pause nothing')).toMatchObject({ exit: 2 })
    expect((await through()).status).toBe(200)
  })

  it('stops gateway, tokens, imports and tests with one code, until it is resumed', async () => {
    expect((await through()).status).toBe(200)
    const answer = await post('contoso-graph/pause', { reason: 'planted-reason' })
    expect(await answer.json()).toMatchObject({
      name: 'contoso-graph',
      changed: true,
      paused: { by: 'anna', reason: 'planted-reason', keeps_alive: true },
    })
    const refused = await through()
    expect(refused.status).toBe(503)
    expect(refused.headers.get('retry-after')).toBe('30')
    const problem = await refused.text()
    expect(JSON.parse(problem)).toMatchObject({ code: 'connection_paused' })
    expect(problem).not.toContain('planted-reason')
    const token = await post('contoso-graph/token')
    expect(await token.json()).toMatchObject({ code: 'connection_paused' })
    for (const command of ['token contoso-graph', 'import contoso-graph users --to ndjson:out']) {
      const stopped = await evergrant(command)
      expect([command, stopped.exit]).toEqual([command, 3])
      expect(stopped.out + stopped.note).toContain('connection_paused')
    }
    const shown = (await evergrant('connections show contoso-graph --json')).json()
    expect(shown).toMatchObject({ state: 'paused', paused: { by: 'anna' } })
    expect((await evergrant('connections list')).out).toMatch(/contoso-graph\s+paused/)
    expect(await (await post('contoso-graph/pause', { reason: 'again' })).json()).toMatchObject({
      changed: false,
      paused: { reason: 'planted-reason' },
    })
    expect(await (await post('contoso-graph/resume')).json()).toMatchObject({ changed: true })
    expect(await (await post('contoso-graph/resume')).json()).toMatchObject({ changed: false })
    expect((await through()).status).toBe(200)
  })

  it('ends an import that is running, which goes on once it is resumed', async () => {
    const { simulator } = fixture.workspace
    const reached = new Promise<void>((resolve) => {
      atPage(simulator, 1, () => {
        // Slow enough for the pause to be noticed long before the last page.
        simulator.control.setLatency(400)
        resolve()
      })
    })
    const importing = evergrant('import contoso-graph users --to ndjson:out --page-size 1')
    await reached
    expect((await post('contoso-graph/pause')).status).toBe(200)
    const ended = await importing
    expect(ended.exit).toBe(3)
    expect(ended.note).toContain('connection_paused')
    simulator.control.setLatency(0)
    expect((await post('contoso-graph/resume')).status).toBe(200)
    const again = await evergrant('import contoso-graph users --to ndjson:out --page-size 1')
    expect(again.exit).toBe(0)
  })

  it('by command is noticed by a service within a second, and so is its end', async () => {
    expect((await through()).status).toBe(200)
    const paused = told('connection.paused')
    const done = await evergrant('connections pause contoso-graph --no-keep-alive --reason why')
    expect(done.out).toContain('paused; it hands out no token')
    await paused
    expect((await through()).status).toBe(503)
    const text = (await evergrant('connections show contoso-graph')).out
    expect(text).toMatch(/since \S+ by \S.*: why/)
    expect(text).toContain('not kept alive meanwhile')
    const resumed = told('connection.resumed')
    expect((await evergrant('connections resume contoso-graph --json')).json()).toEqual({
      name: 'contoso-graph',
      changed: true,
      paused: null,
    })
    await resumed
    expect((await through()).status).toBe(200)
  })
})

describe('a pause on PostgreSQL', () => {
  it('reaches another node within a second, and lasts over a restart', async () => {
    const database = await emptyDatabase()
    const workspace = await makeWorkspace({ users: 1, database })
    const open = async (): Promise<Composition> =>
      await compose({ configPath: workspace.configPath, env: {}, role: 'main', isLasting: true })
    const [one, two] = [await open(), await open()]
    try {
      const seen = Promise.withResolvers<number>()
      two.events.on(({ type }) => {
        if (type === 'connection.paused') seen.resolve(performance.now())
      })
      await two.engine.connection('contoso-graph').getToken()
      const wanted = { by: 'anna', reason: '', keepsAlive: true }
      const { hasChanged } = await pauseConnection(one, 'contoso-graph', wanted)
      const pausedAt = performance.now()
      expect(hasChanged).toBe(true)
      expect((await seen.promise) - pausedAt).toBeLessThan(1_000)
      for (const node of [two, await open()]) {
        const refused = await node.engine.connection('contoso-graph').getToken()
        expect(refused).toMatchObject({ ok: false, error: { code: 'connection_paused' } })
        if (node !== two) await node.close()
      }
    } finally {
      await one.close()
      await two.close()
      await workspace.close()
      await database.dispose()
    }
  })
})
