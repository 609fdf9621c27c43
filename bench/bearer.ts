import { makeBearerTokens } from './bearer-tokens.ts'
import { runChild } from './child.ts'
import type { BearerJob, BearerOutcome } from './peers/bearer-side.ts'
import { inUnit, show, showRatio, type Part, type Row } from './report.ts'
import { interleave, type Tell } from './rounds.ts'
import type { Scale } from './scale.ts'
import { ratioOf, summarize } from './statistics.ts'

const barOfBare = 0.75
const barOfRepeated = 200_000

const bare = 'bare crypto.verify'
const firstSight = 'evergrant, at first sight'
const repeated = 'evergrant, seen before'
const fastKept = 'fast-jwt, cached'

const sides: readonly { readonly name: string; readonly file: string; readonly keeps?: true }[] = [
  { name: bare, file: './peers/bare-crypto-bearer.ts' },
  { name: firstSight, file: './peers/evergrant-bearer.ts' },
  { name: 'jose', file: './peers/jose-bearer.ts' },
  { name: 'fast-jwt', file: './peers/fast-jwt-bearer.ts' },
  { name: 'aws-jwt-verify', file: './peers/aws-jwt-verify-bearer.ts' },
  { name: repeated, file: './peers/evergrant-bearer.ts', keeps: true },
  { name: fastKept, file: './peers/fast-jwt-bearer.ts', keeps: true },
]

/** What a bearer token costs to judge, seen for the first time and again. */
export async function benchBearer(scale: Scale, tell: Tell): Promise<Part> {
  const { rounds, measureMs, instances } = scale
  const tokens = makeBearerTokens(instances)
  const measured = await interleave(
    sides.map(({ name, file, keeps = false }) => ({
      name,
      run: () => {
        const job: BearerJob = { ...tokens, keeps, measureMs }
        return runChild<BearerOutcome>(file, job, 300_000)
      },
    })),
    rounds,
    (side, outcome, round) => {
      const rates = Object.entries(outcome).map(([name, rate]) => `${name} ${show(rate)}/s`)
      tell(`${round}/${rounds}  ${side}: ${rates.join(', ')}`)
    },
  )
  const bytes = tokens.kinds.map(
    ({ algorithm, tokens: all }) => `${algorithm} ${show(all[0]?.length ?? 0)} characters`,
  )
  return {
    title: `Bearer tokens, ${show(instances)} of them`,
    rows: tokens.kinds.flatMap(({ algorithm }) => rowsOf(algorithm, measured)),
    notes: [
      `Tokens like those Entra ID makes for a user (version 2; ${bytes.join(', ')}), one after the other on one thread; libraries that answer later have 16 under way, so that they gain from other threads. \`${bare}\` is the floor: the signature alone, of bytes that were taken apart before. Ours goes through every stage, from the length to the kind of the token, and seen before through all that the service asks of it, with the memory that it has; jose, fast-jwt and aws-jwt-verify check issuer, audience and times, their key in memory. Each side proves beforehand that it tells all tokens apart and refuses one with the signature of another.`,
    ],
  }
}

function rowsOf(
  algorithm: string,
  measured: (side: string) => readonly BearerOutcome[],
): readonly Row[] {
  const rates = (side: string): readonly number[] =>
    measured(side).map((outcome) => outcome[algorithm] ?? Number.NaN)
  return sides.map(({ name }): Row => {
    const what = `${algorithm}, ${name}`
    const rate = summarize(rates(name))
    const shown = { what, ...inUnit(rate, '/s') }
    if (name === bare) return shown
    const toBare = ratioOf(rates(name), rates(bare))
    if (name === firstSight) {
      return {
        ...shown,
        ratio: `${showRatio(toBare)} bare`,
        bar: `≥ ${barOfBare} × bare`,
        isMet: toBare.median >= barOfBare,
      }
    }
    if (name === repeated) {
      const ratio = `${showRatio(ratioOf(rates(name), rates(fastKept)))} ${fastKept}`
      return {
        ...shown,
        ratio,
        bar: `≥ ${show(barOfRepeated)}/s`,
        isMet: rate.median >= barOfRepeated,
      }
    }
    return name === fastKept ? shown : { ...shown, ratio: `${showRatio(toBare)} bare` }
  })
}
