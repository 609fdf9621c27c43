import { runChild } from './child.ts'
import type { FreshOutcome, TokenJob } from './peers/token-side.ts'
import { inUnit, show, showRatio, type Part } from './report.ts'
import { interleave, type Tell } from './rounds.ts'
import type { Scale } from './scale.ts'
import { withSimulator } from './simulator.ts'
import { ratioOf, summarize } from './statistics.ts'
import { withFolder } from './workspace.ts'

const barMicroseconds = 1
const peers = ['@azure/identity', '@azure/msal-node'] as const
const files = {
  evergrant: './peers/evergrant-tokens.ts',
  '@azure/identity': './peers/azure-identity-tokens.ts',
  '@azure/msal-node': './peers/msal-node-tokens.ts',
} as const

/** What a call for a token costs that everyone has in memory. */
export async function benchGetToken(scale: Scale, tell: Tell): Promise<Part> {
  const { instances, measureMs, rounds } = scale
  const measured = await withSimulator({ https: true }, async (simulator) => {
    const sides = Object.entries(files).map(([name, file]) => ({
      name,
      run: () =>
        withFolder((folder) => {
          const job: TokenJob = { kind: 'fresh', simulator, folder, instances, measureMs }
          return runChild<FreshOutcome>(file, job, 300_000)
        }),
    }))
    return interleave(sides, rounds, (side, outcome, round) => {
      const { calls, nanosecondsPerCall } = outcome
      tell(
        `${round}/${rounds}  ${side}: ${show(nanosecondsPerCall / 1e3)} µs over ${show(calls)} calls`,
      )
    })
  })
  const microseconds = (side: string): readonly number[] =>
    measured(side).map(({ nanosecondsPerCall }) => nanosecondsPerCall / 1e3)
  const ours = microseconds('evergrant')
  return {
    title: `A fresh token, over ${show(instances)} connections`,
    rows: [
      {
        what: 'evergrant `getToken(scopes)`',
        bar: `≤ ${barMicroseconds} µs`,
        ...inUnit(summarize(ours), 'µs'),
        isMet: summarize(ours).median <= barMicroseconds,
      },
      ...peers.map((peer) => ({
        what: peer,
        ...inUnit(summarize(microseconds(peer)), 'µs'),
        ratio: showRatio(ratioOf(ours, microseconds(peer))),
      })),
    ],
    notes: [
      `One call after the other, each for the next of ${show(instances)} connections (evergrant), \`ClientSecretCredential\`s (@azure/identity) or \`ConfidentialClientApplication\`s (@azure/msal-node), each with a token of its own in memory, for at least ${show(measureMs)} ms a round. The server counts token requests: exactly one an instance, none while measuring.`,
    ],
  }
}
