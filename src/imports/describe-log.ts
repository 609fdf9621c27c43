import { collections, isCollectionName } from '../directory/index.ts'
import { formatDuration } from '../kernel/index.ts'
import type { LogBody } from './execution-log.ts'
import { describeAmount } from './read-changes.ts'

/** What each line of the execution log tells; the source of the reference documentation. */
export const logTypes: Readonly<Record<LogBody['type'], string>> = {
  run_started: 'A run begins: its collections, destination, page size and refresh threshold.',
  run_resumed: 'A run goes on after an interruption, at this page.',
  counted: 'What `$count` said, before or after the walk; null when Graph would not say.',
  collection_planned:
    'How a collection is read: how many cursors at a time, in how many parts, and why.',
  page_committed:
    'A page and the cursor behind it are durable: rows, bytes on the wire, fetch time, the token’s remaining life.',
  token_changed:
    'The run goes on with another token. Reason: first, expiring (below the threshold), rejected (a 401), claims_challenge (continuous access evaluation) or adopted (another process renewed it).',
  token_refresh_failed: 'A renewal failed; the old token still lives and serves.',
  request_retried: 'A request failed in a passing way and is sent again after the wait.',
  pace_lowered:
    'Graph throttled the run (`throttled`), said that it is about to (`strained`) or became slow (`slow`): from now on fewer requests are in flight and, where a number of resource units is named, no more of them are spent in a second. Both rise again by themselves.',
  host_slow:
    'Answers seem slow because this host is: it takes them in so late. Nobody is held back for it. Told once a minute at most.',
  waiting_started: 'The run waits for Graph or the provider; its state is `waiting`.',
  waiting_ended: 'Graph or the provider answers again.',
  walk_restarted:
    'The walk’s page token expired, or the page of groups where a run stood has changed; the walk begins again, no row is lost or doubled.',
  column_dropped:
    'Graph gives the collection, but not with this column: a permission is missing, it cannot be listed, or there is none of that name. The run goes on without it, and it is empty.',
  page_size_lowered: 'Graph accepts only smaller pages for this selection.',
  walk_finished: 'The last page of a collection is committed.',
  group_planned:
    'How a group with very many members is read: how many cursors at a time, in how many parts, and why.',
  group_compared:
    'What the parts of such a group brought, compared with what Graph counts now: they agree, some are read again, or (fails) all of it is read by one cursor.',
  group_vanished: 'A group was gone when its members were asked for; it has none.',
  group_hidden:
    'Graph showed the members of other groups, but refused to show those of this one (403): its membership is hidden, and reading it needs `Member.Read.Hidden` as well. Owners of groups and holders of directory roles alike.',
  collection_judged: 'All of a collection was read: its verdict, and the counts that rests on.',
  changes_noted:
    'A delta link was taken before the first page: what changes from here on can be told later. With a detail: Graph gave none.',
  changes_begun:
    'The run reads what has changed: while several cursors read (bracket), or since an earlier run.',
  changes_committed:
    'A page of changes is applied and durable: objects it named, objects read anew, objects confirmed to be gone.',
  changes_applied: 'All changes are applied.',
  changes_awaited:
    'Several cursors have read, and what they have and what Graph counts now disagree; in a while both are looked at once more, with the changes told by then.',
  changes_lost:
    'Everything is read instead of changes alone: the delta token has expired or was reset, too much has changed, or an index was read before that no earlier link vouched for.',
  bulk_check_refused:
    'Graph refuses `directoryObjects/getByIds`; ids that seem to be gone are asked for through their collection.',
  rows_found_again:
    'Rows that no page held were there after all when asked for by their ids; they were read and kept.',
  rows_deleted:
    'Rows of the store that a complete, unfiltered run did not meet, and that Graph says are gone, are marked as deleted.',
  deletion_withheld:
    'More rows than `deleteAtMost` allows were not met: none was marked as deleted.',
  published: 'A snapshot is in place under its final name.',
  publish_failed: 'A partial snapshot could not be put in place.',
  run_interrupted: 'The run ended before its end and can be resumed.',
  run_taken_over:
    'The service that drove the run died, stopped or stood still for half a minute; another one goes on with it.',
  run_not_taken_over:
    'The service that drove the run is gone, and another one cannot go on with it as things are: a key or a folder is not there, or its connection leads elsewhere. Each service says so once.',
  run_given_up:
    'The run was taken over three times and each time its service was gone before a page was committed; it waits for a person or its schedule.',
  run_cancelled: 'The run was cancelled.',
  run_failed: 'The run ended before it had read anything; mend the cause and start again.',
  run_completed:
    'The run is done: verdict, changes where they alone were read, rows, pages, requests, refreshes, time.',
}

