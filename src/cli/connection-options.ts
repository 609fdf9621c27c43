import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { parse } from 'yaml'
import { connectionPresets, isConnectionPreset } from '../config/index.ts'
import { EvergrantError, Secret } from '../kernel/index.ts'
import { isEntry, type ConnectionEntry as Entry, type DraftedEntry } from '../server/index.ts'
import { withCommonOptions, wholeNumberOption, type CommonOptions } from './common-options.ts'
import { argumentPath, type CliIo } from './io.ts'

/** What can be said of a connection on the command line. */
export interface EntryOptions extends CommonOptions {
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

/** Adds the options that describe a connection, `--preset` left out. */
export function withEntryOptions(command: Command): Command {
  return withCommonOptions(
    command
      .option('--from <file>', 'take the whole entry from a YAML or JSON file')
      .option('--provider <name>', 'a provider of the configuration file')
      .option('--tenant <tenant>', "a tenant in place of the provider's; '*' makes a template")
      .option('--client-id <id>', 'the client id of our registration')
      .option('--grant <type>', 'client_credentials or authorization_code')
      .option('--resource <url>', 'what the tokens are for')
      .option('--scope <scopes>', 'what the tokens are for, as scopes')
      .option(
        '--upstream <name=resource>',
        'one more resource that tokens are obtained for; may be repeated',
        (value: string, before: readonly string[] | undefined) => [...(before ?? []), value],
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

/** Adds `--preset`, for a connection that does not exist yet. */
export function withPresetOption(command: Command): Command {
  const known = Object.keys(connectionPresets).join(', ')
  return command.option('--preset <name>', `fill in what a kind of use needs: ${known}`)
}

/**
 * Returns what a new entry starts from: a file, a preset or nothing.
 *
 * @throws EvergrantError `usage`
 */
export async function newEntry(io: CliIo, options: EntryOptions): Promise<Entry> {
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
    `--preset: expected ${known.join(' or ')}, but saw ${JSON.stringify(preset.slice(0, 100))}`,
  )
}

/** Reads one entry, bare or as the only one below `connections:`. @throws `usage` */
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
  if (isEntry(value)) {
    const { connections } = value
    if (connections === undefined) return value
    const [only, ...others] = isEntry(connections) ? Object.values(connections) : []
    if (isEntry(only) && others.length === 0) return only
  }
  throw new EvergrantError('usage', `--from: expected one entry of "connections" in "${path}"`)
}

/**
 * Writes the options over an entry; a secret from standard input becomes a reference to a slot.
 *
 * @throws EvergrantError `usage`
 */
export async function applyOptions(
  io: CliIo,
  base: Entry,
  options: EntryOptions,
): Promise<DraftedEntry> {
  const body: Record<string, unknown> = { ...base }
  for (const field of ['provider', 'tenant', 'grant'] as const) {
    if (options[field] !== undefined) body[field] = options[field]
  }
  const { resource, scope } = options
  if (resource !== undefined || scope !== undefined) {
    delete body['resource']
    delete body['scope']
    if (resource !== undefined) body['resource'] = resource
    if (scope !== undefined) body['scope'] = scope
  }
  if (options.upstream !== undefined) {
    const known = isEntry(body['upstreams']) ? body['upstreams'] : {}
    body['upstreams'] = { ...known, ...Object.fromEntries(options.upstream.map(readUpstream)) }
  }
  const client = isEntry(body['client']) ? body['client'] : {}
  const { credentials, slot } = applyCredential(io, client['credentials'], options)
  const { clientId } = options
  const changed = {
    ...client,
    ...(clientId === undefined ? {} : { id: clientId }),
    ...(credentials === undefined ? {} : { credentials }),
  }
  if (Object.keys(changed).length > 0) body['client'] = changed
  const secrets = new Map<string, Secret>()
  if (options.secret === true) secrets.set(slot, await readSecret(io))
  return { body, secrets }
}

/** The credentials with the one that the options are about; undefined when they are about none. */
function applyCredential(
  io: CliIo,
  before: unknown,
  options: EntryOptions,
): { readonly credentials?: readonly unknown[]; readonly slot: string } {
  const known: readonly unknown[] = Array.isArray(before) ? before : []
  const { credential, via, expires } = options
  const position =
    credential === undefined ? 0 : wholeNumberOption('--credential', credential, 0, known.length)
  const slot = `credentials[${position}]`
  const given = givenCredential(io, options, slot)
  const details = {
    ...(via === undefined ? {} : { via }),
    ...(expires === undefined ? {} : { expiresAt: expires }),
  }
  const previous = known[position]
  if (given === undefined) {
    if (Object.keys(details).length === 0) {
      if (credential === undefined) return { slot }
      throw new EvergrantError('usage', '--credential: nothing was said of that credential', {
        remedy: 'Add --secret, --secret-env or another option that gives it.',
      })
    }
    if (!isEntry(previous)) {
      throw new EvergrantError(
        'usage',
        `--via and --expires: there is no credential ${position} yet`,
      )
    }
    return { slot, credentials: known.toSpliced(position, 1, { ...previous, ...details }) }
  }
  // How the client proves itself stays; when the old secret ends says nothing about the new one.
  const kept = isEntry(previous) && isSameKind(previous, given) ? previous : {}
  const { expiresAt: _ended, ...manner } = kept
  const credentials = known.toSpliced(position, 1, { ...manner, ...given, ...details })
  return { slot, credentials }
}

const isSameKind = (one: Entry, other: Entry): boolean =>
  ['secret', 'certificate', 'federated'].some((kind) => kind in one && kind in other)

function readUpstream(text: string): [string, Entry] {
  const at = text.indexOf('=')
  if (at > 0 && at < text.length - 1) return [text.slice(0, at), { resource: text.slice(at + 1) }]
  throw new EvergrantError(
    'usage',
    `--upstream: expected NAME=RESOURCE, but saw ${JSON.stringify(text.slice(0, 100))}`,
  )
}

function givenCredential(io: CliIo, options: EntryOptions, slot: string): Entry | undefined {
  const { secret, secretEnv, secretFile, certificateFile, assertionFile } = options
  const given: Entry[] = []
  if (secret === true) given.push({ secret: { sealed: slot } })
  if (secretEnv !== undefined) given.push({ secret: { env: secretEnv } })
  if (secretFile !== undefined) given.push({ secret: { file: argumentPath(io, secretFile) } })
  if (certificateFile !== undefined) {
    given.push({ certificate: { file: argumentPath(io, certificateFile) } })
  }
  if (assertionFile !== undefined) {
    given.push({ federated: { file: argumentPath(io, assertionFile) } })
  }
  if (given.length <= 1) return given[0]
  throw new EvergrantError(
    'usage',
    'expected one of --secret, --secret-env, --secret-file, --certificate-file and --assertion-file, but saw several',
  )
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
