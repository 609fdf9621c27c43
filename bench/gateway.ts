import { startChild, type Child } from './child.ts'
import type { LoadJob, LoadOutcome } from './load-child.ts'
import type { ProxyOrder, ProxyReport } from './peers/proxy-side.ts'
import { inUnit, show, showRatio, type Part, type Row } from './report.ts'
import { interleave, type Tell } from './rounds.ts'
import type { Scale } from './scale.ts'
import { ratioOf, summarize } from './statistics.ts'
import type { StubOrder, StubReport } from './token-stub.ts'
import { withFolder } from './workspace.ts'

/** One body that is asked for, by how many connections at once. */
interface Load {
  readonly name: string
  readonly path: string
  readonly connections: number
  readonly bodyBytes: number
}

const loads: readonly Load[] = [
  { name: '0 B', path: '/0', connections: 64, bodyBytes: 0 },
  { name: '1 KB', path: '/1k', connections: 64, bodyBytes: 1_024 },
  { name: '1 MB', path: '/1m', connections: 8, bodyBytes: 1_048_576 },
]

const ours = 'evergrant'
const renewing = 'evergrant, renewing'
const bare = 'bare undici pool'
const fastify = '@fastify/http-proxy'

/** Tokens of this side live so short that renewals are under way all the time (seconds). */
const shortLifeSeconds = 2

const sides: readonly {
  readonly name: string
  readonly file: string
  readonly lifeSeconds: number
}[] = [
  { name: ours, file: './peers/evergrant-gateway.ts', lifeSeconds: 3_599 },
  { name: renewing, file: './peers/evergrant-gateway.ts', lifeSeconds: shortLifeSeconds },
  { name: bare, file: './peers/undici-pool-proxy.ts', lifeSeconds: 3_599 },
  { name: fastify, file: './peers/fastify-http-proxy.ts', lifeSeconds: 3_599 },
  { name: 'http-proxy-3', file: './peers/http-proxy-3.ts', lifeSeconds: 3_599 },
]

/** What one side did in one round. */
interface ProxyOutcome {
  readonly loads: Readonly<Record<string, LoadOutcome>>
  readonly peakMiB: number
  readonly tokenRequests: number
}

/** What a call through the gateway costs, beside proxies that know nothing of tokens. */
export async function benchGateway(scale: Scale, tell: Tell): Promise<Part> {
  const { rounds, measureMs } = scale
  const api = startChild('./api-child.ts')
  const load = startChild('./load-child.ts')
  const tokens = startChild('./token-stub-child.ts')
  try {
    const { port } = await api.ask<{ readonly port: number }>({}, 10_000)
    const measured = await interleave(
      sides.map(({ name, file, lifeSeconds }) => ({
        name,
        run: () =>
          withFolder(async (folder) => {
            const order: StubOrder = { do: 'reset', latencyMs: 5, expiresIn: lifeSeconds }
            const stub = await tokens.ask<StubReport>(order, 10_000)
            const start = {
              do: 'start',
              api: `http://127.0.0.1:${port}`,
              folder,
              tokens: stub.origin,
            } as const
            const proxy = startChild(file)
            try {
              return await drive(proxy, start, load, tokens, measureMs)
            } finally {
              await proxy.end()
            }
          }),
      })),
      rounds,
      (side, { loads: of, peakMiB }, round) => {
        const rates = loads.map(({ name }) => `${name} ${show(of[name]?.perSecond ?? 0)}/s`)
        tell(`${round}/${rounds}  ${side}: ${rates.join(', ')}, ${show(peakMiB)} MiB`)
      },
    )
    return {
      title: 'Calls through the gateway',
      rows: loads.flatMap((one) => rowsOf(one, measured)),
      notes: [
        `Requests a second of GETs with a body of so many bytes, over 64 connections (1 MB: 8), one at a time on each. API, load and token endpoint have processes of their own, on the same two cores as the proxy, so that a ratio says more than a rate. Ours is the real service with a caller key, rules, traces and a log line for every request; peers know neither callers nor tokens and log nothing. \`${renewing}\`: tokens that live ${shortLifeSeconds} seconds, so that renewals are under way again and again.`,
      ],
    }
  } finally {
    await Promise.all([api.end(), load.end(), tokens.end()])
  }
}

async function drive(
  proxy: Child,
  start: Extract<ProxyOrder, { do: 'start' }>,
  load: Child,
  tokens: Child,
  measureMs: number,
): Promise<ProxyOutcome> {
  const { port, headers, prefix } = await proxy.ask<ProxyReport>(start, 60_000)
  const outcomes: Record<string, LoadOutcome> = {}
  for (const { name, path, connections, bodyBytes } of loads) {
    const job: LoadJob = {
      host: '127.0.0.1',
      port,
      path: `${prefix}${path}`,
      headers,
      connections,
      warmUpMs: measureMs / 2,
      measureMs: measureMs * 2,
    }
    const outcome = await load.ask<LoadOutcome>(job, 120_000)
    const wrong = Object.keys(outcome.statuses).filter((status) => status !== '200')
    if (wrong.length > 0 || outcome.bodyBytes !== bodyBytes) {
      throw new Error(`${name}: ${JSON.stringify(outcome)}`)
    }
    outcomes[name] = outcome
  }
  const report = await proxy.ask<ProxyReport>({ do: 'report' }, 10_000)
  const { requests } = await tokens.ask<StubReport>({ do: 'report' }, 10_000)
  return { loads: outcomes, peakMiB: report.peakMiB, tokenRequests: requests }
}

function rowsOf(
  { name: size }: Load,
  measured: (side: string) => readonly ProxyOutcome[],
): readonly Row[] {
  const rates = (side: string): readonly number[] =>
    measured(side).map((outcome) => outcome.loads[size]?.perSecond ?? Number.NaN)
  const figure = (side: string, of: (load: LoadOutcome) => number): number =>
    summarize(measured(side).map(({ loads: all }) => of(all[size] as LoadOutcome))).median
  return sides.map(({ name }): Row => {
    const memory = summarize(measured(name).map(({ peakMiB }) => peakMiB))
    const requests = summarize(measured(name).map(({ tokenRequests }) => tokenRequests))
    const p50 = show(figure(name, (load) => load.p50))
    const p99 = show(figure(name, (load) => load.p99))
    const toBare = ratioOf(rates(name), rates(bare))
    const toFastify = ratioOf(rates(name), rates(fastify))
    const isMeasured = size === '1 KB' && name === ours
    return {
      what: `${size}, ${name}: p50 ${p50} ms, p99 ${p99} ms, peak ${show(memory.median)} MiB${name === renewing ? `, ${show(requests.median)} token requests` : ''}`,
      ...inUnit(summarize(rates(name)), '/s'),
      ...(name === bare ? {} : { ratio: `${showRatio(toBare)} bare pool` }),
      ...(isMeasured
        ? {
            ratio: `${showRatio(toBare)} bare pool, ${showRatio(toFastify)} ${fastify}`,
            bar: '≥ 0.7 × bare pool, ≥ 2 × @fastify/http-proxy',
            isMet: toBare.median >= 0.7 && toFastify.median >= 2,
          }
        : {}),
    }
  })
}
