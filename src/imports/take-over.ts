import { EvergrantError, isEvergrantError, type Emit } from '../kernel/index.ts'
import { parseDestination } from './destination-name.ts'
import { runFolder } from './file-destination.ts'
import type { ImportLogEvent } from './journal.ts'
import type { LogBody } from './execution-log.ts'
import type { RunChange, RunOwner, RunRecord, TakeOverCount } from './ports.ts'
import { endUndriven, resumeChecked, type PreparedRun, type RunDesk } from './prepare-run.ts'
import { isDriven } from './run-owner.ts'

/** What a service takes runs over with. */
export interface TakeOverContext {
  readonly desk: RunDesk
  readonly emit: Emit<ImportLogEvent>
  /** Drives a run that now belongs to this process. */
  start(prepared: PreparedRun): void
  /** Runs that could not be taken over, by id; kept between looks. */
  readonly declined: Map<string, Declined>
}

/** What was told of a run that could not be taken over, and when it is tried again. */
interface Declined {
  readonly until: number
  /** Every reason that was told, once each. */
  readonly told: ReadonlySet<string>
  /** The one that stands in the run. */
  readonly latest?: string
}

/** A run that ends its services is left alone after so many of them, if no page was committed. */
const mostTimes = 3
/** How long a run was not driven before it is taken for the first, second and third time (ms). */
const pausesMs = [0, 5_000, 15_000] as const
/** How long a run is let be that could not be taken over, its connection gone maybe (ms). */
const refusedMs = 60_000
/** One look takes no more, so that what a dead node left is spread over those that live. */
const mostAtOnce = 2

/**
 * Goes on with runs that services left behind: theirs that died, stopped, or stood still for longer
 * than a lease. Every service may look at any time; the store gives each run to one. What a command
 * left stays for whoever typed it, and so does what nobody is to go on with: stopped, cancelled, or
 * ended by an error.
 *
 * @throws EvergrantError `store_*`
 */
export async function takeOverRuns(context: TakeOverContext): Promise<void> {
  const { desk, declined } = context
  const open = await desk.store.listOpenRuns()
  for (const id of declined.keys()) if (!open.some((run) => run.id === id)) declined.delete(id)
  let taken = 0
  for (const run of open) {
    const now = desk.clock.now()
    if (taken >= mostAtOnce) return
    if (!isLeft(run, desk) || now < (declined.get(run.id)?.until ?? 0)) continue
    try {
      if (await takeOver(context, run)) taken++
    } catch (error) {
      if (!isEvergrantError(error)) throw error
      await decline(context, run, error, now + refusedMs)
    }
  }
}

function isLeft(run: RunRecord, desk: RunDesk): run is RunRecord & { readonly owner: RunOwner } {
  return run.owner?.driver === 'service' && !isDriven(run, desk.identity, desk.clock.now())
}

/** @returns Whether this process drives it now. */
async function takeOver(
  context: TakeOverContext,
  run: RunRecord & { readonly owner: RunOwner },
): Promise<boolean> {
  const { desk } = context
  const { owner } = run
  if (run.requested !== undefined) {
    await obey(desk, run, run.requested)
    return false
  }
  const { times, pages } = countOf(run, owner)
  const from = nameOf(owner)
  if (times > mostTimes) {
    await giveUp(context, run, { type: 'run_given_up', from, times: mostTimes })
    return false
  }
  if (desk.clock.now() - run.heartbeatAt < (pausesMs[times - 1] ?? 0)) return false
  if (!(await isInReach(desk, run))) {
    await decline(context, run, outOfReach(run), 0)
    return false
  }
  const prepared = await resumeChecked(desk, run, { times, pages })
  const body = { type: 'run_taken_over', from, times } as const
  const at = desk.clock.now()
  // Before the worker begins, so that it stands in the log where it happened.
  const lines = [{ at, level: 'warn', body } as const]
  await desk.store.updateRun(run.id, prepared.instanceId, {}, lines, at)
  context.emit({ type: `import.${body.type}`, at, runId: run.id, level: 'warn', body })
  context.start(prepared)
  return true
}

/**
 * Leaves a run that cannot go on from here as things are. Each service says each reason once, in
 * its log and in the run's, so that nobody has to wonder why a run stands still; others may be able
 * to. A reason that comes back only stands in the run again.
 */
