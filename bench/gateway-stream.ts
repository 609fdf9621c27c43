import { startChild } from './child.ts'
import type { ProxyReport } from './peers/proxy-side.ts'
import { inUnit, show, type Part, type Row } from './report.ts'
import { interleave, type Tell } from './rounds.ts'
import type { Scale } from './scale.ts'
import { summarize } from './statistics.ts'
import type { StreamJob, StreamOutcome } from './stream-child.ts'
import type { StubOrder, StubReport } from './token-stub.ts'
import { withFolder } from './workspace.ts'

const mostGrowthMiB = 64

const sides = [
  { name: 'evergrant', file: './peers/evergrant-gateway.ts' },
  { name: 'bare undici pool', file: './peers/undici-pool-proxy.ts' },
] as const

interface Outcome {
  readonly growthMiB: number
  readonly mibPerSecond: number
}

/** Whether long bodies flow through in memory that does not grow with them. */
export async function benchGatewayStream(scale: Scale, tell: Tell): Promise<Part> {
  const { streamBytes } = scale
  const stream = startChild('./stream-child.ts')
  const tokens = startChild('./token-stub-child.ts')
  try {
    const { apiPort } = await stream.ask<StreamOutcome>({}, 10_000)
    const measured = await interleave(
      sides.flatMap(({ name, file }) =>
        (['down', 'up'] as const).map((way) => ({
          name: `${name}, ${way}`,
          run: () =>
            withFolder(async (folder): Promise<Outcome> => {
              const reset: StubOrder = { do: 'reset', latencyMs: 5, expiresIn: 3_599 }
              const stub = await tokens.ask<StubReport>(reset, 10_000)
              const proxy = startChild(file)
              try {
                const { port, prefix, headers } = await proxy.ask<ProxyReport>(
                  {
                    do: 'start',
                    api: `http://127.0.0.1:${apiPort}`,
                    folder,
                    tokens: stub.origin,
                  },
                  60_000,
                )
                const pass = (bytes: number): Promise<StreamOutcome> => {
                  const job: StreamJob = { port, path: prefix, headers, bytes, way }
                  return stream.ask<StreamOutcome>(job, 300_000)
                }
                // What every body needs is there before anything is measured.
                await pass(streamBytes / 16)
                const before = await proxy.ask<ProxyReport>({ do: 'report' }, 10_000)
                const { bytes, elapsedMs } = await pass(streamBytes)
                if (bytes !== streamBytes) throw new Error(`${name}: ${bytes} bytes came through`)
                const after = await proxy.ask<ProxyReport>({ do: 'report' }, 10_000)
                return {
                  growthMiB: after.peakMiB - before.peakMiB,
                  mibPerSecond: (bytes / 1_048_576 / elapsedMs) * 1_000,
                }
              } finally {
                await proxy.end()
              }
            }),
        })),
      ),
      scale.memoryRounds,
      (side, { growthMiB, mibPerSecond }, round) => {
        tell(`${round}  ${side}: ${show(mibPerSecond)} MiB/s, ${show(growthMiB)} MiB more`)
      },
    )
    return {
      title: `A body of ${show(streamBytes / 1_048_576)} MiB through the gateway`,
      rows: sides.flatMap(({ name }) =>
        (['down', 'up'] as const).map((way): Row => {
          const outcomes = measured(`${name}, ${way}`)
          const growth = summarize(outcomes.map(({ growthMiB }) => growthMiB))
          const rate = summarize(outcomes.map(({ mibPerSecond }) => mibPerSecond)).median
          return {
            what: `${name}, ${way}: ${show(rate)} MiB/s; peak memory grew by`,
            ...inUnit(growth, 'MiB'),
            ...(name === 'evergrant'
              ? { bar: `≤ ${mostGrowthMiB} MiB`, isMet: growth.median <= mostGrowthMiB }
              : {}),
          }
        }),
      ),
      notes: [
        'One body at a time, its length told beforehand; caller and API are one process, the proxy another. Before, a body of a sixteenth of that went through, so that the growth is what the length costs.',
      ],
    }
  } finally {
    await Promise.all([stream.end(), tokens.end()])
  }
}
