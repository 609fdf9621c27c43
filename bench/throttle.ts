import { join } from 'node:path'
import { defaultTenant } from '../src/simulator/index.ts'
import { runChild } from './child.ts'
import { columns, ourWays } from './import-sides.ts'
import type { ImportJob, ImportOutcome } from './peers/import-side.ts'
import type { ThrottledJob, ThrottledOutcome } from './peers/throttled-side.ts'
import { inUnit, show, type Part } from './report.ts'
import { interleave, type Side, type Tell } from './rounds.ts'
import type { Scale } from './scale.ts'
import { control, readStats, withSimulator, type SimulatorFacts } from './simulator.ts'
import { summarize, type Summary } from './statistics.ts'
import { countIds } from './verify-import.ts'
import { withFolder } from './workspace.ts'

/** As many, whatever the scale, so that there is something to throttle. */
const pages = 1_000
const cursors = 16
const deadlineMs = 300_000
/** What the tenant bears: two seconds' worth at once, and no more than this a second afterwards. */
const throttle = { burstUnits: 200, unitsPerSecond: 100 }

interface Outcome extends ThrottledOutcome {
  readonly refused: number
}

const waiting = `${cursors} cursors, each waiting as long as its own answer says`
const retrying = `${cursors} cursors, each retrying at once`

/** What a throttle that holds does to an import, and to loops that retry on their own. */
export async function benchThrottle(scale: Scale, tell: Tell): Promise<Part> {
  const users = scale.users / 4
  const pageSize = Math.ceil(users / pages)
  const rounds = Math.min(scale.rounds, 3)
  const tenants = [{ id: defaultTenant.id, users }]
  const options = { cachePages: true, gzip: false, tenants, throttle }
  const outcomes = await withSimulator(options, (simulator) => {
    const sides: readonly Side<Outcome>[] = [
      {
        name: ourWays.ndjson.name,
        run: () => counted(simulator, (facts) => ours(facts, pageSize)),
      },
      { name: waiting, run: () => counted(simulator, (facts) => theirs(facts, pageSize, true)) },
      { name: retrying, run: () => counted(simulator, (facts) => theirs(facts, pageSize, false)) },
    ]
    return interleave(sides, rounds, (side, { elapsedMs, refused, rows }, round) => {
      const took = `${show(elapsedMs / 1e3)} s, ${refused} refusals, ${users - rows} missing`
      tell(`${round}/${rounds}  ${side}: ${took}`)
    })
  })
  const of = (name: string, figure: (outcome: Outcome) => number): Summary =>
    summarize(outcomes(name).map(figure))
  return {
    title: `Import of ${show(users)} users under a throttle that holds`,
    rows: [ourWays.ndjson.name, waiting, retrying].flatMap((name) => {
      const missing = of(name, ({ rows }) => users - rows)
      const isOurs = name === ourWays.ndjson.name
      return [
        {
          what: `${name}: time`,
          ...inUnit(
            of(name, ({ elapsedMs }) => elapsedMs / 1e3),
            's',
          ),
        },
        {
          what: `${name}: requests refused`,
          ...inUnit(
            of(name, ({ refused }) => refused),
            '',
          ),
        },
        {
          what: `${name}: rows missing`,
          ...inUnit(missing, ''),
          ...(isOurs ? { bar: '0', isMet: missing.most === 0 } : {}),
        },
      ]
    }),
    notes: [
      `The tenant bears ${throttle.burstUnits} resource units at once and ${throttle.unitsPerSecond} a second afterwards; a call before Retry-After has ended begins the penalty anew, and refused calls are charged as well: the strict reading of what Microsoft says. Pages of ${pageSize}, so that there is something to throttle: ${show(pages)} units are the least, which take ${show((pages - throttle.burstUnits) / throttle.unitsPerSecond)} s.`,
      'The loops read a walk for each first letter and one for the rest; they know nothing of one another, and give a walk up after ten refusals of the same page in a row. They keep ids alone, and only in memory.',
    ],
  }
}

/** Runs one side against a full bucket, and counts the refusals. */
async function counted(
  simulator: SimulatorFacts,
  run: (simulator: SimulatorFacts) => Promise<ThrottledOutcome>,
): Promise<Outcome> {
  await control(simulator, 'reset', {})
  const outcome = await run(simulator)
  const { requestsByStatus } = await readStats(simulator)
  return { ...outcome, refused: requestsByStatus['429'] ?? 0 }
}

function ours(simulator: SimulatorFacts, pageSize: number): Promise<ThrottledOutcome> {
  return withFolder(async (folder) => {
    const to = 'ndjson'
    const job: ImportJob = {
      simulator,
      folder,
      columns,
      pageSize,
      to,
      parse: false,
      concurrency: cursors,
    }
    const outcome = await runChild<ImportOutcome>(ourWays.ndjson.file, job, deadlineMs)
    return { elapsedMs: outcome.elapsedMs, rows: await countIds(join(folder, 'users.ndjson')) }
  })
}

function theirs(
  simulator: SimulatorFacts,
  pageSize: number,
  waits: boolean,
): Promise<ThrottledOutcome> {
  const job: ThrottledJob = { simulator, columns, pageSize, cursors, waits }
  return runChild<ThrottledOutcome>('./peers/throttled-walk.ts', job, deadlineMs)
}
