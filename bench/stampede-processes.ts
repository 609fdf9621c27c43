import { startChild } from './child.ts'
import { prepareStore, withPostgres, type DatabaseKind, type DatabaseServer } from './databases.ts'
import {
  shortLifeSeconds,
  usualLifeSeconds,
  type FirstOutcome,
  type MeetOutcome,
  type StampedeOutcome,
  type TokenJob,
} from './peers/token-side.ts'
import { inUnit, show, type Part, type Row } from './report.ts'
import { interleave, type Tell } from './rounds.ts'
import type { Scale } from './scale.ts'
import { control, readStats, withSimulator, type SimulatorFacts } from './simulator.ts'
import { summarize } from './statistics.ts'
import { withFolder, writeConfig } from './workspace.ts'

const processes = 4
/** From the order to ask until all processes do (ms): long enough for the order to arrive. */
const noticeMs = 250

/** Some processes that meet an expired token. */
interface ProcessSide {
  readonly name: string
  readonly file: string
  /** The callers of all processes together. */
  readonly callers: number
  /** What the processes share; nothing where the library has nothing to share. */
  readonly store?: DatabaseKind
}

/** How many requests it takes when the callers of many processes meet an expired token at once. */
export async function benchStampedeOfProcesses(scale: Scale, tell: Tell): Promise<Part> {
  const { callers, peerCallers, rounds } = scale
  const file = './peers/evergrant-tokens.ts'
  const sides: readonly ProcessSide[] = [
    { name: 'evergrant on SQLite', file, callers, store: 'SQLite' },
    { name: 'evergrant on PostgreSQL', file, callers, store: 'PostgreSQL' },
    { name: '@azure/identity', file: './peers/azure-identity-tokens.ts', callers: peerCallers },
    { name: '@azure/msal-node', file: './peers/msal-node-tokens.ts', callers: peerCallers },
  ]
  const measured = await withSimulator({ https: true }, (simulator) =>
    withPostgres((server) =>
      interleave(
        sides.map((side) => ({ name: side.name, run: () => measure(side, simulator, server) })),
        rounds,
        (name, { elapsedMs, tokenRequests }, round) => {
          tell(
            `${round}/${rounds}  ${name}: token requests: ${show(tokenRequests)}, ${show(elapsedMs)} ms`,
          )
        },
      ),
    ),
  )
  const rows = sides.map(({ callers: all, name, store }): Row => {
    const outcomes = measured(name)
    const requests = summarize(outcomes.map(({ tokenRequests }) => tokenRequests))
    const { median } = summarize(outcomes.map(({ elapsedMs }) => elapsedMs))
    return {
      what: `${name}, ${processes} × ${show(all / processes)} callers, all served after ${show(median)} ms`,
      ...inUnit(requests, requests.median === 1 ? 'request' : 'requests'),
      ...(store === undefined
        ? {}
        : { bar: '1 request', isMet: requests.least === 1 && requests.most === 1 }),
    }
  })
  return {
    title: `The callers of ${processes} processes meet an expired token at once`,
    rows,
    notes: [
      `${processes} processes hold \`createEvergrant()\` over one store, or a credential each (@azure/identity), or a confidential client each (@azure/msal-node), for one application. Each has a token of ${shortLifeSeconds} seconds; when all of these are dead, every caller of every process asks at the same moment. The server counts the requests, and every caller must get a new, living token; those of evergrant must all get the same one. The time is that of the slowest process.`,
      'PostgreSQL runs on the same machine, without `fsync`.',
    ],
  }
}

async function measure(
  side: ProcessSide,
  simulator: SimulatorFacts,
  server: DatabaseServer,
): Promise<StampedeOutcome> {
  const { callers, file, name, store } = side
  return await withFolder(async (folder) => {
    const database = store === 'PostgreSQL' ? { database: await server.create() } : {}
    const configPath = await writeConfig(folder, simulator, database)
    if (store !== undefined) await prepareStore(configPath)
    const children = Array.from({ length: processes }, () => startChild(file))
    const askAll = async <Output>(job: TokenJob): Promise<readonly Output[]> =>
      await Promise.all(children.map((child) => child.ask<Output>(job, 120_000)))
    try {
      const place = { simulator, folder }
      await askAll({ kind: 'open', configPath, ...place })
      await control(simulator, 'set-token-lifetime', { seconds: shortLifeSeconds })
      const first = await askAll<FirstOutcome>({ kind: 'first', ...place })
      await control(simulator, 'set-token-lifetime', { seconds: usualLifeSeconds })
      const deadAt = Math.max(Date.now(), ...first.map(({ expiresAt }) => expiresAt))

      const before = await readStats(simulator)
      const meeting = { callers: callers / processes, at: deadAt + noticeMs }
      const outcomes = await askAll<MeetOutcome>({ kind: 'meet', ...meeting, ...place })
      const after = await readStats(simulator)
      const different = new Set(outcomes.flatMap(({ tokens }) => tokens)).size
      if (store !== undefined && different !== 1) {
        throw new Error(`${name}: the callers hold ${different} different tokens`)
      }
      return {
        tokenRequests: after.tokenRequests - before.tokenRequests,
        elapsedMs: Math.max(...outcomes.map(({ elapsedMs }) => elapsedMs)),
      }
    } finally {
      await Promise.all(children.map((child) => child.end()))
    }
  })
}