const timeOf = (epochMs: number): string => new Date(epochMs).toISOString().slice(11, 19)

const dayOf = (epochMs: number): string =>
  new Date(epochMs).toISOString().slice(0, 16).replace('T', ' ')

/** Writes a line's body for people, without its time and level. */
export function describeLog(body: LogBody): string {
  switch (body.type) {
    case 'run_started':
      return `import of ${body.collections.join(', ')} to ${body.destination} started; pages of ${body.pageSize}, token renewed below ${formatDuration(body.refreshBeforeMs)} of life`
    case 'run_resumed':
      return `resumed${body.collection === undefined ? '' : ` ${body.collection}`} at page ${body.page} with ${number(body.rows)} rows committed (${body.after})`
    case 'counted':
      return body.count === null
        ? `$count of ${body.collection} ${body.moment} the walk: not available (${body.detail ?? ''})`
        : `$count of ${body.collection} ${body.moment} the walk: ${number(body.count)}`
    case 'collection_planned':
      return `${body.collection}: ${describeCursors(body)} (${body.detail})`
    case 'page_committed':
      if (body.groups !== undefined) {
        return `${partOf(body)} up to page ${body.page}: ${number(body.rows)} rows of ${body.pages ?? 0} pages, ${number(body.totalRows)} of ${number(body.groups)} ${sourcesOf(body.collection)} in all; token lives ${formatDuration(body.tokenLifeMs)}`
      }
      return `${partOf(body)} page ${body.page}: ${body.rows} rows in ${body.fetchMs} ms, ${number(body.totalRows)} in all; token lives ${formatDuration(body.tokenLifeMs)}`
    case 'token_changed': {
      const old = body.oldExpiresAt === null ? '' : `, old one expires ${timeOf(body.oldExpiresAt)}`
      const place =
        body.page === 0 ? `counting ${body.collection}` : `${body.collection} page ${body.page}`
      return `token changed before ${place} (${body.reason}): new one expires ${timeOf(body.newExpiresAt)}${old}; took ${body.durationMs} ms`
    }
    case 'token_refresh_failed':
      return `token renewal failed, ${formatDuration(body.remainingLifeMs)} of the old one remain: ${body.detail}; next try in ${formatDuration(body.retryInMs)}. ${body.remedy}`
    case 'request_retried':
      return `${body.collection} ${body.page === 0 ? '$count' : `page ${body.page}`}, attempt ${body.attempt} failed: ${body.detail}; again in ${formatDuration(body.waitMs)}`
    case 'pace_lowered':
      return `${paceCauses[body.cause]}: at most ${requests(body.slots)} at a time from now on${body.unitsPerSecond === undefined ? '' : ` and ${number(body.unitsPerSecond)} resource units a second`}`
    case 'host_slow':
      return `this host is slow, not Graph: it takes answers in ${number(body.lateMs)} ms late; give it more CPU, or fewer imports at a time`
    case 'waiting_started':
      return `waiting: ${body.detail}`
    case 'waiting_ended':
      return `going on after ${formatDuration(body.waitedMs)}`
    case 'walk_restarted':
      return `${partOf(body)}: the walk starts over at page ${body.page} (restart ${body.restart}): ${body.detail}`
    case 'column_dropped':
      return `${body.collection}: goes on without ${body.column}, which stays empty (${body.detail}). ${body.remedy}`
    case 'page_size_lowered':
      return `${body.collection}: page size lowered from ${body.from} to ${body.to} (${body.detail})`
    case 'walk_finished':
      return `${partOf(body)}: last page committed; ${counted(body.rows, 'row')} in ${counted(body.pages, 'page')}`
    case 'group_planned':
      return `${body.collection}: ${sourceOf(body.collection)} ${body.groupId}: ${describeCursors(body)} (${body.detail})`
    case 'group_compared':
      return `${body.collection}: ${sourceOf(body.collection)} ${body.groupId}: ${describeCompared(body)}`
    case 'group_vanished':
      return `${body.collection}: ${sourceOf(body.collection)} ${body.groupId} is gone`
    case 'group_hidden':
      return `${body.collection}: ${hiddenFrom(body.collection, body.groupId)}`
    case 'collection_judged':
      return `${body.collection}: ${body.verdict} (${body.detail})`
    case 'changes_noted':
      return body.detail === undefined
        ? `${body.collection}: changes from here on can be told later${body.without === undefined ? '' : `, but for those of ${body.without.join(', ')}`}`
        : `${body.collection}: Graph gives no link to what changes from here on (${body.detail})`
    case 'changes_begun':
      return body.purpose === 'since' || body.isEarlier === true
        ? `${body.collection}: reading what has changed since ${dayOf(body.since)}`
        : `${body.collection}: reading what has changed since ${timeOf(body.since)}, when the cursors began`
    case 'changes_committed':
      return `${body.collection} changes, page ${body.page}: ${number(body.named)} named, ${number(body.changed)} read anew, ${number(body.gone)} gone; token lives ${formatDuration(body.tokenLifeMs)}`
    case 'changes_applied':
      return `${body.collection}: ${number(body.changed)} changed and ${number(body.gone)} gone, in ${counted(body.pages, 'page')} of changes${body.unlisted === undefined ? '' : `; ${number(body.unlisted)} are there, but not listed`}`
    case 'changes_awaited':
      return `${body.collection}: ${number(body.distinct)} distinct rows, but $count is ${number(body.count)}; Graph may tell of changes late, looking again in ${formatDuration(body.waitMs)}`
    case 'changes_lost':
      return `${body.collection}: what has changed is not to be had: ${body.detail}`
    case 'bulk_check_refused':
      return `${body.collection}: asking for each id whether it is gone, since Graph refuses to say of many at once (${body.detail})`
    case 'rows_found_again':
      return `${body.collection}: ${describeFoundAgain(body)}`
    case 'rows_deleted':
      return `${body.collection}: ${number(body.deleted)} rows that are no longer there marked as deleted; ${number(body.left)} left`
    case 'deletion_withheld':
      return `${body.collection}: ${describeWithheld(body)}`
    case 'published':
      return `${body.collection} published as ${body.path}`
    case 'publish_failed':
      return `publishing failed: ${sentence(body.detail)} ${body.remedy}`
    case 'run_interrupted':
      return `interrupted: ${body.detail}`
    case 'run_taken_over':
      return `taken over from ${body.from}${body.times > 1 ? `, for the ${nth(body.times)} time without a page in between` : ''}`
    case 'run_not_taken_over':
      return `not taken over by ${body.by}: ${sentence(body.detail)} ${body.remedy}`
    case 'run_given_up':
      return `left alone after ${body.times} take-overs without a page in between, the last of them ${body.from}: see what ended these services, memory first, then resume it`
    case 'run_cancelled':
      return `cancelled: ${body.detail}`
    case 'run_failed':
      return `failed: ${sentence(body.detail)} ${body.remedy}`
    case 'run_completed':
      return `${body.verdict}: ${amountOf(body)}, ${counted(body.requests, 'request')}, ${body.refreshes} token ${body.refreshes === 1 ? 'refresh' : 'refreshes'} in ${formatDuration(body.wallMs)} (${body.detail})`
  }
}

