import { createActivityCounter, type ActivityKind } from '../activity/index.ts'
import type { CallTrace } from '../gateway/index.ts'
import type { AnyEvent, Composition } from './compose.ts'
import { createOwnJobs } from './start-jobs.ts'

/** How often counts are written (ms). */
const everyMs = 60_000
const hourMs = 3_600_000
/** How long counts are kept, in hours. */
const keptHours = 90 * 24
/** Old counts that are forgotten at a time. */
const sweepLimit = 1_000

/** What counts for charts while a service runs. */
export interface Activity {
  /** Counts a call that ended. */
  trace(trace: Pick<CallTrace, 'at' | 'kind' | 'outcome' | 'connection' | 'wasReplayed'>): void
  /** Writes what was counted now. */
  flush(): Promise<void>
  /** Forgets a number of counts that are too old; whether there may be more. */
  sweep(): Promise<boolean>
  close(): Promise<void>
}

const kindOf: Partial<Record<AnyEvent['type'], ActivityKind>> = {
  'grant.refreshed': 'refreshed',
  'grant.refresh_failed': 'refresh_failed',
  'grant.lapsed': 'lapsed',
}

/**
 * Starts counting what this node does, by hour and connection, and adds it to the store every
 * minute and at the end. Counting costs a call nothing but an increment.
 */
export async function openActivity(composition: Composition): Promise<Activity> {
  const { store, clock, events, connections } = composition
  const counter = createActivityCounter(store.activity)
  /** Callers may write what they like: what is no connection is counted as none. */
  const count = (kind: ActivityKind, address: string, at: number): void => {
    const sign = address.indexOf('@')
    const name = sign === -1 ? address : address.slice(0, sign)
    counter.count(kind, connections.find(name) === undefined ? '' : name, at)
  }
  const stopListening = events.on((event) => {
    const kind = kindOf[event.type]
    if (kind !== undefined && 'connection' in event) count(kind, event.connection, event.at)
  })
  const sweep = async (): Promise<boolean> => {
    const before = Math.floor(clock.now() / hourMs) - keptHours
    return (await store.activity.sweepActivity(before, sweepLimit)) === sweepLimit
  }
  const jobs = createOwnJobs(composition)
  await jobs.add(
    {
      name: 'activity',
      runDue: async () => {
        await counter.flush()
        return { more: await sweep() }
      },
    },
    { everyMs },
  )
  return {
    trace: ({ at, kind, outcome, connection, wasReplayed }) => {
      if (kind !== 'call' && kind !== 'upgrade') return
      count('calls', connection, at)
      if (outcome === 'failed' || outcome === 'upstream_refused') {
        count('calls_failed', connection, at)
      }
      if (wasReplayed) count('replayed', connection, at)
    },
    flush: counter.flush,
    sweep,
    close: async () => {
      stopListening()
      await jobs.stop()
      // A store that is away takes the last minute with it; nobody is left to wait for it.
      await counter.flush().catch(() => {})
    },
  }
}
