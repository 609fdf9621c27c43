import { collections } from '../directory/index.ts'
import {
  EvergrantError,
  newId,
  type Clock,
  type RandomBytes,
  ownerOf,
  type ProcessIdentity,
} from '../kernel/index.ts'
import { openSeal, type ColumnKey } from './column-seal.ts'
import { defaultDeleteAtMost } from './delete-unseen.ts'
import { formatDestination, parseDestination, type DestinationName } from './destination-name.ts'
import type { FilePort } from './file-port.ts'
import { checkSnapshotPlaces, prepareFolder, runFolder } from './file-destination.ts'
import type { RunOptions, RunOwner, RunRecord, RunStore, TakeOverCount } from './ports.ts'
import { isDriven } from './run-owner.ts'
import type { TargetOpener } from './target-opener.ts'
import { checkFinalTable, ensureCursorTable } from './target-tables.ts'

/** What is needed to begin, resume or end runs without driving them. */
export interface RunDesk {
  readonly store: RunStore
  readonly files: FilePort
  readonly targets: TargetOpener
  readonly clock: Clock
  readonly random: RandomBytes
  readonly identity: ProcessIdentity
  /** What drives the runs that are readied here. */
  readonly driver: 'service' | 'command'
  /** Name of this host, for people. */
  readonly host: string
  /** Where a connection's imports read from now. */
  sourceOf(connection: string): Promise<Pick<RunOptions, 'tenantId' | 'graphUrl'>>
  /** The key that an import of that name hashes columns with here; undefined when it has none. */
  columnKey(importName: string): Promise<ColumnKey | undefined>
}

/** What an operator asks for. */
export interface ImportRequest {
  readonly name: string
  readonly options: Omit<RunOptions, 'destination'>
  readonly destination: DestinationName
  /** Start anew even where an interrupted run could be resumed. */
  readonly isFresh: boolean
  /** Take rows of the store over from another import. */
  readonly isTakeOver: boolean
}

/** A run that belongs to this process and is ready to be driven. */
export interface PreparedRun {
  readonly run: RunRecord
  readonly instanceId: string
  readonly isResumed: boolean
}

/**
 * Readies a run: resumes the interrupted one of that name when its options are equal, else cancels
 * it and begins anew. Nothing is written before the destination is known to be writable.
 *
 * @throws EvergrantError `import_running` (with the live run's id), `import_owned`,
 *   `destination_unwritable`, `destination_unreachable`, `destination_full`, `store_*`
 */
export async function prepareRun(desk: RunDesk, request: ImportRequest): Promise<PreparedRun> {
  const { clock, store } = desk
  const { destination } = request
  const options: RunOptions = { ...request.options, destination: formatDestination(destination) }
  const open = await store.findOpenRun(request.name)
  if (open !== undefined && isDriven(open, desk.identity, clock.now())) throw running(open)
  await prepareDestination(desk, request)
  if (open !== undefined) {
    if (!request.isFresh && isSameRequest(open.options, options)) return resume(desk, open)
    await endUndriven(desk, open, 'replaced by a new run')
  }
  const instanceId = newId('ins', clock.now(), desk.random)
  const made = await store.createRun(
    {
      id: newId('run', clock.now(), desk.random),
      name: request.name,
      options,
      owner: ownerHere(desk, instanceId),
    },
    clock.now(),
  )
  if (!made.created) throw running(made.existing)
  return { run: made.run, instanceId, isResumed: false }
}

/**
 * Readies an interrupted run by its id.
 *
 * @throws EvergrantError `import_unknown`, `import_running`, `import_not_resumable` (over, its
 *   connection leads elsewhere now, or its key is another), `connection_unknown`, `provider_*`,
 *   `store_*`
 */
export async function prepareResume(desk: RunDesk, runId: string): Promise<PreparedRun> {
  const run = await knownRun(desk, runId)
  if (isDriven(run, desk.identity, desk.clock.now())) throw running(run)
  if (run.finishedAt !== undefined) {
    throw new EvergrantError('import_not_resumable', `${run.id} is ${run.state}`)
  }
  return resumeChecked(desk, run)
}

/**
 * Goes on with a run that nobody drives. Of many that try at once one does.
 *
 * @param takenOver Given by a service that goes on with what another one left.
 * @throws EvergrantError `import_running` when someone else was faster; `import_not_resumable`,
 *   `connection_unknown`, `provider_*`, `store_*`
 */
