/** Lets so many pass at once per key; the others wait, in the order of asking. */
export interface Crowd {
  /** Resolves when there is room, with what makes room again. Leaving twice does nothing. */
  enter(key: string): Promise<Ticket>
}

/** The permission to be in a crowd. */
export interface Ticket {
  /** True when it had to be waited for, so that the world may be another one by now. */
  readonly hasWaited: boolean
  leave(): void
}

/**
 * How many exchanges of one engine are under way at one provider. Those beyond wait before they
 * claim anything: in the queue of the way out their deadline would pass unsent, and nobody could
 * tell whether a refresh token was spent. The way out holds more connections than this.
 */
export const exchangesAtOnce = 128

/** Makes a crowd of `limit` per key; a key that nobody is in takes no memory. */
export function createCrowd(limit: number = exchangesAtOnce): Crowd {
  const rooms = new Map<string, { inside: number; readonly queue: (() => void)[] }>()
  return {
    enter: async (key) => {
      const room = rooms.get(key) ?? { inside: 0, queue: [] }
      rooms.set(key, room)
      const hasWaited = room.inside >= limit
      // Whoever leaves hands the place over, so that nobody slips in between.
      if (hasWaited) await new Promise<void>((resolve) => room.queue.push(resolve))
      else room.inside++
      let isInside = true
      return {
        hasWaited,
        leave: () => {
          if (!isInside) return
          isInside = false
          const next = room.queue.shift()
          if (next !== undefined) return next()
          room.inside--
          if (room.inside === 0) rooms.delete(key)
        },
      }
    },
  }
}
