import type { Command } from 'commander'
import type { ConsentCompletion, ConsentInvitation } from '../consent/index.ts'
import { EvergrantError, type Result } from '../kernel/index.ts'
import {
  consentCallback,
  isLoopbackAddress,
  requireRedirectUri,
  type Composition,
} from '../server/index.ts'
import { withCommonOptions, withComposition, type CommonOptions } from './common-options.ts'
import { listenForConsent, type BroughtBack, type ConsentListener } from './consent-listener.ts'
import { addConsentLinkCommands } from './consent-links.ts'
import { addConsentShowCommands } from './consent-show.ts'
import type { CliContext } from './context.ts'
import { userOf } from './io.ts'
import { adoptionToJson, formatProofs } from './proofs.ts'

interface CompleteOptions extends CommonOptions {
  readonly approveAccount?: boolean
}

interface ConsentOptions extends CompleteOptions {
  readonly manual?: boolean
  readonly redirectUri?: string
}

type Completed = Result<ConsentCompletion, EvergrantError>

/** `evergrant consent`: obtains a connection’s grant from somebody who signs in. */
export function addConsentCommands(program: Command, context: CliContext): void {
  const approve = [
    '--approve-account',
    'take another account than the one that serves now',
  ] as const
  const consent = withCommonOptions(
    program
      .command('consent')
      .argument('<name>', 'the connection; NAME@TENANT for a template')
      .description('obtain consent for a connection: somebody signs in, here or anywhere else')
      .option('--manual', 'show the address only; what it leads to is pasted')
      .option(
        '--redirect-uri <url>',
        'a registered redirect URI (default: publicUrl + /consent/callback)',
      )
      .option(...approve),
  )
    .addHelpText(
      'after',
      `
Prints the address to open in a browser. Where the redirect URI is of this host (http://localhost…)
the command waits there for the sign-in to end. With --manual, or where another program listens
there, it takes what the sign-in led to from standard input; when there is nothing, it ends, and
\`evergrant consent complete NAME\` finishes the sign-in within the hour.

The new refresh token becomes a candidate: it is redeemed for everything the connection is for, and
the APIs of Microsoft that are known are called with it, while the grant that serves now goes on
serving. Only when no proof failed does it take that one's place. A code by itself is of no use to
anybody: the verifier and the client's credential stay here.

Examples:
  $ evergrant consent csp
  $ evergrant consent csp --manual
  $ evergrant consent csp@contoso.onmicrosoft.com --manual --json
  $ evergrant consent link csp --recipient 'Anna Admin'
  $ evergrant consent show csp
  $ evergrant consent complete csp 'http://localhost:8420/consent/callback?code=…&state=…'`,
    )
    .action(async (name: string, options: ConsentOptions) => {
      await withComposition(context.io, options, async (composition) => {
        await obtain(context, composition, name, options)
      })
    })

  withCommonOptions(
    consent
      .command('complete')
      .argument('<name>', 'the connection; NAME@TENANT for a template')
      .argument('[code-or-url]', 'what the sign-in led to (default: standard input)')
      .description('finish a sign-in with the address it led to, or the code alone')
      .option(...approve),
  )
    .addHelpText(
      'after',
      `
The whole address is better than the code alone: its state tells which sign-in it belongs to. A sealed
code (egx_…), as our own page shows it, tells that too.

Examples:
  $ evergrant consent complete csp 'http://localhost:8420/consent/callback?code=…&state=…'
  $ evergrant consent complete csp < pasted.txt
  $ evergrant consent complete csp --approve-account --json < pasted.txt`,
    )
    .action(
      async (name: string, pasted: string | undefined, own: CompleteOptions, command: Command) => {
        // Common options are the parent's as well, which takes them first.
        const options = { ...command.optsWithGlobals<CompleteOptions>(), ...own }
        const text = pasted ?? (await context.io.readInput())
        await withComposition(context.io, options, async (composition) => {
          report(context, name, options, await complete(composition, name, text, options))
        })
      },
    )

  addConsentLinkCommands(consent, context)
  addConsentShowCommands(consent, context)
}

function complete(
  { consent }: Composition,
  name: string,
  pasted: string,
  { approveAccount = false }: CompleteOptions,
): Promise<Completed> {
  return consent.complete(name, { pasted, approvesAccount: approveAccount })
}