export async function resumeChecked(
  desk: RunDesk,
  run: RunRecord,
  takenOver?: TakeOverCount,
): Promise<PreparedRun> {
  await checkSource(desk, run)
  // Known before the run is claimed: another service may have the key.
  await openSeal(run, desk.columnKey)
  return resume(desk, run, takenOver)
}

/**
 * Leaves a run of this process, whose worker has ended without a word, to whatever service is there
 * first. Changes nothing when the run has ended by itself or belongs to someone else.
 *
 * @param problem What ended the worker, unless the service was told to end.
 * @throws EvergrantError `import_interrupted` when there is nothing to leave; `store_*`
 */
export async function handOnRun(
  desk: RunDesk,
  { run, instanceId }: PreparedRun,
  detail: string,
  problem?: EvergrantError,
): Promise<void> {
  const now = desk.clock.now()
  // The owner stays on the record: a run that has one and that nobody drives is there to be taken.
  await desk.store.updateRun(
    run.id,
    instanceId,
    {
      state: 'interrupted',
      verdict: 'incomplete',
      reason: detail,
      problem: problem?.toProblem() ?? null,
    },
    [{ at: now, level: 'warn', body: { type: 'run_interrupted', detail } }],
    now,
  )
}

/**
 * Records that a run of this process was ended from outside, its worker gone without a word.
 * Changes nothing when the run has ended by itself or belongs to someone else.
 *
 * @throws EvergrantError `store_*`
 */
export async function abandonRun(
  desk: RunDesk,
  { run, instanceId }: PreparedRun,
  detail: string,
): Promise<void> {
  const now = desk.clock.now()
  await desk.store.closeRun(
    run.id,
    instanceId,
    { state: 'interrupted', verdict: 'incomplete', reason: detail },
    [{ at: now, level: 'warn', body: { type: 'run_interrupted', detail } }],
    now,
  )
}

/**
 * Cancels a run: a driven one ends after its current page, an undriven one at once. Idempotent.
 *
 * @returns What became of it.
 * @throws EvergrantError `import_unknown`, `import_not_resumable` when it is finished
 */
export async function cancelRun(desk: RunDesk, runId: string): Promise<'cancelled' | 'asked'> {
  const run = await knownRun(desk, runId)
  if (run.state === 'cancelled') return 'cancelled'
  if (run.finishedAt !== undefined) {
    throw new EvergrantError('import_not_resumable', `${run.id} is ${run.state} already`, {
      remedy: 'There is nothing left to cancel.',
    })
  }
  if (isDriven(run, desk.identity, desk.clock.now())) {
    await desk.store.requestOf(run.id, 'cancel', desk.clock.now())
    return 'asked'
  }
  await endUndriven(desk, run, 'cancelled by the operator')
  return 'cancelled'
}

/**
 * Shows a run as it is, whatever its record still says: one whose owner died is interrupted, and
 * one that is driven has no reason not to be, though somebody took its owner for dead.
 */
export function withTrueState(run: RunRecord, identity: ProcessIdentity, now: number): RunRecord {
  const isLive = run.state === 'running' || run.state === 'waiting'
  if (!isLive) return run
  if (isDriven(run, identity, now)) {
    const { reason: _, ...driven } = run
    return run.state === 'running' ? driven : run
  }
  const reason =
    run.owner?.driver === 'service'
      ? (saidOf(run) ??
        'the service that drove it is gone; the next one that looks goes on with it')
      : 'the process that drove it ended'
  return { ...run, state: 'interrupted', reason }
}

/** Why a service that looked does not go on with it; who waits names what it waits for. */
function saidOf({ reason, state }: RunRecord): string | undefined {
  return state === 'running' ? reason : undefined
}

/** The connection may have been changed since: another tenant's rows must not end up under this one. */
async function checkSource(desk: RunDesk, run: RunRecord): Promise<void> {
  const { connection, graphUrl, tenantId } = run.options
  const source = await desk.sourceOf(connection)
  if (source.tenantId === tenantId && source.graphUrl === graphUrl) return
  throw new EvergrantError(
    'import_not_resumable',
    `${run.id} reads tenant ${tenantId} at ${graphUrl}, but connection "${connection}" leads to tenant ${source.tenantId} at ${source.graphUrl} now`,
    { remedy: 'Restore the connection, or start a new run with `evergrant import`.' },
  )
}

