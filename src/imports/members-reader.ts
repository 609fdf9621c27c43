import { collections, type CollectionName, type Membership } from '../directory/index.ts'
import { EvergrantError, isEvergrantError } from '../kernel/index.ts'
import { createLinkWatch, type ReadRefusal } from './link-watch.ts'
import type { WalkRecord } from './ports.ts'
import { createReadAhead, type ReadAhead } from './read-ahead.ts'
import type { PageRows } from './ports.ts'
import type { ScannedPage } from './scan-page.ts'
import type { Sent } from './send.ts'

/** A group with more pages than these goes on in a walk of its own, beside the others. */
const pagesInTurn = 2
/**
 * Graph may refuse the members of so many groups in a row; a single one more is not about hidden
 * memberships, but about the application.
 */
const refusedInARowLimit = 8
/** A group's page tokens may perish so often; then the walk ends, to be resumed. */
const groupRestartLimit = 5

/** One page of the members of one group, and the cursor behind it. */
export interface MembersPage {
  readonly edges: readonly Membership[]
  readonly cursor: Pick<WalkRecord, 'nextUrl' | 'group'>
  /** The group whose last page this is. */
  readonly ended?: { readonly groupId: string; readonly how: 'read' | 'vanished' | 'hidden' }
  /** Of a group that vanished: pages of it were read before, by this session or maybe another. */
  readonly wasBegun?: boolean
  /** The group that goes on beyond this page, in a walk of its own. */
  readonly handedOver?: {
    readonly groupId: string
    readonly nextUrl: string
    /** Rows of it that were read up to here. */
    readonly rows: number
  }
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
  /** The relation that is read. */
  readonly collection: CollectionName
  readonly graphUrl: string
  /** Pages kept in memory at most, those on their way not counted. */
  readonly ahead: number
  /** Groups whose members are asked for at the same time. */
  readonly groupsAtOnce: number
  firstListUrl(): string
  firstMembersUrl(groupId: string): string
  fetchList(url: string): Promise<Sent<ScannedPage>>
  fetchMembers(url: string): Promise<Sent<ScannedPage>>
  /** Whether the members of any group were read before; what Graph refuses then is about groups. */
  readonly hasRead: boolean
  /** True when this is not the first pass: any group may have been read in part before. */
  readonly isAgain: boolean
  /** True for a group that need not be read again. */
  isDone(groupId: string): boolean
  /** Told when the members of a group must be read from their first page again. */
  onGroupRestart(groupId: string, refusal: ReadRefusal): void
}

/** Graph's refusal to show the members of one group. */
interface Hidden {
  readonly kind: 'hidden'
  readonly error: EvergrantError
}

type First = Sent<ScannedPage> | 'vanished' | Hidden

/**
 * Begins to read the members of all groups: pages through the list of groups and, for several
 * groups at a time, through their members. What comes out is in the order of the list, so that one
 * cursor tells where the walk stands. A group that is gone by now ends without members.
 *
 * A group whose members Graph refuses to show (403: a hidden membership) ends without them, once
 * Graph has answered for another group after that; until then it is held back, so that a run whose
 * permission is missing or was withdrawn fails before the first group it could not read.
 *
 * Ends with a refusal of the list, or when the page of the list on which the cursor stands has
 * changed; undefined is the end behind the last group.
 */
