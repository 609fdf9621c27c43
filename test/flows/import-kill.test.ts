import { afterEach, expect, test } from 'vitest'
import { compose } from '../../src/server/index.ts'
import { importUnderKills, seededRandom } from '../support/kill-import.ts'
import { killTargets, makeKillTarget, type KillTarget } from '../support/kill-targets.ts'
import { makeWorkspace, type Workspace } from '../support/workspace.ts'

let workspace: Workspace | undefined
let target: KillTarget | undefined
afterEach(async () => {
  await workspace?.close()
  await target?.dispose()
})

test.each(killTargets.map((kind, i) => [kind, i + 1] as const))(
  'an import (%s), killed with SIGKILL again and again, equals the tenant in the end (seed %i)',
  { timeout: 120_000 },
  async (kind, seed) => {
    workspace = await makeWorkspace({
      users: 4_000,
      groups: { count: 250, giantSize: 1_500 },
      latencyMs: 5,
      tokenLifetimeSeconds: 5,
    })
    target = await makeKillTarget(kind, workspace)
    const { collections, env, to } = target
    const args = ['--to', to, '--page-size', '200', '--json']
    const stride = collections.length > 1 ? 60 : 12
    const world = { collections, env }
    const { kills } = await importUnderKills(workspace, args, 3, stride, seededRandom(seed), world)
    expect(kills).toBeGreaterThan(0)
    for (const [seen, expected] of await target.compare()) expect(seen).toEqual(expected)

    const composition = await compose({ configPath: workspace.configPath, env: {}, role: 'main' })
    const runs = await composition.store.runs.listRuns({ limit: 10 })
    await composition.close()
    // One run, resumed each time; it never read the tenant from the start again.
    expect(runs).toMatchObject([{ state: 'completed', verdict: 'complete' }])
    const rows = collections.length > 1 ? countEdges(workspace) : 4_000
    expect(runs[0]?.totals.rows).toBe(rows)
  },
)

function countEdges({ simulator }: Workspace): number {
  return simulator.groupCount() + [...simulator.edges()].length + [...simulator.owners()].length
}
