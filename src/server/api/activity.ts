import { z } from 'zod'
import { activityKinds, type ActivityCount } from '../../activity/index.ts'
import type { Composition } from '../compose.ts'
import { instant, toWire } from './fields.ts'
import { defineOperation, type ApiOperation } from './operation.ts'

const hourMs = 3_600_000
/** With more hours than these a point is a day. */
const mostHourly = 168
/** Connections that have a series of their own. */
const mostConnections = 20
/** Runs that are looked through, and how much longer than the time asked for one may have lasted. */
const runs = { page: 200, most: 2_000, longestMs: 7 * 24 * hourMs } as const

const kinds = [...activityKinds, 'imports_failed'] as const
type Kind = (typeof kinds)[number]

/** What happened how often, by hour. */
export const activityOperations: readonly ApiOperation[] = [
  defineOperation({
    id: 'activity.show',
    method: 'GET',
    path: '/api/v1/activity',
    operation: 'activity.read',
    summary: 'How often tokens were renewed, calls made and imports failed, over time',
    description:
      'Series of all connections together have `connection: null`; the 20 connections with most have series of their own. A series without a point above 0 is left out. Counts reach the store within a minute and are kept for 90 days. `calls_failed` are calls that the API refused or that failed; `imports_failed` are runs that failed or ended incomplete.',
    status: 200,
    errors: [],
    query: z.object({
      hours: z.coerce
        .number()
        .int()
        .min(1)
        .max(90 * 24)
        .default(48)
        .describe('How far back; with more than 168 each point is a day'),
    }),
    response: z
      .object({
        from: instant.describe('Beginning of the first point, in UTC'),
        step_seconds: z.int(),
        series: z.array(
          z.object({
            kind: z.enum(kinds),
            connection: z.string().nullable(),
            points: z.array(z.int()).describe('The last one is not over yet'),
          }),
        ),
      })
      .meta({ id: 'Activity' }),
    handle: async ({ composition }, { hours }) => {
      const { store, clock } = composition
      const stepHours = hours > mostHourly ? 24 : 1
      const until = Math.floor(clock.now() / hourMs) + 1
      const from = Math.floor((until - hours) / stepHours) * stepHours
      const length = Math.ceil((until - from) / stepHours)
      const series = createSeries(from, stepHours, length)
      for (const one of await store.activity.totalActivity(from, until)) series.add(one, null)
      for (const one of await store.activity.busiestActivity(from, until, mostConnections)) {
        series.add(one, one.connection)
      }
      for (const { at, connection } of await failedImports(composition, from * hourMs)) {
        const one = { kind: 'imports_failed', hour: Math.floor(at / hourMs), count: 1 } as const
        series.add(one, null)
        series.addToKnown(one, connection)
      }
      return {
        from: toWire(from * hourMs),
        step_seconds: stepHours * 3_600,
        series: series.all(),
      }
    },
  }),
]

type Counted = Pick<ActivityCount, 'hour' | 'count'> & { readonly kind: Kind }

function createSeries(
  from: number,
  stepHours: number,
  length: number,
): {
  add(one: Counted, connection: string | null): void
  /** Adds to a connection that has series already, or while there are few. */
  addToKnown(one: Counted, connection: string): void
  all(): { kind: Kind; connection: string | null; points: number[] }[]
} {
  const made = new Map<string, { kind: Kind; connection: string | null; points: number[] }>()
  const connections = new Set<string>()
  const add = ({ hour, kind, count }: Counted, connection: string | null): void => {
    const point = Math.floor((hour - from) / stepHours)
    if (point < 0 || point >= length) return
    if (connection !== null) connections.add(connection)
    const key = JSON.stringify([kind, connection])
    const known = made.get(key) ?? { kind, connection, points: Array<number>(length).fill(0) }
    known.points[point] = (known.points[point] ?? 0) + count
    made.set(key, known)
  }
  return {
    add,
    addToKnown: (one, connection) => {
      if (connections.has(connection) || connections.size < mostConnections) add(one, connection)
    },
    all: () => [...made.values()],
  }
}

/** Runs that failed or ended incomplete since an instant, whoever drove them. */
async function failedImports(
  { store }: Composition,
  since: number,
): Promise<readonly { readonly at: number; readonly connection: string }[]> {
  const found: { readonly at: number; readonly connection: string }[] = []
  let beforeId: string | undefined
  for (let seen = 0; seen < runs.most; seen += runs.page) {
    const page = await store.runs.listRuns({
      limit: runs.page,
      ...(beforeId === undefined ? {} : { beforeId }),
    })
    for (const { state, verdict, finishedAt, options } of page) {
      const isFailed = state === 'failed' || (state === 'completed' && verdict === 'incomplete')
      if (!isFailed || finishedAt === undefined || finishedAt < since) continue
      const [connection = ''] = options.connection.split('@')
      found.push({ at: finishedAt, connection })
    }
    const last = page.at(-1)
    if (page.length < runs.page || last === undefined) break
    if (last.createdAt < since - runs.longestMs) break
    beforeId = last.id
  }
  return found
}
