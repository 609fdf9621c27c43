import type pg from 'pg'
import type { Clock } from '../../kernel/index.ts'
import type { Connection } from './connection.ts'
import { fromDriver } from './errors.ts'

/** The server’s clock, as far as this process knows it. */
export interface ServerClock {
  /** The time all processes of the store agree on; its timers are the host’s. */
  readonly clock: Clock
  /** By how much `clock` may be off when it was measured last (ms): half of the round trip. */
  readonly uncertaintyMs: () => number
  /** Measures anew. @throws as reading the store does; the last measurement stays then. */
  readonly measure: () => Promise<void>
  /** Stops measuring. */
  readonly end: () => void
}

/** One reading of the server’s clock. */
interface Measurement {
  /** The host’s monotonic clock when the answer came. */
  readonly at: number
  /** The server’s time at that moment, within the uncertainty. */
  readonly serverTime: number
  readonly uncertaintyMs: number
  /** The host’s wall clock, to notice that the host slept. */
  readonly wall: number
}

const measureEveryMs = 30_000
/** Of so many readings the one with the shortest round trip counts. */
const samples = 5
/** How far two good quartz clocks may part, as a share of the time that passed. */
const drift = 0.0005
/** A wall clock that ran so far ahead of the monotonic one tells of a host that slept (ms). */
const sleptMs = 2_000

/**
 * Measures the server’s clock now, and then every 30 s and as soon as the host seems to have slept.
 * Between measurements the host’s monotonic clock carries it, so nobody’s wall clock matters.
 */
export async function openServerClock(connection: Connection, host: Clock): Promise<ServerClock> {
  let last = await take(connection, host)
  let cancel = (): void => {}
  let isEnded = false
  let isMeasuring = false

  const measure = async (): Promise<void> => {
    const next = await take(connection, host)
    const elapsed = next.at - last.at
    const expected = last.serverTime + elapsed
    const knownWithin = last.uncertaintyMs + elapsed * drift
    const hasStepped = Math.abs(next.serverTime - expected) > knownWithin + next.uncertaintyMs
    // A worse reading that contradicts nothing is not taken: it would only add noise.
    if (hasStepped || next.uncertaintyMs <= knownWithin) last = next
  }
  const measureQuietly = (): void => {
    if (isMeasuring || isEnded) return
    isMeasuring = true
    cancel()
    void measure()
      // The server is away; what is known of its clock still holds.
      .catch(() => {})
      .finally(() => {
        isMeasuring = false
        schedule()
      })
  }
  const schedule = (): void => {
    if (!isEnded) cancel = host.schedule(measureEveryMs, measureQuietly)
  }
  schedule()

  return {
    clock: {
      ...host,
      now: () => {
        const elapsed = host.monotonic() - last.at
        if (Math.abs(host.now() - last.wall - elapsed) > sleptMs) {
          last = { ...last, wall: host.now() - elapsed }
          measureQuietly()
        }
        return Math.round(last.serverTime + elapsed)
      },
    },
    uncertaintyMs: () => last.uncertaintyMs,
    measure,
    end: () => {
      isEnded = true
      cancel()
    },
  }
}

async function take(connection: Connection, host: Clock): Promise<Measurement> {
  return await connection.withClient(async (client) => {
    let best: Measurement | undefined
    for (let i = 0; i < samples; i++) {
      const sample = await readOnce(client, host)
      if (best === undefined || sample.uncertaintyMs < best.uncertaintyMs) best = sample
    }
    return best as Measurement
  })
}

async function readOnce(client: pg.ClientBase, host: Clock): Promise<Measurement> {
  const sentAt = host.monotonic()
  const { rows } = await fromDriver(
    client.query<{ time: number }>(
      `SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS time`,
    ),
  )
  const at = host.monotonic()
  const uncertaintyMs = (at - sentAt) / 2
  const [row] = rows
  return {
    at,
    serverTime: (row?.time ?? 0) + uncertaintyMs,
    uncertaintyMs,
    wall: host.now(),
  }
}
