import { isEvergrantError } from '../kernel/index.ts'
import { checkGiant, type GiantCheck } from './check-giant.ts'
import { newWalk, type WalkDependencies } from './commit-step.ts'
import { countRows } from './count-collection.ts'
import { createGiantParts } from './giant-parts.ts'
import type { ReadRefusal } from './link-watch.ts'
import { isGone, isRefused, membershipsOf } from './members-reader.ts'
import { firstPartUrl, firstRelatedUrl, partCountUrl, type RelatedPart } from './page-url.ts'
import { planGiant, type GiantPart } from './plan-giant.ts'
import type { Progress, WalkRecord } from './ports.ts'
import type { AdvancedWalk, CursorStep, StepSink } from './read-cursors.ts'
import { readGiant, type GiantEnd, type GiantSource, type SettledEnd } from './read-giant.ts'
import type { ScannedPage } from './scan-page.ts'
import type { Sent } from './send.ts'

/** A part, and how many rows of the giant it brings that were brought before. */
type BegunPart = GiantPart & { readonly repeats: number }

/** What the readers of one relation share. */
export interface GiantMeans {
  /** Rows asked for in a page, by now. */
  pageSize(): number
  fetchMembers(url: string, headers?: Readonly<Record<string, string>>): Promise<Sent<ScannedPage>>
  /** Whether Graph shows the members of other groups, where it refuses this one's. */
  isAboutGroup(groupId: string): Promise<boolean>
  onRestart(refusal: ReadRefusal): void
  /** Whether a group is gone that Graph says it has not got; where absent nobody asks. */
  isGone?: ((groupId: string) => Promise<boolean>) | undefined
}

/**
 * Makes the reader of walks that read a single group, or a part of one. A group that can be cut is
 * read by walks of its parts; its own walk then rests, wakes behind the last of them, compares what
 * they brought with Graph's counts, and reads all of it itself where that does not agree. Each of
 * these steps is committed: killed at any moment, another reader goes on from there.
 */
