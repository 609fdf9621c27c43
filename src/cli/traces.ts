import { Option, type Command } from 'commander'
import type { TraceKind, TraceOutcome, TraceQuery } from '../gateway/index.ts'
import { EvergrantError, isErrorCode } from '../kernel/index.ts'
import { longestCaptureMs, requireConnection } from '../server/index.ts'
import {
  durationOption,
  wholeNumberOption,
  withCommonOptions,
  withComposition,
  type CommonOptions,
} from './common-options.ts'
import type { CliContext } from './context.ts'
import { formatTrace, formatTraces } from './format-trace.ts'
import { formatTable } from './table.ts'
import { traceToJson } from './trace-json.ts'

interface ListOptions extends CommonOptions {
  readonly connection?: string
  readonly caller?: string
  readonly status?: string
  readonly outcome?: string
  readonly kind?: string
  readonly code?: string
  readonly request?: string
  readonly since?: string
  readonly before?: string
  readonly replayed?: boolean
  readonly limit: string
}

const kinds: readonly TraceKind[] = ['call', 'upgrade', 'token', 'facade']
const outcomes: readonly TraceOutcome[] = [
  'served',
  'refused',
  'upstream_refused',
  'failed',
  'aborted',
]

/** `evergrant traces list|show|capture` */
export function addTracesCommands(program: Command, context: CliContext): void {
  const { io } = context
  const traces = program
    .command('traces')
    .description('see what happened on calls and hand-outs of tokens')
    .addHelpText(
      'after',
      `
Every call through the gateway, every token handed out and every answer of a façade leaves a trace;
its id is the header Evergrant-Trace of the answer. Running services write theirs every second.

Examples:
  $ evergrant traces list --since 10m
  $ evergrant traces list --connection contoso-graph --replayed
  $ evergrant traces show trc_0199…`,
    )

  withCommonOptions(
    traces
      .command('list')
      .description('list traces, newest first')
      .option('--connection <name>', 'of that connection (NAME or NAME@TENANT)')
      .option('--caller <name>', 'of that caller, by name or id')
      .option('--status <status>', 'answered with that status')
      .option('--outcome <outcome>', outcomes.join(', '))
      .option('--kind <kind>', kinds.join(', '))
      .option('--code <code>', 'ended with that error code')
      .option('--request <id>', 'of that request id')
      .option('--since <duration>', 'begun within that time, such as 10m')
      .option('--before <id>', 'older than that trace: the next page')
      .option('--replayed', 'sent again after a refused token')
      .option('--limit <traces>', 'how many, 1 to 1000', '20'),
  )
    .addHelpText(
      'after',
      `
Examples:
  $ evergrant traces list --since 1h --outcome failed
  $ evergrant traces list --caller crm --status 403 --limit 100 --json
  $ evergrant traces list --kind token`,
    )
    .action(async (options: ListOptions) => {
      const wish = queryOf(options)
      const sinceMs =
        options.since === undefined ? undefined : durationOption('--since', options.since)
      await withComposition(io, options, async ({ store, clock }) => {
        const since = sinceMs === undefined ? {} : { since: clock.now() - sinceMs }
        const found = await store.traces.listTraces({ ...wish, ...since })
        io.out(
          options.json === true
            ? `${JSON.stringify(found.map((trace) => traceToJson(trace)))}\n`
            : formatTraces(found),
        )
      })
    })

  addCaptureCommand(traces, context)

  withCommonOptions(
    traces.command('show <id>').description('show one trace: its timeline, and what to do'),
  )
    .addHelpText('after', '\nExamples:\n  $ evergrant traces show trc_0199… --json')
    .action(async (id: string, options: CommonOptions) => {
      await withComposition(io, options, async ({ store }) => {
        const trace = await store.traces.getTrace(id)
        if (trace === undefined) {
          throw new EvergrantError('trace_unknown', `there is no trace ${JSON.stringify(id)}`)
        }
        io.out(
          options.json === true ? `${JSON.stringify(traceToJson(trace))}\n` : formatTrace(trace),
        )
      })
    })
}

