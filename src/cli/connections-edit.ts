import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { parse } from 'yaml'
import {
  connectionEntry,
  connectionPresets,
  connectionToFile,
  isConnectionPreset,
  parseConnection,
} from '../config/index.ts'
import { nearestName } from '../grants/index.ts'
import { EvergrantError, Secret } from '../kernel/index.ts'
import type { Composition } from '../server/index.ts'
import {
  withCommonOptions,
  withComposition,
  wholeNumberOption,
  type CommonOptions,
} from './common-options.ts'
import type { CliContext } from './context.ts'
import { argumentPath, type CliIo } from './io.ts'

interface EntryOptions extends CommonOptions {
  readonly from?: string
  readonly preset?: string
  readonly provider?: string
  readonly tenant?: string
  readonly clientId?: string
  readonly grant?: string
  readonly resource?: string
  readonly scope?: string
  readonly upstream?: readonly string[]
  readonly secret?: boolean
  readonly secretEnv?: string
  readonly secretFile?: string
  readonly certificateFile?: string
  readonly assertionFile?: string
  readonly via?: string
  readonly expires?: string
  readonly credential?: string
}

/** An entry below `connections:` as it is written, before it is checked. */
type Entry = Record<string, unknown>

/** `evergrant connections add|edit|remove|export`: connections that are kept in the store. */
export function addEditCommands(connections: Command, { io }: CliContext): void {
  withEntryOptions(
    connections.command('add <name>').description('define a connection in the store'),
  )
    .addHelpText(
      'after',
      `
Every process on the store knows the connection within a second; the file stays as it is. Names are
unique across file and store. A secret that comes by --secret is sealed in the store.

Examples:
  $ evergrant connections add ping --provider ping --client-id app --scope read --secret < secret.txt
  $ evergrant connections add contoso-graph --preset graph-import --provider contoso \\
      --client-id 2f0c0000-1111-4222-8333-444444444444 --secret-env CONTOSO_SECRET --expires 2027-03-01
  $ evergrant connections add csp --preset csp-partner --provider contoso --client-id 2f0c… --secret < secret.txt
  $ evergrant connections add csp --from csp.yaml`,
    )
    .action(async (name: string, options: EntryOptions) => {
      await withComposition(io, options, async (composition) => {
        if (composition.connections.find(name) !== undefined) {
          throw new EvergrantError('connection_exists', `there is a connection "${name}" already`)
        }
        const entry = await applyOptions(io, await baseEntry(io, options), options)
        await save(io, composition, name, { entry, version: 0 }, options)
      })
    })

  withEntryOptions(
    connections.command('edit <name>').description('change a connection that is kept in the store'),
  )
    .addHelpText(
      'after',
      `
Only what is named changes. Tokens that were obtained with other credentials are not used again.

Examples:
  $ evergrant connections edit ping --secret < new-secret.txt
  $ evergrant connections edit ping --credential 1 --secret < second-secret.txt   # tried when the first is refused
  $ evergrant connections edit ping --scope 'read write'`,
    )
    .action(async (name: string, options: EntryOptions) => {
      await withComposition(io, options, async (composition) => {
        const stored = await findStored(composition, name)
        const base = options.from === undefined ? (JSON.parse(stored.body) as Entry) : {}
        const start = options.from === undefined ? base : await baseEntry(io, options)
        const entry = await applyOptions(io, start, options)
        await save(io, composition, name, { entry, version: stored.version }, options)
      })
    })

  withCommonOptions(
    connections
      .command('remove <name>')
      .description('remove a connection that is kept in the store'),
  )
    .addHelpText(
      'after',
      `
Its secrets are erased; its grants stay as \`orphaned\`, so that a connection of the same name finds
them again. To end them at the provider too, revoke first.

Examples:
  $ evergrant connections revoke ping && evergrant connections remove ping`,
    )
    .action(async (name: string, options: CommonOptions) => {
      await withComposition(io, options, async (composition) => {
        await findStored(composition, name)
        const { store, clock } = composition
        const isRemoved = await store.connections.removeConnection(name, clock.now())
        if (!isRemoved) throw unknownConnection(composition, name)
        io.out(
          options.json === true
            ? `${JSON.stringify({ name, removed: true })}\n`
            : `${name}: removed\n`,
        )
      })
    })

  withCommonOptions(
    connections
      .command('export <name>')
      .description('print a connection as an entry of evergrant.yaml'),
  )
    .addHelpText(
      'after',
      `
Sealed secrets are not printed: references to environment variables stand in their place, for you to
fill.

Examples:
  $ evergrant connections export ping >> connections.yaml
  $ evergrant connections export ping --json`,
    )
    .action(async (name: string, options: CommonOptions) => {
      await withComposition(io, options, async (composition) => {
        const found = composition.connections.find(name)
        if (found === undefined) throw unknownConnection(composition, name)
        const { yaml, variables } = connectionToFile(found.config)
        if (options.json === true) {
          io.out(`${JSON.stringify({ [name]: connectionEntry(found.config), variables })}\n`)
          return
        }
        io.out(yaml)
        if (variables.length > 0) io.note(`to be set where it is used: ${variables.join(', ')}\n`)
      })
    })
}

