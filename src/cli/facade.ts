import type { Command } from 'commander'
import { createFacadeDesk, type FacadeClient, type FacadeDesk } from '../gateway/index.ts'
import { EvergrantError, systemRandom, type Secret } from '../kernel/index.ts'
import { facadeToJson, findFacadeTarget, type Composition } from '../server/index.ts'
import {
  durationOption,
  wholeNumberOption,
  withCommonOptions,
  withComposition,
  type CommonOptions,
} from './common-options.ts'
import type { CliContext } from './context.ts'
import { facadeProducts, fillForm, type FacadeProduct } from './facade-forms.ts'
import { formatClient, formatClients, formatForm } from './facade-text.ts'
import type { CliIo } from './io.ts'

interface AddOptions extends CommonOptions {
  readonly connection: string
  readonly redirectUri: readonly string[]
  readonly tokens?: string
  readonly for?: string
  readonly public?: boolean
  readonly pkce?: string
  readonly rotate?: boolean
  readonly grace?: string
  readonly secretOnRefresh: boolean
}

interface ShowOptions extends CommonOptions {
  readonly for?: string
}

interface ListOptions extends CommonOptions {
  readonly limit?: string
  readonly revoked?: boolean
}

/** `evergrant facade …`: clients that know authorization code and refresh token alone. */
export function addFacadeCommands(program: Command, { io }: CliContext): void {
  const facade = program
    .command('facade')
    .description('register clients that know only authorization code and refresh token')
    .addHelpText(
      'after',
      `
Examples:
  $ evergrant facade add salesforce --connection contoso-graph --for salesforce \\
      --redirect-uri https://MYDOMAIN.my.salesforce.com/services/authcallback/Evergrant
  $ evergrant facade list
  $ evergrant facade show salesforce --for salesforce`,
    )
  addAdd(facade, io)
  addLook(facade, io)
  addChange(facade, io)
}

function addAdd(facade: Command, io: CliIo): void {
  withCommonOptions(
    facade
      .command('add <name>')
      .description('register a client; prints its secret, this once')
      .requiredOption(
        '--connection <connection[:upstream]>',
        'the connection its tokens are good for, and the upstream where there are several',
      )
      .requiredOption(
        '--redirect-uri <url>',
        'where codes are sent, byte by byte; may be given again',
        collect,
      )
      .option('--tokens <kind>', 'gateway (default): good for /proxy; upstream: the provider’s own')
      .option('--for <product>', `print the form of ${facadeProducts.join(', ')} filled in`)
      .option('--public', 'without a secret: PKCE, rotation, an approval for each authorization')
      .option('--pkce <need>', 'optional (default) or required')
      .option('--rotate', 'give another refresh token with every refresh')
      .option('--grace <duration>', 'how long the one before still serves (default: 60s)')
      .option('--no-secret-on-refresh', 'let the client refresh without its secret'),
  )
    .addHelpText(
      'after',
      `
Whoever runs this command approves the client: it gets a code for everyone it sends here, without a
page in between. Refresh tokens are static unless --rotate; with it, one that comes back after its
grace revokes everything its authorization gave.

With --tokens upstream the client holds the provider's own token: an API's 403 or 500 about an expired
one cannot be repaired then, and a refresh counts as a report that the token was refused.

Examples:
  $ evergrant facade add salesforce --connection contoso-graph --for salesforce \\
      --redirect-uri https://MYDOMAIN.my.salesforce.com/services/authcallback/Evergrant
  $ evergrant facade add flows --connection csp:arm --no-secret-on-refresh --for power-platform \\
      --redirect-uri https://global.consent.azure-apim.net/redirect/NAME
  $ evergrant facade add native --connection contoso-graph --public \\
      --redirect-uri http://127.0.0.1:8089/callback`,
    )
    .action(async (name: string, options: AddOptions) => {
      const product = productOption(options.for)
      const tokens = choiceOption('--tokens', options.tokens ?? 'gateway', ['gateway', 'upstream'])
      const pkce = choiceOption('--pkce', options.pkce ?? 'optional', ['optional', 'required'])
      const { public: isPublic = false, rotate: rotates = false, grace } = options
      await withComposition(io, options, async (composition) => {
        const { connection, upstream } = findFacadeTarget(composition, options.connection)
        const { client, secret } = await deskOf(composition).add({
          name,
          connection,
          ...(upstream === undefined ? {} : { upstream }),
          redirectUris: options.redirectUri,
          tokens,
          isPublic,
          requiresPkce: pkce === 'required',
          rotates,
          ...(grace === undefined ? {} : { graceMs: durationOption('--grace', grace) }),
          needsSecretOnRefresh: options.secretOnRefresh,
        })
        tell(io, composition, { client, secret, product }, options)
        if (tokens === 'upstream') {
          io.note(
            `${name} is handed the provider's own tokens: they leave Evergrant, and an API's 403 or 500 about an expired one cannot be repaired\n`,
          )
        }
        if (isPublic) {
          io.note(`\`evergrant facade approve ${name}\` lets it authorize, each time\n`)
        }
      })
    })
}

