import type { Membership } from '../directory/index.ts'
import { isEvergrantError } from '../kernel/index.ts'
import { restartLimit } from './commit-step.ts'
import { isAboutCounting } from './count-collection.ts'
import { edgeRows } from './imported-rows.ts'
import { createLinkWatch, type ReadRefusal } from './link-watch.ts'
import { isGone, isRefused } from './members-reader.ts'
import type { CollectionRecord, PageRows, WalkRecord } from './ports.ts'
import type { AdvancedWalk, CursorStep, StepSink } from './read-cursors.ts'
import type { ScannedPage } from './scan-page.ts'
import type { Sent } from './send.ts'
import { pageLine, restartLine } from './walk-lines.ts'

/** How the reading of a giant, or of a part of it, came to its end. */
export type GiantEnd = 'read' | 'vanished' | 'hidden' | 'refused'

/** An end before the last page, once it was looked into. */
export interface SettledEnd {
  readonly how: GiantEnd
  /** The source, where it is confirmed to be gone: what was read of it is void. */
  readonly gone?: readonly string[]
}

/** How the members of a single group, or some of them, are asked for. */
export interface GiantSource {
  readonly collection: CollectionRecord['collection']
  readonly graphUrl: string
  /** A part of the members: a question that Graph may refuse, and that is answered once. */
  readonly isPart: boolean
  firstUrl(): string
  fetch(url: string): Promise<Sent<ScannedPage>>
  edgesOf(rows: PageRows): readonly Membership[]
  /** Whether Graph shows others their members, where it refuses this group's. */
  isAboutGroup(): Promise<boolean>
  /** Told before the members are read from their first page again. */
  onRestart(refusal: ReadRefusal): void
  /** Finds out what an end before the last page means; where absent, just what it says. */
  settleEnd?(how: GiantEnd): Promise<SettledEnd>
  /** What comes of the walk, finished as it is, when nothing more of it is to be had. */
  over(walk: WalkRecord, how: GiantEnd): AdvancedWalk
}

type Answer = Extract<Sent<ScannedPage>, { readonly kind: 'answer' }>

/**
 * Reads the members of one group that has many, or a part of them, in a walk of its own, from where
 * that stands to its last page. When its page token perishes they are read again from the first
 * page: memberships met twice are one. Where Graph has not got the group any more, or shows it no
 * longer though it shows others, it ends there.
 */
export async function readGiant(
  source: GiantSource,
  start: WalkRecord,
  sink: StepSink,
): Promise<void> {
  const { collection, graphUrl, isPart } = source
  let walk = start
  for (let restarts = 0; ; restarts++) {
    const refusal = await readPages()
    if (refusal === undefined) return
    if (restarts >= restartLimit) throw refusal.error
    source.onRestart(refusal)
    walk = await sink.settle(restart(refusal.error.detail))
  }

  async function readPages(): Promise<ReadRefusal | undefined> {
    const watch = createLinkWatch(collection, graphUrl)
    let url = walk.nextUrl ?? source.firstUrl()
    for (let number = walk.pages + 1; ; number++) {
      const sent = await fetch(url)
      if (typeof sent === 'string') {
        await sink.push(await ended(sent))
        return undefined
      }
      if (sent.kind !== 'answer') return sent
      const next = watch.follow(sent.value, url, number)
      await sink.push(page(sent, next))
      if (next === undefined) return undefined
      url = next
    }
  }

  async function fetch(url: string): Promise<Sent<ScannedPage> | GiantEnd> {
    try {
      return await source.fetch(url)
    } catch (error) {
      if (!isEvergrantError(error)) throw error
      if (isGone(error)) return 'vanished'
      // Whoever waits for the parts of a group meets the same, and finds out what it means.
      if (isPart && isRefused(error)) return 'hidden'
      if (isPart && isAboutCounting(error)) return 'refused'
      // A permission that was withdrawn is no hidden membership: the run ends, to be resumed.
      if (isRefused(error) && (await source.isAboutGroup())) return 'hidden'
      throw error
    }
  }

  function page(sent: Answer, nextUrl: string | undefined): CursorStep {
    const edges = source.edgesOf(sent.value.rows)
    return {
      shard: start.shard,
      rows: edgeRows(collection, edges),
      advance: (before) => {
        const { nextUrl: _, ...rest } = before
        const read = { ...rest, pages: before.pages + 1, rows: before.rows + edges.length }
        const after: AdvancedWalk =
          nextUrl === undefined
            ? source.over({ ...read, state: 'finished' }, 'read')
            : { walk: { ...read, nextUrl }, lines: [] }
        const { answer, fetchMs, tokenLifeMs } = sent
        const measured = { rows: edges.length, fetchMs, bytes: answer.wireBytes, tokenLifeMs }
        return { ...after, lines: [pageLine(after.walk, measured), ...after.lines] }
      },
    }
  }

  /** Graph has not got it any more, or does not show it. */
  async function ended(met: GiantEnd): Promise<CursorStep> {
    const { how, ...gone } = (await source.settleEnd?.(met)) ?? { how: met }
    return {
      shard: start.shard,
      ...gone,
      advance: ({ nextUrl: _url, ...rest }) =>
        source.over({ ...rest, pages: rest.pages + 1, state: 'finished' }, how),
    }
  }

  function restart(detail: string): CursorStep {
    return {
      shard: start.shard,
      isRestart: true,
      advance: (before): AdvancedWalk => {
        const { nextUrl: _, ...rest } = before
        // What a part brings is compared with a count: of one pass, not of two.
        const afresh = isPart ? { ...rest, pages: 0, rows: 0 } : rest
        const lines = [restartLine(before, detail)]
        return { walk: { ...afresh, restarts: before.restarts + 1 }, lines }
      },
    }
  }
}
