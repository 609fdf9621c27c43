import { newWalk, type WalkDependencies } from './commit-step.ts'
import type { ImportedRows } from './imported-rows.ts'
import type { CollectionRecord, WalkRecord } from './ports.ts'
import { createCursorPool, type CursorStep } from './read-cursors.ts'
import { portions } from './walk-cursors.ts'
import { groupsAtOnce, membersReader, pagesAtOnce, rowsPerCommit } from './walk-members.ts'

/** Some pages of edges of several sources, as they have come. */
export interface BroughtEdges {
  readonly batch: readonly ImportedRows[]
  /** Sources that are begun anew: what was brought of them is void. */
  readonly unmet: readonly string[]
  /** Sources whose last pages are among these. */
  readonly read: readonly string[]
  /** Where reading goes on behind these, by source: of all that are read in part by now. */
  readonly places: Readonly<Record<string, string>>
}

/** Sources that could not be read. */
export interface UnreadSources {
  /** Graph has not got them. */
  readonly vanished: readonly string[]
  /** Graph shows the edges of others, but not theirs. */
  readonly hidden: readonly string[]
}

/** Of a few sources none is cut into parts: the others hide its latency, and counts would cost more. */
const unsplit = { rounds: 0, hasFailed: true } as const

/**
 * Reads all edges of some sources, of several at a time.
 *
 * @param places Where to go on, by source, with those that were read in part.
 * @param bring Takes what has come; awaited before more is handed over. False: no more is wanted.
 * @throws EvergrantError what no waiting mends; RunStopped
 */
export async function readSources(
  deps: WalkDependencies,
  record: CollectionRecord,
  ids: readonly string[],
  places: Readonly<Record<string, string>>,
  bring: (brought: BroughtEdges) => Promise<boolean>,
): Promise<UnreadSources> {
  const walks = ids.map((id, shard): WalkRecord => {
    const nextUrl = places[id]
    const walk = { ...newWalk(record, shard), label: `group ${id}`, only: id, split: unsplit }
    return nextUrl === undefined ? walk : { ...walk, nextUrl }
  })
  const states = [...walks]
  const at = ({ shard }: CursorStep): WalkRecord => {
    const walk = states[shard]
    if (walk === undefined) throw new RangeError(`there is no walk ${shard}`)
    return walk
  }
  const limits = { cursors: groupsAtOnce(deps), ahead: pagesAtOnce }
  const pool = createCursorPool(walks, limits, membersReader(deps, { collection: record, walks }))
  while (states.some(({ state }) => state === 'walking')) {
    const taken = await pool.take(pagesAtOnce)
    if (taken === undefined) break
    for (const steps of portions(taken, rowsPerCommit)) {
      const unmet = steps.flatMap((step) => (step.isRestart === true ? idOf(at(step)) : []))
      for (const step of steps) states[step.shard] = step.advance(at(step)).walk
      const read = steps.map(at).filter(({ groups }) => groups === 1)
      const isWanted = await bring({
        batch: steps.flatMap(({ rows }) => (rows === undefined ? [] : [rows])),
        unmet,
        read: [...new Set(read.flatMap(idOf))],
        places: Object.fromEntries(states.flatMap(placeOf)),
      })
      if (!isWanted) return { vanished: [], hidden: [] }
      for (const step of steps) pool.committed(step, at(step))
      deps.control.checkpoint()
    }
  }
  return {
    vanished: states.filter((walk) => walk.vanishedGroups === 1).flatMap(idOf),
    hidden: states.filter((walk) => walk.hiddenGroups === 1).flatMap(idOf),
  }
}

function idOf({ only }: WalkRecord): readonly string[] {
  return only === undefined ? [] : [only]
}

function placeOf({ nextUrl, only, state }: WalkRecord): readonly (readonly [string, string])[] {
  return state === 'walking' && nextUrl !== undefined && only !== undefined ? [[only, nextUrl]] : []
}
