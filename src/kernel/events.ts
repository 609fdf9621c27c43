/** What every event has. `type` is `noun.past_verb` and never renamed. */
export interface EvergrantEvent {
  readonly type: string
  /** When it happened (epoch ms). */
  readonly at: number
}

/** Takes events in; a room holds only this end. Never throws and never waits. */
export type Emit<E extends EvergrantEvent> = (event: E) => void

/** Delivers each event to every listener, in order, in the emitter's turn. */
export interface EventBus<E extends EvergrantEvent> {
  readonly emit: Emit<E>
  /** Adds a listener; the returned function removes it. */
  on(listener: (event: E) => void): () => void
}

/**
 * Makes a bus. A listener that throws cannot harm the emitter or the other listeners: its error
 * goes to `onListenerError`, and what that throws goes nowhere.
 */
export function createEventBus<E extends EvergrantEvent>(
  onListenerError: (error: unknown) => void = () => {},
): EventBus<E> {
  // Each subscription is an entry of its own, so that one function may listen twice.
  const subscriptions = new Set<{ readonly listener: (event: E) => void }>()
  const report = (error: unknown): void => {
    try {
      onListenerError(error)
    } catch {
      // Nobody is left to tell.
    }
  }
  return {
    emit: (event) => {
      for (const { listener } of subscriptions) {
        try {
          listener(event)
        } catch (error) {
          report(error)
        }
      }
    },
    on: (listener) => {
      const subscription = { listener }
      subscriptions.add(subscription)
      return () => subscriptions.delete(subscription)
    },
  }
}
