import { isEvergrantError } from '../kernel/index.ts'
import { newIdSet, newWalk, restartLimit, type WalkDependencies } from './commit-step.ts'
import { mostUnasked } from './cursor-count.ts'
import { createGiantReader, nameOf } from './giant-reader.ts'
import { edgeRows } from './imported-rows.ts'
import type { ReadRefusal } from './link-watch.ts'
import { createMembersReader, isGone, isRefused, type MembersPage } from './members-reader.ts'
import { firstListUrl, firstRelatedUrl, listHeaders } from './page-url.ts'
import { portionsOf, type PortionRules } from './portions.ts'
import type { Progress, WalkRecord } from './ports.ts'
import type { CursorReader, CursorStep, StepSink } from './read-cursors.ts'
import { createPageScanner, type ScannedPage } from './scan-page.ts'
import { send, type Sent } from './send.ts'
import { createSourceCheck } from './source-check.ts'
import type { Place } from './token-keeper.ts'
import { walkCursors } from './walk-cursors.ts'
import { pageLine, restartLine } from './walk-lines.ts'
import { createWitness } from './witness.ts'

/** Pages taken at once: most groups are small, and a commit costs more than their rows. */
export const pagesAtOnce = 64
/** A commit ends behind the page that brings it to so many rows. */
export const rowsPerCommit = 1_000
/** Groups asked for at the same time, where no number was asked for. */
const groupsUnasked = 16

/**
 * Walks the members of all groups, with each cursor from where it stands to its last group. Pages
 * of several groups share a commit. A group with more than a few pages goes on in a walk of its
 * own, beside the others, so that the largest groups are read from the moment they are met and hold
 * up nobody; where several cursors may read and Graph lets it be cut, in walks of its parts. When
 * the page token of a list of groups expires it is gone through again, and groups this session has
 * read are passed over.
 */
export async function walkMembers(deps: WalkDependencies, start: Progress): Promise<Progress> {
  // One step waits while another is written, so that pages gather in the meantime.
  const begun = deps.run.options.concurrency === 'auto' ? mostUnasked : groupsAtOnce(deps)
  const limits = { steps: pagesAtOnce, rows: rowsPerCommit, ahead: 1, begun }
  const { collection } = start.collection
  const check = createSourceCheck(deps, collection)
  const isSourceGone = async (id: string): Promise<boolean> => (await check([id])).gone.length > 0
  return await walkCursors(deps, start, limits, (opened) =>
    membersReader(deps, opened, isSourceGone),
  )
}

/** How many sources are asked for their edges at the same time. */
export function groupsAtOnce({ run }: WalkDependencies): number {
  const { concurrency } = run.options
  return typeof concurrency === 'number' ? concurrency : groupsUnasked
}

/**
 * Makes the reader of the walks: of all sources, or of the one that a walk is `only` about.
 *
 * @param isSourceGone Asks whether a source is gone that Graph says it has not got, though some of
 *   its edges were read: those are taken back then. Absent where whoever reads sees to that.
 */
