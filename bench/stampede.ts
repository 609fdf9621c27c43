import { runChild } from './child.ts'
import type { StampedeOutcome, TokenJob } from './peers/token-side.ts'
import { inUnit, show, type Part, type Row } from './report.ts'
import { interleave, type Tell } from './rounds.ts'
import type { Scale } from './scale.ts'
import { withSimulator } from './simulator.ts'
import { summarize } from './statistics.ts'
import { withFolder } from './workspace.ts'

/** How many requests it takes when all callers meet an expired token at once. */
export async function benchStampede(scale: Scale, tell: Tell): Promise<Part> {
  const { callers, peerCallers, rounds } = scale
  const sides = [
    { name: 'evergrant', file: './peers/evergrant-tokens.ts', callers },
    { name: '@azure/identity', file: './peers/azure-identity-tokens.ts', callers: peerCallers },
    { name: '@azure/msal-node', file: './peers/msal-node-tokens.ts', callers: peerCallers },
  ]
  const measured = await withSimulator({ https: true }, (simulator) =>
    interleave(
      sides.map((side) => ({
        name: side.name,
        run: () =>
          withFolder((folder) => {
            const job: TokenJob = { kind: 'stampede', simulator, folder, callers: side.callers }
            return runChild<StampedeOutcome>(side.file, job, 120_000)
          }),
      })),
      rounds,
      (side, { elapsedMs, tokenRequests }, round) => {
        tell(
          `${round}/${rounds}  ${side}: token requests: ${show(tokenRequests)}, ${show(elapsedMs)} ms`,
        )
      },
    ),
  )
  const rows = sides.map((side): Row => {
    const outcomes = measured(side.name)
    const requests = summarize(outcomes.map(({ tokenRequests }) => tokenRequests))
    const { median } = summarize(outcomes.map(({ elapsedMs }) => elapsedMs))
    return {
      what: `${side.name}, ${show(side.callers)} callers, all served after ${show(median)} ms`,
      ...inUnit(requests, requests.median === 1 ? 'request' : 'requests'),
      ...(side.name === 'evergrant'
        ? { bar: '1 request', isMet: requests.least === 1 && requests.most === 1 }
        : {}),
    }
  })
  return {
    title: 'All callers meet an expired token at once, in one process',
    rows,
    notes: [
      'A token of two seconds is obtained and left to die; then every caller asks in the same turn of the event loop. The server counts the requests. Every caller must get a new, living token.',
    ],
  }
}
