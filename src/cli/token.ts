import type { Command } from 'commander'
import type { ConnectionDefinition, TokenGrant } from '../grants/index.ts'
import { EvergrantError } from '../kernel/index.ts'
import {
  durationOption,
  withCommonOptions,
  withComposition,
  type CommonOptions,
} from './common-options.ts'
import { formatError } from './report-error.ts'
import type { CliContext } from './context.ts'

interface TokenOptions extends CommonOptions {
  readonly minRemaining?: string
  readonly output?: string
  readonly resource?: string
  readonly tenant?: string
}

/** `evergrant token NAME`: the one command that prints a token, since it was asked for by name. */
export function addTokenCommand(program: Command, { io }: CliContext): void {
  withCommonOptions(
    program
      .command('token <name>')
      .description('print an access token of a connection')
      .option('--min-remaining <duration>', 'refuse a token that lives shorter than this')
      .option('--output <form>', 'token, or json (as --json)')
      .option('--resource <url>', 'fail unless the connection is for this resource')
      .option('--tenant <tenant>', 'fail unless the connection is for this tenant'),
  )
    .addHelpText(
      'after',
      `
Prints nothing but the token and a line break, so it can stand in a command. The token in the store
serves while it lives; it is renewed when it is about to end, or lives shorter than --min-remaining.

Examples:
  $ curl -H "Authorization: Bearer $(evergrant token contoso-graph)" 'https://graph.microsoft.com/v1.0/users?$top=1'
  $ evergrant token contoso-graph --min-remaining 5m
  $ evergrant token contoso-graph --output json`,
    )
    .action(async (name: string, options: TokenOptions) => {
      const form = outputForm(options)
      const { minRemaining } = options
      const wish =
        minRemaining === undefined
          ? {}
          : { minRemainingMs: durationOption('--min-remaining', minRemaining) }
      await withComposition(io, options, async ({ clock, engine }) => {
        const handle = engine.connection(name)
        requireSame(handle.definition, options)
        const granted = await handle.getToken(wish)
        if (!granted.ok) throw granted.error
        const { token, warning } = granted.value
        if (warning !== undefined) io.note(formatError(warning))
        io.out(
          form === 'token'
            ? `${token.secret.reveal()}\n`
            : `${JSON.stringify(tokenToJson(granted.value, handle.definition, clock.now()))}\n`,
        )
      })
    })
}

const laterForms: readonly string[] = ['azure-cli', 'kubernetes']

function outputForm({ output, json }: TokenOptions): 'token' | 'json' {
  const form = output ?? (json === true ? 'json' : 'token')
  if (form === 'token' || form === 'json') return form
  throw new EvergrantError(
    'usage',
    laterForms.includes(form)
      ? `--output ${form}: that form comes later; this version knows "token" and "json"`
      : `--output: expected "token" or "json", but saw ${JSON.stringify(form)}`,
  )
}

/** A connection has one tenant and one target: naming others is a mistake worth stopping at. */
function requireSame(
  { name, provider, target }: ConnectionDefinition,
  { resource, tenant }: TokenOptions,
): void {
  if (tenant !== undefined && tenant.toLowerCase() !== provider.tenant.toLowerCase()) {
    const has = provider.tenant === '' ? 'has no tenant' : `is for tenant "${provider.tenant}"`
    throw new EvergrantError(
      'usage',
      `--tenant: connection "${name}" ${has}, but saw ${JSON.stringify(tenant)}`,
      { remedy: 'Leave --tenant out, or name a connection of that tenant.' },
    )
  }
  if (resource === undefined) return
  const isSame =
    'resource' in target ? target.resource === resource : target.scope === `${resource}/.default`
  if (isSame) return
  const actual = 'resource' in target ? `resource "${target.resource}"` : `scope "${target.scope}"`
  throw new EvergrantError(
    'usage',
    `--resource: connection "${name}" is for ${actual}, but saw ${JSON.stringify(resource)}`,
    { remedy: 'Leave --resource out, or name a connection for that resource.' },
  )
}

function tokenToJson({ token }: TokenGrant, { target }: ConnectionDefinition, now: number): object {
  return {
    access_token: token.secret.reveal(),
    token_type: token.tokenType,
    expires_in: Math.max(0, Math.floor((token.expiresAt - now) / 1_000)),
    expires_at: new Date(token.expiresAt).toISOString(),
    ...target,
  }
}
