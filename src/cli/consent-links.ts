import type { Command } from 'commander'
import { linkStateOf, type ConsentLink } from '../consent/index.ts'
import { linkAddress, linkToJson } from '../server/index.ts'
import {
  durationOption,
  wholeNumberOption,
  withCommonOptions,
  withComposition,
  type CommonOptions,
} from './common-options.ts'
import type { CliContext } from './context.ts'
import { userOf } from './io.ts'
import { formatTable } from './table.ts'

interface LinkOptions extends CommonOptions {
  readonly recipient: string
  readonly note?: string
  readonly expires?: string
  readonly approveAccount?: boolean
}

interface ListOptions extends CommonOptions {
  readonly open?: boolean
  readonly before?: string
  readonly limit: string
}

/** `evergrant consent link|links|unlink` */
export function addConsentLinkCommands(consent: Command, { io }: CliContext): void {
  withCommonOptions(
    consent
      .command('link')
      .argument('<name>', 'the connection; NAME@TENANT for a template')
      .description('make a link that hands the sign-in to somebody else; needs a running service')
      .requiredOption('--recipient <text>', 'who shall use it, for people')
      .option('--note <text>', 'what the recipient is told besides')
      .option('--expires <duration>', 'for how long it can be used: 5m to 30d', '72h')
      .option('--approve-account', 'another account than the one that serves now may sign in'),
  )
    .addHelpText(
      'after',
      `
Prints the address once; the store has a hash of it. Its page says who asks, for what, and which
account is needed. Looking at it spends nothing, so mail scanners do no harm; its button begins the
sign-in, for one browser. Nothing has to be sent back. Follow it with \`evergrant consent links\`.

Examples:
  $ evergrant consent link csp --recipient 'Anna Admin'
  $ evergrant consent link csp --recipient anna@contoso.example --note 'Ticket 7' --expires 3d
  $ evergrant consent link csp --recipient Anna --approve-account --json`,
    )
    .action(async (name: string, own: LinkOptions, command: Command) => {
      const options = { ...command.optsWithGlobals<LinkOptions>(), ...own }
      await withComposition(io, options, async ({ consent: desk, clock, config }) => {
        const { link, token } = await desk.links.create(name, {
          recipient: options.recipient,
          ...(options.note === undefined ? {} : { note: options.note }),
          lifeMs: durationOption('--expires', options.expires ?? '72h'),
          approvesAccount: options.approveAccount ?? false,
          createdBy: userOf(io),
        })
        const url = linkAddress(config.server.publicUrl, token.reveal())
        if (options.json === true) {
          io.out(`${JSON.stringify({ link: linkToJson(link, clock.now()), url })}\n`)
          return
        }
        io.out(`${url}\n`)
        io.note(
          `Send it to ${link.recipient}. It works until ${iso(link.expiresAt)}; take it back with: evergrant consent unlink ${link.id}\n`,
        )
      })
    })

  withCommonOptions(
    consent
      .command('links')
      .argument('[name]', 'of one connection')
      .description('list hand-off links, newest first, and how far they are')
      .option('--open', 'those that can still lead to a grant')
      .option('--before <id>', 'older than that link: the next page')
      .option('--limit <links>', 'how many, 1 to 1000', '100'),
  )
    .addHelpText(
      'after',
      `
Examples:
  $ evergrant consent links --open
  $ evergrant consent links csp --json`,
    )
    .action(async (name: string | undefined, own: ListOptions, command: Command) => {
      const options = { ...command.optsWithGlobals<ListOptions>(), ...own }
      const limit = wholeNumberOption('--limit', options.limit, 1, 1_000)
      await withComposition(io, options, async ({ consent: desk, clock }) => {
        const now = clock.now()
        const links = await desk.links.list({
          limit,
          ...(name === undefined ? {} : { connection: name }),
          ...(options.open === true ? { isOpen: true } : {}),
          ...(options.before === undefined ? {} : { before: options.before }),
        })
        io.out(
          options.json === true
            ? `${JSON.stringify(links.map((link) => linkToJson(link, now)))}\n`
            : formatLinks(links, now),
        )
      })
    })

  withCommonOptions(
    consent
      .command('unlink')
      .argument('<id>', 'as `evergrant consent links` shows it')
      .description('take a hand-off link back; a sign-in that waits by it is cancelled'),
  )
    .addHelpText('after', '\nExamples:\n  $ evergrant consent unlink lnk_0199a1c2-…')
    .action(async (id: string, own: CommonOptions, command: Command) => {
      const options = { ...command.optsWithGlobals<CommonOptions>(), ...own }
      await withComposition(io, options, async ({ consent: desk, clock }) => {
        await desk.links.revoke(id, userOf(io))
        const link = await desk.links.show(id)
        const { state } = linkStateOf(link, clock.now())
        io.out(
          options.json === true
            ? `${JSON.stringify(linkToJson(link, clock.now()))}\n`
            : `${id}: taken back, ${state}\n`,
        )
      })
    })
}

function formatLinks(links: readonly ConsentLink[], now: number): string {
  if (links.length === 0) return 'no links\n'
  return formatTable(
    ['ID', 'CONNECTION', 'RECIPIENT', 'STATE', 'SINCE', 'EXPIRES'],
    links.map((link) => {
      const { state, changedAt } = linkStateOf(link, now)
      return [link.id, link.connection, link.recipient, state, iso(changedAt), iso(link.expiresAt)]
    }),
  )
}

const iso = (at: number): string => new Date(at).toISOString()