function withEntryOptions(command: Command): Command {
  return withCommonOptions(
    command
      .option('--from <file>', 'take the whole entry from a YAML or JSON file (- is not read)')
      .option(
        '--preset <name>',
        `fill in what a kind of use needs: ${Object.keys(connectionPresets).join(', ')}`,
      )
      .option('--provider <name>', 'a provider of the configuration file')
      .option('--tenant <tenant>', "a tenant in place of the provider's; '*' makes a template")
      .option('--client-id <id>', 'the client id of our registration')
      .option('--grant <type>', 'client_credentials or authorization_code')
      .option('--resource <url>', 'what the tokens are for')
      .option('--scope <scopes>', 'what the tokens are for, as scopes')
      .option(
        '--upstream <name=resource>',
        'one more resource that tokens are obtained for; may be repeated',
        (value: string, before: readonly string[] = []) => [...before, value],
      )
      .option('--secret', 'read a client secret from standard input and seal it in the store')
      .option('--secret-env <name>', 'environment variable that holds the client secret')
      .option('--secret-file <path>', 'file that holds the client secret')
      .option('--certificate-file <path>', 'PEM file with certificate and private key')
      .option('--assertion-file <path>', 'file that holds a federated assertion')
      .option('--via <way>', 'post or basic: how the secret is sent')
      .option('--expires <day>', 'when the provider stops accepting the credential')
      .option(
        '--credential <n>',
        'which credential is meant, from 0; one more than there are adds one',
      ),
  )
}

async function baseEntry(io: CliIo, options: EntryOptions): Promise<Entry> {
  const { from, preset, provider = '', clientId = '' } = options
  if (from !== undefined && preset !== undefined) {
    throw new EvergrantError('usage', 'expected --from or --preset, but saw both')
  }
  if (from !== undefined) return readEntry(argumentPath(io, from))
  if (preset === undefined) return {}
  if (isConnectionPreset(preset)) {
    return connectionPresets[preset].entry({ provider, client: { id: clientId, credentials: [] } })
  }
  const known = Object.keys(connectionPresets).map((name) => `"${name}"`)
  throw new EvergrantError(
    'usage',
    `--preset: expected ${known.join(' or ')}, but saw ${JSON.stringify(preset)}`,
  )
}

async function readEntry(path: string): Promise<Entry> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    throw new EvergrantError('usage', `--from: "${path}" cannot be read`, { cause: error })
  }
  let value: unknown
  try {
    value = parse(text)
  } catch {
    // The parser quotes what it read, which may hold what should not be shown.
    throw new EvergrantError('usage', `--from: "${path}" is neither YAML nor JSON`)
  }
  if (isEntry(value)) return value
  throw new EvergrantError('usage', `--from: expected one entry of "connections" in "${path}"`)
}

const isEntry = (value: unknown): value is Entry =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The entry with the options written over it; a secret from standard input becomes a reference. */
async function applyOptions(
  io: CliIo,
  base: Entry,
  options: EntryOptions,
): Promise<{ readonly body: Entry; readonly secrets: ReadonlyMap<string, Secret> }> {
  const body: Entry = { ...base }
  for (const field of ['provider', 'tenant', 'grant'] as const) {
    if (options[field] !== undefined) body[field] = options[field]
  }
  if (options.resource !== undefined || options.scope !== undefined) {
    delete body['resource']
    delete body['scope']
    if (options.resource !== undefined) body['resource'] = options.resource
    if (options.scope !== undefined) body['scope'] = options.scope
  }
  if (options.upstream !== undefined) {
    const known = isEntry(body['upstreams']) ? body['upstreams'] : {}
    body['upstreams'] = { ...known, ...Object.fromEntries(options.upstream.map(readUpstream)) }
  }
  const client: Entry = isEntry(body['client']) ? { ...body['client'] } : {}
  if (options.clientId !== undefined) client['id'] = options.clientId
  const credentials: readonly unknown[] = Array.isArray(client['credentials'])
    ? client['credentials']
    : []
  const position = credentialPosition(options, credentials.length)
  const slot = `credentials[${position}]`
  const given = givenCredential(io, options, slot)
  const previous = credentials[position]
  const details = {
    ...(options.via === undefined ? {} : { via: options.via }),
    ...(options.expires === undefined ? {} : { expiresAt: options.expires }),
  }
  if (given !== undefined || Object.keys(details).length > 0) {
    if (given === undefined && !isEntry(previous)) {
      throw new EvergrantError('usage', `--via and --expires: there is no credential ${position}`)
    }
    const credential = { ...(given ?? (previous as Entry)), ...details }
    client['credentials'] = credentials.toSpliced(position, 1, credential)
  }
  if (Object.keys(client).length > 0) body['client'] = client
  const secrets = new Map<string, Secret>()
  if (options.secret === true) secrets.set(slot, await readSecret(io))
  return { body, secrets }
}

