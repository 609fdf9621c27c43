import { importSide, ourWays } from './import-sides.ts'
import { inUnit, show, showRatio, type Part } from './report.ts'
import { interleave, type Tell } from './rounds.ts'
import type { Scale } from './scale.ts'
import { control, withSimulator } from './simulator.ts'
import { ratioOf, summarize, type Summary } from './statistics.ts'

const barMiB = 320
/** Memory of an import is fixed, and so many bytes a row. */
const barBytesPerRow = 32

/** Whether memory stays where it is when the directory grows. */
export async function benchMemory(scale: Scale, tell: Tell): Promise<Part> {
  const { manyUsers, memoryRounds: rounds, users } = scale
  const ways = Object.values(ourWays)
  const outcomes = await withSimulator({ gzip: false }, (simulator) => {
    const sides = ways.flatMap((way) =>
      [users, manyUsers].map((size) => {
        const side = importSide(way, simulator, size, new Set())
        return {
          name: nameOf(way.name, size),
          run: async () => {
            await control(simulator, 'set-user-count', { users: size })
            return side.run()
          },
        }
      }),
    )
    return interleave(sides, rounds, (side, { maxRssMiB }, round) => {
      tell(`${round}/${rounds}  ${side}: ${show(maxRssMiB)} MiB`)
    })
  })
  const peaks = (name: string, size: number): readonly number[] =>
    outcomes(nameOf(name, size)).map(({ maxRssMiB }) => maxRssMiB)
  const rows = ways.flatMap(({ name }) => {
    const few = peaks(name, users)
    const many = peaks(name, manyUsers)
    const growth = summarize(
      many.map((most, round) => ((most - (few[round] ?? 0)) * 2 ** 20) / (manyUsers - users)),
    )
    return [
      { what: nameOf(name, users), ...peakRow(summarize(few)) },
      {
        what: nameOf(name, manyUsers),
        ...peakRow(summarize(many)),
        ratio: showRatio(ratioOf(many, few)),
      },
      {
        what: `${name}, growth a row`,
        bar: `≤ ${barBytesPerRow} bytes`,
        ...inUnit(growth, 'bytes'),
        isMet: growth.median <= barBytesPerRow,
      },
    ]
  })
  return {
    title: `Peak memory, ${show(users)} and ${show(manyUsers)} users`,
    rows,
    notes: [
      'The most memory the operating system ever saw the process hold (`maxRSS`), the worker thread included, under the default limits of Node.js. The ratio is that of the larger import to the smaller one of the same round.',
    ],
  }
}

function nameOf(way: string, users: number): string {
  return `${way}, ${show(users)} users`
}

function peakRow(peaks: Summary): {
  readonly bar: string
  readonly measured: string
  readonly spread: string
  readonly isMet: boolean
} {
  return { bar: `≤ ${barMiB} MiB`, ...inUnit(peaks, 'MiB'), isMet: peaks.most <= barMiB }
}
