import type { ConnectionPause } from '../grants/index.ts'
import type { Composition } from './compose.ts'
import { requireConnection } from './connection-view.ts'

/** What came of pausing or resuming a connection. */
export interface PauseOutcome {
  /** False when it stood so already. */
  readonly hasChanged: boolean
  /** The pause there is now. */
  readonly pause?: ConnectionPause
}

/**
 * Pauses a connection for every process, within a second; here before it resolves. One that is
 * paused already stays paused as it was.
 *
 * @param reason For people, at most 500 characters.
 * @throws EvergrantError `connection_unknown`, `store_*`
 */
export async function pauseConnection(
  composition: Composition,
  name: string,
  { by, reason, keepsAlive }: Pick<ConnectionPause, 'by' | 'reason' | 'keepsAlive'>,
): Promise<PauseOutcome> {
  requireConnection(composition, name)
  const { store, clock, engine } = composition
  const wanted = { connection: name, pausedAt: clock.now(), by, reason, keepsAlive }
  const hasChanged = await store.connections.pauseConnection(wanted)
  await composition.reloadConnections()
  return { hasChanged, pause: engine.pauseOf(name) ?? wanted }
}

/**
 * Ends the pause of a connection for every process. Also of one that is not defined any more.
 *
 * @throws EvergrantError `connection_unknown` where there is neither connection nor pause,
 *   `store_*`
 */
export async function resumeConnection(
  composition: Composition,
  name: string,
): Promise<PauseOutcome> {
  const hasChanged = await composition.store.connections.resumeConnection(name)
  if (!hasChanged) requireConnection(composition, name)
  await composition.reloadConnections()
  return { hasChanged }
}