export function createGiantReader(
  deps: WalkDependencies,
  { collection: record, walks }: Progress,
  means: GiantMeans,
): (start: WalkRecord, groupId: string, sink: StepSink) => Promise<void> {
  const { journal, run } = deps
  const { options } = run
  const { collection } = record
  const parts = createGiantParts(walks)
  const shared = (
    groupId: string,
  ): Pick<GiantSource, 'collection' | 'graphUrl' | 'isAboutGroup' | 'onRestart'> => ({
    collection,
    graphUrl: options.graphUrl,
    isAboutGroup: () => means.isAboutGroup(groupId),
    onRestart: means.onRestart,
  })

  return async (start, groupId, sink) => {
    if (start.cast === undefined) await readWhole(start, groupId, sink)
    else await readPart(start, groupId, start.cast, sink)
  }

  /** Has the parts of a giant read, where it can be cut, and reads all of it where it cannot. */
  async function readWhole(start: WalkRecord, groupId: string, sink: StepSink): Promise<void> {
    let walk = start
    if (walk.split === undefined && walk.pages === 0) {
      const planned = await planGiant(deps, collection, groupId, means.pageSize())
      if (planned !== undefined) {
        await sink.push(splitInto(walk, groupId, 0, afresh(planned, walk.rowsBefore)))
        return
      }
    }
    if (walk.split !== undefined && walk.split.hasFailed !== true) {
      // The last of its parts wakes it.
      if (parts.areOpen(groupId)) return
      const { rounds } = walk.split
      const check = await compare(groupId, rounds)
      if (typeof check === 'string' || check.outcome === 'agrees') {
        const met = typeof check === 'string' ? check : 'read'
        const { how, ...gone } = await settleEnd(groupId, met)
        const { shard } = walk
        await sink.push({ shard, ...gone, advance: (before) => over(groupId, before, how) })
        return
      }
      if (check.outcome === 'again') {
        const again = check.differing.map((part) => ({ ...part, repeats: part.rows }))
        await sink.push(splitInto(walk, groupId, rounds + 1, again))
        return
      }
      const split = { rounds, hasFailed: true }
      const brought = parts.read(groupId).reduce((sum, { rows }) => sum + rows, 0)
      const repeats = Math.max(brought - (walk.rowsBefore ?? 0), 0)
      const fail = (before: WalkRecord): AdvancedWalk => ({
        walk: { ...before, repeats, split },
        lines: [],
      })
      walk = await sink.settle({ shard: walk.shard, advance: fail })
    }
    const source = {
      ...shared(groupId),
      isPart: false,
      firstUrl: () => firstRelatedUrl(options, collection, groupId, means.pageSize()),
      fetch: (url) => means.fetchMembers(url),
      edgesOf: (rows) => membershipsOf(groupId, rows),
      settleEnd: (how) => settleEnd(groupId, how),
      over: (before, how) => over(groupId, before, how),
    } satisfies GiantSource
    await readGiant(source, walk, sink)
  }

  /** A group that Graph says it has not got, and that is there, is one that it does not show. */
  async function settleEnd(groupId: string, how: GiantEnd): Promise<SettledEnd> {
    if (how !== 'vanished' || means.isGone === undefined) return { how }
    return (await means.isGone(groupId)) ? { how, gone: [groupId] } : { how: 'hidden' }
  }

  /** Compares what the parts of a giant brought with what Graph counts, and tells the log. */
  async function compare(
    groupId: string,
    rounds: number,
  ): Promise<GiantCheck | 'vanished' | 'hidden'> {
    const count = async (part: RelatedPart): Promise<number> =>
      await countRows(deps, partCountUrl(options, collection, groupId, part), collection)
    let check: GiantCheck
    try {
      check = await checkGiant(count, rounds, parts.read(groupId))
    } catch (error) {
      if (!isEvergrantError(error)) throw error
      if (isGone(error)) return 'vanished'
      // A permission that was withdrawn is no hidden membership: the run ends, to be resumed.
      if (isRefused(error) && (await means.isAboutGroup(groupId))) return 'hidden'
      throw error
    }
    const { differing: _, ...found } = check
    const level = check.outcome === 'fails' ? 'warn' : 'info'
    journal.note({ type: 'group_compared', collection, groupId, ...found }, level)
    return check
  }

  /** Reads a part of a giant, in advanced mode on every page. */
  async function readPart(
    start: WalkRecord,
    groupId: string,
    cast: string,
    sink: StepSink,
  ): Promise<void> {
    const source = {
      ...shared(groupId),
      isPart: true,
      firstUrl: () => firstPartUrl(options, collection, groupId, start, means.pageSize()),
      fetch: (url) => means.fetchMembers(url, { consistencylevel: 'eventual' }),
      edgesOf: ({ ids }) => ids.map((memberId) => ({ groupId, memberId, memberType: cast })),
      over: (walk, how) => {
        const ended = how === 'read' ? walk : { ...walk, isShort: true }
        return { walk: ended, lines: [], wakes: parts.end(ended) }
      },
    } satisfies GiantSource
    await readGiant(source, start, sink)
  }

  /** A giant waits for walks of its parts from here on. */
  function splitInto(
    { shard }: WalkRecord,
    groupId: string,
    rounds: number,
    wanted: readonly BegunPart[],
  ): CursorStep {
    return {
      shard,
      advance: (before) => {
        parts.begin(groupId, shard, wanted)
        const { shard: _, ...begun } = newWalk(record)
        return {
          walk: { ...before, split: { rounds } },
          lines: [],
          begins: wanted.map(({ cast, expected, filter, label, repeats }) => ({
            ...begun,
            only: groupId,
            cast,
            label,
            expected,
            ...(repeats === 0 ? {} : { repeats }),
            ...(filter === undefined ? {} : { filter }),
          })),
        }
      },
    }
  }

  /** A giant is over: read, or not there any more, or shown no longer. */
  function over(
    groupId: string,
    { nextUrl: _url, ...walk }: WalkRecord,
    how: GiantEnd,
  ): AdvancedWalk {
    const finished = { ...walk, state: 'finished' } as const
    if (how === 'read') return { walk: { ...finished, groups: 1 }, lines: [] }
    const type = how === 'vanished' ? 'group_vanished' : 'group_hidden'
    journal.note({ type, collection, groupId }, 'warn')
    const counted = how === 'vanished' ? { vanishedGroups: 1 } : { hiddenGroups: 1 }
    return { walk: { ...finished, ...counted }, lines: [] }
  }
}

/** Parts read for the first time: what was read of the giant before is among what they bring. */
function afresh(planned: readonly GiantPart[], rowsBefore = 0): readonly BegunPart[] {
  let left = rowsBefore
  return planned.map((part) => {
    const repeats = Math.min(part.expected, left)
    left -= repeats
    return { ...part, repeats }
  })
}

/** Names a group for people. */
export function nameOf(groupId: string): string {
  return `group ${groupId}`
}
