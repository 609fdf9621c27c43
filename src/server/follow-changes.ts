import type { GrantEngine } from '../grants/index.ts'
import { isEvergrantError, type Clock } from '../kernel/index.ts'
import type { GenerationTopic } from '../store/index.ts'

/** What the changes of other processes concern. */
export interface Followed {
  readonly engine: Pick<GrantEngine, 'notice'>
  readonly reloadConnections: () => Promise<void>
  readonly beat: () => Promise<void>
  readonly clock: Clock
}

/** Does what the changes of other processes call for. */
export interface Follower {
  /** Resolves when everything was done, or is going to be tried again. Rejects with faults alone. */
  follow(topics: readonly GenerationTopic[]): Promise<void>
  /** Tries nothing again from now on. */
  end(): void
}

/** What this process has to fetch for itself; the engine asks again by itself. */
type OwedTopic = Extract<GenerationTopic, 'connections' | 'keys'>

/** When what the store did not answer is tried again (ms). */
const againAfterMs = 1_000

/**
 * Makes the follower of one composition. A change is told once: what fails because the store is
 * away is done again every second until it works, else this process would go on with a connection
 * that was edited or removed. One topic’s failure keeps no other waiting.
 */
export function createFollower(followed: Followed): Follower {
  const { engine, reloadConnections, beat, clock } = followed
  const owed = new Set<OwedTopic>()
  let hasEnded = false
  let cancel = (): void => {}

  async function attempt(topic: OwedTopic, work: () => Promise<void>): Promise<void> {
    if (!owed.delete(topic)) return
    try {
      await work()
    } catch (error) {
      if (!isEvergrantError(error)) throw error
      // Another error is no matter of time, and is met where it counts.
      if (error.code.startsWith('store_')) owed.add(topic)
    }
  }

  async function settle(): Promise<void> {
    cancel()
    await attempt('connections', reloadConnections)
    await attempt('keys', beat)
    if (owed.size > 0 && !hasEnded) cancel = clock.schedule(againAfterMs, () => void settle())
  }

  return {
    follow: async (topics) => {
      for (const topic of topics) if (topic === 'connections' || topic === 'keys') owed.add(topic)
      await settle()
      await engine.notice(topics)
    },
    end: () => {
      hasEnded = true
      cancel()
    },
  }
}
