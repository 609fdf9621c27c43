import { afterEach, expect, test } from 'vitest'
import { compose } from '../../src/server/index.ts'
import { importUnderKills, seededRandom } from '../support/kill-import.ts'
import {
  fileUsers,
  groundTruth,
  makeWorkspace,
  storedUsers,
  type Workspace,
} from '../support/workspace.ts'

let workspace: Workspace | undefined
afterEach(() => workspace?.close())

test.each([
  ['store', 1],
  ['ndjson:out', 2],
])(
  'an import to %s, killed with SIGKILL again and again, equals the tenant in the end (seed %i)',
  { timeout: 120_000 },
  async (destination, seed) => {
    workspace = await makeWorkspace({ users: 6_000, latencyMs: 5, tokenLifetimeSeconds: 5 })
    const args = ['--to', destination, '--page-size', '200', '--json']
    const { kills } = await importUnderKills(workspace, args, 4, 12, seededRandom(seed))
    expect(kills).toBeGreaterThan(0)
    const seen =
      destination === 'store'
        ? await storedUsers(workspace)
        : await fileUsers(workspace.path('out/users.ndjson'))
    expect(seen).toEqual(groundTruth(workspace.simulator))

    const composition = await compose({ configPath: workspace.configPath, env: {}, role: 'main' })
    const runs = await composition.store.runs.listRuns({ limit: 10 })
    await composition.close()
    // One run, resumed each time; it never read the tenant from the start again.
    expect(runs).toMatchObject([
      { state: 'completed', verdict: 'complete', totals: { rows: 6_000 } },
    ])
  },
)
