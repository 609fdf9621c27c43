import { afterEach, expect, test } from 'vitest'
import { makeChaos } from '../support/import-chaos.ts'
import { importUnderKills, seededRandom } from '../support/kill-import.ts'
import { makeKillTarget, type KillTarget } from '../support/kill-targets.ts'
import { makeWorkspace, type Workspace } from '../support/workspace.ts'

// `npm run soak` does the same a hundred times, over more people.
let workspace: Workspace | undefined
let target: KillTarget | undefined
afterEach(async () => {
  await workspace?.close()
  await target?.dispose()
})

test.each([['sqlite', 3]] as const)(
  'sixteen cursors (%s), killed with SIGKILL amid accidents while the directory changes, equal it in the end (seed %i)',
  { timeout: 120_000 },
  async (kind, seed) => {
    workspace = await makeWorkspace({ users: 8_000, latencyMs: 5, tokenLifetimeSeconds: 5 })
    target = await makeKillTarget(kind, workspace)
    const { collections, env, to } = target
    const random = seededRandom(seed)
    const args = ['--to', to, '--page-size', '100', '--concurrency', '16', '--json']
    const world = { collections, env, beforeSession: makeChaos(workspace.simulator, random) }
    const { kills } = await importUnderKills(workspace, args, 3, 12, random, world)
    expect(kills).toBeGreaterThan(0)
    for (const [seen, expected] of await target.compare()) expect(seen).toEqual(expected)
  },
)
