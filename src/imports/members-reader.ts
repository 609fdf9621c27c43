import type { Membership } from '../directory/index.ts'
import { isEvergrantError, type EvergrantError } from '../kernel/index.ts'
import { createLinkWatch, type ReadRefusal } from './page-reader.ts'
import type { WalkRecord } from './ports.ts'
import { createReadAhead, type ReadAhead } from './read-ahead.ts'
import type { PageRows } from './ports.ts'
import type { ScannedPage } from './scan-page.ts'
import type { Sent } from './send.ts'

/** Groups whose members are asked for at the same time. */
const groupsAtOnce = 8
/** A group's page tokens may perish so often; then the walk ends, to be resumed. */
const groupRestartLimit = 5

/** One page of the members of one group, and the cursor behind it. */
export interface MembersPage {
  readonly edges: readonly Membership[]
  readonly cursor: Pick<WalkRecord, 'nextUrl' | 'group'>
  /** The group whose last page this is. */
  readonly ended?: { readonly groupId: string; readonly isVanished: boolean }
  /** Requests' pages this one stands for: 0 where a list of groups had none to read. */
  readonly pages: 0 | 1
  readonly fetchMs: number
  readonly wireBytes: number
  /** Remaining life of the token when the page had come. */
  readonly tokenLifeMs: number
}

/** Where reading begins, and how requests are made. */
export interface MembersSource {
  readonly cursor: Pick<WalkRecord, 'nextUrl' | 'group'>
  readonly graphUrl: string
  /** Pages kept in memory at most, those on their way not counted. */
  readonly ahead: number
  firstListUrl(): string
  firstMembersUrl(groupId: string): string
  fetchList(url: string): Promise<Sent<ScannedPage>>
  fetchMembers(url: string): Promise<Sent<ScannedPage>>
  /** True for a group that need not be read again. */
  isDone(groupId: string): boolean
  /** Told when the members of a group must be read from their first page again. */
  onGroupRestart(groupId: string, refusal: ReadRefusal): void
}

type First = Sent<ScannedPage> | 'vanished'

/**
 * Begins to read the members of all groups: pages through the list of groups and, for several
 * groups at a time, through their members. What comes out is in the order of the list, so that one
 * cursor tells where the walk stands. A group that is gone by now ends without members.
 *
 * Ends with a refusal of the list; undefined is the end behind the last group.
 */
export function createMembersReader(
  source: MembersSource,
): ReadAhead<MembersPage, ReadRefusal | undefined> {
  return createReadAhead(source.ahead, async (push) => {
    const watch = createLinkWatch('groups', source.graphUrl)
    let url = source.cursor.nextUrl ?? source.firstListUrl()
    let { group } = source.cursor
    for (let number = 1; ; number++) {
      const list = await source.fetchList(url)
      if (list.kind !== 'answer') return list
      const next = watch.follow(list.value, url, number)
      const behind = next === undefined ? {} : { nextUrl: next }
      const todo = remaining(list.value.rows.ids, group).filter((id) => !source.isDone(id))
      const cursorUrl = todo[0] === group?.id ? group?.nextUrl : undefined
      if (todo.length > 0) await readGroups(todo, url, behind, cursorUrl, push)
      else await push({ edges: [], cursor: behind, pages: 0, ...measures(list) })
      if (next === undefined) return undefined
      group = undefined
      url = next
    }
  })

  async function readGroups(
    ids: readonly string[],
    listUrl: string,
    behind: MembersPage['cursor'],
    cursorUrl: string | undefined,
    push: (page: MembersPage) => Promise<void>,
  ): Promise<void> {
    const window: Promise<First>[] = []
    let started = 0
    const fill = (): void => {
      while (window.length < groupsAtOnce && started < ids.length) {
        const id = ids[started] ?? ''
        const isFirst = started++ === 0
        const first = fetch(
          isFirst ? (cursorUrl ?? source.firstMembersUrl(id)) : source.firstMembersUrl(id),
        )
        // It may fail while an earlier group is being read; it is looked at in its turn.
        first.catch(() => {})
        window.push(first)
      }
    }
    for (const [index, id] of ids.entries()) {
      fill()
      const first = await window.shift()
      fill()
      const isLast = index === ids.length - 1
      const ending = isLast ? behind : { nextUrl: listUrl, group: { id } }
      if (first !== undefined) await readGroup(id, first, listUrl, ending, push)
    }
  }

  async function readGroup(
    id: string,
    first: First,
    listUrl: string,
    ending: MembersPage['cursor'],
    push: (page: MembersPage) => Promise<void>,
  ): Promise<void> {
    let watch = createLinkWatch('members', source.graphUrl)
    let url = ''
    let restarts = 0
    let sent = first
    for (let number = 1; ; number++) {
      if (sent === 'vanished') {
        const ended = { groupId: id, isVanished: true }
        const nothing = { fetchMs: 0, wireBytes: 0, tokenLifeMs: Number.NaN }
        await push({ edges: [], cursor: ending, ended, pages: 1, ...nothing })
        return
      }
      if (sent.kind !== 'answer') {
        if (++restarts > groupRestartLimit) throw sent.error
        source.onGroupRestart(id, sent)
        watch = createLinkWatch('members', source.graphUrl)
        number = 0
        url = source.firstMembersUrl(id)
        sent = await fetch(url)
        continue
      }
      const next = watch.follow(sent.value, url, number)
      await push({
        edges: membershipsOf(id, sent.value.rows),
        cursor: next === undefined ? ending : { nextUrl: listUrl, group: { id, nextUrl: next } },
        ...(next === undefined ? { ended: { groupId: id, isVanished: false } } : {}),
        pages: 1,
        ...measures(sent),
      })
      if (next === undefined) return
      url = next
      sent = await fetch(next)
    }
  }

  async function fetch(url: string): Promise<First> {
    try {
      return await source.fetchMembers(url)
    } catch (error) {
      if (isEvergrantError(error) && isGone(error)) return 'vanished'
      throw error
    }
  }
}

/** The groups of a list page that are left to read: from the cursor's on, all where it has none. */
function remaining(ids: readonly string[], group: WalkRecord['group']): readonly string[] {
  const distinct = [...new Set(ids)]
  const at = group === undefined ? -1 : distinct.indexOf(group.id)
  // A page that changed since: to read all of it again loses nothing.
  if (at < 0 || group === undefined) return distinct
  return distinct.slice(group.nextUrl === undefined ? at + 1 : at)
}

function membershipsOf(groupId: string, rows: PageRows): readonly Membership[] {
  return rows.ids.map((memberId, index) => {
    const { '@odata.type': type } = JSON.parse(rows.json(index)) as { '@odata.type'?: unknown }
    const memberType = typeof type === 'string' ? type.replace(/^#microsoft\.graph\./, '') : ''
    return { groupId, memberId, memberType: memberType === '' ? 'directoryObject' : memberType }
  })
}

function measures(
  sent: Extract<Sent<ScannedPage>, { readonly kind: 'answer' }>,
): Pick<MembersPage, 'fetchMs' | 'wireBytes' | 'tokenLifeMs'> {
  const { answer, fetchMs, tokenLifeMs } = sent
  return { fetchMs, wireBytes: answer.wireBytes, tokenLifeMs }
}

/** Graph's own word that the group is not there, not that of a proxy in its place. */
function isGone({ upstream }: EvergrantError): boolean {
  return upstream?.status === 404 && upstream.error === 'Request_ResourceNotFound'
}
