import { EvergrantError, type Clock, type Emit, type Problem } from '../kernel/index.ts'
import { collections } from '../directory/index.ts'
import { openSeal, type ColumnKey } from './column-seal.ts'
import { saver, type WalkDependencies } from './commit-step.ts'
import { countedRows } from './counted-rows.ts'
import { deleteUnseen } from './delete-unseen.ts'
import { createEffortMeter } from './effort.ts'
import { parseDestination } from './destination-name.ts'
import type { Destination } from './destination.ts'
import { createFileDestination } from './file-destination.ts'
import type { FilePort } from './file-port.ts'
import { createJournal, type ImportEvent, type Journal } from './journal.ts'
import { inReadingOrder } from './order-progress.ts'
import { watchHost, type HostLag } from './host-lag.ts'
import { createPacer } from './pacer.ts'
import type {
  CollectionEffort,
  CollectionRecord,
  Progress,
  RunChange,
  RunRecord,
  RunStore,
  TokenSource,
  Verdict,
  WalkRecord,
} from './ports.ts'
import { readCollection } from './read-collection.ts'
import { asEvergrantError, createRunControl, RunStopped, type RunControl } from './run-control.ts'
import { heartbeatEveryMs } from './run-owner.ts'
import { createStoreDestination } from './store-destination.ts'
import { createTableDestination } from './table-destination.ts'
import { readChangesOf, type ReadChanges } from './read-changes.ts'
import type { TargetOpener } from './target-opener.ts'
import { createTokenKeeper } from './token-keeper.ts'
import type { Transport } from './transport.ts'
import type { Judged } from './verdict.ts'
import { createWaitingState } from './waiting-state.ts'

/** What it takes to drive a run. */
export interface DriveDependencies {
  readonly store: RunStore
  readonly files: FilePort
  readonly targets: TargetOpener
  readonly tokens: TokenSource
  readonly transport: Transport
  readonly clock: Clock
  readonly random: () => number
  /** Reads the key by which an import hashes columns; undefined when it has none now. */
  readonly columnKey?: (importName: string) => Promise<ColumnKey | undefined>
  /** Hears every line of the execution log as an event. */
  readonly emit?: Emit<ImportEvent>
}

/** How the driving of a run ended. */
export interface RunEnd {
  readonly state: 'completed' | 'interrupted' | 'failed' | 'cancelled'
  readonly verdict?: Verdict
  /** What the verdict rests on, or why the run ended, for people. */
  readonly detail?: string
  readonly problem?: Problem
  /** What was read of changes alone. */
  readonly changes?: ReadChanges
}

/**
 * Drives a run that this instance owns to its end, and records that end. Rows, cursor and log are
 * committed page by page; killed at any moment, another call goes on where the last commit stood.
 * Resolves also when the run fails, is stopped or belongs to another process by now (which alone
 * then records how it ends); throws only when the store cannot be written.
 */
export async function driveRun(
  deps: DriveDependencies,
  run: RunRecord,
  instanceId: string,
  control: RunControl = createRunControl(),
): Promise<RunEnd> {
  const { clock, store } = deps
  const journal = createJournal(store, run, instanceId, clock, deps.emit)
  const destination = openDestination(deps, run, instanceId)
  const host = watchHost(clock)
  const stopHeart = beat(deps, run.id, instanceId, control)
  try {
    return await drive()
  } catch (error) {
    if (!isLost(error)) throw error
    return { state: 'interrupted', detail: 'another process took the run over' }
  } finally {
    stopHeart()
    host.stop()
    control.end()
    await destination.close()
  }

  async function drive(): Promise<RunEnd> {
    try {
      const judged = await readAll(
        { ...deps, host },
        run,
        instanceId,
        control,
        journal,
        destination,
      )
      return await finish({ state: 'completed', ...judged })
    } catch (error) {
      if (isLost(error)) throw error
      const end = endOf(error, journal.totals().pages)
      if (end.state !== 'cancelled' && run.options.publish === 'partial') {
        await publishPartial(store, run, instanceId, destination, journal)
      }
      return await finish(end)
    }
  }

  async function finish(end: RunEnd): Promise<RunEnd> {
    noteEnd(journal, end, journal.totals().activeMs)
    const isOver = end.state !== 'interrupted'
    const change: RunChange = {
      state: end.state,
      reason: end.detail ?? null,
      problem: end.problem ?? null,
      release: true,
      ...(end.verdict === undefined ? {} : { verdict: end.verdict }),
      ...(isOver ? { finishedAt: clock.now() } : {}),
    }
    await journal.write((log, totals, now) =>
      store.updateRun(run.id, instanceId, { ...change, totals }, log, now),
    )
    if (isOver) await destination.discard().catch(() => {})
    return end
  }
}

