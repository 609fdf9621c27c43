import { appendFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createClient, type Client } from '../../src/client/index.ts'
import { runCommand } from '../support/command.ts'
import { emptyDatabase, type TestDatabase } from '../support/postgres.ts'
import { startServeProcess, type ServeProcess } from '../support/serve-process.ts'
import {
  atPage,
  fileUsers,
  groundTruth,
  makeWorkspace,
  storedUsers,
  type Workspace,
} from '../support/workspace.ts'

const users = 1_000
const pageSize = 50

let database: TestDatabase
let workspace: Workspace
let nodes: readonly ServeProcess[] = []
let clients: readonly Client[] = []
beforeAll(async () => {
  database = await emptyDatabase()
  workspace = await makeWorkspace({ users, database })
  const { folder, configPath } = workspace
  await appendFile(
    configPath,
    `server: { listen: "127.0.0.1:0", drain: 1s }
imports:
  people: { connection: contoso-graph, collections: [users], pageSize: ${pageSize} }
  lines: { connection: contoso-graph, collections: [users], pageSize: ${pageSize}, to: "ndjson:./out" }
`,
  )
  const wish = ['callers', 'add', 'ops', '--role', 'operator', '--json']
  const { key } = (await runCommand(wish, { cwd: folder })).json() as { key: string }
  nodes = await Promise.all([1, 2, 3].map(async () => await startServeProcess(folder)))
  clients = nodes.map(({ url }) => createClient({ url, key }))
}, 60_000)
afterAll(async () => {
  for (const node of nodes) node.kill('SIGKILL')
  await Promise.all(nodes.map(async ({ ended }) => await ended))
  await workspace.close()
  await database.dispose()
})

const node = (at: number): ServeProcess & { readonly client: Client } =>
  Object.assign({}, nodes[at] as ServeProcess, { client: clients[at] as Client })

/** Begins the import at a node, slowly, and resolves once some pages of it were read. */
async function beginAt(at: number, pages: number, name = 'people'): Promise<string> {
  workspace.simulator.control.setLatency(150)
  const reached = new Promise<void>((resolve) => {
    atPage(workspace.simulator, pages, resolve)
  })
  const { id } = await node(at).client.imports.run({ name })
  await reached
  return id
}

/** Resolves once a node tells that the run is in that state. */
async function becomes(at: number, id: string, state: string): Promise<void> {
  await expect
    .poll(async () => (await node(at).client.imports.show({ id })).state, {
      timeout: 60_000,
      interval: 200,
    })
    .toBe(state)
}

async function linesOf(at: number, id: string): Promise<readonly string[]> {
  const { items } = await node(at).client.imports.log({ id, limit: 200 })
  return items.map(({ type }) => type)
}

const countOf = (lines: readonly string[], type: string): number =>
  lines.filter((one) => one === type).length

describe('of three nodes on PostgreSQL', { timeout: 90_000 }, () => {
  it('another goes on within a minute with what one read that stood still, which then writes nothing', async () => {
    const id = await beginAt(0, 4)
    node(0).kill('SIGSTOP')
    // Instead of waiting until its lease is over.
    await database.query(
      `UPDATE evergrant.import_runs SET heartbeat_at = heartbeat_at - 60000 WHERE id = '${id}'`,
    )
    const went = new Promise<void>((resolve) => {
      atPage(workspace.simulator, 2, resolve)
    })
    await went
    // Both are at it now, and one of them may not be.
    node(0).kill('SIGCONT')
    await becomes(1, id, 'completed')
    await becomes(0, id, 'completed')
    const lines = await linesOf(1, id)
    expect(countOf(lines, 'run_taken_over')).toBe(1)
    expect(countOf(lines, 'run_completed')).toBe(1)
    expect(lines.at(-1)).toBe('run_completed')
    expect(await storedUsers(workspace)).toEqual(groundTruth(workspace.simulator))
  })

  it('one goes on within a minute with what another read when it was killed, and nothing is read twice', async () => {
    const id = await beginAt(0, 4)
    const killedAt = Date.now()
    node(0).kill('SIGKILL')
    await expect
      .poll(async () => (await node(2).client.imports.show({ id })).driven_by?.taken_over, {
        timeout: 60_000,
        interval: 50,
      })
      .toBe(true)
    expect(Date.now() - killedAt).toBeLessThan(60_000)
    await becomes(1, id, 'completed')
    const run = await node(2).client.imports.show({ id })
    expect(run).toMatchObject({ verdict: 'complete', rows: users })
    const { items } = await node(1).client.imports.list({ name: 'people' })
    expect(items).toHaveLength(2)
    expect(await storedUsers(workspace)).toEqual(groundTruth(workspace.simulator))
    const told = [1, 2].flatMap((at) =>
      node(at)
        .log()
        .filter(({ event, runId }) => event === 'import.run_taken_over' && runId === id),
    )
    expect(told).toHaveLength(1)
  })

  it('one goes on with what another wrote to their folder and hands on when it is told to end', async () => {
    const id = await beginAt(1, 4, 'lines')
    node(1).kill('SIGTERM')
    await node(1).ended
    await becomes(2, id, 'completed')
    expect(await linesOf(2, id)).toContain('run_taken_over')
    const published = await fileUsers(workspace.path('out/users.ndjson'))
    expect(published).toEqual(groundTruth(workspace.simulator))
  })
})