export function membersReader(
  deps: WalkDependencies,
  { collection: record, walks }: Progress,
  isSourceGone?: (sourceId: string) => Promise<boolean>,
): CursorReader {
  const { journal, run } = deps
  const { options } = run
  const { collection } = record
  const scanGroups = createPageScanner(['id'], undefined)
  const scanMembers = createPageScanner(['id', '@odata.type'], undefined)
  /** Groups that have a walk of their own. */
  const giants = new Set(walks.flatMap(({ only }) => only ?? []))
  let { pageSize } = options
  let requests = walks.reduce((sum, { pages }) => sum + pages, 0)
  const place = (): Place => ({ collection, page: ++requests })
  const witness = createWitness()
  const fetchMembers = async (url: string, headers = {}): Promise<Sent<ScannedPage>> => {
    const answered = witness.asked()
    const sent = await send(deps, url, headers, place(), (answer) => scanMembers(answer.body))
    answered()
    return sent
  }
  const firstMembersUrl = (groupId: string): string =>
    firstRelatedUrl(options, collection, groupId, pageSize)
  const readGiant = createGiantReader(
    deps,
    { collection: record, walks },
    {
      pageSize: () => pageSize,
      isGone: isSourceGone,
      fetchMembers,
      isAboutGroup: async (groupId) =>
        (await witness.waitForAnswer()) || (await showsAnother(groupId)),
      onRestart: (refusal) => {
        if (refusal.kind === 'page_too_large') lowerPageSize(refusal.maximum)
      },
    },
  )

  return async (start, sink) => {
    const leave = witness.enter()
    try {
      await read(start, sink)
    } finally {
      leave()
    }
  }

  async function read(start: WalkRecord, sink: StepSink): Promise<void> {
    if (start.only !== undefined) {
      await readGiant(start, start.only, sink)
      return
    }
    const done = newIdSet()
    const session = { groups: 0, vanishedGroups: 0, hiddenGroups: 0 }
    /** Restarts of the list since a group was last read. */
    let restarts = 0
    let restartedAt = -1
    let walk = start
    for (;;) {
      const refusal = await readFrom(walk)
      if (refusal === undefined) return
      if (refusal.kind === 'page_too_large' && !lowerPageSize(refusal.maximum)) throw refusal.error
      restarts = done.size > restartedAt ? 0 : restarts + 1
      if (restarts >= restartLimit) throw refusal.error
      restartedAt = done.size
      await leaveBegun(walk)
      walk = await sink.settle(restart(refusal.error.detail))
    }

    /** Reads on from a walk's cursor; undefined when the last group was read. */
    async function readFrom(from: WalkRecord): Promise<ReadRefusal | undefined> {
      const headers = listHeaders(options, from)
      const reader = createMembersReader({
        cursor: from,
        graphUrl: options.graphUrl,
        ahead: pagesAtOnce,
        firstListUrl: () => firstListUrl(options, from, pageSize),
        firstMembersUrl,
        collection,
        fetchList: (url) => send(deps, url, headers, place(), (answer) => scanGroups(answer.body)),
        fetchMembers,
        groupsAtOnce: groupsAtOnce(deps),
        hasRead: (from.groups ?? 0) > 0,
        isAgain: from.pages + from.restarts > 0,
        isDone: (groupId) => done.has(groupId) || giants.has(groupId),
        onGroupRestart: (groupId, refusal) => {
          if (refusal.kind === 'page_too_large') lowerPageSize(refusal.maximum)
          const detail = `group ${groupId}: ${refusal.error.detail}`
          journal.note(restartLine(from, detail), 'warn')
        },
      })
      for (;;) {
        const taken = await reader.take(pagesAtOnce)
        if ('ending' in taken) return taken.ending
        for (const pages of portionsOf(taken, portionRules)) await sink.push(await stepOf(pages))
      }
    }

    /** A group that was begun and is said to be gone: it is, or it is there and not shown. */
    async function stepOf(pages: readonly MembersPage[]): Promise<CursorStep> {
      const [page] = pages
      const { ended, wasBegun = false } = page ?? {}
      if (page === undefined || ended === undefined || !wasBegun) return step(pages)
      if (isSourceGone === undefined) return step(pages)
      const { groupId } = ended
      if (await isSourceGone(groupId)) return { ...step(pages), gone: [groupId] }
      return step([{ ...page, ended: { groupId, how: 'hidden' } }])
    }

    /** The group that a pass began within may be on no page any more: then nobody meets it again. */
    async function leaveBegun({ group }: WalkRecord): Promise<void> {
      if (group?.nextUrl === undefined || isSourceGone === undefined || done.has(group.id)) return
      const groupId = group.id
      if (!(await isSourceGone(groupId))) return
      done.add(groupId)
      session.vanishedGroups++
      journal.note({ type: 'group_vanished', collection, groupId }, 'warn')
      await sink.push({
        shard: start.shard,
        gone: [groupId],
        advance: (before) => ({ walk: before, lines: [] }),
      })
    }

    function step(pages: readonly MembersPage[]): CursorStep {
      const edges = pages.flatMap((page) => page.edges)
      return {
        shard: start.shard,
        rows: edgeRows(collection, edges),
        advance: ({ nextUrl: _url, group: _group, ...before }) => {
          const { vanishedGroups, hiddenGroups, ...counts } = countEnded(pages, before)
          const cursor = pages.at(-1)?.cursor
          const next: WalkRecord = {
            ...before,
            ...cursor,
            state: cursor?.nextUrl === undefined ? 'finished' : 'walking',
            pages: before.pages + pages.reduce((sum, page) => sum + page.pages, 0),
            rows: before.rows + edges.length,
            ...counts,
            ...(vanishedGroups === 0 ? {} : { vanishedGroups }),
            ...(hiddenGroups === 0 ? {} : { hiddenGroups }),
          }
          const line = pageLine(next, {
            rows: edges.length,
            fetchMs: Math.max(...pages.map((page) => page.fetchMs)),
            bytes: pages.reduce((sum, page) => sum + page.wireBytes, 0),
            tokenLifeMs: pages.findLast((page) => page.wireBytes > 0)?.tokenLifeMs ?? 0,
            pages: next.pages - before.pages,
            groups: counts.groups,
          })
          return { walk: next, lines: [line], begins: pages.flatMap(giantOf) }
        },
      }
    }

    /** The walk of a group that a page hands over; none where it has one already. */
    function giantOf({ handedOver }: MembersPage): readonly Omit<WalkRecord, 'shard'>[] {
      if (handedOver === undefined || giants.has(handedOver.groupId)) return []
      const { groupId, nextUrl, rows: rowsBefore } = handedOver
      giants.add(groupId)
      const { shard: _, ...begun } = newWalk(record)
      return [{ ...begun, label: nameOf(groupId), only: groupId, rowsBefore, nextUrl }]
    }

    /** Counts the groups whose last pages these are, each once a session. */
    function countEnded(
      pages: readonly MembersPage[],
      before: Pick<WalkRecord, 'groups' | 'vanishedGroups' | 'hiddenGroups'>,
    ): { groups: number; vanishedGroups: number; hiddenGroups: number } {
      const { groups = 0, vanishedGroups = 0, hiddenGroups = 0 } = before
      const counts = { groups, vanishedGroups, hiddenGroups }
      for (const { ended } of pages) {
        if (ended === undefined || !done.add(ended.groupId)) continue
        const { groupId, how } = ended
        const counter = {
          read: 'groups',
          vanished: 'vanishedGroups',
          hidden: 'hiddenGroups',
        } as const
        counts[counter[how]]++
        session[counter[how]]++
        if (how === 'read') continue
        const type = how === 'vanished' ? 'group_vanished' : 'group_hidden'
        journal.note({ type, collection, groupId }, 'warn')
      }
      return counts
    }

    /** The list is gone through again. Groups of earlier sessions are met again and count then. */
    function restart(detail: string): CursorStep {
      return {
        shard: start.shard,
        isRestart: true,
        advance: ({ nextUrl: _url, group: _group, ...before }) => ({
          walk: { ...before, ...session, restarts: before.restarts + 1 },
          lines: [restartLine(before, detail)],
        }),
      }
    }
  }

  /** Whether Graph shows the members of another group, where no other is left to be read. */
  async function showsAnother(than: string): Promise<boolean> {
    const url = firstListUrl(options, { collection }, pageSize)
    const headers = listHeaders(options, {})
    const list = await send(deps, url, headers, place(), (answer) => scanGroups(answer.body))
    if (list.kind !== 'answer') return false
    for (const id of list.value.rows.ids.filter((one) => one !== than).slice(0, groupsUnasked)) {
      try {
        if ((await fetchMembers(firstMembersUrl(id))).kind === 'answer') return true
      } catch (error) {
        if (!isEvergrantError(error) || !(isGone(error) || isRefused(error))) throw error
      }
    }
    return false
  }

  function lowerPageSize(maximum: number): boolean {
    if (maximum < 1 || maximum >= pageSize) return false
    const sizes = { from: pageSize, to: maximum }
    journal.note(
      { type: 'page_size_lowered', collection, ...sizes, detail: 'Graph said so' },
      'warn',
    )
    pageSize = maximum
    return true
  }
}

/** What one commit takes of pages; a group that was begun and vanished stands behind all of its own. */
const portionRules: PortionRules<MembersPage> = {
  rows: rowsPerCommit,
  rowsOf: ({ edges }) => edges.length,
  standsAlone: ({ wasBegun }) => wasBegun === true,
}
