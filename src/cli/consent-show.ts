import type { Command } from 'commander'
import { requireSignIn, rungTitle, type ConsentSession } from '../consent/index.ts'
import { errorRegistry, EvergrantError, guidanceOf } from '../kernel/index.ts'
import { consentToJson, onboardingPage, type Composition } from '../server/index.ts'
import { withCommonOptions, withComposition, type CommonOptions } from './common-options.ts'
import type { CliContext } from './context.ts'
import { argumentPath, userOf } from './io.ts'
import { stepLines } from './report-error.ts'
import { formatFields, printable } from './table.ts'
import { writeWholeFile } from './write-file.ts'

interface PageOptions extends CommonOptions {
  readonly output?: string
  readonly requester?: string
}

/** `evergrant consent show|page` */
export function addConsentShowCommands(consent: Command, { io }: CliContext): void {
  withCommonOptions(
    consent
      .command('show')
      .argument('<id-or-name>', 'a sign-in (cns_…), or a connection for its newest one')
      .description('show what became of a sign-in, rung by rung'),
  )
    .addHelpText(
      'after',
      `
Examples:
  $ evergrant consent show csp
  $ evergrant consent show cns_0199a1c2-… --json`,
    )
    .action(async (which: string, own: CommonOptions, command: Command) => {
      const options = { ...command.optsWithGlobals<CommonOptions>(), ...own }
      await withComposition(io, options, async (composition) => {
        const session = await find(composition, which)
        const { linkId } = session
        const link = linkId === undefined ? undefined : await composition.consent.links.find(linkId)
        io.out(
          options.json === true
            ? `${JSON.stringify(consentToJson(session, link))}\n`
            : formatSession(session),
        )
      })
    })

  withCommonOptions(
    consent
      .command('page')
      .argument('<name>', 'the connection; NAME@TENANT for a template')
      .description('write the static page for a redirect URI that cannot reach this Evergrant')
      .option('-o, --output <file>', 'where to (default: standard output)')
      .option('--requester <text>', 'who asks, for people (default: you)'),
  )
    .addHelpText(
      'after',
      `
One HTML file for any host of static files: it calls nobody, and shows whoever signed in what to hand
on. Register its address with the application as a redirect URI (web), then begin sign-ins with it.

Examples:
  $ evergrant consent page csp -o consent.html
  $ evergrant consent csp --manual --redirect-uri https://static.example/consent.html`,
    )
    .action(async (name: string, own: PageOptions, command: Command) => {
      const options = { ...command.optsWithGlobals<PageOptions>(), ...own }
      await withComposition(io, options, async ({ engine }) => {
        const { definition } = engine.connection(name)
        requireSignIn(definition)
        const page = onboardingPage({ definition, requester: options.requester ?? userOf(io) })
        if (options.output !== undefined) {
          await writeWholeFile(argumentPath(io, options.output), page, {
            mode: 0o644,
            replace: true,
          })
          io.note(`wrote ${options.output}\n`)
        } else io.out(options.json === true ? `${JSON.stringify({ html: page })}\n` : page)
      })
    })
}

async function find({ consent, engine }: Composition, which: string): Promise<ConsentSession> {
  if (which.startsWith('cns_')) return await consent.show(which)
  const { name: connection, provider } = engine.connection(which).definition
  const [newest] = await consent.list({ limit: 1, connection, tenant: provider.tenant })
  if (newest !== undefined) return newest
  throw new EvergrantError('consent_session_unknown', `no sign-in for "${which}" was begun`)
}

const iso = (at: number): string => new Date(at).toISOString()

function formatSession(session: ConsentSession): string {
  const { account, failure, rungs, tenant } = session
  const fields = formatFields([
    ['sign-in', session.id],
    ['connection', session.connection],
    ['tenant', tenant === '' ? undefined : tenant],
    ['state', `${session.state} since ${iso(session.stateChangedAt)}`],
    ['begun by', `${session.startedBy}, to ${session.purpose}`],
    ['link', session.linkId],
    ['account', account && `${account.userName ?? 'unnamed'} (${account.subject})`],
  ])
  const lines = rungs.map(({ name, outcome, detail, requestIds }) => {
    const ids = requestIds.length === 0 ? '' : `  (request id ${requestIds.join(', ')})`
    const seen = detail === undefined ? '' : `  ${printable(detail)}`
    return `${outcome.padEnd(10)} ${rungTitle(name)}${seen}${ids}\n`
  })
  return `${fields}${lines.join('')}${failure === undefined ? '' : formatFailure(session, failure)}`
}

function formatFailure(
  { connection }: ConsentSession,
  { code, detail, remedy: own }: NonNullable<ConsentSession['failure']>,
): string {
  const remedy = own ?? errorRegistry[code].remedy
  const steps = stepLines(remedy, guidanceOf({ code, remedy, name: connection }))
  return [
    `${errorRegistry[code].title} [${code}]`,
    `  ${printable(detail)}`,
    `  ${remedy}`,
    ...steps.map((line) => `    ${line}`),
    '',
  ].join('\n')
}