async function decline(
  { declined, desk, emit }: TakeOverContext,
  run: RunRecord & { readonly owner: RunOwner },
  { code, detail, remedy }: EvergrantError,
  until: number,
): Promise<void> {
  const before: Declined = declined.get(run.id) ?? { until, told: new Set() }
  declined.set(run.id, { ...before, until })
  // Someone else was faster, or the store is away: nothing about the run.
  if (before.latest === detail || code === 'import_running' || code.startsWith('store_')) return
  const isNews = !before.told.has(detail)
  const by = nameOf({ host: desk.host, pid: desk.identity.pid })
  const body = { type: 'run_not_taken_over', by, detail, remedy } as const
  const at = desk.clock.now()
  const change: RunChange = {
    // What a dead owner waited for is no news any more.
    state: run.state === 'interrupted' ? 'interrupted' : 'running',
    reason: `the service that drove it is gone, and ${by} cannot go on with it: ${detail}`,
    isFromOutside: true,
  }
  const line = { at, level: 'warn', body } as const
  try {
    await desk.store.updateRun(run.id, run.owner.instanceId, change, isNews ? [line] : [], at)
  } catch (error) {
    if (isEvergrantError(error) && error.code === 'import_interrupted') return
    throw error
  }
  declined.set(run.id, { until, told: new Set([...before.told, detail]), latest: detail })
  if (isNews) emit({ type: `import.${body.type}`, at, runId: run.id, level: 'warn', body })
}

/** What was asked of the owner before it died is done in its place. */
async function obey(
  desk: RunDesk,
  run: RunRecord,
  requested: NonNullable<RunRecord['requested']>,
): Promise<void> {
  if (requested === 'cancel') {
    await endUndriven(desk, run, 'cancelled by the operator')
    return
  }
  const detail = 'stopped by the operator'
  const now = desk.clock.now()
  await desk.store.closeRun(
    run.id,
    run.owner?.instanceId,
    { state: 'interrupted', verdict: 'incomplete', reason: detail },
    [{ at: now, level: 'warn', body: { type: 'run_interrupted', detail } }],
    now,
  )
}

/** A service that stopped in order has not ended because of the run, and does not count. */
function countOf(
  { problem, state, totals: { pages } }: RunRecord,
  { takenOver }: RunOwner,
): TakeOverCount {
  const wasHandedOn = state === 'interrupted' && problem === undefined
  const before = takenOver?.pages === pages ? takenOver.times : 0
  return { times: wasHandedOn ? before : before + 1, pages }
}

async function giveUp(
  { desk, emit }: TakeOverContext,
  run: RunRecord,
  body: Extract<LogBody, { readonly type: 'run_given_up' }>,
): Promise<void> {
  const at = desk.clock.now()
  const problem = new EvergrantError(
    'import_given_up',
    `${body.times} services in a row ended before a page of it was committed`,
    {
      remedy: `See what ended these services, memory first, then go on with \`evergrant imports resume ${run.id}\`.`,
    },
  )
  const isClosed = await desk.store.closeRun(
    run.id,
    run.owner?.instanceId,
    {
      state: 'interrupted',
      verdict: 'incomplete',
      reason: problem.detail,
      problem: problem.toProblem(),
    },
    [{ at, level: 'error', body }],
    at,
  )
  if (isClosed) emit({ type: `import.${body.type}`, at, runId: run.id, level: 'error', body })
}

/**
 * What a run wrote to files can be gone on with only where these files are: on a disk of another
 * host they cannot be seen.
 */
async function isInReach({ files }: RunDesk, run: RunRecord): Promise<boolean> {
  if (run.totals.pages === 0) return true
  const destination = parseDestination(run.options.destination, (path) => path)
  if ('folder' in destination) {
    return (await files.sizeOf(runFolder(destination.folder, run.id))) !== undefined
  }
  return destination.kind !== 'sqlite' || (await files.sizeOf(destination.file)) !== undefined
}

function outOfReach({ options }: RunRecord): EvergrantError {
  return new EvergrantError(
    'import_not_resumable',
    `what it has written to ${options.destination} cannot be seen from here`,
    {
      remedy: 'Start the service on that host again, or put the files where all services see them.',
    },
  )
}

function nameOf({ host, pid }: Pick<RunOwner, 'host' | 'pid'>): string {
  return host === undefined ? `process ${pid}` : `process ${pid} on ${host}`
}
