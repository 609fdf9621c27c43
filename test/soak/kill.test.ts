import { afterEach, expect, test } from 'vitest'
import { importUnderKills, seededRandom } from '../support/kill-import.ts'
import { killTargets, makeKillTarget, type KillTarget } from '../support/kill-targets.ts'
import { makeWorkspace, type Workspace } from '../support/workspace.ts'

/** `SEED=… npm run soak` replays a soak; without it each soak is another. */
const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1e9))
/** `KILLS=…` bounds a soak. */
const killsPerDestination = Number(process.env['KILLS'] ?? 50)

let workspace: Workspace | undefined
let target: KillTarget | undefined
afterEach(async () => {
  await workspace?.close()
  await target?.dispose()
})

test.each(killTargets)(
  `%s: ${killsPerDestination} SIGKILLs at random moments, and the result equals the tenant (SEED=${seed})`,
  async (kind) => {
    console.log(`SEED=${seed} ${kind}`)
    const random = seededRandom(seed)
    let left = killsPerDestination
    while (left > 0) {
      workspace = await makeWorkspace({
        users: 40_000,
        groups: { count: 2_000, giantSize: 10_000 },
        latencyMs: 5,
        tokenLifetimeSeconds: 5,
      })
      target = await makeKillTarget(kind, workspace)
      const { collections, env, to } = target
      const hasEdges = collections.length > 1
      // With several cursors the giant is read in parts, as fast as this Graph is.
      const cursors = hasEdges ? ['--concurrency', '8'] : []
      const args = ['--to', to, '--page-size', '400', '--json', ...cursors]
      const stride = hasEdges ? 80 : 8
      const world = { collections, env }
      const { kills } = await importUnderKills(
        workspace,
        args,
        Math.min(left, 25),
        stride,
        random,
        world,
      )
      for (const [seen, expected] of await target.compare()) expect(seen).toEqual(expected)
      left -= kills
      console.log(`${kind}: ${kills} kills survived, ${left} to go`)
      await workspace.close()
      await target.dispose()
    }
  },
)
