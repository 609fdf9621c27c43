import { z } from 'zod'
import { cancelRun, prepareResume, withTrueState, type RunRecord } from '../../imports/index.ts'
import { EvergrantError } from '../../kernel/index.ts'
import type { Composition } from '../compose.ts'
import { listConfiguredImports, setSchedulePaused } from '../configured-imports.ts'
import { logLineToJson, runToJson } from '../run-json.ts'
import { cutPage, fromCursor, pageOf, paging } from './fields.ts'
import { beginImport } from './import-runner.ts'
import { configuredImportSchema, logLineSchema, runSchema } from './import-schema.ts'
import { defineOperation, type ApiOperation } from './operation.ts'

const byId = z.object({ id: z.string().min(1).max(64) })
const byName = z.object({ name: z.string().min(1).max(200) })
const running = ['import_running', 'import_owned', 'connection_unknown'] as const

/** Operations on imports: see, follow, begin, resume and cancel runs. */
export const importOperations: readonly ApiOperation[] = [
  defineOperation({
    id: 'imports.list',
    method: 'GET',
    path: '/api/v1/imports',
    operation: 'imports.read',
    summary: 'Runs, the newest first',
    status: 200,
    errors: [],
    query: z.object({ ...paging, name: z.string().max(200).optional() }),
    response: pageOf(runSchema),
    handle: async ({ composition }, { limit, cursor, name }) => {
      const [beforeId] = cursor === undefined ? [] : fromCursor(cursor, 1)
      const runs = await composition.store.runs.listRuns({
        limit: limit + 1,
        ...(beforeId === undefined ? {} : { beforeId }),
        ...(name === undefined ? {} : { name }),
      })
      return cutPage(runs, limit, {
        toJson: (run) => runToJson(trueState(composition, run)),
        placeOf: ({ id }) => [id],
      })
    },
  }),
  defineOperation({
    id: 'imports.configured',
    method: 'GET',
    path: '/api/v1/imports/configured',
    operation: 'imports.read',
    summary: 'Imports that stand under `imports:` of the configuration, by name',
    status: 200,
    errors: [],
    query: z.object(paging),
    response: pageOf(configuredImportSchema),
    handle: async ({ composition }, { limit, cursor }) => {
      const [after] = cursor === undefined ? [] : fromCursor(cursor, 1)
      const page = await listConfiguredImports(composition, {
        limit: limit + 1,
        ...(after === undefined ? {} : { after }),
      })
      return cutPage(page, limit, { toJson: (one) => one, placeOf: ({ name }) => [name] })
    },
  }),
  defineOperation({
    id: 'imports.pause',
    method: 'POST',
    path: '/api/v1/imports/configured/{name}/pause',
    operation: 'imports.write',
    summary: 'Keep an import from being begun by its schedule',
    description: 'A run that is going goes on, and whoever asks for a run gets one. Idempotent.',
    status: 200,
    errors: ['import_undefined', 'schedule_missing'],
    params: byName,
    response: configuredImportSchema,
    handle: async ({ composition }, { name }, { caller }) =>
      await setSchedulePaused(composition, name, { isPaused: true, by: caller.name }),
  }),
  defineOperation({
    id: 'imports.unpause',
    method: 'POST',
    path: '/api/v1/imports/configured/{name}/resume',
    operation: 'imports.write',
    summary: 'Let an import be begun by its schedule again',
    description: 'From now on: what was due meanwhile is not made up for. Idempotent.',
    status: 200,
    errors: ['import_undefined', 'schedule_missing'],
    params: byName,
    response: configuredImportSchema,
    handle: async ({ composition }, { name }, { caller }) =>
      await setSchedulePaused(composition, name, { isPaused: false, by: caller.name }),
  }),
  defineOperation({
    id: 'imports.show',
    method: 'GET',
    path: '/api/v1/imports/{id}',
    operation: 'imports.read',
    summary: 'One run: state, verdict, counters, each of its collections',
    status: 200,
    errors: ['import_unknown'],
    params: byId,
    response: runSchema,
    handle: async ({ composition }, { id }) => showRun(composition, id),
  }),
  defineOperation({
    id: 'imports.log',
    method: 'GET',
    path: '/api/v1/imports/{id}/log',
    operation: 'imports.read',
    summary: 'The job execution log of a run, oldest line first',
    description: 'To follow a run, ask again behind the `seq` of the last line.',
    status: 200,
    errors: ['import_unknown'],
    params: byId,
    query: z.object({
      ...paging,
      after_seq: z.coerce.number().int().min(0).optional().describe('In place of `cursor`'),
    }),
    response: pageOf(logLineSchema),
    handle: async ({ composition }, { id, limit, cursor, after_seq: afterSeq }) => {
      await knownRun(composition, id)
      const [place] = cursor === undefined ? [] : fromCursor(cursor, 1)
      const after = afterSeq ?? (Number(place ?? '0') || 0)
      const lines = await composition.store.runs.readLog(id, after, limit + 1)
      return cutPage(lines, limit, {
        toJson: logLineToJson,
        placeOf: ({ seq }) => [String(seq)],
      })
    },
  }),
  defineOperation({
    id: 'imports.run',
    method: 'POST',
    path: '/api/v1/imports',
    operation: 'imports.write',
    summary: 'Begin the import that stands under `imports:` of the configuration',
    description: 'It runs in this process; how it goes stands in the run and its log.',
    status: 202,
    errors: ['import_undefined', ...running],
    body: z.object({
      name: z.string().min(1).max(200),
      fresh: z.boolean().default(false).describe('Start anew where a run could be resumed'),
      take_over: z.boolean().default(false).describe('Take rows over from another import'),
    }),
    response: runSchema,
    handle: async ({ composition, imports }, { name, fresh, take_over: takeOver }) => {
      return runToJson(await beginImport(composition, imports, name, { fresh, takeOver }))
    },
  }),
  defineOperation({
    id: 'imports.resume',
    method: 'POST',
    path: '/api/v1/imports/{id}/resume',
    operation: 'imports.write',
    summary: 'Go on with an interrupted run where its last page was committed',
    status: 202,
    errors: ['import_unknown', 'import_not_resumable', ...running],
    params: byId,
    response: runSchema,
    handle: async ({ composition, imports }, { id }) => {
      const prepared = await prepareResume(composition.desk, id)
      imports.start(prepared)
      return runToJson(prepared.run)
    },
  }),
  defineOperation({
    id: 'imports.cancel',
    method: 'POST',
    path: '/api/v1/imports/{id}/cancel',
    operation: 'imports.write',
    summary: 'Cancel a run; a live one ends after its current page',
    status: 200,
    errors: ['import_unknown', 'import_not_resumable'],
    params: byId,
    response: z.object({ id: z.string(), became: z.enum(['cancelled', 'asked']) }),
    handle: async ({ composition }, { id }) => ({
      id,
      became: await cancelRun(composition.desk, id),
    }),
  }),
]

async function showRun(composition: Composition, id: string): Promise<z.input<typeof runSchema>> {
  const run = trueState(composition, await knownRun(composition, id))
  return runToJson(run, await composition.store.runs.listProgress(id))
}

function trueState(composition: Composition, run: RunRecord): RunRecord {
  return withTrueState(run, composition.identity, composition.clock.now())
}

async function knownRun(composition: Composition, id: string): Promise<RunRecord> {
  const run = await composition.store.runs.getRun(id)
  if (run === undefined) {
    throw new EvergrantError('import_unknown', `there is no run ${JSON.stringify(id)}`)
  }
  return run
}
