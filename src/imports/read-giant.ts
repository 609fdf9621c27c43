import { isEvergrantError } from '../kernel/index.ts'
import { restartLimit } from './commit-step.ts'
import { edgeRows } from './imported-rows.ts'
import { createLinkWatch, type ReadRefusal } from './link-watch.ts'
import { isGone, isRefused, membershipsOf } from './members-reader.ts'
import type { CollectionRecord, LogBody, WalkRecord } from './ports.ts'
import type { AdvancedWalk, CursorStep, StepSink } from './read-cursors.ts'
import type { ScannedPage } from './scan-page.ts'
import type { Sent } from './send.ts'
import { pageLine, restartLine } from './walk-lines.ts'

/** How the members of a single group are asked for. */
export interface GiantSource {
  readonly collection: CollectionRecord['collection']
  readonly graphUrl: string
  firstMembersUrl(groupId: string): string
  fetchMembers(url: string): Promise<Sent<ScannedPage>>
  /** Whether Graph shows others their members, where it refuses this group's. */
  isAboutGroup(): Promise<boolean>
  /** Told before the group is read from its first page again. */
  onRestart(refusal: ReadRefusal): void
  note(body: LogBody): void
}

type Answer = Extract<Sent<ScannedPage>, { readonly kind: 'answer' }>

/**
 * Reads the members of one group that has many, in a walk of its own, from where that stands to its
 * last page. When its page token perishes the group is read again from its first page: memberships
 * met twice are one. Where Graph has not got it any more, or shows it no longer though it shows
 * others, it ends there.
 */
export async function readGiant(
  source: GiantSource,
  start: WalkRecord,
  groupId: string,
  sink: StepSink,
): Promise<void> {
  const { collection, graphUrl } = source
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
    let url = walk.nextUrl ?? source.firstMembersUrl(groupId)
    for (let number = walk.pages + 1; ; number++) {
      const sent = await fetch(url)
      if (typeof sent === 'string') {
        await sink.push(ended(sent))
        return undefined
      }
      if (sent.kind !== 'answer') return sent
      const next = watch.follow(sent.value, url, number)
      await sink.push(page(sent, next))
      if (next === undefined) return undefined
      url = next
    }
  }

  async function fetch(url: string): Promise<Sent<ScannedPage> | 'vanished' | 'hidden'> {
    try {
      return await source.fetchMembers(url)
    } catch (error) {
      if (!isEvergrantError(error)) throw error
      if (isGone(error)) return 'vanished'
      // A permission that was withdrawn is no hidden membership: the run ends, to be resumed.
      if (isRefused(error) && (await source.isAboutGroup())) return 'hidden'
      throw error
    }
  }

  function page(sent: Answer, nextUrl: string | undefined): CursorStep {
    const edges = membershipsOf(groupId, sent.value.rows)
    return {
      shard: start.shard,
      rows: edgeRows(collection, edges),
      advance: (before) => {
        const { nextUrl: _, ...rest } = before
        const isLast = nextUrl === undefined
        const next: WalkRecord = {
          ...rest,
          ...(isLast ? { groups: 1 } : { nextUrl }),
          state: isLast ? 'finished' : 'walking',
          pages: before.pages + 1,
          rows: before.rows + edges.length,
        }
        const { answer, fetchMs, tokenLifeMs } = sent
        const measured = { rows: edges.length, fetchMs, bytes: answer.wireBytes, tokenLifeMs }
        return { walk: next, lines: [pageLine(next, measured)] }
      },
    }
  }

  /** The group is not there any more, or is shown no longer; what was read of it stays. */
  function ended(how: 'vanished' | 'hidden'): CursorStep {
    return {
      shard: start.shard,
      advance: (before): AdvancedWalk => {
        const { nextUrl: _, ...rest } = before
        source.note({
          type: how === 'vanished' ? 'group_vanished' : 'group_hidden',
          collection,
          groupId,
        })
        const counted = how === 'vanished' ? { vanishedGroups: 1 } : { hiddenGroups: 1 }
        const over = { ...rest, ...counted, state: 'finished', pages: before.pages + 1 } as const
        return { walk: over, lines: [] }
      },
    }
  }

  function restart(detail: string): CursorStep {
    return {
      shard: start.shard,
      isRestart: true,
      advance: (before): AdvancedWalk => {
        const { nextUrl: _, ...rest } = before
        const lines = [restartLine(before, detail)]
        return { walk: { ...rest, restarts: before.restarts + 1 }, lines }
      },
    }
  }
}
