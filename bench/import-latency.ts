import { defaultTenant } from '../src/simulator/index.ts'
import { importSide, ourWays, oneCursor, pageSize } from './import-sides.ts'
import { inUnit, show, showRatio, type Part } from './report.ts'
import { interleave, type Tell } from './rounds.ts'
import type { Scale } from './scale.ts'
import { withSimulator } from './simulator.ts'
import { ratioOf, summarize } from './statistics.ts'

/** What a page of 999 users took at a live tenant (ms). */
const latencyMs = 470
const bar = 10

/** What an import costs where the network costs what it does. */
export async function benchImportLatency(scale: Scale, tell: Tell): Promise<Part> {
  const { latencyRounds: rounds, users } = scale
  const ways = Object.values(ourWays)
  const tenants = [{ id: defaultTenant.id, users }]
  const options = { cachePages: true, gzip: false, latencyMs, tenants }
  const outcomes = await withSimulator(options, async (simulator) => {
    const ours = ways.map((way) => importSide(way, simulator, users, new Set()))
    tell('warm-up: the simulator makes its pages')
    for (const side of ours) await side.run()
    const sides = [importSide(oneCursor, simulator, users, new Set()), ...ours]
    return interleave(sides, rounds, (side, { elapsedMs, maxRssMiB }, round) => {
      tell(`${round}/${rounds}  ${side}: ${show(elapsedMs / 1e3)} s, ${show(maxRssMiB)} MiB`)
    })
  })
  const seconds = (name: string): readonly number[] =>
    outcomes(name).map(({ elapsedMs }) => elapsedMs / 1e3)
  const theirs = seconds(oneCursor.name)
  return {
    title: `Import of ${show(users)} users at ${latencyMs} ms a request`,
    rows: [
      { what: oneCursor.name, ...inUnit(summarize(theirs), 's') },
      ...ways.map(({ name }) => {
        const times = ratioOf(theirs, seconds(name))
        const peak = Math.max(...outcomes(name).map(({ maxRssMiB }) => maxRssMiB))
        return {
          what: `${name}, at most ${show(peak)} MiB`,
          bar: `≥ ${bar} × one cursor`,
          ...inUnit(summarize(seconds(name)), 's'),
          ratio: showRatio(times),
          isMet: times.median >= bar,
        }
      }),
    ],
    notes: [
      `The one cursor reads pages of ${pageSize} one after the other and does nothing with their bytes: no import that reads a collection with a single cursor can be faster. Evergrant is what \`evergrant import\` runs, with all it does otherwise: it counts, plans its cursors by itself (\`concurrency: auto\`), takes a delta before and reads it afterwards, and judges. The ratio is its speed to that of the one cursor.`,
      'Every request of the simulator takes that long, those that count and plan as well.',
    ],
  }
}
