import type { EvergrantEvent, EventBus } from '../../kernel/index.ts'
import type { AnyEvent } from '../compose.ts'

/** An event with its place in the feed. */
export interface FedEvent {
  /** `<instance>:<number>`: comparable only within one process. */
  readonly id: string
  readonly type: string
  /** As it goes out: JSON of one line. */
  readonly data: string
}

/** Events of this process, the newest of them kept for those that come back. */
export interface EventFeed {
  /**
   * What came after an id. `isWhole` is false when some of it is not kept any more, or the id is
   * another process’s.
   */
  since(id: string): { readonly events: readonly FedEvent[]; readonly isWhole: boolean }
  /** Calls back for every event from now on; the returned function ends that. */
  follow(listener: (event: FedEvent) => void): () => void
  /** Has all who follow ask anew whether they may: somebody’s credential was taken back elsewhere. */
  doubt(): void
  /** Called at each doubt; the returned function takes that back. */
  onDoubt(listener: () => void): () => void
  /** Ends all who follow. */
  close(): void
  /** Called when the feed closes; the returned function takes that back. */
  onClose(listener: () => void): () => void
}

const kept = 1_000

/** Makes the feed over a bus. */
export function createEventFeed(
  events: Pick<EventBus<AnyEvent>, 'on'>,
  instanceId: string,
): EventFeed {
  // Event number n stands at n modulo the length.
  const ring: FedEvent[] = []
  let count = 0
  const listeners = new Set<(event: FedEvent) => void>()
  const closers = new Set<() => void>()
  const doubters = new Set<() => void>()
  const stop = events.on((event) => {
    count++
    const fed: FedEvent = {
      id: `${instanceId}:${count}`,
      type: event.type,
      data: JSON.stringify(eventToJson(event)),
    }
    ring[count % kept] = fed
    for (const listener of listeners) listener(fed)
  })
  return {
    since: (id) => {
      const [instance = '', text = ''] = id.split(':')
      if (instance !== instanceId || !/^\d{1,15}$/.test(text)) return { events: [], isWhole: false }
      const seen = Number(text)
      const oldest = Math.max(1, count - kept + 1)
      const missed: FedEvent[] = []
      for (let number = Math.max(seen + 1, oldest); number <= count; number++) {
        const event = ring[number % kept]
        if (event !== undefined) missed.push(event)
      }
      return { events: missed, isWhole: seen <= count && seen >= oldest - 1 }
    },
    follow: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    doubt: () => {
      for (const doubter of doubters) doubter()
    },
    onDoubt: (listener) => {
      doubters.add(listener)
      return () => doubters.delete(listener)
    },
    onClose: (listener) => {
      closers.add(listener)
      return () => closers.delete(listener)
    },
    close: () => {
      stop()
      for (const close of closers) close()
      closers.clear()
      listeners.clear()
    },
  }
}

/** An event on the wire: names in snake_case, instants in RFC 3339. */
export function eventToJson(event: EvergrantEvent): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(event).map(([name, value]: [string, unknown]) => [
      name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      (name === 'at' || name.endsWith('At')) && typeof value === 'number'
        ? new Date(value).toISOString()
        : value,
    ]),
  )
}
