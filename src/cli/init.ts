import { readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Command } from 'commander'
import { configTemplate, loadConfig, type TemplateOptions } from '../config/index.ts'
import { EvergrantError, isEvergrantError, Secret } from '../kernel/index.ts'
import { generateKey, readKey } from '../vault/index.ts'
import { callAgain, configAgain } from './call-again.ts'
import { configPathOf } from './common-options.ts'
import type { CliContext } from './context.ts'
import { writeWholeFile } from './write-file.ts'

interface InitOptions {
  readonly for: string
  readonly force?: boolean
  readonly config?: string
  readonly json?: boolean
}

type Job = TemplateOptions['for']

/** `evergrant init` */
export function addInitCommand(program: Command, context: CliContext): void {
  program
    .command('init')
    .description('write a first evergrant.yaml and its encryption key')
    .option('--for <job>', 'what it is for: import, gateway, bearer or consent', 'import')
    .option('--force', 'overwrite them; never the key of a store that exists')
    .option('--config <file>', 'where to write it (default: ./evergrant.yaml)')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
Examples:
  $ evergrant init
  $ evergrant init --for gateway
  $ evergrant init --for bearer
  $ evergrant init --for consent
  $ evergrant init --for import --config /etc/evergrant/evergrant.yaml
  $ evergrant init --force`,
    )
    .action(async (options: InitOptions) => init(context, options))
}

async function init({ io }: CliContext, options: InitOptions): Promise<void> {
  const job = knownJob(options.for)
  const configPath = configPathOf(io, options)
  const keyPath = join(dirname(configPath), 'evergrant.key')
  const isForced = options.force === true
  if (!isForced) await refuseToOverwrite(configPath)
  const keptKey = await decideOnKey(configPath, keyPath, isForced)
  // The key first: a configuration without its key would stand in the way of another try.
  if (!keptKey) {
    await writeWholeFile(keyPath, `${generateKey().reveal()}\n`, {
      mode: 0o600,
      replace: isForced,
    })
  }
  await writeWholeFile(configPath, configTemplate({ for: job }), {
    mode: 0o644,
    replace: isForced,
  })
  const next = nextSteps(configPath, job, (text) =>
    asCalled(text, callAgain(io), configAgain(options)),
  )
  if (options.json === true) {
    io.out(`${JSON.stringify({ config: configPath, key: keyPath, key_kept: keptKey, next })}\n`)
    return
  }
  io.out(
    [
      `wrote ${configPath}`,
      keptKey
        ? `kept  ${keyPath}, which was there already`
        : `wrote ${keyPath} (readable by you alone; keep a copy apart from the store)`,
      '',
      'Next:',
      ...next.flatMap((step, index) =>
        step.split('\n').map((line, i) => `${i === 0 ? ` ${index + 1}. ` : '    '}${line}`),
      ),
      '',
    ].join('\n'),
  )
}

function knownJob(job: string): Job {
  if (Object.hasOwn(firstCommands, job)) return job as Job
  throw new EvergrantError(
    'usage',
    `--for: expected "import", "gateway", "bearer" or "consent", but saw ${JSON.stringify(job)}`,
  )
}

async function refuseToOverwrite(configPath: string): Promise<void> {
  if (!(await exists(configPath))) return
  throw new EvergrantError('file_exists', `"${configPath}" exists already`, {
    remedy:
      'Check it with `evergrant config check`, name another place with `--config FILE`, or overwrite it with `--force`.',
  })
}

/**
 * Returns whether the key that stands there is kept. A key is only replaced by force, and never
 * where a store exists that it may have sealed.
 */
async function decideOnKey(
  configPath: string,
  keyPath: string,
  isForced: boolean,
): Promise<boolean> {
  const store = await existingStore(configPath)
  if (await exists(keyPath)) {
    if (isForced && store === undefined) return false
    readKey('k1', new Secret((await readFile(keyPath, 'utf8')).replace(/[\r\n]+$/, '')))
    return true
  }
  if (store === undefined) return false
  throw new EvergrantError(
    'key_missing',
    `the store "${store}" exists, but its key "${keyPath}" does not; a new key would not open it`,
    {
      remedy:
        'Put the key back where it was, or move that store away and run `evergrant init` again.',
    },
  )
}

/** Finds a store the key may have sealed: beside the configuration, or where that names it. */
async function existingStore(configPath: string): Promise<string | undefined> {
  const candidates = [join(dirname(configPath), 'evergrant.db')]
  try {
    const config = await loadConfig(configPath, { readFile, workingDirectory: dirname(configPath) })
    // A database elsewhere is not asked: it may hold what only this key opens.
    if (config.store.type === 'postgres') return config.store.url
    candidates.unshift(config.store.path)
  } catch (error) {
    // Absent or broken: it names no store.
    if (!isEvergrantError(error)) throw error
  }
  for (const path of candidates) if (await exists(path)) return path
  return undefined
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT' || code === 'ENOTDIR') return false
    throw error
  }
}

/** What comes first with each job; each command of ours on a line of its own, indented. */
const firstCommands: Readonly<Record<Job, string>> = {
  import: `See that everything is in place, then import:
  evergrant doctor
  evergrant import contoso-graph users`,
  gateway: `See that everything is in place, make a key for the caller, then serve:
  evergrant doctor
  evergrant callers add my-app --connections contoso-graph
  evergrant serve
  curl -H "Authorization: Bearer $KEY" http://localhost:8420/proxy/contoso-graph/v1.0/users`,
  bearer: `See that everything is in place, import the accounts, ask what a token is, then serve:
  evergrant doctor
  evergrant imports run directory
  evergrant explain --config evergrant.yaml < token.txt
  evergrant serve
  curl -H "Authorization: Bearer $TOKEN" http://localhost:8420/auth/verify`,
  consent: `See that everything is in place, then serve, and sign in to the console by the link it prints:
  evergrant doctor
  evergrant serve
There, or by the link that this makes, somebody consents:
  evergrant consent link csp --recipient 'who signs in'`,
}

