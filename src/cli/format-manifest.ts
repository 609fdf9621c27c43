import {
  deltaLinkLifeMs,
  type CollectionEffort,
  type CollectionManifest,
  type DeltaRecord,
} from '../imports/index.ts'
import { formatDuration } from '../kernel/index.ts'
import { counted, formatTable } from './table.ts'

const states = {
  waiting: 'waiting',
  reading: 'walking',
  changes: 'changes',
  read: 'finished',
  publishing: 'publishing',
}

/**
 * Each collection of a run: how far it is, what is thought of it, and what that has cost.
 *
 * @param now When links to later changes are looked at; undefined where no run will follow them.
 */
export function formatManifest(
  manifest: readonly CollectionManifest[],
  now: number | undefined,
): string {
  const table = formatTable(
    [
      'COLLECTION',
      'STATE',
      'VERDICT',
      'ROWS',
      'DISTINCT',
      'READ OF',
      'DRIFT',
      'DELETED',
      'CURSORS',
    ],
    manifest.map((one) => [
      one.record.collection,
      states[one.state],
      one.record.verdict ?? '',
      one.state === 'waiting' ? '' : number(one.rows),
      number(one.record.distinctRows),
      one.counted !== 'rows' && one.state !== 'waiting' ? number(one.countedSoFar) : '',
      signed(one.drift),
      number(one.record.deleted),
      cursorsOf(one),
    ]),
  )
  return table + manifest.map((one) => notesOf(one, now)).join('')
}

/** Each cursor of a run: what it reads, and how far it is. */
export function formatShards(manifest: readonly CollectionManifest[]): string {
  return formatTable(
    ['COLLECTION', 'SHARD', 'READS', 'STATE', 'ROWS', 'OF ABOUT', 'PAGES', 'RESTARTS'],
    manifest.flatMap(({ walks }) =>
      walks.map((walk) => [
        walk.collection,
        String(walk.shard),
        walk.label ?? 'all',
        walk.state === 'walking' && walk.pages === 0 ? 'waiting' : walk.state,
        number(walk.rows),
        number(walk.expected),
        number(walk.pages),
        walk.restarts === 0 ? '' : number(walk.restarts),
      ]),
    ),
  )
}

function cursorsOf({ record, walks, finishedShards }: CollectionManifest): string {
  if (walks.length <= 1) return number(walks.length)
  const shards = `${finishedShards}/${walks.length} shards`
  return record.plan === undefined ? shards : `${record.plan.cursors}, ${shards}`
}

function notesOf({ record, walks, effort }: CollectionManifest, now: number | undefined): string {
  const { collection, delta, detail, deletionNote, plan } = record
  const notes = [
    deletionNote === undefined ? undefined : `! ${collection}: ${deletionNote}`,
    plan === undefined || plan.cursors === 0 ? undefined : `  ${planText(plan, walks.length)}`,
    ...(delta === undefined ? [] : [changesText(delta), linkText(delta, now)]).map((text) =>
      text === undefined ? undefined : `  ${text}`,
    ),
    effort === undefined || effort.requests === 0 ? undefined : `  ${effortText(effort)}`,
  ]
  const told = notes.filter((note) => note !== undefined)
  if (detail !== undefined) told.unshift(`${collection}: ${detail}`)
  else if (told.length > 0) told.unshift(`${collection}:`)
  return told.map((note) => `${note}\n`).join('')
}

function planText(
  { cursors, why }: { readonly cursors: number; readonly why: string },
  shards: number,
): string {
  if (shards <= 1) return why === 'one cursor' ? why : `one cursor: ${why}`
  // What is read as one list still has walks of its giants.
  if (cursors === 1) return `one cursor, and ${number(shards - 1)} beside it: ${why}`
  return `${cursors} cursors over ${shards} shards: ${why}`
}

/** What was applied of changes; nothing where they are left to a later run. */
function changesText({
  purpose,
  state,
  begin,
  changed,
  gone,
  note,
  unlisted,
}: DeltaRecord): string | undefined {
  if (purpose === 'next') return undefined
  const since =
    begin === undefined ? '' : ` since ${new Date(begin.takenAt).toISOString().slice(0, 19)}Z`
  if (state === 'lost')
    return `changes${since} are not known: ${note ?? 'Graph does not tell them'}`
  const hidden = unlisted === undefined ? '' : `, ${number(unlisted.count)} there but not listed`
  const what = `${number(changed)} read anew, ${number(gone)} gone${hidden}`
  return `changes${since}: ${state === 'open' ? `${what} so far` : what}`
}

/** How old the link is at which the next run begins that reads changes alone. */
function linkText({ begin, end }: DeltaRecord, now: number | undefined): string | undefined {
  const next = end ?? begin
  if (next === undefined || now === undefined) return undefined
  const ageMs = Math.max(now - next.takenAt, 0)
  const age = formatDuration(ageMs)
  if (ageMs > deltaLinkLifeMs) {
    return `the link to later changes is ${age} old; Graph has forgotten it, and --delta reads everything`
  }
  const left = formatDuration(deltaLinkLifeMs - ageMs)
  return `--delta begins at a link ${age} old, which Graph keeps for ${left} more`
}

function effortText(effort: CollectionEffort): string {
  const { requests, units, throttled, pausedMs, waitedMs, retries, refreshes } = effort
  return [
    counted(requests, 'request'),
    counted(units, 'unit'),
    ...(retries === 0 ? [] : [`${number(retries)} sent again`]),
    ...(throttled === 0
      ? []
      : [`throttled ${counted(throttled, 'time')}, paused ${formatDuration(pausedMs)}`]),
    ...(waitedMs === 0 ? [] : [`waited ${formatDuration(waitedMs)}`]),
    ...(effort.fewestSlots === undefined
      ? []
      : [`at the narrowest ${counted(effort.fewestSlots, 'request')} at a time`]),
    ...(refreshes === 0 ? [] : [counted(refreshes, 'token refresh', 'token refreshes')]),
    formatDuration(effort.activeMs),
  ].join(', ')
}

function number(value: number | undefined): string {
  return value?.toLocaleString('en-US') ?? ''
}

function signed(value: number | undefined): string {
  return value !== undefined && value > 0 ? `+${number(value)}` : number(value)
}
