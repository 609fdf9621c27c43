import { appendFile } from 'node:fs/promises'
import { afterEach, expect, test } from 'vitest'
import { createClient, type Client, type Operations } from '../../src/client/index.ts'
import { runCommand } from '../support/command.ts'
import { seededRandom } from '../support/kill-import.ts'
import { emptyDatabase, type TestDatabase } from '../support/postgres.ts'
import { startServeProcess, type ServeProcess } from '../support/serve-process.ts'
import {
  fileUsers,
  groundTruth,
  makeWorkspace,
  storedUsers,
  type Workspace,
} from '../support/workspace.ts'

/** `SEED=… npm run soak` replays a soak; without it each soak is another. */
const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1e9))
/** `KILLS=…` bounds a soak. */
const kills = Number(process.env['KILLS'] ?? 20)

interface Node extends ServeProcess {
  readonly client: Client
}

let database: TestDatabase | undefined
let workspace: Workspace | undefined
let nodes: Node[] = []
afterEach(async () => {
  for (const node of nodes) node.kill('SIGKILL')
  await Promise.all(nodes.map(async ({ ended }) => await ended))
  nodes = []
  await workspace?.close()
  await database?.dispose()
})

test.each([
  ['store', 'store'],
  ['ndjson', 'ndjson:./out'],
])(
  `%s: of three services the one that drives is killed or stopped ${kills} times, and the result equals the tenant (SEED=${seed})`,
  async (kind, to) => {
    console.log(`SEED=${seed} ${kind}`)
    const random = seededRandom(seed)
    database = await emptyDatabase()
    workspace = await makeWorkspace({ users: 20_000, database, latencyMs: 20 })
    const { folder, simulator } = workspace
    await appendFile(
      workspace.configPath,
      `server: { listen: "127.0.0.1:0", drain: 1s }
imports:
  people: { connection: contoso-graph, collections: [users], pageSize: 100, to: "${to}" }
`,
    )
    const wish = ['callers', 'add', 'ops', '--role', 'operator', '--json']
    const { key } = (await runCommand(wish, { cwd: folder })).json() as { key: string }
    const start = async (): Promise<Node> => {
      const node = await startServeProcess(folder)
      return { ...node, client: createClient({ url: node.url, key }) }
    }
    nodes = await Promise.all([start(), start(), start()])
    const show = async (id: string): Promise<Operations['imports.show']['result']> =>
      await (nodes[0] as Node).client.imports.show({ id })

    let left = kills
    while (left > 0) {
      const { id } = await (nodes[0] as Node).client.imports.run({ name: 'people' })
      for (;;) {
        // Between taking over, reading, committing and publishing lie all kinds of moments.
        await new Promise((resolve) => setTimeout(resolve, random() * 2_500))
        const { driven_by: driver, reason, state } = await show(id)
        if (state === 'completed') break
        // Three in a row before a page is committed: it is left to a person.
        if (reason?.includes('services in a row') === true) {
          await (nodes[0] as Node).client.imports.resume({ id })
        }
        const at = nodes.findIndex(({ pid }) => pid === driver?.pid)
        const node = nodes[at]
        if (node === undefined || left === 0) continue
        node.kill(random() < 0.5 ? 'SIGKILL' : 'SIGTERM')
        await node.ended
        left--
        nodes[at] = await start()
      }
      const { state, verdict } = await show(id)
      expect({ state, verdict }).toEqual({ state: 'completed', verdict: 'complete' })
      const seen =
        kind === 'store'
          ? await storedUsers(workspace)
          : await fileUsers(workspace.path('out/users.ndjson'))
      expect(seen).toEqual(groundTruth(simulator))
      console.log(`${kind}: ${kills - left} services ended, ${left} to go`)
    }
  },
)
