import type { Command } from 'commander'
import {
  buildRequest,
  cancelRun,
  prepareResume,
  prepareRun,
  withTrueState,
  manifestOf,
  type RunRecord,
} from '../imports/index.ts'
import { EvergrantError, formatDuration } from '../kernel/index.ts'
import { describedImport, logLineToJson, runToJson, type Composition } from '../server/index.ts'
import {
  wholeNumberOption,
  withCommonOptions,
  withComposition,
  type CommonOptions,
} from './common-options.ts'
import { driveToEnd } from './drive-to-end.ts'
import { followRun, formatLogLine } from './follow-run.ts'
import { formatManifest, formatShards } from './format-manifest.ts'
import type { CliContext } from './context.ts'

import { addScheduleCommands } from './imports-schedule.ts'
import { formatRunFacts } from './run-facts.ts'
import { formatTable } from './table.ts'

interface LogOptions extends CommonOptions {
  readonly follow?: boolean
  readonly pages: boolean
}

interface RunImportOptions extends CommonOptions {
  readonly delta?: boolean
  readonly fresh?: boolean
  readonly takeOver?: boolean
  readonly pages?: boolean
}

/** `evergrant imports run|list|show|log|resume|cancel|schedule` */
export function addImportsCommands(program: Command, context: CliContext): void {
  const { io } = context
  const imports = program
    .command('imports')
    .description('run what the configuration describes; see, follow, resume and cancel runs')
    .addHelpText(
      'after',
      `
Examples:
  $ evergrant imports run directory
  $ evergrant imports list
  $ evergrant imports log directory --follow
  $ evergrant imports resume run_0199…`,
    )

  withCommonOptions(
    imports
      .command('run <name>')
      .description('run the import that stands under `imports:` of the configuration')
      .option('--delta', 'read only what has changed since the last completed run')
      .option('--no-delta', 'read everything, whatever the configuration says')
      .option('--fresh', 'start anew where an interrupted run could be resumed')
      .option('--take-over', 'take rows of the store over from another import')
      .option('--pages', 'print a line for every page'),
  )
    .addHelpText(
      'after',
      '\nWhat it reads and where to stands in the configuration alone.\n\nExamples:\n  $ evergrant imports run directory',
    )
    .action(async (name: string, options: RunImportOptions) => {
      await withComposition(io, options, async (composition) => {
        const described = await describedImport(composition, name, options)
        const source = await composition.importSource(described.connection)
        const prepared = await prepareRun(composition.desk, buildRequest(described, source))
        await driveToEnd(context, composition, prepared, options)
      })
    })

  addScheduleCommands(imports, context)

  withCommonOptions(
    imports
      .command('list')
      .description('list runs, newest first')
      .option('--limit <runs>', 'how many, 1 to 1000', '20')
      .option('--name <name>', 'only runs of that import'),
  )
    .addHelpText('after', '\nExamples:\n  $ evergrant imports list --name contoso-graph --limit 5')
    .action(async (options: CommonOptions & { readonly limit: string; readonly name?: string }) => {
      const limit = wholeNumberOption('--limit', options.limit, 1, 1_000)
      const { name } = options
      await withComposition(io, options, async (composition) => {
        const query = { limit, ...(name === undefined ? {} : { name }) }
        const stored = await composition.store.runs.listRuns(query)
        const runs = stored.map((run) => trueState(composition, run))
        if (options.json === true) io.out(`${JSON.stringify(runs.map((run) => runToJson(run)))}\n`)
        else io.out(formatRuns(runs))
      })
    })

  withCommonOptions(
    imports
      .command('show <id>')
      .description(
        'show one run, or the last one of an import by its name: state, verdict, counters, each of its collections',
      )
      .option('--shards', 'tell of each cursor as well'),
  )
    .addHelpText(
      'after',
      '\nWith --json each cursor is told of in any case.\n\nExamples:\n  $ evergrant imports show directory\n  $ evergrant imports show run_0199… --shards\n  $ evergrant imports show run_0199… --json',
    )
    .action(async (id: string, options: CommonOptions & { readonly shards?: boolean }) => {
      await withComposition(io, options, async (composition) => {
        const run = trueState(composition, await knownRun(composition, id))
        const known = await composition.store.runs.listProgress(run.id)
        if (options.json === true) io.out(`${JSON.stringify(runToJson(run, known))}\n`)
        else {
          const manifest = manifestOf(run, known)
          // Files are snapshots: no run reads only what has changed since.
          const isSnapshot = /^(ndjson|csv):/.test(run.options.destination)
          const now = isSnapshot ? undefined : composition.clock.now()
          io.out(`${formatRunFacts(runToJson(run))}\n${formatManifest(manifest, now)}`)
          if (options.shards === true) io.out(`\n${formatShards(manifest)}`)
        }
      })
    })

  withCommonOptions(
    imports
      .command('log <id>')
      .description('print the job execution log of a run, or of the last one of an import')
      .option('--follow', 'go on printing until the run ends')
      .option('--no-pages', 'leave the line of every page out'),
  )
    .addHelpText(
      'after',
      '\nWith --json: one object a line.\n\nExamples:\n  $ evergrant imports log directory --no-pages\n  $ evergrant imports log run_0199… --follow --json',
    )
    .action(async (id: string, options: LogOptions) => {
      await withComposition(io, options, async (composition) => {
        const run = await knownRun(composition, id)
        const ended = new AbortController()
        if (options.follow !== true) ended.abort()
        const release = io.onInterrupt(() => ended.abort())
        try {
          await followRun(composition, run.id, {
            signal: ended.signal,
            onLine: (line) => {
              if (line.body.type === 'page_committed' && !options.pages) return
              const text =
                options.json === true ? JSON.stringify(logLineToJson(line)) : formatLogLine(line)
              io.out(`${text}\n`)
            },
          })
        } finally {
          release()
        }
      })
    })

  withCommonOptions(
    imports
      .command('resume <id>')
      .description('go on with an interrupted run where its last page was committed')
      .option('--pages', 'print a line for every page'),
  )
    .addHelpText('after', '\nExamples:\n  $ evergrant imports resume run_0199…')
    .action(async (id: string, options: CommonOptions & { readonly pages?: boolean }) => {
      await withComposition(io, options, async (composition) => {
        const prepared = await prepareResume(composition.desk, id)
        await driveToEnd(context, composition, prepared, options)
      })
    })

  withCommonOptions(
    imports
      .command('cancel <id>')
      .description('cancel a run; a live one ends after its current page'),
  )
    .addHelpText('after', '\nExamples:\n  $ evergrant imports cancel run_0199…')
    .action(async (id: string, options: CommonOptions) => {
      await withComposition(io, options, async (composition) => {
        const became = await cancelRun(composition.desk, id)
        if (options.json === true) io.out(`${JSON.stringify({ id, became })}\n`)
        else {
          io.out(
            became === 'cancelled'
              ? `${id} is cancelled\n`
              : `${id} was asked to cancel; it ends after its current page\n`,
          )
        }
      })
    })
}

function trueState(composition: Composition, run: RunRecord): RunRecord {
  return withTrueState(run, composition.identity, composition.clock.now())
}

/** The run of that id, else the last one of the import of that name. */
async function knownRun(composition: Composition, asked: string): Promise<RunRecord> {
  const { runs } = composition.store
  const run = (await runs.getRun(asked)) ?? (await runs.listRuns({ limit: 1, name: asked }))[0]
  if (run !== undefined) return run
  throw new EvergrantError('import_unknown', `there is no run "${asked}", and none of that name`)
}

function formatRuns(runs: readonly RunRecord[]): string {
  if (runs.length === 0) return 'no runs yet; start one with `evergrant import`\n'
  return formatTable(
    ['ID', 'NAME', 'STATE', 'VERDICT', 'ROWS', 'REFRESHES', 'TIME', 'STARTED'],
    runs.map((run) => [
      run.id,
      run.name,
      run.state,
      run.verdict ?? '',
      run.totals.rows.toLocaleString('en-US'),
      String(run.totals.refreshes),
      formatDuration(run.totals.activeMs),
      new Date(run.createdAt).toISOString().slice(0, 19) + 'Z',
    ]),
  )
}
