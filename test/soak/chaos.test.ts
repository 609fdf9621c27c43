import { afterEach, expect, test } from 'vitest'
import { makeChaos } from '../support/import-chaos.ts'
import { importUnderKills, seededRandom } from '../support/kill-import.ts'
import { makeKillTarget, type KillTarget } from '../support/kill-targets.ts'
import { makeWorkspace, type Workspace } from '../support/workspace.ts'

/** `SEED=… npm run soak` replays a soak; without it each soak is another. */
const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1e9))
/** `KILLS=…` bounds a soak. */
const killsPerDestination = Number(process.env['KILLS'] ?? 100)

let workspace: Workspace | undefined
let target: KillTarget | undefined
afterEach(async () => {
  await workspace?.close()
  await target?.dispose()
})

test.each(['store', 'ndjson', 'csv', 'sqlite', 'postgres'] as const)(
  `%s: sixteen cursors over a directory that changes, every accident, ${killsPerDestination} SIGKILLs, and the result equals the tenant (SEED=${seed})`,
  async (kind) => {
    console.log(`SEED=${seed} ${kind}`)
    const random = seededRandom(seed)
    for (let left = killsPerDestination; left > 0;) {
      workspace = await makeWorkspace({ users: 40_000, latencyMs: 5, tokenLifetimeSeconds: 5 })
      target = await makeKillTarget(kind, workspace)
      const { collections, env, to } = target
      const args = ['--to', to, '--page-size', '200', '--concurrency', '16', '--json']
      const world = { collections, env, beforeSession: makeChaos(workspace.simulator, random) }
      const most = Math.min(left, 25)
      const { kills } = await importUnderKills(workspace, args, most, 16, random, world)
      for (const [seen, expected] of await target.compare()) expect(seen).toEqual(expected)
      left -= kills
      console.log(`${kind}: ${kills} kills survived, ${left} to go`)
      await workspace.close()
      await target.dispose()
    }
  },
)