const ofTheDirectory = `a. App registrations > New registration: any name, this directory only, no redirect URI.
b. API permissions > Add a permission > Microsoft Graph > Application permissions >
   User.Read.All > Add permissions; then "Grant admin consent".`

const ofThePartner = `a. App registrations > New registration: any name, accounts in any organizational directory;
   Redirect URI: Web, http://localhost:8420/consent/callback (or publicUrl + /consent/callback).
   Then Authentication > Add URI: http://localhost:8420/consent/admin.
b. API permissions > Add a permission, each time Delegated permissions:
   Microsoft Graph > User.Read, Directory.Read.All; Azure Service Management > user_impersonation;
   APIs my organization uses > Microsoft Partner Center > user_impersonation.`

const ofTheApi = `The API that callers call has a registration of its own:
d. App registrations > New registration; then Expose an API > Add (keep api://…) > Add a scope.
e. Manifest: "requestedAccessTokenVersion": 2, so that tokens name the API by its application id.
f. Put its Application (client) ID into issuers.contoso.audiences, and
   "Directory (tenant) ID" into issuers.contoso.tenants.`

/** Puts what calls this program in front of its commands, and where the configuration is behind. */
function asCalled(text: string, call: string, config: string): string {
  return text.replaceAll(
    /^ {2}evergrant (.+?)( --config evergrant\.yaml)?( < .+)?$/gm,
    (_line, command: string, own = '', input = '') =>
      `  ${call} ${command}${config === '' ? own : config}${input}`,
  )
}

function nextSteps(
  configPath: string,
  job: Job,
  calling: (text: string) => string,
): readonly string[] {
  return [
    `In the Microsoft Entra admin center (https://entra.microsoft.com), as an administrator:
${job === 'consent' ? ofThePartner : ofTheDirectory}
c. Certificates & secrets > New client secret: copy its Value (not the Secret ID) at once.`,
    `Put both ids of the application's Overview page into ${configPath}:
"Directory (tenant) ID" as providers.contoso.tenant,
"Application (client) ID" as connections.${job === 'consent' ? 'csp' : 'contoso-graph'}.client.id.
Give the secret by the environment:  export CONTOSO_SECRET='the value'`,
    ...(job === 'bearer' ? [ofTheApi] : []),
    calling(firstCommands[job]),
  ]
}