function readUpstream(text: string): [string, Entry] {
  const at = text.indexOf('=')
  if (at > 0 && at < text.length - 1) return [text.slice(0, at), { resource: text.slice(at + 1) }]
  throw new EvergrantError(
    'usage',
    `--upstream: expected NAME=RESOURCE, but saw ${JSON.stringify(text.slice(0, 100))}`,
  )
}

function credentialPosition({ credential }: EntryOptions, length: number): number {
  return credential === undefined ? 0 : wholeNumberOption('--credential', credential, 0, length)
}

function givenCredential(io: CliIo, options: EntryOptions, slot: string): Entry | undefined {
  const { secret, secretEnv, secretFile, certificateFile, assertionFile } = options
  const given: Entry[] = []
  if (secret === true) given.push({ secret: { sealed: slot } })
  if (secretEnv !== undefined) given.push({ secret: { env: secretEnv } })
  if (secretFile !== undefined) given.push({ secret: { file: argumentPath(io, secretFile) } })
  if (certificateFile !== undefined)
    given.push({ certificate: { file: argumentPath(io, certificateFile) } })
  if (assertionFile !== undefined)
    given.push({ federated: { file: argumentPath(io, assertionFile) } })
  if (given.length > 1) {
    throw new EvergrantError(
      'usage',
      'expected one of --secret, --secret-env, --secret-file, --certificate-file and --assertion-file, but saw several',
    )
  }
  return given[0]
}

async function readSecret(io: CliIo): Promise<Secret> {
  const text = (await io.readInput()).replace(/[\r\n]+$/, '')
  if (text.trim() === '') {
    throw new EvergrantError(
      'usage',
      '--secret: expected the client secret on standard input, but saw nothing',
      { remedy: 'Pipe it in: … --secret < secret.txt' },
    )
  }
  return new Secret(text)
}

async function save(
  io: CliIo,
  { config, store, clock }: Composition,
  name: string,
  what: {
    readonly entry: Awaited<ReturnType<typeof applyOptions>>
    readonly version: number
  },
  options: EntryOptions,
): Promise<void> {
  const { body, secrets } = what.entry
  const parsed = parseConnection(name, body, config)
  if (!parsed.ok) throw parsed.error
  const slots = sealedSlots(body)
  const saving = await store.connections.saveConnection(
    {
      name,
      body: JSON.stringify(body),
      expectedVersion: what.version,
      secrets,
      slots,
    },
    clock.now(),
  )
  if (!saving.saved) {
    throw new EvergrantError(
      'connection_exists',
      `connection "${name}" was changed by someone else meanwhile`,
      { remedy: 'Look at it with `evergrant connections show`, and make the change again.' },
    )
  }
  io.out(
    options.json === true
      ? `${JSON.stringify({ name, version: saving.version })}\n`
      : `${name}: ${what.version === 0 ? 'added' : 'changed'}; \`evergrant connections test ${name}\` tries it\n`,
  )
}

/** Every slot that the entry refers to by `{ sealed: SLOT }`. */
function sealedSlots(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(sealedSlots)
  if (!isEntry(value)) return []
  const own = typeof value['sealed'] === 'string' ? [value['sealed']] : []
  return [...own, ...Object.values(value).flatMap(sealedSlots)]
}

async function findStored(
  composition: Composition,
  name: string,
): Promise<{ readonly body: string; readonly version: number }> {
  const { connections, store } = composition
  const stored = await store.connections.getConnection(name)
  if (stored !== undefined) return stored
  if (connections.find(name)?.origin === 'file') {
    throw new EvergrantError(
      'connection_read_only',
      `connection "${name}" is defined in the configuration file`,
    )
  }
  throw unknownConnection(composition, name)
}

function unknownConnection({ connections }: Composition, name: string): EvergrantError {
  const names = connections.all().map(({ config }) => config.name)
  const meant = nearestName(name, names)
  const shown = JSON.stringify(name.slice(0, 100))
  return new EvergrantError(
    'connection_unknown',
    meant === undefined
      ? `there is no connection ${shown}`
      : `there is no connection ${shown}; did you mean "${meant}"?`,
  )
}
