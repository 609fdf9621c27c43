import type { Command } from 'commander'
import { EvergrantError, formatDuration, remainingLifeMs, Secret } from '../kernel/index.ts'
import type { Composition } from '../server/index.ts'
import { withCommonOptions, withComposition, type CommonOptions } from './common-options.ts'
import type { CliContext } from './context.ts'
import type { CliIo } from './io.ts'
import { adoptionToJson, formatProofs } from './proofs.ts'

interface RefreshOptions extends CommonOptions {
  readonly resend?: boolean
}

/** `evergrant connections refresh|adopt|revoke`: what changes the grant behind a connection. */
export function addGrantCommands(connections: Command, { io, exitWith }: CliContext): void {
  withCommonOptions(
    connections
      .command('refresh <name>')
      .description('obtain a new token now, whatever failed before')
      .option(
        '--resend',
        'send a refresh token again although it may have been spent (see `connections show`)',
      ),
  )
    .addHelpText(
      'after',
      `
Every process on the store takes the new token up. Only a wait that the provider itself asked for
(Retry-After) is kept. A revoked grant of client_credentials comes back by it.

--resend is for a grant marked refresh_unknown: a refresh token was sent and nobody knows whether
the provider has spent it. If it has, a strict provider may end the grant for good.

Examples:
  $ evergrant connections refresh contoso-graph
  $ evergrant connections refresh csp@contoso.onmicrosoft.com --json
  $ evergrant connections refresh ping --resend`,
    )
    .action(async (name: string, options: RefreshOptions) => {
      await withComposition(io, options, async (composition) =>
        refresh(io, composition, name, options),
      )
    })

  withCommonOptions(
    connections
      .command('adopt <name>')
      .description('take over a refresh token that you already have (on standard input)'),
  )
    .addHelpText(
      'after',
      `
The token becomes a candidate: it is redeemed for everything the connection is for, while the grant
that serves now goes on serving. Only when no proof failed does it take that one's place.

Examples:
  $ evergrant connections adopt csp < refresh-token.txt
  $ your-vault get csp-refresh-token | evergrant connections adopt csp@contoso.onmicrosoft.com --json`,
    )
    .action(async (name: string, options: CommonOptions) => {
      const text = (await io.readInput()).trim()
      if (text === '' || /\s/.test(text)) {
        throw new EvergrantError(
          'usage',
          `expected one refresh token on standard input, but saw ${text === '' ? 'nothing' : 'several words'}`,
          { remedy: 'Pipe the token in: evergrant connections adopt NAME < FILE' },
        )
      }
      await withComposition(io, options, async ({ engine }) => {
        const adoption = await engine.adopt(name, new Secret(text))
        if (options.json === true) {
          const json = adoptionToJson(name, adoption)
          io.out(`${JSON.stringify(json)}\n`)
        } else {
          io.out(formatProofs(adoption.proofs))
          const of = adoption.userName === undefined ? '' : ` of ${adoption.userName}`
          io.out(
            adoption.isActivated
              ? `${name}: the refresh token${of} is active now\n`
              : `${name}: the refresh token was not taken; what served before serves on\n`,
          )
        }
        if (adoption.isActivated) return
        const failed = adoption.proofs.find(({ outcome }) => outcome === 'failed')
        const error = failed?.error
        if (options.json === true || error === undefined) exitWith(error?.definition.exit ?? 3)
        else throw error
      })
    })

  withCommonOptions(
    connections
      .command('revoke <name>')
      .description('end the grant behind a connection: at the provider where it can, and here'),
  )
    .addHelpText(
      'after',
      `
Here, the tokens are erased and no process hands any out any more. The provider is asked to revoke
them (RFC 7009) where it has an endpoint for that. Microsoft Entra ID has none: there, an
administrator revokes the account's sessions, and access tokens live on until they expire. When a
provider that was asked did not confirm, the exit code says so; here it is revoked all the same.

Examples:
  $ evergrant connections revoke ping
  $ evergrant connections revoke csp@contoso.onmicrosoft.com --json`,
    )
    .action(async (name: string, options: CommonOptions) => {
      await withComposition(io, options, async ({ engine }) => {
        const { atProvider, error } = await engine.revoke(name)
        // What lives on at the provider is told by the exit code, too: `revoke NAME && remove NAME`.
        if (error !== undefined) exitWith(error.definition.exit)
        if (options.json === true) {
          const json = { name, state: 'revoked', at_provider: atProvider }
          io.out(
            `${JSON.stringify(error === undefined ? json : { ...json, error: error.toProblem() })}\n`,
          )
          return
        }
        io.out(`${name}: revoked here; ${atProviderText[atProvider]}\n`)
        if (error !== undefined) io.note(`the provider: ${error.detail}\n→ ${error.remedy}\n`)
      })
    })
}

const atProviderText = {
  revoked: 'the provider has revoked its tokens too',
  unsupported:
    'the provider has no revocation endpoint: its access tokens live until they expire, and its refresh token until an administrator revokes the sessions',
  failed: 'the provider did not confirm that it revoked its tokens',
  nothing: 'there was no token to revoke at the provider',
} as const

async function refresh(
  io: CliIo,
  { clock, engine }: Composition,
  name: string,
  { json: isJson = false, resend = false }: RefreshOptions,
): Promise<void> {
  const before = (await engine.status(name)).token?.expiresAt
  // An old token that serves on is no success: what was asked for did not happen.
  const fail = (failure: EvergrantError): never => {
    const lifeMs = (before ?? 0) - clock.now()
    if (lifeMs > 0 && !isJson) {
      io.note(`the old token still serves, for ${formatDuration(lifeMs)}\n`)
    }
    throw failure
  }
  const renewal = await engine.refresh(name, { resend })
  if (!renewal.ok) return fail(renewal.error)
  const { token, warning } = renewal.value
  if (warning !== undefined) return fail(warning)
  if (isJson) {
    const result = {
      name,
      old_expires_at: before === undefined ? null : iso(before),
      new_expires_at: iso(token.expiresAt),
    }
    io.out(`${JSON.stringify(result)}\n`)
    return
  }
  const life = formatDuration(remainingLifeMs(token, clock.now()))
  io.out(
    [
      `old token  ${before === undefined ? 'none' : `expires ${iso(before)}`}`,
      `new token  expires ${iso(token.expiresAt)}, in ${life}`,
      '',
    ].join('\n'),
  )
}

function iso(epochMs: number): string {
  return new Date(epochMs).toISOString()
}
