import { z } from 'zod'
import { instant, problemSchema } from './fields.ts'

const walkSchema = z.object({
  collection: z.string(),
  shard: z.int(),
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

/** A run of an import; `walks` only where one run is asked for. */
export const runSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    state: z.enum(['running', 'waiting', 'interrupted', 'completed', 'failed', 'cancelled']),
    reason: z.string().nullable(),
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
    deleted: z.int(),
    problem: problemSchema.nullable(),
    walks: z.array(walkSchema).optional(),
  })
  .meta({ id: 'ImportRun' })

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
