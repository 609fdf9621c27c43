import type { Command } from 'commander'
import { beginTokenTrace, createTraceRecorder } from '../gateway/index.ts'
import type { TokenGrant } from '../grants/index.ts'
import {
  err,
  type EvergrantError,
  isEvergrantError,
  newId,
  ok,
  systemRandom,
  type Result,
} from '../kernel/index.ts'
import type { TokenTarget } from '../oauth/index.ts'
import {
  chooseTarget,
  optionWords,
  withTenant,
  writeTraces,
  type Composition,
} from '../server/index.ts'
import {
  durationOption,
  withCommonOptions,
  withComposition,
  type CommonOptions,
} from './common-options.ts'
import { formatError } from './report-error.ts'
import type { CliContext } from './context.ts'
import type { CliIo } from './io.ts'
import { tokenFormOf, write } from './token-forms.ts'

interface TokenOptions extends CommonOptions {
  readonly minRemaining?: string
  readonly output?: string
  readonly resource?: string
  readonly upstream?: string
  readonly tenant?: string
}

/** `evergrant token NAME`: the one command that prints a token, since it was asked for by name. */
export function addTokenCommand(program: Command, { io }: CliContext): void {
  withCommonOptions(
    program
      .command('token <name>')
      .description('print an access token of a connection')
      .option('--min-remaining <duration>', 'refuse a token that lives shorter than this')
      .option('--output <form>', 'token, json (as --json), azure-cli, or kubernetes')
      .option('--resource <url>', 'a resource of the connection or of one of its upstreams')
      .option('--upstream <name>', 'an upstream of the connection')
      .option('--tenant <tenant>', 'the tenant, for a template (as NAME@TENANT)'),
  )
    .addHelpText(
      'after',
      `
Prints nothing but the token and a line break, so it can stand in a command. The token in the store
serves while it lives; it is renewed when it is about to end, or lives shorter than --min-remaining.

Examples:
  $ curl -H "Authorization: Bearer $(evergrant token contoso-graph)" 'https://graph.microsoft.com/v1.0/users?$top=1'
  $ evergrant token contoso-graph --min-remaining 5m
  $ evergrant token csp --upstream arm
  $ evergrant token csp-customer --tenant fabrikam.onmicrosoft.com --resource https://graph.microsoft.com
  $ evergrant token contoso-graph --output json

As \`az account get-access-token\`, for Azure's AzureCliCredential; a script named az on the PATH:
  #!/bin/sh
  while [ $# -gt 0 ]; do [ "$1" = --resource ] && resource=$2; shift; done
  exec evergrant token contoso-graph --output azure-cli --resource "$resource"

As a credential plugin of kubectl (\`users[].user.exec\` of the kubeconfig):
  exec:
    apiVersion: client.authentication.k8s.io/v1
    command: evergrant
    args: [token, cluster, --output, kubernetes, --config, /etc/evergrant.yaml]
    interactiveMode: Never

Every token handed out, and every failure, leaves a trace: evergrant traces list --kind token`,
    )
    .action(async (name: string, options: TokenOptions) => {
      const form = tokenFormOf(options)
      const { minRemaining } = options
      const wish =
        minRemaining === undefined
          ? {}
          : { minRemainingMs: durationOption('--min-remaining', minRemaining) }
      await withComposition(io, options, async (composition) => {
        const { clock, engine } = composition
        const address = withTenant(name, options, optionWords)
        const { definition } = engine.connection(address)
        const granted = await traced(composition, io, address, options, async () => {
          const target = chooseTarget(definition, options, optionWords)
          const result = await engine.connection(address, { target }).getToken(wish)
          return result.ok ? ok({ grant: result.value, target }) : result
        })
        const { token, warning } = granted.grant
        if (warning !== undefined) io.note(formatError(warning))
        io.out(write(form, { token, target: granted.target, definition, now: clock.now() }))
      })
    })
}

interface Granted {
  readonly grant: TokenGrant
  readonly target: TokenTarget
}

/** Obtains a token and leaves a trace of it, or of why there was none. */
async function traced(
  composition: Composition,
  io: CliIo,
  connection: string,
  { upstream }: TokenOptions,
  obtain: () => Promise<Result<Granted, EvergrantError>>,
): Promise<Granted> {
  const { clock, events } = composition
  const recorder = createTraceRecorder({ clock, random: systemRandom, emit: events.emit })
  const trace = beginTokenTrace(recorder, clock, {
    connection,
    ...(upstream === undefined ? {} : { upstream }),
    callerId: '',
    callerName: 'cli',
    requestId: newId('req', clock.now()),
    door: 'evergrant token',
  })
  const result = await obtain().catch((error: unknown) => {
    if (isEvergrantError(error)) return err(error)
    throw error
  })
  if (result.ok) trace.end(ok(result.value.grant.token), 200)
  else trace.end(result, result.error.definition.status)
  try {
    await writeTraces(composition, recorder)
  } catch (error) {
    // A token that is there is given also while the store is away.
    if (!isEvergrantError(error)) throw error
    io.note(`no trace was kept: ${error.detail}\n`)
  }
  if (!result.ok) throw result.error
  return result.value
}
