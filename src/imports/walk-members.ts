import {
  commitStep,
  newIdSet,
  openWalk,
  restartLimit,
  type WalkDependencies,
} from './commit-step.ts'
import { membershipRows } from './imported-rows.ts'
import { createMembersReader, type MembersPage } from './members-reader.ts'
import type { ReadRefusal } from './page-reader.ts'
import { firstListUrl, firstMembersUrl, listHeaders } from './page-url.ts'
import type { LogBody, WalkRecord } from './ports.ts'
import type { ReadAhead } from './read-ahead.ts'
import { createPageScanner } from './scan-page.ts'
import { send } from './send.ts'

/** Pages taken at once: most groups are small, and a commit costs more than their rows. */
const pagesAtOnce = 64
/** A commit ends behind the page that brings it to so many rows. */
const rowsPerCommit = 1_000

/**
 * Walks the members of all groups from the cursor to the last group. Pages of several groups share
 * a commit. When the list's page token expires the list is gone through again, and groups this
 * session has read are passed over.
 */
export async function walkMembers(deps: WalkDependencies, start: WalkRecord): Promise<WalkRecord> {
  const { control, instanceId, journal, run, store } = deps
  const { collection } = start
  const { options } = run
  const scanGroups = createPageScanner(['id'])
  const scanMembers = createPageScanner(['id', '@odata.type'])
  const done = newIdSet()
  const session = { groups: 0, vanishedGroups: 0, hiddenGroups: 0 }
  /** Restarts of the list since a group was last read. */
  let restarts = 0
  let restartedAt = -1
  let pageSize = options.pageSize
  let requests = start.pages
  let walk = await openWalk(deps, start)
  const isFinished = (): boolean => walk.state === 'finished'
  if (isFinished()) return walk
  let reader = read()
  for (;;) {
    const taken = await reader.take(pagesAtOnce)
    if ('ending' in taken) {
      if (taken.ending === undefined) return walk
      await recover(taken.ending)
      reader = read()
      continue
    }
    for (const pages of portions(taken)) {
      await commit(pages)
      control.checkpoint()
    }
    if (isFinished()) return walk
  }

  function read(): ReadAhead<MembersPage, ReadRefusal | undefined> {
    const place = (): { collection: string; page: number } => ({ collection, page: ++requests })
    return createMembersReader({
      cursor: walk,
      graphUrl: options.graphUrl,
      ahead: pagesAtOnce,
      firstListUrl: () => firstListUrl(options, pageSize),
      firstMembersUrl: (groupId) => firstMembersUrl(options, groupId, pageSize),
      fetchList: (url) =>
        send(deps, url, listHeaders(options), place(), (answer) => scanGroups(answer.body)),
      fetchMembers: (url) => send(deps, url, {}, place(), (answer) => scanMembers(answer.body)),
      hasRead: (walk.groups ?? 0) > 0,
      isDone: (groupId) => done.has(groupId),
      onGroupRestart: (groupId, refusal) => {
        if (refusal.kind === 'page_too_large') lowerPageSize(refusal.maximum)
        noteRestart(`group ${groupId}: ${refusal.error.detail}`)
      },
    })
  }

  async function commit(pages: readonly MembersPage[]): Promise<void> {
    const edges = pages.flatMap((page) => page.edges)
    const last = pages.at(-1)
    const { nextUrl: _url, group: _group, ...rest } = walk
    let { groups = 0, vanishedGroups = 0, hiddenGroups = 0 } = walk
    for (const { ended } of pages) {
      if (ended === undefined || !done.add(ended.groupId)) continue
      const { groupId, how } = ended
      if (how === 'vanished') {
        vanishedGroups++
        session.vanishedGroups++
        journal.note({ type: 'group_vanished', collection, groupId }, 'warn')
      } else if (how === 'hidden') {
        hiddenGroups++
        session.hiddenGroups++
        journal.note({ type: 'group_hidden', collection, groupId }, 'warn')
      } else {
        groups++
        session.groups++
      }
    }
    const to: WalkRecord = {
      ...rest,
      ...last?.cursor,
      state: last?.cursor.nextUrl === undefined ? 'finished' : 'walking',
      pages: walk.pages + pages.reduce((sum, page) => sum + page.pages, 0),
      rows: walk.rows + edges.length,
      groups,
      ...(vanishedGroups === 0 ? {} : { vanishedGroups }),
      ...(hiddenGroups === 0 ? {} : { hiddenGroups }),
    }
    const line: LogBody = {
      type: 'page_committed',
      collection,
      page: to.pages,
      rows: edges.length,
      totalRows: to.rows,
      fetchMs: Math.max(...pages.map((page) => page.fetchMs)),
      bytes: pages.reduce((sum, page) => sum + page.wireBytes, 0),
      tokenLifeMs: pages.findLast((page) => page.wireBytes > 0)?.tokenLifeMs ?? 0,
      pages: to.pages - walk.pages,
      groups,
    }
    walk = await commitStep(deps, { from: walk, to, batch: [membershipRows(edges)] }, [line])
  }

  /** Readies the list to be gone through again after a refusal that allows it. */
  async function recover(refusal: ReadRefusal): Promise<void> {
    if (refusal.kind === 'page_too_large' && !lowerPageSize(refusal.maximum)) throw refusal.error
    restarts = done.size > restartedAt ? 0 : restarts + 1
    if (restarts >= restartLimit) throw refusal.error
    restartedAt = done.size
    noteRestart(refusal.error.detail)
    const { nextUrl: _url, group: _group, ...rest } = walk
    // Groups of earlier sessions are met again and count then.
    walk = { ...rest, ...session, restarts: walk.restarts + 1 }
    await journal.write((log, _totals, now) => store.updateWalk(walk, instanceId, log, now))
  }

  function noteRestart(detail: string): void {
    const restart = walk.restarts + 1
    const page = walk.pages + 1
    journal.note({ type: 'walk_restarted', collection, restart, page, detail }, 'warn')
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

/** Cuts pages into what one commit takes. */
function* portions(pages: readonly MembersPage[]): Generator<readonly MembersPage[]> {
  let portion: MembersPage[] = []
  let rows = 0
  for (const page of pages) {
    portion.push(page)
    rows += page.edges.length
    if (rows < rowsPerCommit) continue
    yield portion
    portion = []
    rows = 0
  }
  if (portion.length > 0) yield portion
}
