import { defaultTenant } from '../src/simulator/index.ts'
import { importSide, ourWays } from './import-sides.ts'
import type { ServiceOutcome } from './peers/import-side.ts'
import { inUnit, show, type Part, type Row } from './report.ts'
import { interleave, type Tell } from './rounds.ts'
import type { Scale } from './scale.ts'
import { withSimulator } from './simulator.ts'
import { summarize } from './statistics.ts'

const barMs = 20

/** Whether an import leaves the main thread to those who ask it meanwhile. */
export async function benchImportDelay(scale: Scale, tell: Tell): Promise<Part> {
  const { rounds, users } = scale
  const ways = Object.values(ourWays)
  const tenants = [{ id: defaultTenant.id, users }]
  const outcomes = await withSimulator({ cachePages: true, gzip: false, tenants }, (simulator) =>
    interleave(
      ways.map((way) => importSide({ ...way, watch: true }, simulator, users, new Set())),
      rounds,
      (side, outcome, round) => {
        const { delay, writeMostMs, writeP99Ms } = serviceOf(outcome)
        tell(
          `${round}/${rounds}  ${side}: delay ${show(delay.p50)}, ${show(delay.p99)}, ${show(delay.most)} ms, writes ${show(writeP99Ms)}, ${show(writeMostMs)} ms`,
        )
      },
    ),
  )
  return {
    title: `The event loop of the main thread during an import of ${show(users)} users`,
    rows: ways.flatMap(({ name }) => rowsOf(name, outcomes(name).map(serviceOf))),
    notes: [
      'The main thread does meanwhile, every 20 ms, what that of a service does: it looks a token and a grant up and writes to the store that the import writes to. The delay is that of its event loop, by `monitorEventLoopDelay` with a resolution of 1 ms, which is part of it. At any moment: what a request would have waited at most, in 99 of 100 cases, were it to arrive at any moment of the import; a stall counts as long as it lasts. A write of the main thread waits for its turn without holding up the loop.',
    ],
  }
}

function rowsOf(name: string, outcomes: readonly ServiceOutcome[]): readonly Row[] {
  const of = (figure: (outcome: ServiceOutcome) => number): ReturnType<typeof summarize> =>
    summarize(outcomes.map(figure))
  const p99 = of(({ delay }) => delay.p99)
  return [
    {
      what: `${name}: p99`,
      bar: `≤ ${barMs} ms`,
      ...inUnit(p99, 'ms'),
      isMet: p99.median <= barMs,
    },
    {
      what: `${name}: p50`,
      ...inUnit(
        of(({ delay }) => delay.p50),
        'ms',
      ),
    },
    {
      what: `${name}: longest`,
      ...inUnit(
        of(({ delay }) => delay.most),
        'ms',
      ),
    },
    {
      what: `${name}: p99 at any moment`,
      ...inUnit(
        of(({ delay }) => delay.p99OfArrivals),
        'ms',
      ),
    },
    {
      what: `${name}: a write, p99`,
      ...inUnit(
        of(({ writeP99Ms }) => writeP99Ms),
        'ms',
      ),
    },
    {
      what: `${name}: a write, longest`,
      ...inUnit(
        of(({ writeMostMs }) => writeMostMs),
        'ms',
      ),
    },
  ]
}

function serviceOf({ service }: { readonly service?: ServiceOutcome }): ServiceOutcome {
  if (service === undefined) throw new Error('the main thread was not watched')
  return service
}
