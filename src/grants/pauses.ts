import { EvergrantError } from '../kernel/index.ts'
import type { GrantEvent } from './events.ts'
import type { ConnectionPause } from './ports.ts'

/** The pauses of connections that this engine knows of. */
export interface Pauses {
  /** The pause of a connection by its name, for all its tenants and customers. */
  of(connection: string): ConnectionPause | undefined
  /** Takes these for all there are; tells what changed, but for the first time. */
  replace(pauses: readonly ConnectionPause[]): void
}

/** Callers come back this often; an operator ends a pause, not time (ms). */
const askAgainAfterMs = 30_000

/** Makes the pauses of one engine: none as yet. */
export function createPauses(emit: (event: GrantEvent) => void, now: () => number): Pauses {
  let known: ReadonlyMap<string, ConnectionPause> | undefined
  return {
    of: (connection) => known?.get(connection),
    replace: (pauses) => {
      const before = known
      known = new Map(pauses.map((pause) => [pause.connection, pause]))
      if (before === undefined) return
      for (const { connection, by, reason } of pauses) {
        if (before.has(connection)) continue
        emit({ type: 'connection.paused', at: now(), connection, tenant: '', by, reason })
      }
      for (const connection of before.keys()) {
        if (known.has(connection)) continue
        emit({ type: 'connection.resumed', at: now(), connection, tenant: '' })
      }
    },
  }
}

/** The error of a paused connection. Why it was paused is for operators, not for callers. */
export function pausedError({ connection, pausedAt }: ConnectionPause): EvergrantError {
  return new EvergrantError(
    'connection_paused',
    `"${connection}" was paused at ${new Date(pausedAt).toISOString()} and hands out no token`,
    {
      remedy: `Run \`evergrant connections resume ${connection}\` when it shall serve again; \`evergrant connections show ${connection}\` says who paused it and why.`,
      retryAfterMs: askAgainAfterMs,
    },
  )
}