async function obtain(
  context: CliContext,
  composition: Composition,
  name: string,
  options: ConsentOptions,
): Promise<void> {
  const { io } = context
  const redirectUri = options.redirectUri ?? consentCallback(composition.config.server.publicUrl)
  requireRedirectUri('--redirect-uri', redirectUri)
  const listener =
    options.manual === true || !isLoopbackAddress(redirectUri)
      ? undefined
      : await listenForConsent(redirectUri)
  try {
    const invitation = await composition.consent.begin(name, {
      redirectUri,
      startedBy: userOf(io),
      approvesAccount: options.approveAccount ?? false,
    })
    if (listener !== undefined) {
      io.note(`${invite(name, invitation)}Waiting for the sign-in to end there …\n`)
      report(
        context,
        name,
        options,
        await waitThere(context, composition, name, options, invitation, listener),
      )
      return
    }
    const isTaken = options.manual !== true && isLoopbackAddress(redirectUri)
    const why = isTaken
      ? 'Nothing waits there, since another program listens at that address. '
      : ''
    io.note(`${invite(name, invitation)}${why}Then paste what the sign-in led to.\n`)
    const pasted = await io.readInput()
    if (pasted.trim() !== '') {
      report(context, name, options, await complete(composition, name, pasted, options))
      return
    }
    if (options.json === true) io.out(`${JSON.stringify(invitationToJson(name, invitation))}\n`)
    else io.out(`finish with: evergrant consent complete ${name}\n`)
  } finally {
    await listener?.close()
  }
}

/** Errors that are about what was brought, not about the sign-in that is waited for. */
const notOurs: ReadonlySet<string> = new Set(['consent_unknown', 'consent_unreadable'])

async function waitThere(
  { io }: CliContext,
  composition: Composition,
  name: string,
  options: ConsentOptions,
  { session }: ConsentInvitation,
  listener: ConsentListener,
): Promise<Completed> {
  const { clock, consent } = composition
  const controller = new AbortController()
  const giveUp = (error: EvergrantError): void => controller.abort(error)
  const stopListening = io.onInterrupt(() =>
    giveUp(new EvergrantError('consent_cancelled', 'you stopped waiting for it')),
  )
  const cancelTimer = clock.schedule(session.expiresAt - clock.now(), () =>
    giveUp(new EvergrantError('consent_expired', 'nobody signed in within the hour')),
  )
  // Signals alone do not keep the process alive; the listener does.
  try {
    for (;;) {
      const brought = await listener.next(controller.signal)
      const completed = await complete(composition, name, brought.address, options)
      tell(brought, name, completed)
      if (completed.ok || !notOurs.has(completed.error.code)) return completed
      io.note(`something else came there: ${completed.error.detail}\n`)
    }
  } catch (error) {
    await consent.cancel(session.id)
    throw error
  } finally {
    cancelTimer()
    stopListening()
  }
}

function tell({ answer }: BroughtBack, name: string, completed: Completed): void {
  if (!completed.ok) {
    const { definition, remedy } = completed.error
    answer(400, `${definition.title}. ${remedy}`)
  } else if (completed.value.adoption.isActivated) {
    answer(200, `The consent for ${name} is active. You can close this page.`)
  } else {
    answer(400, `The consent for ${name} did not pass its proofs; what served before serves on.`)
  }
}

function report(
  { io, exitWith }: CliContext,
  name: string,
  { json: isJson = false }: CommonOptions,
  completed: Completed,
): void {
  if (!completed.ok) throw completed.error
  const { adoption, sessionId } = completed.value
  const { isActivated, proofs, userName } = adoption
  const count = proofs.filter(({ outcome }) => outcome === 'unverified').length
  if (isJson) {
    const json = { ...adoptionToJson(name, adoption), session: sessionId, unverified: count }
    io.out(`${JSON.stringify(json)}\n`)
  } else {
    io.out(formatProofs(proofs))
    const of = userName === undefined ? '' : ` of ${userName}`
    const doubt = count === 0 ? 'verified' : `${count} unverified`
    io.out(
      isActivated
        ? `${name}: the consent${of} is active now, ${doubt}\n`
        : `${name}: the consent${of} was not taken; what served before serves on\n`,
    )
  }
  if (isActivated) return
  const error = proofs.find(({ outcome }) => outcome === 'failed')?.error
  if (isJson || error === undefined) exitWith(error?.definition.exit ?? 3)
  else throw error
}

function invite(name: string, { url, session }: ConsentInvitation): string {
  const tenant = session.tenant === '' ? '' : ` (tenant ${session.tenant})`
  return `Open this address and sign in with the account that shall serve ${name}${tenant}:

  ${url}

It leads to ${session.redirectUri}
which must be registered with the application, exactly so.
`
}

function invitationToJson(name: string, { url, session }: ConsentInvitation): object {
  return {
    name,
    session: session.id,
    purpose: session.purpose,
    authorization_url: url,
    redirect_uri: session.redirectUri,
    expires_at: new Date(session.expiresAt).toISOString(),
  }
}