async function readAll(
  deps: DriveDependencies & { readonly host: HostLag },
  run: RunRecord,
  instanceId: string,
  control: RunControl,
  journal: Journal,
  destination: Destination,
): Promise<Judged & Pick<RunEnd, 'changes'>> {
  const { clock, host, random, store, transport } = deps
  const { options } = run
  const known = await store.listProgress(run.id)
  noteStart(journal, run, known)
  // What interrupted the run stands in the log now, and is over.
  await journal.write((log, totals, now) =>
    store.updateRun(run.id, instanceId, { reason: null, totals }, log, now),
  )
  const meter = createEffortMeter(journal)
  const shared = {
    seal: await openSeal(run, deps.columnKey),
    transport,
    tokens: createTokenKeeper(deps.tokens, journal, clock, options.refreshBeforeMs),
    pacer: createPacer(
      clock,
      (pace) => {
        meter.lowered(pace.slots)
        journal.note({ type: 'pace_lowered', ...pace }, 'warn')
      },
      { ...host, onSlow: (lateMs) => journal.note({ type: 'host_slow', lateMs }, 'warn') },
    ),
    waiting: createWaitingState(store, run.id, instanceId, journal, clock),
    journal,
    control,
    clock,
    random,
    store,
    run,
    instanceId,
    destination,
  }
  const read: { readonly means: WalkDependencies; readonly record: CollectionRecord }[] = []
  for (const collection of options.collections) {
    const { permission } = collections[collection]
    const means = { ...shared, columns: options.columns[collection] ?? [], permission }
    const start = known.find((one) => one.collection.collection === collection)
    if (start === undefined) throw new Error(`the run knows nothing of ${collection}`)
    const effort = (): CollectionEffort => meter.taken(read.map(({ record }) => record))
    read.push({ means, record: await readCollection(means, start, effort) })
  }
  // Only now, when nothing more can fail to be read, does anyone see a change of what there was.
  const settled: CollectionRecord[] = []
  for (const { means, record } of read) settled.push(await settle(means, record))
  const isComplete = settled.every(({ verdict }) => verdict === 'complete')
  const details = settled.map(({ collection, detail = '' }) => `${collection}: ${detail}`)
  const changes = readChangesOf(settled)
  return {
    verdict: isComplete ? 'complete' : 'complete_with_drift',
    detail: details.join('; '),
    ...(changes === undefined ? {} : { changes }),
  }
}

/** How often it is told how far publishing is (ms). */
const tellPublishedEveryMs = 1_000

/** What a collection that was read leaves behind: deleted rows in the store, snapshots elsewhere. */
async function settle(deps: WalkDependencies, read: CollectionRecord): Promise<CollectionRecord> {
  const { clock, destination, journal } = deps
  const { publishedRows: _, ...record } = read
  const { collection } = record
  const settled = await deleteUnseen(deps, record)
  const save = saver(deps)
  if (settled !== record) await save({ collection: settled, walks: [] })
  let toldAt: number | undefined
  let isTelling = false
  const onRows = (publishedRows: number): void => {
    const now = clock.monotonic()
    if (isTelling || (toldAt !== undefined && now - toldAt < tellPublishedEveryMs)) return
    toldAt = now
    isTelling = true
    void tell(publishedRows)
  }
  const tell = async (publishedRows: number): Promise<void> => {
    try {
      await save({ collection: { ...settled, publishedRows }, walks: [] })
    } catch {
      // What is wrong with the store, or who owns the run by now, the write behind this one meets.
    }
    isTelling = false
  }
  const place = await destination.publish(settled, { onRows })
  if (place !== undefined) journal.note({ type: 'published', collection, path: place })
  if (toldAt !== undefined) await save({ collection: settled, walks: [] })
  return settled
}

/** Puts what a run that ends early has read in place, as `--publish partial` asks. */
async function publishPartial(
  store: RunStore,
  run: RunRecord,
  instanceId: string,
  destination: Destination,
  journal: Journal,
): Promise<void> {
  const save = saver({ store, instanceId, journal })
  try {
    for (const stored of await store.listProgress(run.id)) {
      if (stored.walks.every(({ pages }) => pages === 0)) continue
      const { collection: record } = await destination.openCollection(stored, save)
      const path = await destination.publish(record, { isPartial: true })
      const { collection } = record
      if (path !== undefined) journal.note({ type: 'published', collection, path }, 'warn')
    }
  } catch (error) {
    const { code, detail, remedy } = asEvergrantError(error)
    journal.note({ type: 'publish_failed', code, detail, remedy }, 'error')
  }
}