function amountOf(body: Extract<LogBody, { readonly type: 'run_completed' }>): string {
  const { changes, pages, rows } = body
  if (changes !== undefined) return describeAmount(body, changes)
  return `${counted(rows, 'row')}, ${counted(pages, 'page')}`
}

const paceCauses = {
  throttled: 'Graph throttles',
  strained: 'Graph is about to throttle',
  slow: 'Graph became slow',
} as const

function requests(count: number): string {
  return count === 1 ? 'one request' : `${count} requests`
}

/** Says what became of rows that no page held. */
export function describeFoundAgain({
  found,
  unlisted,
}: Pick<Extract<LogBody, { readonly type: 'rows_found_again' }>, 'found' | 'unlisted'>): string {
  const kept = unlisted === 0 ? '' : `, ${number(unlisted)} more are there but are not listed`
  return `${number(found)} rows that no page held were found by their ids and kept${kept}`
}

/** Says why rows that were not met were left as they are. */
export function describeWithheld(
  facts: Pick<
    Extract<LogBody, { readonly type: 'deletion_withheld' }>,
    'unseen' | 'known' | 'atMost' | 'marked'
  >,
): string {
  const marked =
    facts.marked === undefined ? 'none was' : `no more than ${number(facts.marked)} were`
  const share = `${Math.round(facts.atMost * 1_000) / 10} %`
  return `${number(facts.unseen)} of ${number(facts.known)} known rows were not met, more than deleteAtMost (${share}) allows: ${marked} marked as deleted`
}