export function createMembersReader(
  source: MembersSource,
): ReadAhead<MembersPage, ReadRefusal | undefined> {
  /** Answers for members so far: the number of the last page, and of the last refusal. */
  const answers = { count: 0, lastPage: 0, lastRefusal: 0 }
  const { sources = 'objects' } = collections[source.collection]
  return createReadAhead(source.ahead, async (emit) => {
    const hasAnsweredSince = (): boolean => answers.lastPage > answers.lastRefusal
    const push = holdingBack(emit, source, hasAnsweredSince)
    const watch = createLinkWatch(`the list of ${sources}`, source.graphUrl)
    let url = source.cursor.nextUrl ?? source.firstListUrl()
    let { group } = source.cursor
    for (let number = 1; ; number++) {
      const list = await source.fetchList(url)
      if (list.kind !== 'answer') return list
      const next = watch.follow(list.value, url, number)
      const behind = next === undefined ? {} : { nextUrl: next }
      const left = remaining(list.value.rows.ids, group)
      if (left === undefined) return { kind: 'page_token_expired', error: pageChanged() }
      const todo = left.filter((id) => !source.isDone(id))
      const cursorUrl = todo[0] === group?.id ? group?.nextUrl : undefined
      if (todo.length > 0) await readGroups(todo, url, behind, cursorUrl, push.page)
      else await push.page({ edges: [], cursor: behind, pages: 0, ...measures(list) })
      if (next === undefined) {
        await push.end()
        return undefined
      }
      group = undefined
      url = next
    }
  })

  async function readGroups(
    ids: readonly string[],
    listUrl: string,
    behind: MembersPage['cursor'],
    cursorUrl: string | undefined,
    push: Push,
  ): Promise<void> {
    const window: Promise<First>[] = []
    let started = 0
    const fill = (): void => {
      while (window.length < source.groupsAtOnce && started < ids.length) {
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
      // A cursor within a group stands behind its first page.
      const number = index === 0 && cursorUrl !== undefined ? 2 : 1
      if (first !== undefined) await readGroup(id, first, number, listUrl, ending, push)
    }
  }

  async function readGroup(
    id: string,
    first: First,
    firstNumber: number,
    listUrl: string,
    ending: MembersPage['cursor'],
    push: Push,
  ): Promise<void> {
    let watch = createLinkWatch(source.collection, source.graphUrl)
    let url = ''
    let restarts = 0
    let rows = firstNumber === 1 ? 0 : (source.cursor.group?.rows ?? 0)
    let sent = first
    for (let number = firstNumber; ; number++) {
      if (sent === 'vanished' || sent.kind === 'hidden') {
        const how = sent === 'vanished' ? sent : sent.kind
        const nothing = { fetchMs: 0, wireBytes: 0, tokenLifeMs: Number.NaN }
        const ended = { groupId: id, how }
        const wasBegun = source.isAgain || number > 1 || restarts > 0
        const vanished = sent === 'vanished' && wasBegun ? { wasBegun } : {}
        const page = {
          edges: [],
          cursor: ending,
          ended,
          pages: 1,
          ...vanished,
          ...nothing,
        } as const
        await push(page, sent === 'vanished' ? undefined : sent.error)
        return
      }
      if (sent.kind !== 'answer') {
        if (++restarts > groupRestartLimit) throw sent.error
        source.onGroupRestart(id, sent)
        watch = createLinkWatch(source.collection, source.graphUrl)
        number = 0
        rows = 0
        url = source.firstMembersUrl(id)
        sent = await fetch(url)
        continue
      }
      const next = watch.follow(sent.value, url, number)
      rows += sent.value.rows.length
      if (next !== undefined && number >= pagesInTurn) {
        await push({
          edges: membershipsOf(id, sent.value.rows),
          cursor: ending,
          handedOver: { groupId: id, nextUrl: next, rows },
          pages: 1,
          ...measures(sent),
        })
        return
      }
      await push({
        edges: membershipsOf(id, sent.value.rows),
        cursor:
          next === undefined ? ending : { nextUrl: listUrl, group: { id, nextUrl: next, rows } },
        ...(next === undefined ? { ended: { groupId: id, how: 'read' as const } } : {}),
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
      const sent = await source.fetchMembers(url)
      answers.lastPage = ++answers.count
      return sent
    } catch (error) {
      if (!isEvergrantError(error)) throw error
      if (isGone(error)) return 'vanished'
      if (!isRefused(error)) throw error
      answers.lastRefusal = ++answers.count
      return { kind: 'hidden', error }
    }
  }
}

type Push = (page: MembersPage, refusal?: EvergrantError) => Promise<void>

/**
 * Holds back groups that Graph refused, and what follows them, until it has answered since. Several
 * groups are asked for at a time, so that a page may be older than a refusal before it.
 */
function holdingBack(
  emit: (page: MembersPage) => Promise<void>,
  source: Pick<MembersSource, 'collection' | 'hasRead'>,
  hasAnsweredSince: () => boolean,
): { readonly page: Push; readonly end: () => Promise<void> } {
  let { hasRead } = source
  let held: MembersPage[] = []
  let refused: EvergrantError | undefined
  let refusedInARow = 0
  const release = async (): Promise<void> => {
    for (const page of held) await emit(page)
    held = []
    refusedInARow = 0
  }
  return {
    page: async (page, refusal) => {
      if (refusal !== undefined) {
        refused = refusal
        if (++refusedInARow > refusedInARowLimit) throw membersRefused(source.collection, refusal)
        held.push(page)
        return
      }
      const isRead = page.pages === 1 && page.ended?.how !== 'vanished'
      hasRead ||= isRead
      held.push(page)
      if (refusedInARow === 0 || (isRead && hasAnsweredSince())) await release()
    },
    end: async () => {
      if (refused !== undefined && !hasRead) throw membersRefused(source.collection, refused)
      await release()
    },
  }
}

function membersRefused(
  collection: CollectionName,
  { detail, upstream }: EvergrantError,
): EvergrantError {
  const { permission, relation, sources } = collections[collection]
  const hidden = relation?.hiddenPermission
  const alsoHidden =
    hidden === undefined ? '' : `, and ${hidden} as well where memberships are hidden,`
  return new EvergrantError(
    'graph_permission_missing',
    `the ${relation?.segment ?? collection} of ${sources ?? 'objects'}: ${detail}`,
    {
      ...(upstream === undefined ? {} : { upstream }),
      remedy: `Grant the application permission ${permission}${alsoHidden} with admin consent in the Entra admin center.`,
    },
  )
}

/** To go on within a changed page could count a group twice; gone through anew, each counts once. */
function pageChanged(): EvergrantError {
  return new EvergrantError(
    'walk_restarts_exhausted',
    'the page of groups where the run stood holds other groups by now',
  )
}

/**
 * The groups of a list page that are left to read: from the cursor's on, all where it has none;
 * undefined when the cursor's is not there any more.
 */
function remaining(
  ids: readonly string[],
  group: WalkRecord['group'],
): readonly string[] | undefined {
  const distinct = [...new Set(ids)]
  if (group === undefined) return distinct
  const at = distinct.indexOf(group.id)
  if (at < 0) return undefined
  return distinct.slice(group.nextUrl === undefined ? at + 1 : at)
}

/** The memberships of a page of a group's members. */
export function membershipsOf(groupId: string, rows: PageRows): readonly Membership[] {
  return rows.ids.map((memberId, index) => {
    const { '@odata.type': type } = JSON.parse(rows.json(index)) as { '@odata.type'?: unknown }
    const memberType = typeof type === 'string' ? type.replace(/^#microsoft\.graph\./, '') : ''
    return {
      groupId,
      memberId,
      memberType: /^\w+$/.test(memberType) ? memberType : 'directoryObject',
    }
  })
}

function measures(
  sent: Extract<Sent<ScannedPage>, { readonly kind: 'answer' }>,
): Pick<MembersPage, 'fetchMs' | 'wireBytes' | 'tokenLifeMs'> {
  const { answer, fetchMs, tokenLifeMs } = sent
  return { fetchMs, wireBytes: answer.wireBytes, tokenLifeMs }
}

/** Graph's own word that the group is not there, not that of a proxy in its place. */
export function isGone({ upstream }: EvergrantError): boolean {
  return upstream?.status === 404 && upstream.error === 'Request_ResourceNotFound'
}

/** Graph's own word that this application may not see it; not about a property or another origin. */
export function isRefused({ code, upstream }: EvergrantError): boolean {
  return code === 'graph_permission_missing' && upstream?.error === 'Authorization_RequestDenied'
}
