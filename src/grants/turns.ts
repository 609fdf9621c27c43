/** Lets one at a time pass per key, in the order of asking. */
export interface Turns {
  /** Resolves when it is the asker’s turn, with what ends it. Ending twice does nothing. */
  take(key: string): Promise<() => void>
}

/** Makes turns; a key that nobody holds takes no memory. */
export function createTurns(): Turns {
  const last = new Map<string, Promise<void>>()
  return {
    take: async (key) => {
      const before = last.get(key)
      const { promise: over, resolve: end } = Promise.withResolvers<void>()
      last.set(key, over)
      await before
      return () => {
        if (last.get(key) === over) last.delete(key)
        end()
      }
    },
  }
}