interface CaptureOptions extends CommonOptions {
  readonly for: string
  readonly off?: boolean
}

function addCaptureCommand(traces: Command, { io }: CliContext): void {
  withCommonOptions(
    traces
      .command('capture [connection]')
      .description('keep the beginnings of bodies in the traces of a connection for a while')
      .option('--for <duration>', 'how long, at most 1h', '10m')
      .addOption(new Option('--off', 'keep no more from now on').conflicts('for')),
  )
    .addHelpText(
      'after',
      `
Without a connection: of which ones bodies are kept now. Running services follow within a second and
write the beginning of the log and the end. Texts alone are kept, 4,096 characters of each; tokens,
keys and members such as "password" are masked. Bodies may hold personal data all the same: keep no
more than you need. \`traces show\` prints them; by the API operators alone see them.

Examples:
  $ evergrant traces capture contoso-graph --for 15m
  $ evergrant traces capture contoso-graph --off
  $ evergrant traces capture`,
    )
    .action(async (name: string | undefined, options: CaptureOptions) => {
      const forMs = durationOption('--for', options.for)
      if (forMs < 1_000 || forMs > longestCaptureMs) {
        throw new EvergrantError(
          'usage',
          `--for: expected 1s to 1h, but saw ${JSON.stringify(options.for)}`,
          { remedy: 'Switch it on again when an hour is not enough.' },
        )
      }
      if (options.off === true && name === undefined) {
        throw new EvergrantError('usage', '--off: expected a connection beside it', {
          remedy: 'Without any option, `traces capture` lists of which ones bodies are kept.',
        })
      }
      await withComposition(io, options, async (composition) => {
        const { store, clock } = composition
        if (name !== undefined) {
          // What is gone can be switched off all the same.
          if (options.off !== true) requireConnection(composition, name)
          await store.traces.setCapture(name, options.off === true ? 0 : clock.now() + forMs)
        }
        const captures = await store.traces.listCaptures(clock.now())
        if (options.json === true) {
          const rows = captures.map(({ connection, until }) => ({
            connection,
            until: new Date(until).toISOString(),
          }))
          io.out(`${JSON.stringify(rows)}\n`)
        } else if (captures.length === 0) io.out('no bodies are kept\n')
        else {
          io.out(
            formatTable(
              ['CONNECTION', 'BODIES KEPT UNTIL'],
              captures.map(({ connection, until }) => [connection, new Date(until).toISOString()]),
            ),
          )
        }
      })
    })
}

function queryOf(options: ListOptions): TraceQuery {
  const { connection, caller, request, before, code } = options
  const kind = oneOf('--kind', kinds, options.kind)
  const outcome = oneOf('--outcome', outcomes, options.outcome)
  if (code !== undefined && !isErrorCode(code)) {
    throw new EvergrantError(
      'usage',
      `--code: expected an error code, but saw ${JSON.stringify(code)}`,
      { remedy: 'See docs/reference/errors.md for the codes there are.' },
    )
  }
  return {
    limit: wholeNumberOption('--limit', options.limit, 1, 1_000),
    ...(connection === undefined ? {} : { connection }),
    ...(caller === undefined ? {} : { caller }),
    ...(options.status === undefined
      ? {}
      : { status: wholeNumberOption('--status', options.status, 0, 599) }),
    ...(kind === undefined ? {} : { kind }),
    ...(outcome === undefined ? {} : { outcome }),
    ...(code === undefined ? {} : { code }),
    ...(request === undefined ? {} : { requestId: request }),
    ...(before === undefined ? {} : { before }),
    ...(options.replayed === true ? { wasReplayed: true } : {}),
  }
}

function oneOf<T extends string>(
  option: string,
  known: readonly T[],
  seen: string | undefined,
): T | undefined {
  if (seen === undefined) return undefined
  const found = known.find((one) => one === seen)
  if (found !== undefined) return found
  throw new EvergrantError(
    'usage',
    `${option}: expected ${known.join(', ')}, but saw ${JSON.stringify(seen)}`,
  )
}
