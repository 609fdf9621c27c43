import { defaultTenant } from '../src/simulator/index.ts'
import {
  columns,
  importSide,
  oneCursor,
  ourWays,
  pageSize,
  type ImportWay,
} from './import-sides.ts'
import { inUnit, show, showRatio, type Part, type Row } from './report.ts'
import { interleave, type Tell } from './rounds.ts'
import type { Scale } from './scale.ts'
import { withSimulator } from './simulator.ts'
import { ratioOf, summarize } from './statistics.ts'

const sdk: ImportWay = {
  name: 'Graph SDK `PageIterator` → NDJSON',
  file: './peers/graph-sdk-import.ts',
  to: 'ndjson',
}
const floors: readonly ImportWay[] = [
  { ...oneCursor, name: 'floor: bytes only' },
  { ...oneCursor, name: 'floor: bytes and `JSON.parse`', parse: true },
]
const bars = [
  { way: ourWays.ndjson, most: 0.7, text: '≤ 0.7 × SDK (stretch 0.5)' },
  { way: ourWays.sqlite, most: 1.6, text: '≤ 1.6 × SDK' },
]

/** What an import costs where the network costs nothing. */
export async function benchImport(scale: Scale, tell: Tell): Promise<Part> {
  const { rounds, users } = scale
  const tenants = [{ id: defaultTenant.id, users }]
  const options = { cachePages: true, gzip: false, tenants }
  const outcomes = await withSimulator(options, async (simulator) => {
    const digests = new Set<string>()
    const sides = [sdk, ourWays.ndjson, ourWays.sqlite, ...floors].map((way) =>
      importSide(way, simulator, users, digests),
    )
    tell('warm-up: the simulator makes its pages')
    for (const side of sides) await side.run()
    return interleave(sides, rounds, (side, { elapsedMs, maxRssMiB }, round) => {
      tell(`${round}/${rounds}  ${side}: ${show(elapsedMs / 1e3)} s, ${show(maxRssMiB)} MiB`)
    })
  })
  const seconds = (name: string): readonly number[] =>
    outcomes(name).map(({ elapsedMs }) => elapsedMs / 1e3)
  const peak = ({ name }: ImportWay): string =>
    `${show(Math.max(...outcomes(name).map(({ maxRssMiB }) => maxRssMiB)))} MiB`
  const starts = bars.map(({ way: { name } }) => {
    const { median } = summarize(outcomes(name).map(({ startMs = Number.NaN }) => startMs))
    return `${name} ${show(median)} ms`
  })
  const theirs = seconds(sdk.name)
  const plain = (way: ImportWay): Row => ({
    what: `${way.name}, at most ${peak(way)}`,
    ...inUnit(summarize(seconds(way.name)), 's'),
  })
  return {
    title: `Import of ${show(users)} users at no latency`,
    rows: [
      plain(sdk),
      ...bars.map(({ way, most, text }) => {
        const ratio = ratioOf(seconds(way.name), theirs)
        return { ...plain(way), bar: text, ratio: showRatio(ratio), isMet: ratio.median <= most }
      }),
      ...floors.map((way) => ({
        ...plain(way),
        ratio: showRatio(ratioOf(seconds(way.name), theirs)),
      })),
    ],
    notes: [
      `One cursor, pages of ${pageSize}, the same ${columns.length} columns for every side, from a simulator in another process that keeps its pages ready, over loopback and uncompressed; one round of all sides before the first one counted. The time begins with the modules loaded and nothing opened, and ends when the rows are complete and on the disk.`,
      `Evergrant is what \`evergrant import\` runs: it opens its store, takes a token, starts a worker, checks the token before each page, writes its execution log and commits every page with \`synchronous=FULL\` (SQLite) or \`fdatasync\` and such a commit (NDJSON); it counts the tenant before and after. Until the worker had loaded its sources and began, these passed, all of them counted (medians): ${starts.join(', ')}. The SDK has nothing but the HTTP handler in its chain, a token ready, no retries, and flushes once at its end.`,
      'After each run the rows are counted by the side itself, in what it left behind and at the simulator; the NDJSON files of all sides hold the same rows with the same properties.',
    ],
  }
}
