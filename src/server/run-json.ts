import type { z } from 'zod'
import {
  describeLog,
  inReadingOrder,
  manifestOf,
  type CollectionManifest,
  type LogLine,
  type Progress,
  type RunRecord,
} from '../imports/index.ts'
import { guidanceToJson } from './connection-view.ts'
import { guidanceOf, type Problem } from '../kernel/index.ts'
import type { logLineSchema, runSchema } from './api/import-schema.ts'

const time = (epochMs: number): string => new Date(epochMs).toISOString()

/** A run as `--json` prints it: instants in RFC 3339, names as in the API. */
export function runToJson(
  run: RunRecord,
  progress?: readonly Progress[],
): z.input<typeof runSchema> {
  const { options, totals } = run
  return {
    id: run.id,
    name: run.name,
    state: run.state,
    reason: run.reason ?? null,
    driven_by: driverToJson(run),
    verdict: run.verdict ?? null,
    connection: options.connection,
    tenant_id: options.tenantId,
    collections: [...options.collections],
    destination: options.destination,
    filter: options.filter ?? null,
    created_at: time(run.createdAt),
    updated_at: time(run.updatedAt),
    finished_at: run.finishedAt === undefined ? null : time(run.finishedAt),
    rows: totals.rows,
    pages: totals.pages,
    requests: totals.requests,
    refreshes: totals.refreshes,
    retries: totals.retries,
    bytes: totals.bytes,
    active_ms: totals.activeMs,
    waited_ms: totals.waitedMs,
    units: totals.units,
    throttled: totals.throttled,
    paused_ms: totals.pausedMs,
    deleted: totals.deleted,
    problem: run.problem === undefined ? null : problemToJson(run.problem),
    ...(progress === undefined
      ? {}
      : {
          walks: inReadingOrder(run, progress).flatMap(walksToJson),
          changes: inReadingOrder(run, progress).flatMap(changesToJson),
          manifest: manifestOf(run, progress).map(manifestToJson),
        }),
  }
}

/** What is known of the changes to a collection; nothing where no run asks for them. */
function changesToJson({
  collection: { collection, delta },
}: Progress): NonNullable<z.input<typeof runSchema>['changes']> {
  if (delta === undefined) return []
  const {
    begin,
    changed,
    end,
    gone,
    named = null,
    note = null,
    pages,
    purpose,
    state,
    unlisted,
  } = delta
  const next = end ?? begin
  return [
    {
      collection,
      purpose,
      state,
      since: begin === undefined ? null : time(begin.takenAt),
      pages,
      named,
      changed,
      gone,
      unlisted: unlisted?.count ?? 0,
      unlisted_ids: [...(unlisted?.ids ?? [])],
      note,
      next_since: next === undefined ? null : time(next.takenAt),
    },
  ]
}

/** Who drives a run, as shown; nobody where its state says that it is not under way. */
function driverToJson({ state, owner }: RunRecord): z.input<typeof runSchema>['driven_by'] {
  if (owner === undefined || (state !== 'running' && state !== 'waiting')) return null
  const { driver = 'command', host = null, pid, takenOver } = owner
  return { kind: driver, host, pid, taken_over: takenOver !== undefined }
}

/** The cursors of a collection; what is known of it as a whole stands at the first of them. */
function walksToJson({
  collection: record,
  walks,
}: Progress): NonNullable<z.input<typeof runSchema>['walks']> {
  return walks.map((walk, i) => {
    const whole = i === 0 ? record : undefined
    return {
      collection: walk.collection,
      shard: walk.shard,
      label: walk.label ?? null,
      filter: walk.filter ?? null,
      expected: walk.expected ?? null,
      state: walk.state,
      pages: walk.pages,
      rows: walk.rows,
      distinct_rows: whole?.distinctRows ?? null,
      restarts: walk.restarts,
      count_before: whole?.countBefore ?? null,
      count_after: whole?.countAfter ?? null,
      groups: walk.groups ?? null,
      vanished_groups: walk.vanishedGroups ?? null,
      hidden_groups: walk.hiddenGroups ?? null,
      verdict: whole?.verdict ?? null,
      detail: whole?.detail ?? null,
      deleted: whole?.deleted ?? null,
      deletion_note: whole?.deletionNote ?? null,
    }
  })
}

function manifestToJson({
  record,
  walks,
  effort,
  ...sums
}: CollectionManifest): NonNullable<z.input<typeof runSchema>['manifest']>[number] {
  return {
    collection: record.collection,
    state: sums.state,
    cursors: record.plan?.cursors ?? null,
    why: record.plan?.why ?? null,
    shards: walks.length,
    shards_finished: sums.finishedShards,
    rows: sums.rows,
    pages: sums.pages,
    restarts: sums.restarts,
    counted: sums.counted,
    counted_so_far: sums.countedSoFar,
    count_before: record.countBefore ?? null,
    count_after: record.countAfter ?? null,
    distinct_rows: record.distinctRows ?? null,
    published_rows: record.publishedRows ?? null,
    drift: sums.drift ?? null,
    verdict: record.verdict ?? null,
    detail: record.detail ?? null,
    deleted: record.deleted ?? null,
    deletion_note: record.deletionNote ?? null,
    columns_left_out: [...(record.refusedColumns ?? [])],
    effort:
      effort === undefined
        ? null
        : {
            requests: effort.requests,
            units: effort.units,
            throttled: effort.throttled,
            paused_ms: effort.pausedMs,
            waited_ms: effort.waitedMs,
            retries: effort.retries,
            refreshes: effort.refreshes,
            bytes: effort.bytes,
            active_ms: effort.activeMs,
            fewest_slots: effort.fewestSlots ?? null,
          },
  }
}

/** A line of the execution log as `--json` prints it. */
export function logLineToJson(line: LogLine): z.input<typeof logLineSchema> {
  const { type, ...facts } = line.body
  const wire = Object.fromEntries(
    Object.entries(facts).map(([name, value]: [string, unknown]) => [
      name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      name.endsWith('At') && typeof value === 'number' ? time(value) : value,
    ]),
  )
  const text = describeLog(line.body)
  return { seq: line.seq, at: time(line.at), level: line.level, type, text, ...wire }
}

/** A problem as it was stored, with the guidance of today: earlier ones were stored without. */
function problemToJson(problem: Problem): z.input<typeof runSchema>['problem'] {
  const { code, remedy, upstream } = problem
  const errorCodes = Array.isArray(upstream?.['error_codes'])
    ? upstream['error_codes'].filter((one) => typeof one === 'number')
    : []
  return { ...problem, ...guidanceToJson(guidanceOf({ code, remedy, errorCodes })) }
}