/** The owner that an instance in this process is. */
function ownerHere({ identity, driver, host }: RunDesk, instanceId: string): RunOwner {
  return { ...ownerOf(identity, instanceId), driver, host }
}

async function resume(
  desk: RunDesk,
  run: RunRecord,
  takenOver?: TakeOverCount,
): Promise<PreparedRun> {
  const instanceId = newId('ins', desk.clock.now(), desk.random)
  const claimed = await desk.store.claimRun(
    run.id,
    run.owner?.instanceId,
    { ...ownerHere(desk, instanceId), ...(takenOver === undefined ? {} : { takenOver }) },
    desk.clock.now(),
  )
  if (claimed === undefined) throw running(run)
  return { run: claimed, instanceId, isResumed: true }
}

/** Cancels a run that nobody drives. @throws EvergrantError `import_running` */
export async function endUndriven(desk: RunDesk, run: RunRecord, detail: string): Promise<void> {
  const now = desk.clock.now()
  const isClosed = await desk.store.closeRun(
    run.id,
    run.owner?.instanceId,
    { state: 'cancelled', reason: detail, finishedAt: now, release: true },
    [{ at: now, level: 'info', body: { type: 'run_cancelled', detail } }],
    now,
  )
  if (!isClosed) throw running(run)
  // What a database still holds of it is removed by the next run that writes there.
  const destination = parseDestination(run.options.destination, (path) => path)
  if ('folder' in destination) await desk.files.remove(runFolder(destination.folder, run.id))
}

async function prepareDestination(desk: RunDesk, request: ImportRequest): Promise<void> {
  const { destination, name, options } = request
  switch (destination.kind) {
    case 'store':
      return await takeRows(desk, request)
    case 'ndjson':
    case 'csv': {
      const { folder, kind } = destination
      await checkSnapshotPlaces(kind, folder, options.collections, desk.files)
      return await prepareFolder(folder, desk.files, async (runId) => {
        const run = await desk.store.getRun(runId)
        return run?.finishedAt !== undefined
      })
    }
    case 'sqlite':
    case 'postgres': {
      const database = await desk.targets.open(destination, name)
      try {
        await database.transaction('tables', async (tables) => {
          await ensureCursorTable(tables)
          for (const collection of options.collections) {
            const columns = options.columns[collection] ?? []
            await checkFinalTable(database, tables, collection, columns)
          }
        })
      } finally {
        await database.close()
      }
    }
  }
}

async function takeRows(desk: RunDesk, request: ImportRequest): Promise<void> {
  const { collections: names, tenantId } = request.options
  for (const collection of names) {
    const { kind } = collections[collection]
    const options = { takeOver: request.isTakeOver, now: desk.clock.now() }
    const { owner } = await desk.store.takeRows(tenantId, kind, request.name, options)
    if (owner !== request.name) {
      throw new EvergrantError(
        'import_owned',
        `the ${collection} of tenant ${tenantId} belong to the import "${owner}", not to "${request.name}"`,
      )
    }
  }
}

async function knownRun(desk: RunDesk, runId: string): Promise<RunRecord> {
  const run = await desk.store.getRun(runId)
  if (run !== undefined) return run
  const [last] = await desk.store.listRuns({ limit: 1, name: runId })
  const named = last === undefined ? '' : `; the last one of that name is ${last.id}`
  throw new EvergrantError('import_unknown', `there is no run "${runId}"${named}`)
}

function isSameRequest(a: RunOptions, b: RunOptions): boolean {
  // What a run of an older release did not store is what it did.
  const whole = (options: RunOptions): RunOptions => ({
    ...(options.destination === 'store' ? { deleteAtMost: defaultDeleteAtMost } : {}),
    ...options,
    // How fast it is read changes nothing about what is.
    concurrency: 1,
  })
  return canonical(whole(a)) === canonical(whole(b))
}

/** JSON with its keys in order, so that equal options are equal texts. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([x], [y]) => (x < y ? -1 : 1)))
      : inner,
  )
}

function running(run: RunRecord): EvergrantError {
  return new EvergrantError('import_running', `the import "${run.name}" runs as ${run.id}`)
}
