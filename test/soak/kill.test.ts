import { afterEach, expect, test } from 'vitest'
import { importUnderKills, seededRandom } from '../support/kill-import.ts'
import {
  fileUsers,
  groundTruth,
  makeWorkspace,
  storedUsers,
  type Workspace,
} from '../support/workspace.ts'

/** `SEED=… npm run soak` replays a soak; without it each soak is another. */
const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1e9))
const killsPerDestination = 50

let workspace: Workspace | undefined
afterEach(() => workspace?.close())

test.each(['store', 'ndjson:out'])(
  `%s: ${killsPerDestination} SIGKILLs at random moments, and the result equals the tenant (SEED=${seed})`,
  async (destination) => {
    console.log(`SEED=${seed} ${destination}`)
    const random = seededRandom(seed)
    let left = killsPerDestination
    while (left > 0) {
      workspace = await makeWorkspace({ users: 40_000, latencyMs: 5, tokenLifetimeSeconds: 5 })
      const { simulator } = workspace
      const args = ['--to', destination, '--page-size', '400', '--json']
      const { kills } = await importUnderKills(workspace, args, Math.min(left, 25), 8, random)
      const seen =
        destination === 'store'
          ? await storedUsers(workspace)
          : await fileUsers(workspace.path('out/users.ndjson'))
      expect(seen).toEqual(groundTruth(simulator))
      left -= kills
      console.log(`${destination}: ${kills} kills survived, ${left} to go`)
      await workspace.close()
    }
  },
)
