import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { makeBearerTokens } from './bearer-tokens.ts'
import { startChild, type Child } from './child.ts'
import type { LoadJob, LoadOutcome } from './load-child.ts'
import type { VerifyOrder, VerifyReport } from './peers/verify-side.ts'
import { inUnit, show, showRatio, type Part } from './report.ts'
import { interleave, type Tell } from './rounds.ts'
import type { Scale } from './scale.ts'
import { ratioOf, summarize } from './statistics.ts'
import { withFolder } from './workspace.ts'

const ours = 'evergrant `/auth/verify`'
const handWritten = 'fastify with jose'
const bare = 'fastify alone'
const sides = [
  { name: ours, file: './peers/evergrant-auth-verify.ts' },
  { name: handWritten, file: './peers/fastify-jose-verify.ts' },
  { name: bare, file: './peers/bare-fastify-verify.ts' },
] as const
const connections = 64

/** How many requests of proxies are answered in a second. */
export async function benchAuthVerify(scale: Scale, tell: Tell): Promise<Part> {
  const { rounds, measureMs } = scale
  const load = startChild('./load-child.ts')
  // The issuer: asked for its keys once.
  let keys = '{}'
  const issuer = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(keys)
  })
  try {
    await new Promise<void>((resolve) => issuer.listen(0, '127.0.0.1', resolve))
    const authority = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}`
    const { kinds, ...facts } = makeBearerTokens(1, authority)
    const [{ jwk, tokens } = missing()] = kinds
    const [token = ''] = tokens
    keys = JSON.stringify({ keys: [jwk] })
    const measured = await interleave(
      sides.map(({ name, file }) => ({
        name,
        run: () =>
          withFolder(async (folder) => {
            const accountId = oidOf(token)
            const order: VerifyOrder = { ...facts, authority, folder, jwk, accountId }
            const service = startChild(file)
            try {
              return await drive(service, order, load, token, measureMs)
            } finally {
              await service.end()
            }
          }),
      })),
      rounds,
      (side, { perSecond, p99 }, round) => {
        tell(`${round}/${rounds}  ${side}: ${show(perSecond)}/s, p99 ${show(p99)} ms`)
      },
    )
    const rates = (side: string): readonly number[] =>
      measured(side).map(({ perSecond }) => perSecond)
    const figure = (side: string, of: (load: LoadOutcome) => number): string =>
      show(summarize(measured(side).map(of)).median)
    return {
      title: 'Requests of proxies that ask whether a token may pass',
      rows: sides.map(({ name }) => ({
        what: `${name}: p50 ${figure(name, ({ p50 }) => p50)} ms, p99 ${figure(name, ({ p99 }) => p99)} ms`,
        ...inUnit(summarize(rates(name)), '/s'),
        ...(name === ours
          ? {
              ratio: `${showRatio(ratioOf(rates(ours), rates(bare)))} alone, ${showRatio(ratioOf(rates(ours), rates(handWritten)))} with jose`,
            }
          : {}),
      })),
      notes: [
        `${connections} connections, one request at a time on each, all with the same token (RS256, ${show(token.length)} characters), as a proxy asks while one client is busy. Load and service share two cores. Ours is the real service: the account is found in its store and looked at again as it may change, a scope is asked for, whose the request is stands in headers, and each is counted (refusals alone are logged: the proxy has a log of its own). The others know no accounts and log nothing.`,
      ],
    }
  } finally {
    issuer.closeAllConnections()
    issuer.close()
    await load.end()
  }
}

async function drive(
  service: Child,
  order: VerifyOrder,
  load: Child,
  token: string,
  measureMs: number,
): Promise<LoadOutcome> {
  const { port, path } = await service.ask<VerifyReport>(order, 60_000)
  const job: LoadJob = {
    host: '127.0.0.1',
    port,
    path,
    headers: { authorization: `Bearer ${token}` },
    connections,
    warmUpMs: measureMs / 2,
    measureMs: measureMs * 2,
  }
  const outcome = await load.ask<LoadOutcome>(job, 120_000)
  const wrong = Object.keys(outcome.statuses).filter((status) => status !== '200')
  if (wrong.length > 0) throw new Error(JSON.stringify(outcome.statuses))
  return outcome
}

function oidOf(token: string): string {
  const claims = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()
  return (JSON.parse(claims) as { readonly oid: string }).oid
}

function missing(): never {
  throw new Error('no token was made')
}
