import { z } from 'zod'
import { instant, problemSchema } from './fields.ts'

/** One cursor; what is known of its collection as a whole stands at the first, else it is null. */
const walkSchema = z.object({
  collection: z.string(),
  shard: z.int(),
  label: z.string().nullable().describe('What this cursor reads, for people; null: all of it'),
  filter: z.string().nullable().describe('The same as an OData clause'),
  expected: z.int().nullable().describe('Rows counted when the cursor was planned'),
  state: z.enum(['walking', 'finished']),
  pages: z.int(),
  rows: z.int(),
  distinct_rows: z.int().nullable(),
  restarts: z.int(),
  count_before: z.int().nullable(),
  count_after: z.int().nullable(),
  groups: z.int().nullable(),
  vanished_groups: z.int().nullable(),
  hidden_groups: z.int().nullable(),
  verdict: z.string().nullable(),
  detail: z.string().nullable(),
  deleted: z.int().nullable(),
  deletion_note: z.string().nullable(),
})

/** What a run knows of the changes to a collection. */
const changesSchema = z.object({
  collection: z.string(),
  purpose: z
    .enum(['bracket', 'since', 'next'])
    .describe(
      'Applied after several cursors have read; read instead of everything; left to a later run',
    ),
  state: z.enum(['open', 'applied', 'lost']),
  since: instant.nullable().describe('When Graph gave the link at which they begin'),
  pages: z.int(),
  named: z.int().nullable().describe('Objects that Graph named; null where nobody kept it'),
  changed: z.int().describe('Objects read anew, one read anew twice counting twice'),
  gone: z
    .int()
    .describe(
      'Objects confirmed to be gone, each once; told again after a resume it counts once more',
    ),
  unlisted: z.int().describe('Objects that Graph says are there, but does not list'),
  unlisted_ids: z.array(z.string()).describe('The first of them'),
  note: z.string().nullable().describe('Why they are lost'),
  next_since: instant
    .nullable()
    .describe('When Graph gave the link at which the next run begins that reads changes alone'),
})

const effortSchema = z.object({
  requests: z.int(),
  units: z.int().describe('Resource units'),
  throttled: z.int().describe('Answers that asked for quiet (429)'),
  paused_ms: z.number().describe('In which nothing was sent, as Graph had asked'),
  waited_ms: z.number().describe('In which at least one request waited to be sent again'),
  retries: z.int(),
  refreshes: z.int().describe('Token changes'),
  bytes: z.int(),
  active_ms: z.number(),
  fewest_slots: z
    .int()
    .nullable()
    .describe('Fewest requests in flight the pace was lowered to; null: it was not lowered'),
})

/** One collection, its cursors added up. */
const manifestSchema = z.object({
  collection: z.string(),
  state: z
    .enum(['waiting', 'reading', 'changes', 'read', 'publishing'])
    .describe('`changes`: changes are being applied; `publishing`: rows are put in their place'),
  cursors: z.int().nullable().describe('That read at a time; null until it is planned'),
  why: z.string().nullable().describe('Why so many, for people'),
  shards: z.int().describe('Parts it was cut into'),
  shards_finished: z.int(),
  rows: z.int().describe('Rows that came; what is read again of a giant counts once'),
  pages: z.int(),
  restarts: z.int(),
  counted: z.string().describe('What the counts are about: `groups` of members, else `rows`'),
  counted_so_far: z.int().describe('How many of those were read'),
  count_before: z.int().nullable(),
  count_after: z.int().nullable(),
  distinct_rows: z.int().nullable(),
  published_rows: z
    .int()
    .nullable()
    .describe('Rows handed over to their place, none visible yet; null while not publishing'),
  drift: z
    .int()
    .nullable()
    .describe('By how much what was read lies outside of both counts; null until judged'),
  verdict: z.enum(['complete', 'complete_with_drift', 'incomplete']).nullable(),
  detail: z.string().nullable(),
  deleted: z.int().nullable(),
  deletion_note: z.string().nullable(),
  columns_left_out: z.array(z.string()).describe('Columns that Graph refused to give'),
  effort: effortSchema
    .nullable()
    .describe('What reading it has cost so far; null before it begins, and where nobody kept it'),
})

/** A run of an import; `walks`, `changes` and `manifest` only where one run is asked for. */
export const runSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    state: z.enum(['running', 'waiting', 'interrupted', 'completed', 'failed', 'cancelled']),
    reason: z.string().nullable(),
    driven_by: z
      .object({
        kind: z.enum(['service', 'command']),
        host: z.string().nullable(),
        pid: z.int(),
        taken_over: z.boolean().describe('It went on with what another service left'),
      })
      .nullable()
      .describe('The process that drives it; null when none does'),
    verdict: z.enum(['complete', 'complete_with_drift', 'incomplete']).nullable(),
    connection: z.string(),
    tenant_id: z.string(),
    collections: z.array(z.string()),
    destination: z.string(),
    filter: z.string().nullable(),
    created_at: instant,
    updated_at: instant,
    finished_at: instant.nullable(),
    rows: z.int(),
    pages: z.int(),
    requests: z.int(),
    refreshes: z.int(),
    retries: z.int(),
    bytes: z.int(),
    active_ms: z.number(),
    waited_ms: z.number(),
    units: z.int(),
    throttled: z.int(),
    paused_ms: z.number(),
    deleted: z.int(),
    problem: problemSchema.nullable(),
    walks: z.array(walkSchema).optional(),
    changes: z.array(changesSchema).optional(),
    manifest: z.array(manifestSchema).optional().describe('Its collections in reading order'),
  })
  .meta({ id: 'ImportRun' })

/** An import of the configuration, with its schedule and its last run. */
export const configuredImportSchema = z
  .object({
    name: z.string(),
    connection: z.string(),
    collections: z.array(z.string()),
    to: z.string(),
    schedule: z.string().nullable().describe('Cron expression of five fields, in UTC'),
    next_due_at: instant.nullable().describe('Null without a schedule, and while it is paused'),
    paused: z.boolean(),
    paused_at: instant.nullable(),
    paused_by: z.string().nullable(),
    last_due: z
      .object({
        outcome: z.enum(['started', 'skipped', 'missed', 'failed']),
        at: instant,
        run_id: z.string().nullable(),
        code: z.string().nullable(),
      })
      .nullable()
      .describe(
        'What came of the last due instant: begun; left out as a run was going; too late; refused. `at` is when that was known',
      ),
    last_run: runSchema.nullable(),
  })
  .meta({ id: 'ConfiguredImport' })

/** A line of the execution log; what else it holds depends on `type`. */
export const logLineSchema = z
  .object({
    seq: z.int(),
    at: instant,
    level: z.enum(['info', 'warn', 'error']),
    type: z.string(),
    text: z.string().describe('The line in words, as the command line prints it'),
  })
  .loose()
  .meta({ id: 'LogLine' })
