/** Takes what a reader reads ahead of those who write it. */
export interface ReadAhead<T, E> {
  /**
   * Resolves with what has come, in order: at least one item, at most `limit`. What ended the
   * reading, an ending or an error that is thrown, comes after every item read before it.
   */
  take(limit: number): Promise<readonly T[] | { readonly ending: E }>
}

/**
 * Begins to read at once, and pauses while `ahead` items wait to be taken.
 *
 * @param read Hands each item to `push`, which resolves when there is room for another, and
 *   resolves with how the reading ended.
 */
export function createReadAhead<T, E>(
  ahead: number,
  read: (push: (item: T) => Promise<void>) => Promise<E>,
): ReadAhead<T, E> {
  const ready: T[] = []
  let ended: { readonly ending: E } | { readonly error: unknown } | undefined
  let news = Promise.withResolvers<void>()
  let room = Promise.withResolvers<void>()
  const tell = (): void => {
    news.resolve()
    news = Promise.withResolvers()
  }
  const push = async (item: T): Promise<void> => {
    ready.push(item)
    tell()
    while (ready.length >= ahead) {
      room = Promise.withResolvers()
      await room.promise
    }
  }
  void (async () => {
    try {
      ended = { ending: await read(push) }
    } catch (error) {
      ended = { error }
    } finally {
      tell()
    }
  })()
  return {
    take: async (limit) => {
      if (ready.length === 0 && ended === undefined) await news.promise
      if (ready.length > 0) {
        const items = ready.splice(0, limit)
        room.resolve()
        return items
      }
      if (ended !== undefined && 'ending' in ended) return ended
      throw ended?.error
    },
  }
}