function openDestination(deps: DriveDependencies, run: RunRecord, instanceId: string): Destination {
  const destination = parseDestination(run.options.destination, (path) => path)
  switch (destination.kind) {
    case 'store':
      return createStoreDestination(deps.store, run)
    case 'ndjson':
    case 'csv':
      return createFileDestination(
        destination.kind,
        destination.folder,
        run,
        instanceId,
        deps.files,
      )
    case 'sqlite':
    case 'postgres':
      return createTableDestination(
        () => deps.targets.open(destination, run.name),
        run,
        async (runId) => (await deps.store.getRun(runId))?.finishedAt !== undefined,
      )
  }
}

/** Keeps the run's lease and hears what others ask of it; the returned function stops it. */
function beat(
  deps: DriveDependencies,
  runId: string,
  instanceId: string,
  control: RunControl,
): () => void {
  const { clock, store } = deps
  let cancel: () => void = () => {}
  let isStopped = false
  const next = (): void => {
    if (!isStopped) cancel = clock.schedule(heartbeatEveryMs, () => void once())
  }
  const once = async (): Promise<void> => {
    try {
      const { isOwner, requested } = await store.heartbeat(runId, instanceId, clock.now())
      if (!isOwner) control.request('lost')
      else if (requested !== undefined) control.request(requested)
    } catch {
      // The store is busy or away: the lease is long enough for the next beat to renew it.
    }
    next()
  }
  next()
  return () => {
    isStopped = true
    cancel()
  }
}

/** True when another process has the run now: what this one would still record is not its to say. */
function isLost(error: unknown): boolean {
  if (error instanceof RunStopped) return error.why === 'lost'
  return error instanceof EvergrantError && error.code === 'import_interrupted'
}

function endOf(error: unknown, pages: number): RunEnd {
  if (error instanceof RunStopped) {
    return error.why === 'cancel'
      ? { state: 'cancelled', verdict: 'incomplete', detail: 'cancelled by the operator' }
      : { state: 'interrupted', verdict: 'incomplete', detail: 'stopped by the operator' }
  }
  const problem = asEvergrantError(error)
  // What has read pages can be resumed once the cause is mended; what has not just starts again.
  const state = pages > 0 && isResumable(problem) ? 'interrupted' : 'failed'
  return { state, verdict: 'incomplete', detail: problem.detail, problem: problem.toProblem() }
}

function isResumable(error: EvergrantError): boolean {
  return error.code !== 'destination_changed'
}

function noteStart(journal: Journal, run: RunRecord, known: readonly Progress[]): void {
  const { options, totals } = run
  const current = inReadingOrder(run, known).findLast(({ walks }) =>
    walks.some(({ pages }) => pages > 0),
  )
  if (totals.requests > 0) {
    const sum = (of: (walk: WalkRecord) => number): number =>
      (current?.walks ?? []).reduce((total, walk) => total + of(walk), 0)
    journal.note({
      type: 'run_resumed',
      ...(current === undefined ? {} : { collection: current.collection.collection }),
      page: sum(({ pages }) => pages) + 1,
      rows: sum(countedRows),
      after: run.reason ?? 'the process that drove it ended',
    })
    return
  }
  journal.note({
    type: 'run_started',
    collections: options.collections,
    destination: options.destination,
    pageSize: options.pageSize,
    refreshBeforeMs: options.refreshBeforeMs,
  })
}

function noteEnd(journal: Journal, end: RunEnd, wallMs: number): void {
  const { rows, pages, requests, refreshes } = journal.totals()
  switch (end.state) {
    case 'completed':
      journal.note({
        type: 'run_completed',
        verdict: end.verdict ?? 'incomplete',
        rows,
        pages,
        requests,
        refreshes,
        wallMs,
        ...(end.changes === undefined ? {} : { changes: end.changes }),
        detail: end.detail ?? '',
      })
      return
    case 'cancelled':
      journal.note({ type: 'run_cancelled', detail: end.detail ?? '' })
      return
    case 'failed':
    case 'interrupted': {
      const { problem } = end
      if (problem === undefined) {
        journal.note({ type: 'run_interrupted', detail: end.detail ?? '' }, 'warn')
        return
      }
      const { code, detail, remedy } = problem
      if (end.state === 'interrupted') {
        journal.note({ type: 'run_interrupted', detail: `${code}: ${detail}` }, 'error')
      } else journal.note({ type: 'run_failed', code, detail, remedy }, 'error')
    }
  }
}