/** A collection, or the part of it that one of several cursors reads. */
function partOf({
  collection,
  shard,
}: {
  readonly collection: string
  readonly shard?: string
}): string {
  return shard === undefined ? collection : `${collection} (${shard})`
}

/** What a collection of relations is read of. */
function sourcesOf(collection: string): string {
  const known = isCollectionName(collection) ? collections[collection].sources : undefined
  return known ?? 'groups'
}

/** What a relation's objects are, one of them. */
function sourceOf(collection: string): string {
  return collection === 'roleMembers' ? 'directory role' : 'group'
}

function hiddenFrom(collection: string, sourceId: string): string {
  const relation = isCollectionName(collection) ? collections[collection].relation : undefined
  const { hiddenPermission, segment = 'members' } = relation ?? {}
  const remedy = hiddenPermission === undefined ? '' : `; grant ${hiddenPermission} to read them`
  return `Graph does not show the ${segment} of ${sourceOf(collection)} ${sourceId}${remedy}`
}

function counted(amount: number, noun: string): string {
  return `${number(amount)} ${noun}${amount === 1 ? '' : 's'}`
}

function number(value: number): string {
  return value.toLocaleString('en-US')
}

/** A detail may end with a stranger's full stop. */
function sentence(detail: string): string {
  return /[.!?…]$/.test(detail) ? detail : `${detail}.`
}

function nth(times: number): string {
  return times === 2 ? 'second' : 'third'
}

function describeCursors({
  cursors,
  shards,
}: {
  readonly cursors: number
  readonly shards: number
}): string {
  return cursors === 1 ? 'one cursor' : `${cursors} cursors over ${shards} parts`
}

function describeCompared({
  count,
  detail,
  outcome,
  rows,
}: Extract<LogBody, { readonly type: 'group_compared' }>): string {
  const told = count === null ? 'Graph does not count them' : `Graph counts ${number(count)}`
  const compared = `its parts brought ${number(rows)}, ${told}${detail === undefined ? '' : ` (${detail})`}`
  if (outcome === 'agrees') return compared
  return `${compared}; ${outcome === 'again' ? 'those are read again' : 'one cursor reads all of it'}`
}
