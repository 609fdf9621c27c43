import { createHash } from 'node:crypto'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { serve } from '../serve.ts'
import { control, readStats, type SimulatorFacts } from '../simulator.ts'

/** What every side of the token benchmarks asks tokens for. */
export const scope = 'https://graph.microsoft.com/.default'

/** One thing that hands out tokens: a connection, a credential, a client. */
export interface TokenHolder<Outcome> {
  /** Asks for the token the way the library's users do. */
  ask(): Promise<Outcome>
  read(outcome: Outcome): { readonly token: string; readonly expiresAt: number }
}

/** What a side of the token benchmarks is to do. */
export type TokenJob = {
  readonly simulator: SimulatorFacts
  /** An empty folder of its own; one it shares with other processes for `open`. */
  readonly folder: string
} & (
  | { readonly kind: 'fresh'; readonly instances: number; readonly measureMs: number }
  | { readonly kind: 'stampede'; readonly callers: number }
  /** Opens what other processes have open too (ours: by this configuration). */
  | { readonly kind: 'open'; readonly configPath: string }
  /** After that: gets the token that is to die. */
  | { readonly kind: 'first' }
  /** After that: lets so many callers ask at that moment (epoch ms). */
  | { readonly kind: 'meet'; readonly callers: number; readonly at: number }
)

/** How long a call for a fresh token took. */
export interface FreshOutcome {
  readonly nanosecondsPerCall: number
  readonly calls: number
}

/** What callers that met an expired token at once have cost. */
export interface StampedeOutcome {
  readonly tokenRequests: number
  /** Until the last caller had its token. */
  readonly elapsedMs: number
}

/** The token that is to die. */
export interface FirstOutcome {
  readonly expiresAt: number
}

/** What the callers of one process got when their token was dead. */
export interface MeetOutcome {
  /** Until the last caller had its token. */
  readonly elapsedMs: number
  /** A hash of each token handed out, to count those of all processes. */
  readonly tokens: readonly string[]
}

/**
 * Life of the token a stampede waits to die, in seconds. Every library takes one that short; none
 * may hand it out at its end.
 */
export const shortLifeSeconds = 2
export const usualLifeSeconds = 3_599

/** Makes this process a side of the token benchmarks: `open` makes so many holders of tokens. */
export function serveTokens<Outcome>(
  open: (job: TokenJob, instances: number) => Promise<readonly TokenHolder<Outcome>[]>,
): void {
  let holder: TokenHolder<Outcome> | undefined
  let dying: DyingToken | undefined
  const steps = async (job: TokenJob): Promise<object> => {
    switch (job.kind) {
      case 'fresh':
        return measureFresh(job, open)
      case 'stampede':
        return measureStampede(job, open)
      case 'open':
        holder = await openOne(job, open)
        return {}
      case 'first':
        if (holder === undefined) throw new Error('nothing was opened')
        dying = holder.read(await holder.ask())
        return { expiresAt: dying.expiresAt } satisfies FirstOutcome
      case 'meet':
        if (holder === undefined || dying === undefined) throw new Error('no token was to die')
        await until(job.at)
        return askAtOnce(holder, dying, job.callers)
    }
  }
  let isTrusting = false
  serve(async (job: TokenJob) => {
    const { certificate } = job.simulator
    if (certificate !== undefined && !isTrusting) {
      setDefaultCACertificates([...getCACertificates('default'), certificate])
      isTrusting = true
    }
    return steps(job)
  })
}

type Open<Outcome> = Parameters<typeof serveTokens<Outcome>>[0]

/** Fills every cache, then asks one holder after the other until the time is over. */
async function measureFresh<Outcome>(
  job: TokenJob & { readonly kind: 'fresh' },
  open: Open<Outcome>,
): Promise<FreshOutcome> {
  const holders = await open(job, job.instances)
  const before = await readStats(job.simulator)
  await fill(holders)
  // As long again as a quarter of the measurement, for the compiler.
  await askInTurn(holders, job.measureMs / 4)
  const outcome = await askInTurn(holders, job.measureMs)
  const after = await readStats(job.simulator)
  const requests = after.tokenRequests - before.tokenRequests
  if (requests !== job.instances) {
    throw new Error(`${requests} token requests for ${job.instances} instances: not from the cache`)
  }
  return outcome
}

/** Gives every holder its own token, a few at a time, and proves that it is one. */
async function fill<Outcome>(holders: readonly TokenHolder<Outcome>[]): Promise<void> {
  const tokens = new Set<string>()
  for (let start = 0; start < holders.length; start += 16) {
    const some = holders.slice(start, start + 16)
    const read = await Promise.all(some.map(async (holder) => holder.read(await holder.ask())))
    for (const { token } of read) tokens.add(token)
  }
  if (tokens.size !== holders.length || tokens.has('')) {
    throw new Error(`${tokens.size} different tokens for ${holders.length} instances`)
  }
}

async function askInTurn<Outcome>(
  holders: readonly TokenHolder<Outcome>[],
  leastMs: number,
): Promise<FreshOutcome> {
  const start = performance.now()
  let calls = 0
  let elapsedMs = 0
  do {
    for (const holder of holders) await holder.ask()
    calls += holders.length
    elapsedMs = performance.now() - start
  } while (elapsedMs < leastMs)
  return { nanosecondsPerCall: (elapsedMs * 1e6) / calls, calls }
}

/** Lets a token die, then sends all callers at once; the server counts the requests. */
async function measureStampede<Outcome>(
  job: TokenJob & { readonly kind: 'stampede' },
  open: Open<Outcome>,
): Promise<StampedeOutcome> {
  const { simulator } = job
  const holder = await openOne(job, open)
  await control(simulator, 'set-token-lifetime', { seconds: shortLifeSeconds })
  const dying = holder.read(await holder.ask())
  await control(simulator, 'set-token-lifetime', { seconds: usualLifeSeconds })
  while (Date.now() <= dying.expiresAt) await new Promise((resolve) => setTimeout(resolve, 50))

  const before = await readStats(simulator)
  const { elapsedMs } = await askAtOnce(holder, dying, job.callers)
  const after = await readStats(simulator)
  return { tokenRequests: after.tokenRequests - before.tokenRequests, elapsedMs }
}

/** A token that was left to die. */
interface DyingToken {
  readonly token: string
  readonly expiresAt: number
}

async function openOne<Outcome>(job: TokenJob, open: Open<Outcome>): Promise<TokenHolder<Outcome>> {
  const [holder] = await open(job, 1)
  if (holder === undefined) throw new Error('there is nothing to ask')
  return holder
}

async function until(at: number): Promise<void> {
  if (at <= Date.now()) throw new Error('told too late when to ask')
  await new Promise((resolve) => setTimeout(resolve, at - Date.now()))
}

/** Sends all callers in one turn of the event loop; every one must get a new, living token. */
async function askAtOnce<Outcome>(
  holder: TokenHolder<Outcome>,
  dying: DyingToken,
  callers: number,
): Promise<MeetOutcome> {
  const start = performance.now()
  const outcomes = await Promise.all(Array.from({ length: callers }, () => holder.ask()))
  const elapsedMs = performance.now() - start
  const tokens = new Set<string>()
  for (const outcome of outcomes) {
    const { token, expiresAt } = holder.read(outcome)
    if (token === dying.token || expiresAt <= Date.now())
      throw new Error('a caller got a dead token')
    tokens.add(token)
  }
  const hash = (token: string): string => createHash('sha256').update(token).digest('hex')
  return { elapsedMs, tokens: [...tokens].map(hash) }
}
