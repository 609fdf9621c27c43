import { join } from 'node:path'
import { startChild } from './child.ts'
import { prepareStore, withPostgres, type DatabaseKind } from './databases.ts'
import { dueIn, templateName, type GrantTable, type ManyGrants } from './many-grants.ts'
import { openPostgresGrants } from './many-grants-postgres.ts'
import { openSqliteGrants } from './many-grants-sqlite.ts'
import type { DrainOutcome, DueOrder, StartOutcome } from './peers/evergrant-due.ts'
import { inUnit, show, type Part, type Row } from './report.ts'
import { interleave, type Tell } from './rounds.ts'
import type { Scale } from './scale.ts'
import { summarize } from './statistics.ts'
import type { StubOrder, StubReport } from './token-stub.ts'
import { openVault, withFolder, writeConfig, type PostgresDatabase } from './workspace.ts'

const bars = { perSecond: 200, delayMs: 20, startUpMs: 5_000 }
const latenciesMs = [0, 50] as const
/** A sweep starts within a minute; a slow machine may take minutes to drain. */
const deadlineMs = 600_000

/** What one service with many grants did. */
interface DueOutcome extends StartOutcome, DrainOutcome {
  readonly perSecond: number
  readonly logMiB: number
}

/** Whether renewing what nobody asks for keeps up, and keeps out of the way. */
export async function benchDueGrants(scale: Scale, tell: Tell): Promise<Part> {
  return await benchDue('SQLite', scale, tell)
}

/** The same over PostgreSQL. */
export async function benchDueGrantsOnPostgres(scale: Scale, tell: Tell): Promise<Part> {
  return await benchDue('PostgreSQL', scale, tell)
}

async function benchDue(kind: DatabaseKind, scale: Scale, tell: Tell): Promise<Part> {
  const { dueRounds, grants, dueGrants } = scale
  const sides = latenciesMs.map((latencyMs) => ({ latencyMs, name: nameOf(kind, latencyMs) }))
  const { bytes, outcomes } = await withStub((stub) =>
    withStore(kind, stub, scale, tell, async (configPath, table) => {
      let round = 0
      const measured = await interleave(
        sides.map(({ latencyMs, name }) => ({
          name,
          run: () =>
            measure(configPath, table, stub, { latencyMs, round: round++, ...many(scale) }),
        })),
        dueRounds,
        (name, { delay, logMiB, maxRssMiB, perSecond, startUpMs }, at) => {
          const figures = [
            `${show(perSecond)}/s`,
            `delay ${show(delay.p50)}, ${show(delay.p99)}, ${show(delay.most)} ms`,
            `up after ${show(startUpMs)} ms`,
            `${show(maxRssMiB)} MiB, log ${show(logMiB)} MiB`,
          ]
          tell(`${at}/${dueRounds}  ${name}: ${figures.join('; ')}`)
        },
      )
      return { bytes: (await table.size()).bytes, outcomes: measured }
    }),
  )
  return {
    title: `${show(grants)} grants on ${kind}, ${show(dueGrants)} of them due`,
    rows: sides.flatMap(({ name }) => rowsOf(name, outcomes(name))),
    notes: [
      `One process holds \`createEvergrant()\` over a store with ${show(grants)} active grants of one template, each of a tenant of its own, with a sealed refresh token as long as those of Entra ID: ${show(bytes / 2 ** 30)} GiB. ${show(dueGrants)} are due, others in every round. The token endpoint, in a process of its own, answers at once or after the time named, with a new refresh token.`,
      'Start-up is from the start of the process until a caller has its first token. The rate is that of the whole sweep, from the start of its thread until the last grant was renewed. The delay is that of the event loop of the main thread meanwhile, by `monitorEventLoopDelay` with a resolution of 1 ms, which is part of it. At any moment: what a request would have waited at most, in 99 of 100 cases, were it to arrive at any moment of the sweep; a stall counts as long as it lasts.',
      'After each round the database says that exactly those that were due were renewed, once each, and are due again days later; the token endpoint says that no refresh token came twice.',
      ...(kind === 'PostgreSQL' ? ['PostgreSQL runs on the same machine, without `fsync`.'] : []),
    ],
  }
}

