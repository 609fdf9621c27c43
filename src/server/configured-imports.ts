import type { z } from 'zod'
import { withTrueState, type ScheduleRecord } from '../imports/index.ts'
import { nextTick } from '../jobs/index.ts'
import { EvergrantError } from '../kernel/index.ts'
import type { configuredImportSchema } from './api/import-schema.ts'
import type { Composition } from './compose.ts'
import { runToJson } from './run-json.ts'

/** An import of the configuration, with its schedule and its last run, as the API sends it. */
export type ConfiguredImport = z.input<typeof configuredImportSchema>

type ImportConfig = Composition['config']['imports'][string]

const wire = (at: number): string => new Date(at).toISOString()

/** Imports of the configuration by name, `limit` of them after one. */
export async function listConfiguredImports(
  composition: Composition,
  { limit, after }: { readonly limit: number; readonly after?: string },
): Promise<readonly ConfiguredImport[]> {
  const records = await composition.store.schedules.listSchedules()
  const byName = new Map(records.map((one) => [one.name, one]))
  const entries = Object.values(composition.config.imports)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .filter(({ name }) => after === undefined || name > after)
    .slice(0, limit)
  return await Promise.all(entries.map((one) => view(composition, one, byName.get(one.name))))
}

/**
 * Pauses the schedule of an import, or lets it hold again from now on. Idempotent.
 *
 * @throws EvergrantError `import_undefined`, `schedule_missing`, `store_*`
 */
export async function setSchedulePaused(
  composition: Composition,
  name: string,
  { isPaused, by }: { readonly isPaused: boolean; readonly by: string },
): Promise<ConfiguredImport> {
  const { store, clock, config, events } = composition
  const entry = Object.hasOwn(config.imports, name) ? config.imports[name] : undefined
  if (entry === undefined) {
    throw new EvergrantError('import_undefined', `"imports" has no ${JSON.stringify(name)}`)
  }
  if (entry.schedule === undefined) {
    throw new EvergrantError('schedule_missing', `"imports.${name}" has no "schedule"`)
  }
  const now = clock.now()
  const hasChanged = isPaused
    ? await store.schedules.pauseSchedule(name, entry.schedule, by, now)
    : await store.schedules.resumeSchedule(name, now)
  if (hasChanged) {
    const type = isPaused ? 'import.schedule_paused' : 'import.schedule_resumed'
    events.emit({ type, at: now, name, by })
  }
  const records = await store.schedules.listSchedules()
  return await view(
    composition,
    entry,
    records.find((one) => one.name === name),
  )
}

async function view(
  { store, clock, identity }: Composition,
  { name, connection, collections, to, schedule }: ImportConfig,
  record: ScheduleRecord | undefined,
): Promise<ConfiguredImport> {
  const now = clock.now()
  const [last] = await store.runs.listRuns({ name, limit: 1 })
  const isPaused = schedule !== undefined && record?.pausedAt !== undefined
  const dueAt = schedule === undefined || isPaused ? undefined : nextTick(schedule, now)
  return {
    name,
    connection,
    collections: [...collections],
    to,
    schedule: schedule ?? null,
    next_due_at: dueAt === undefined ? null : wire(dueAt),
    paused: isPaused,
    paused_at: isPaused && record.pausedAt !== undefined ? wire(record.pausedAt) : null,
    paused_by: isPaused ? (record.pausedBy ?? null) : null,
    last_due: lastDue(record),
    last_run: last === undefined ? null : runToJson(withTrueState(last, identity, now)),
  }
}

/** What came of the last due instant; null before the first. */
function lastDue(record: ScheduleRecord | undefined): ConfiguredImport['last_due'] {
  const { outcome, outcomeAt, runId, code } = record ?? {}
  if (outcome === undefined || outcomeAt === undefined) return null
  return { outcome, at: wire(outcomeAt), run_id: runId ?? null, code: code ?? null }
}
