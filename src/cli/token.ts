import type { Command } from 'commander'
import type { ConnectionDefinition, TokenGrant } from '../grants/index.ts'
import { EvergrantError } from '../kernel/index.ts'
import type { TokenTarget } from '../oauth/index.ts'
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
      .option('--output <form>', 'token, or json (as --json)')
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
        const address = options.tenant === undefined ? name : withTenant(name, options.tenant)
        const target = chooseTarget(engine.connection(address).definition, options)
        const handle = engine.connection(address, { target })
        const granted = await handle.getToken(wish)
        if (!granted.ok) throw granted.error
        const { token, warning } = granted.value
        if (warning !== undefined) io.note(formatError(warning))
        io.out(
          form === 'token'
            ? `${token.secret.reveal()}\n`
            : `${JSON.stringify(tokenToJson(granted.value, target, clock.now()))}\n`,
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

function withTenant(name: string, tenant: string): string {
  const at = name.indexOf('@')
  if (at < 0) return `${name}@${tenant}`
  if (name.slice(at + 1).toLowerCase() === tenant.toLowerCase()) return name
  throw new EvergrantError(
    'usage',
    `--tenant: "${name}" names a tenant already, but saw ${JSON.stringify(tenant)}`,
  )
}

/** What a connection gives tokens for is configured: naming something else is worth stopping at. */
function chooseTarget(
  { name, target, targets = new Map() }: ConnectionDefinition,
  { resource, upstream }: TokenOptions,
): TokenTarget {
  if (upstream !== undefined && resource !== undefined) {
    throw new EvergrantError('usage', 'expected --upstream or --resource, but saw both')
  }
  if (upstream !== undefined) {
    const found = targets.get(upstream)
    if (found !== undefined) return found
    const known = targets.size === 0 ? 'it has none' : `known are ${[...targets.keys()].join(', ')}`
    throw new EvergrantError(
      'usage',
      `--upstream: connection "${name}" has no upstream ${JSON.stringify(upstream)}; ${known}`,
    )
  }
  if (resource === undefined) return target
  const found = [target, ...targets.values()].find((one) => isFor(one, resource))
  if (found !== undefined) return found
  const actual = 'resource' in target ? `resource "${target.resource}"` : `scope "${target.scope}"`
  throw new EvergrantError(
    'usage',
    `--resource: connection "${name}" is for ${actual}, but saw ${JSON.stringify(resource)}`,
    { remedy: 'Leave --resource out, or add an upstream with that resource to the connection.' },
  )
}

function isFor(target: TokenTarget, resource: string): boolean {
  return 'resource' in target
    ? target.resource === resource
    : target.scope === `${resource}/.default`
}

function tokenToJson({ token }: TokenGrant, target: TokenTarget, now: number): object {
  return {
    access_token: token.secret.reveal(),
    token_type: token.tokenType,
    expires_in: Math.max(0, Math.floor((token.expiresAt - now) / 1_000)),
    expires_at: new Date(token.expiresAt).toISOString(),
    ...target,
  }
}