function rowsOf(name: string, outcomes: readonly DueOutcome[]): readonly Row[] {
  const of = (figure: (outcome: DueOutcome) => number): ReturnType<typeof summarize> =>
    summarize(outcomes.map(figure))
  const rate = of(({ perSecond }) => perSecond)
  const delay = of((outcome) => outcome.delay.p99)
  const startUp = of(({ startUpMs }) => startUpMs)
  return [
    {
      what: `${name}: renewals`,
      bar: `≥ ${bars.perSecond}/s`,
      ...inUnit(rate, '/s'),
      isMet: rate.median >= bars.perSecond,
    },
    {
      what: `${name}: delay of the event loop, p99`,
      bar: `≤ ${bars.delayMs} ms`,
      ...inUnit(delay, 'ms'),
      isMet: delay.median <= bars.delayMs,
    },
    {
      what: `${name}: the same, p50`,
      ...inUnit(
        of((one) => one.delay.p50),
        'ms',
      ),
    },
    {
      what: `${name}: the same, longest`,
      ...inUnit(
        of((one) => one.delay.most),
        'ms',
      ),
    },
    {
      what: `${name}: the same, p99 at any moment`,
      ...inUnit(
        of((one) => one.delay.p99OfArrivals),
        'ms',
      ),
    },
    {
      what: `${name}: start-up`,
      bar: `≤ ${show(bars.startUpMs / 1e3)} s`,
      ...inUnit(
        of(({ startUpMs }) => startUpMs / 1e3),
        's',
      ),
      isMet: startUp.median <= bars.startUpMs,
    },
    {
      what: `${name}: peak memory`,
      ...inUnit(
        of(({ maxRssMiB }) => maxRssMiB),
        'MiB',
      ),
    },
  ]
}

/** A token endpoint in a process of its own. */
interface Stub {
  readonly origin: string
  ask(order: StubOrder): Promise<StubReport>
}

async function withStub<T>(use: (stub: Stub) => Promise<T>): Promise<T> {
  const child = startChild('./token-stub-child.ts')
  const ask = async (order: StubOrder): Promise<StubReport> =>
    await child.ask<StubReport>(order, 10_000)
  try {
    return await use({ origin: (await ask({ do: 'report' })).origin, ask })
  } finally {
    await child.end()
  }
}

/** Runs `use` with a store that holds the grants. */
async function withStore<T>(
  kind: DatabaseKind,
  { origin }: Stub,
  scale: Scale,
  tell: Tell,
  use: (configPath: string, table: GrantTable) => Promise<T>,
): Promise<T> {
  const over = async (database?: PostgresDatabase): Promise<T> =>
    await withFolder(async (folder) => {
      const facts = {
        authority: origin,
        graph: origin,
        tenant: '11111111-2222-3333-4444-555555555555',
        client: { id: 'many', secret: 'secret-of-the-client' },
      }
      const configPath = await writeConfig(folder, facts, {
        template: templateName,
        ...(database === undefined ? {} : { database }),
      })
      await prepareStore(configPath)
      const vault = await openVault(folder)
      const table =
        database === undefined
          ? openSqliteGrants(join(folder, 'evergrant.db'), vault, many(scale))
          : await openPostgresGrants(database, vault, many(scale))
      try {
        const start = performance.now()
        await table.fill()
        tell(
          `${kind}: ${show(scale.grants)} grants written in ${show((performance.now() - start) / 1e3)} s`,
        )
        return await use(configPath, table)
      } finally {
        await table.close()
      }
    })
  if (kind === 'SQLite') return await over()
  return await withPostgres(async (server) => over(await server.create()))
}

async function measure(
  configPath: string,
  table: GrantTable,
  stub: Stub,
  { due, grants, latencyMs, round }: ManyGrants & { latencyMs: number; round: number },
): Promise<DueOutcome> {
  const ids = dueIn(round, { due, grants })
  await table.makeDue(ids)
  await stub.ask({ do: 'reset', latencyMs })
  const child = startChild('./peers/evergrant-due.ts')
  try {
    const ask = async <Output>(order: DueOrder): Promise<Output> =>
      await child.ask<Output>(order, deadlineMs)
    const started = await ask<StartOutcome>({ do: 'start', configPath })
    const drained = await ask<DrainOutcome>({ do: 'drain', due })
    const { logBytes } = await table.size()
    await check(table, ids, round, await stub.ask({ do: 'report' }))
    const perSecond = (due * 1_000) / drained.drainMs
    return { ...started, ...drained, perSecond, logMiB: logBytes / 2 ** 20 }
  } finally {
    await child.end()
  }
}

/** Makes sure that these, and those of earlier rounds, were renewed once, and nothing else was. */
async function check(
  table: GrantTable,
  ids: readonly string[],
  round: number,
  { redeemed, reused }: StubReport,
): Promise<void> {
  const due = ids.length
  const seen = JSON.stringify([await table.countOf(ids), await renewedOf(table), redeemed, reused])
  const renewed = { refreshVersion: 2, count: due, areSettled: true }
  const all = { ...renewed, count: due * (round + 1) }
  const wanted = JSON.stringify([[renewed], [all], due, 0])
  if (seen !== wanted) throw new Error(`expected ${wanted}, but saw ${seen}`)
}

async function renewedOf(table: GrantTable): Promise<readonly object[]> {
  return (await table.countAll()).filter(({ refreshVersion }) => refreshVersion !== 1)
}

function many({ grants, dueGrants: due }: Scale): ManyGrants {
  return { grants, due }
}

function nameOf(kind: DatabaseKind, latencyMs: number): string {
  return latencyMs === 0 ? kind : `${kind}, ${latencyMs} ms a token`
}
