import {
  abandonRun,
  describeAmount,
  readChangesOf,
  type PreparedRun,
  type RunRecord,
} from '../imports/index.ts'
import { errorDefinition, EvergrantError, formatDuration, isErrorCode } from '../kernel/index.ts'
import { openImportWorker, runToJson, type Composition } from '../server/index.ts'
import { callAgain, configAgain } from './call-again.ts'
import { configPathOf, type CommonOptions } from './common-options.ts'
import { createRunPrinter, followRun } from './follow-run.ts'
import { formatError } from './report-error.ts'
import type { CliContext } from './context.ts'

/** How long a worker whose run is over may take to end (ms). */
const farewellMs = 30_000

/** Drives a prepared run in a worker, shows its progress and ends with its outcome and exit code. */
export async function driveToEnd(
  context: CliContext,
  composition: Composition,
  prepared: PreparedRun,
  options: CommonOptions & { readonly pages?: boolean },
): Promise<RunRecord> {
  const { io } = context
  const { clock, store } = composition
  const { run, instanceId } = prepared
  const afterSeq = await lastSeq(composition, run.id)
  const printer = createRunPrinter(io, clock, { pages: options.pages === true })
  // Opened only now: a thread ended while it still loads native modules can take the process with it.
  const worker = openImportWorker().drive({
    configPath: configPathOf(io, options),
    runId: run.id,
    instanceId,
  })
  const ended = new AbortController()
  let failure: unknown
  let isStopped = false
  const done = worker.done
    .catch((error: unknown) => {
      failure = error
    })
    .finally(() => ended.abort())
  const release = interruptible(context, async (times) => {
    if (times > 1) {
      isStopped = true
      await worker.kill()
      return
    }
    io.note('\nfinishing the current page; press Ctrl-C again to stop at once\n')
    await store.runs.requestOf(run.id, 'stop', clock.now())
  })
  try {
    const signal = ended.signal
    await followRun(composition, run.id, { ...printer, afterSeq, signal })
    const cancelFarewell = clock.schedule(farewellMs, () => void worker.kill())
    await done
    cancelFarewell()
    if (isStopped || failure !== undefined) {
      const detail = isStopped ? 'stopped at once by the operator' : 'its worker ended with a fault'
      await abandonRun(composition.desk, prepared, detail).catch(() => {})
    }
    // What the worker wrote in its last moments.
    const end = await followRun(composition, run.id, {
      ...printer,
      afterSeq: Math.max(afterSeq, printer.seq()),
      signal,
    })
    printer.end()
    if (failure !== undefined) throw failure as Error
    return await report(context, store, end ?? run, options)
  } finally {
    release()
    // Where the run cannot be followed any more, nobody would see it end.
    await worker.kill()
  }
}

async function report(
  context: CliContext,
  { runs }: Composition['store'],
  run: RunRecord,
  options: CommonOptions,
): Promise<RunRecord> {
  const { io } = context
  if (options.json === true) io.out(`${JSON.stringify(runToJson(run))}\n`)
  const { refreshes, activeMs } = run.totals
  const records = (await runs.listProgress(run.id)).map(({ collection }) => collection)
  const amount = `${describeAmount(run.totals, readChangesOf(records))}, ${refreshes} token ${refreshes === 1 ? 'refresh' : 'refreshes'}, ${formatDuration(activeMs)}`
  if (run.state === 'completed') {
    if (options.json !== true) io.out(`${run.verdict ?? ''}: ${amount}  (${run.id})\n`)
    return run
  }
  const { problem } = run
  if (problem !== undefined && options.json !== true) {
    io.note(
      formatError(new EvergrantError(problem.code, problem.detail, { remedy: problem.remedy })),
    )
  }
  if (options.json !== true) {
    io.note(`${run.state} after ${amount}\n`)
    if (run.state === 'interrupted') {
      const resume = `imports resume ${run.id}${configAgain(options)}`
      io.note(`nothing is lost; go on with:  ${callAgain(io)} ${resume}\n`)
    }
  }
  context.exitWith(
    problem !== undefined && isErrorCode(problem.code) ? errorDefinition(problem.code).exit : 5,
  )
  return run
}

/** Counts interrupts and hands each to `listener`. */
function interruptible(
  context: CliContext,
  listener: (times: number) => Promise<void>,
): () => void {
  let times = 0
  return context.io.onInterrupt(() => {
    times++
    listener(times).catch(() => {})
  })
}

async function lastSeq(composition: Composition, runId: string): Promise<number> {
  let seq = 0
  for (;;) {
    const lines = await composition.store.runs.readLog(runId, seq, 1_000)
    seq = lines.at(-1)?.seq ?? seq
    if (lines.length < 1_000) return seq
  }
}
