import type { Command } from 'commander'
import { pino } from 'pino'
import { systemClock } from '../kernel/index.ts'
import { consoleLinkUrl, startServing, type Serving } from '../server/index.ts'
import { configPathOf, withCommonOptions, type CommonOptions } from './common-options.ts'
import type { CliContext } from './context.ts'
import type { CliIo } from './io.ts'

/** Longer than any process lives (ms): a hundred years. */
const longestStayMs = 3_155_760_000_000

/** How long the link that is printed at the first start is good for (ms). */
const firstLinkMs = 1_800_000

/** `evergrant serve` */
export function addServeCommand(program: Command, { io }: CliContext): void {
  withCommonOptions(
    program.command('serve').description('run the service: gateway, API, façade and keep-alive'),
  )
    .addHelpText(
      'after',
      `
Listens where \`server.listen\` of the configuration says (127.0.0.1:8420 by default) and writes its
log to standard output, a JSON object a line. Callers need a key: \`evergrant callers add\`. People sign
in at /console/: at an issuer with a \`client\`, or with a link. Until anybody has, and where no issuer
can, one is printed at the start; \`evergrant console link\` makes another.

  SIGTERM, Ctrl-C  end: nothing new is taken, what is under way gets \`server.drain\` (30s); a second
                   one ends at once
  SIGHUP           read the configuration again; a mistake in it changes nothing

Spans of calls and token exchanges go to an OpenTelemetry collector (OTLP over HTTP, JSON) when
OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is set. OTEL_SERVICE_NAME,
OTEL_TRACES_SAMPLER, OTEL_EXPORTER_OTLP_HEADERS and _CERTIFICATE are honoured; OTEL_SDK_DISABLED=true
switches it off. The collector is reached directly, not through network.proxy.

Examples:
  $ evergrant callers add crm --connections contoso-graph
  $ evergrant serve
  $ curl -H "Authorization: Bearer egk_…" 'http://localhost:8420/proxy/contoso-graph/v1.0/users?$top=1'
  $ curl http://localhost:8420/readyz`,
    )
    .action(async (options: CommonOptions) => {
      // Lines are written together; nothing of the hot path waits for whoever reads them.
      const logTo = pino.destination({
        dest: 1,
        sync: false,
        minLength: 65_536,
        maxWrite: 131_072,
        periodicFlush: 1_000,
      })
      const staying = stay()
      try {
        const serving = await startServing({
          configPath: configPathOf(io, options),
          env: io.env,
          logTo,
        })
        const welcome = await offerFirstSignIn(serving)
        io.note(`evergrant listens at ${serving.url}\n${welcome}`)
        const release = io.onHangUp(() => void serving.reload().catch(() => {}))
        try {
          await untilEnded(io, serving)
        } finally {
          release()
        }
      } finally {
        staying.abort()
        logTo.flushSync()
      }
    })
}

/**
 * Nobody has signed in yet and no issuer can sign anybody in: whoever reads what the service prints
 * gets a link that does.
 */
async function offerFirstSignIn({ console, composition, publicUrl }: Serving): Promise<string> {
  const { server, issuers } = composition.config
  const hasIssuer = Object.values(issuers).some(({ client }) => client !== undefined)
  if (!server.console.enabled || hasIssuer || (await console.hasBegun())) return ''
  const { token } = await console.makeLink({
    name: 'admin link',
    role: 'admin',
    lifeMs: firstLinkMs,
    by: 'evergrant serve',
  })
  return (
    `To sign in to the console for the first time, within 30 minutes and once:\n` +
    `  ${consoleLinkUrl(publicUrl, token.reveal())}\n`
  )
}

/**
 * Keeps the process until it is aborted: once no connection is open, threads and timers that wait
 * for the last things to be written would not.
 */
function stay(): AbortController {
  const staying = new AbortController()
  systemClock.sleep(longestStayMs, staying).catch(() => {})
  return staying
}

/** Drains at the first signal and ends at once at the second. */
function untilEnded(io: CliIo, serving: Serving): Promise<void> {
  return new Promise((resolve, reject) => {
    let isDraining = false
    const release = io.onInterrupt(() => {
      const ended = isDraining ? serving.close(0) : serving.close()
      isDraining = true
      ended.finally(release).then(resolve, reject)
    })
  })
}
