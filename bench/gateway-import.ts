import { defaultTenant } from '../src/simulator/index.ts'
import { startChild } from './child.ts'
import type { LoadJob, LoadOutcome } from './load-child.ts'
import type { LoopDelay } from './loop-delay.ts'
import type { ServingOrder, ServingReport } from './peers/evergrant-serving.ts'
import { inUnit, show, type Part, type Row } from './report.ts'
import { interleave, type Tell } from './rounds.ts'
import type { Scale } from './scale.ts'
import { withSimulator } from './simulator.ts'
import { summarize } from './statistics.ts'
import type { StubOrder, StubReport } from './token-stub.ts'
import { withFolder } from './workspace.ts'

const barMs = 20
/** Calls under way at any moment: what a service sees in quiet hours, not what it can bear. */
const connections = 4

interface Outcome {
  readonly load: LoadOutcome
  readonly delay: LoopDelay
  /** Rows the import committed meanwhile, and whether it was still at it. */
  readonly rows: number
  readonly state: string
}

/** Whether calls through the gateway notice that the same process imports a directory. */
export async function benchGatewayImport(scale: Scale, tell: Tell): Promise<Part> {
  const { rounds, users, measureMs } = scale
  const api = startChild('./api-child.ts')
  const load = startChild('./load-child.ts')
  const tokens = startChild('./token-stub-child.ts')
  const tenants = [{ id: defaultTenant.id, users }]
  try {
    const { port } = await api.ask<{ readonly port: number }>({}, 10_000)
    const measured = await withSimulator({ cachePages: true, gzip: false, tenants }, (simulator) =>
      interleave(
        [false, true].map((imports) => ({
          name: imports ? 'beside an import' : 'alone',
          run: () =>
            withFolder(async (folder): Promise<Outcome> => {
              const reset: StubOrder = { do: 'reset', latencyMs: 5, expiresIn: 3_599 }
              const stub = await tokens.ask<StubReport>(reset, 10_000)
              const service = startChild('./peers/evergrant-serving.ts')
              const ask = (order: ServingOrder): Promise<ServingReport> =>
                service.ask<ServingReport>(order, 60_000)
              try {
                const started = await ask({
                  do: 'start',
                  api: `http://127.0.0.1:${port}`,
                  folder,
                  tokens: stub.origin,
                  simulator,
                })
                const job: LoadJob = {
                  host: '127.0.0.1',
                  port: started.port,
                  path: '/proxy/api/1k',
                  headers: started.headers,
                  connections,
                  warmUpMs: 0,
                  measureMs,
                }
                await load.ask<LoadOutcome>(job, 60_000)
                await ask({ do: 'watch', imports })
                const outcome = await load.ask<LoadOutcome>(job, 60_000)
                const { delay, rows = 0, state = '' } = await ask({ do: 'report' })
                if (delay === undefined || (imports && rows === 0)) {
                  throw new Error(`nothing was imported meanwhile: ${state}`)
                }
                return { load: outcome, delay, rows, state }
              } finally {
                await service.end()
              }
            }),
        })),
        rounds,
        (side, { load: seen, delay, rows, state }, round) => {
          tell(
            `${round}/${rounds}  ${side}: ${show(seen.perSecond)}/s, p99 ${show(seen.p99)} ms, loop p99 ${show(delay.p99)} ms, ${show(rows)} rows, ${state}`,
          )
        },
      ),
    )
    return {
      title: `Calls through the gateway beside an import of ${show(users)} users`,
      rows: ['alone', 'beside an import'].flatMap((side) => rowsOf(side, measured(side))),
      notes: [
        `One service does both: ${connections} connections ask for 1 KB, one request at a time on each, while the same process imports into its own store (SQLite) from a simulated tenant without latency. Service, load, API, simulator and token endpoint share two cores with the import’s thread, so that a slower answer may as well have waited for a core. The delay is that of the event loop of the service’s main thread, a tick of 1 ms included.`,
      ],
    }
  } finally {
    await Promise.all([api.end(), load.end(), tokens.end()])
  }
}

function rowsOf(side: string, outcomes: readonly Outcome[]): readonly Row[] {
  const of = (figure: (outcome: Outcome) => number): ReturnType<typeof summarize> =>
    summarize(outcomes.map(figure))
  const delay = of((outcome) => outcome.delay.p99)
  const rows = of((outcome) => outcome.rows).median
  const isBeside = rows > 0
  return [
    {
      what: `${side}: event loop p99`,
      ...inUnit(delay, 'ms'),
      ...(isBeside ? { bar: `≤ ${barMs} ms`, isMet: delay.median <= barMs } : {}),
    },
    {
      what: `${side}: a call, p50${isBeside ? `; ${show(rows)} rows imported meanwhile` : ''}`,
      ...inUnit(
        of(({ load }) => load.p50),
        'ms',
      ),
    },
    {
      what: `${side}: a call, p99`,
      ...inUnit(
        of(({ load }) => load.p99),
        'ms',
      ),
    },
  ]
}