function addLook(facade: Command, io: CliIo): void {
  withCommonOptions(
    facade
      .command('list')
      .description('list clients')
      .option('--revoked', 'revoked ones, too')
      .option('--limit <n>', 'how many, at most 1000 (default: 100)'),
  )
    .addHelpText(
      'after',
      `
Examples:
  $ evergrant facade list
  $ evergrant facade list --json | jq -r '.[].client_id'`,
    )
    .action(async (options: ListOptions) => {
      const limit = wholeNumberOption('--limit', options.limit ?? '100', 1, 1_000)
      await withComposition(io, options, async (composition) => {
        const withRevoked = options.revoked === true
        const clients = await deskOf(composition).list({ limit, withRevoked })
        io.out(
          options.json === true
            ? `${JSON.stringify(clients.map((client) => facadeToJson(client)))}\n`
            : formatClients(clients),
        )
      })
    })

  withCommonOptions(
    facade
      .command('show <name>')
      .description('show one client in full')
      .option('--for <product>', `print the form of ${facadeProducts.join(', ')} filled in`),
  )
    .addHelpText(
      'after',
      `
Examples:
  $ evergrant facade show salesforce
  $ evergrant facade show salesforce --for salesforce`,
    )
    .action(async (name: string, options: ShowOptions) => {
      const product = productOption(options.for)
      await withComposition(io, options, async (composition) => {
        const desk = deskOf(composition)
        const client = await desk.find(name)
        const authorizations = await desk.countAuthorizations(client.id)
        tell(io, composition, { client, product, authorizations }, options)
      })
    })
}

function addChange(facade: Command, io: CliIo): void {
  withCommonOptions(
    facade
      .command('approve <name>')
      .description('let a client without secret authorize once, within ten minutes'),
  )
    .addHelpText(
      'after',
      `
Nobody signs in at the facade, so that a client without secret proves nothing: without an approval
whoever knows its id could have tokens. The first code that is redeemed spends the approval.

Examples:
  $ evergrant facade approve native`,
    )
    .action(async (name: string, options: CommonOptions) => {
      await change(name, options, 'may authorize once within ten minutes', (desk) =>
        desk.approve(name),
      )
    })

  withCommonOptions(
    facade.command('rotate-secret <name>').description('replace a secret; prints it, this once'),
  )
    .addHelpText(
      'after',
      `
The old secret is refused at once; tokens and refresh tokens stay good.

Examples:
  $ evergrant facade rotate-secret salesforce`,
    )
    .action(async (name: string, options: CommonOptions) => {
      await withComposition(io, options, async (composition) => {
        const { client, secret = neverPublic() } = await deskOf(composition).rotateSecret(name)
        io.out(
          options.json === true
            ? `${JSON.stringify(facadeToJson(client, { secret: secret.reveal() }))}\n`
            : `${secret.reveal()}\n`,
        )
      })
    })

  withCommonOptions(
    facade.command('revoke <name>').description('revoke a client with everything it was given'),
  )
    .addHelpText(
      'after',
      `
Its codes, tokens and refresh tokens are refused by every node within a second. The provider's own
tokens, which a client with --tokens upstream holds, live on until they expire.

Examples:
  $ evergrant facade revoke salesforce`,
    )
    .action(async (name: string, options: CommonOptions) => {
      await change(name, options, 'revoked', (desk) => desk.revoke(name))
    })

  async function change(
    name: string,
    options: CommonOptions,
    what: string,
    work: (desk: FacadeDesk) => Promise<FacadeClient>,
  ): Promise<void> {
    await withComposition(io, options, async (composition) => {
      const client = await work(deskOf(composition))
      io.out(
        options.json === true ? `${JSON.stringify(facadeToJson(client))}\n` : `${name}: ${what}\n`,
      )
    })
  }
}

function deskOf({ store, clock }: Composition): FacadeDesk {
  return createFacadeDesk({ store: store.facades, clock, random: systemRandom })
}

function tell(
  io: CliIo,
  { config }: Composition,
  told: {
    readonly client: FacadeClient
    readonly secret?: Secret | undefined
    readonly product?: FacadeProduct | undefined
    readonly authorizations?: number
  },
  { json }: CommonOptions,
): void {
  const { client, product, authorizations } = told
  const secret = told.secret?.reveal()
  const { publicUrl } = config.server
  const known = {
    ...(secret === undefined ? {} : { secret }),
    ...(authorizations === undefined ? {} : { authorizations }),
  }
  const form =
    product === undefined ? undefined : fillForm(product, client, { publicUrl, ...known })
  if (json === true) {
    const shown = facadeToJson(client, known)
    io.out(`${JSON.stringify(form === undefined ? shown : { ...shown, form })}\n`)
    return
  }
  io.out(form === undefined ? formatClient(client, { publicUrl, ...known }) : formatForm(form))
}

function productOption(text: string | undefined): FacadeProduct | undefined {
  if (text === undefined) return undefined
  return choiceOption('--for', text, facadeProducts)
}

function choiceOption<T extends string>(name: string, text: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === text)
  if (found !== undefined) return found
  throw new EvergrantError(
    'usage',
    `${name}: expected ${choices.map((choice) => `"${choice}"`).join(' or ')}, but saw ${JSON.stringify(text)}`,
  )
}

function neverPublic(): never {
  throw new Error('a client without secret got one')
}

/** Gathers the values of an option that may be given again. */
function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value]
}
