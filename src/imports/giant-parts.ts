import type { GiantPart } from './plan-giant.ts'
import type { WalkRecord } from './ports.ts'

/** What the parts of giants have brought, and which of them are being read. */
export interface GiantParts {
  /** Whether a part of it is still to be read to its end. */
  areOpen(sourceId: string): boolean
  /** Parts begin to be read, perhaps again, for the walk that waits for them. */
  begin(sourceId: string, waiting: number, parts: readonly GiantPart[]): void
  /** A part was read to its end; the walks that need not wait any longer. */
  end(part: WalkRecord): readonly number[]
  /** Every part as it was last read. */
  read(sourceId: string): readonly ReadPart[]
}

/** A part that was read as far as Graph gave it. */
export interface ReadPart extends GiantPart {
  readonly rows: number
  /** Graph did not give it to its end. */
  readonly isShort?: boolean
}

interface Giant {
  waiting: number
  open: number
  readonly read: Map<string, ReadPart>
}

/** Goes on with what walks tell of an earlier session. */
export function createGiantParts(walks: readonly WalkRecord[]): GiantParts {
  const giants = new Map<string, Giant>()
  const giantOf = (sourceId: string): Giant => {
    const known = giants.get(sourceId)
    if (known !== undefined) return known
    const giant: Giant = { waiting: -1, open: 0, read: new Map() }
    giants.set(sourceId, giant)
    return giant
  }
  const remember = (giant: Giant, walk: WalkRecord): void => {
    const { cast = '', expected = 0, filter, isShort = false, label = '', rows } = walk
    const clause = filter === undefined ? {} : { filter }
    const part = { cast, expected, label, rows, ...clause, ...(isShort ? { isShort } : {}) }
    giant.read.set(`${cast} ${filter ?? ''}`, part)
  }
  for (const walk of walks.toSorted((a, b) => a.shard - b.shard)) {
    if (walk.only === undefined) continue
    const giant = giantOf(walk.only)
    if (walk.cast === undefined) giant.waiting = walk.shard
    else if (walk.state === 'finished') remember(giant, walk)
    else giant.open++
  }
  return {
    areOpen: (sourceId) => giantOf(sourceId).open > 0,
    begin: (sourceId, waiting, parts) => {
      const giant = giantOf(sourceId)
      giant.waiting = waiting
      giant.open += parts.length
    },
    end: (part) => {
      const giant = giantOf(part.only ?? '')
      remember(giant, part)
      return --giant.open === 0 ? [giant.waiting] : []
    },
    read: (sourceId) => [...giantOf(sourceId).read.values()],
  }
}
