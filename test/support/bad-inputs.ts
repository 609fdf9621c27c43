import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import Database from 'better-sqlite3'
import { generateKey } from '../../src/vault/index.ts'
import { runCommand } from './command.ts'
import type { Workspace } from './workspace.ts'

/** One bad input, and what the person who made it is told. */
export interface BadInput {
  readonly what: string
  /** Makes the input bad. Whatever it needs to exist before, it makes. */
  readonly spoil?: (workspace: Workspace) => unknown
  /** By default an import of all users into the store. */
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Exit code and code of the registry. */
  readonly exit: 2 | 3 | 4 | 5
  readonly code: string
  /** What the text names: the field, what was expected and seen, the remedy. */
  readonly says: readonly string[]
  /** What the text must not repeat. */
  readonly withholds?: readonly string[]
  /** Whether a store may come to be; by default no byte in the folder changes. */
  readonly makesStore?: boolean
  /** Whether the workspace speaks https as well, by a certificate nobody trusts. */
  readonly https?: boolean
}

/** Imports all users into the store. */
export const importUsers: readonly string[] = ['import', 'contoso-graph', 'users']
const token = ['token', 'contoso-graph']
const probe = ['connections', 'test', 'contoso-graph']

const edit =
  (from: string | RegExp, to: string) =>
  async ({ configPath }: Workspace): Promise<void> => {
    const written = await readFile(configPath, 'utf8')
    const edited = written.replace(from, to)
    if (edited === written) throw new Error(`nothing in the configuration is ${String(from)}`)
    await writeFile(configPath, edited)
  }
const put =
  (name: string, content: string | Uint8Array) =>
  ({ path }: Workspace): Promise<void> =>
    writeFile(path(name), content)
/** Makes the store, with a token and the rows of a complete import in it. */
const fill = async ({ folder }: Workspace): Promise<void> => {
  const { exit, note } = await runCommand(importUsers, { cwd: folder })
  if (exit !== 0) throw new Error(note)
}
const inOrder =
  (...steps: readonly ((workspace: Workspace) => unknown)[]) =>
  async (workspace: Workspace): Promise<void> => {
    for (const step of steps) await step(workspace)
  }

const configuration: readonly BadInput[] = [
  {
    what: 'an unknown key',
    spoil: edit('grant: client_credentials', 'grant: client_credentials\n    resorce: https://x'),
    exit: 2,
    code: 'config_invalid',
    says: ['connections.contoso-graph', 'resorce', '"resource"', 'evergrant.yaml:'],
  },
  {
    what: 'a half-set feature',
    spoil: edit('id: k1, file: ./evergrant.key', 'id: k1'),
    exit: 2,
    code: 'config_invalid',
    says: ['encryption.keys[0]', 'file'],
  },
  {
    what: 'the tenant `common`',
    spoil: edit(/tenant: .*/, 'tenant: common'),
    exit: 2,
    code: 'config_invalid',
    says: ['providers.contoso.tenant', '"common"'],
  },
  {
    what: 'plain http beyond loopback',
    spoil: edit(/authority: .*/, 'authority: http://login.example.com'),
    exit: 2,
    code: 'config_invalid',
    says: ['providers.contoso.authority', 'https'],
  },
  {
    what: 'a secret in the file itself',
    spoil: async (workspace) => edit('{ file: ./secret }', workspace.secret)(workspace),
    exit: 2,
    code: 'config_invalid',
    says: ['connections.contoso-graph.client.credentials[0].secret', 'env'],
  },
  {
    what: 'a password in the address of the store',
    spoil: edit(/^store: .*/, 'store: postgres://eg:planted-pass/word@db.example.com/eg'),
    exit: 2,
    code: 'config_invalid',
    says: ['"store"', 'without a password', 'password: { env: NAME }', 'evergrant.yaml:1:'],
    withholds: ['planted-pass', 'word@'],
  },
  {
    what: 'a database on another machine without TLS',
    spoil: edit(/^store: .*/, 'store: postgres://eg@db.example.com/eg?sslmode=disable'),
    exit: 2,
    code: 'config_invalid',
    says: ['"store"', 'verify-full', 'Leave sslmode out'],
  },
  {
    what: 'a password in the address of the proxy',
    spoil: edit(/^/, 'network: { proxy: "http://eg:planted-pass@proxy.example.com:3128" }\n'),
    exit: 2,
    code: 'config_invalid',
    says: ['network.proxy', 'without a password', 'password: { env: NAME }'],
    withholds: ['planted-pass'],
  },
  {
    what: 'tokens for Graph sent to another API',
    spoil: edit(
      'grant: client_credentials',
      'grant: client_credentials\n    upstream: { url: "https://api.example.com" }',
    ),
    exit: 2,
    code: 'config_invalid',
    says: [
      'connections.contoso-graph.upstream.resource',
      'neither',
      'what the API’s tokens are for',
    ],
  },
  {
    what: 'an import of what cannot be imported',
    spoil: edit(/$/, 'imports: { nightly: { connection: contoso-graph, collections: [user] } }\n'),
    args: ['config', 'check'],
    exit: 2,
    code: 'config_invalid',
    says: ['imports.nightly.collections[0]', 'Did you mean "users"?'],
  },
  {
    what: 'a schedule whose time never comes',
    spoil: edit(
      /$/,
      'imports: { nightly: { connection: a, collections: [users], schedule: "0 2 30 2 *" } }\n',
    ),
    args: ['config', 'check'],
    exit: 2,
    code: 'config_invalid',
    says: ['imports.nightly.schedule', '"0 2 30 2 *"', 'minute, hour'],
  },
  {
    what: 'an empty file',
    spoil: put('evergrant.yaml', ''),
    exit: 2,
    code: 'config_unreadable',
    says: ['expected settings, but saw an empty file', 'evergrant init'],
  },
  {
    what: 'a file that is not YAML',
    spoil: put('evergrant.yaml', 'store: [sqlite:./x.db\n  }{'),
    exit: 2,
    code: 'config_unreadable',
    says: ['evergrant.yaml:', 'expected'],
  },
  {
    what: 'a file that is not UTF-8',
    spoil: put('evergrant.yaml', Buffer.from('store: "sqlite:./\xe9.db"\n', 'latin1')),
    exit: 2,
    code: 'config_unreadable',
    says: ['expected text in UTF-8', 'Save the file as UTF-8'],
  },
  {
    what: 'a configuration that is a folder',
    args: [...importUsers, '--config', '.'],
    exit: 2,
    code: 'config_unreadable',
    says: ['but saw a folder', 'Name a file', '--config FILE'],
  },
  {
    what: 'a configuration that is not there',
    args: [...importUsers, '--config', 'elsewhere.yaml'],
    exit: 2,
    code: 'config_not_found',
    says: ['elsewhere.yaml', 'evergrant init'],
  },
]

const secretsAndKeys: readonly BadInput[] = [
  {
    what: 'a variable that is not set',
    spoil: edit('{ file: ./secret }', '{ env: CONTOSO_SECRET }'),
    args: token,
    exit: 2,
    code: 'secret_unavailable',
    says: ['credentials[0]', 'CONTOSO_SECRET', 'is not set', 'Set the environment variable'],
    makesStore: true,
  },
  {
    what: 'a variable that is empty',
    spoil: edit('{ file: ./secret }', '{ env: CONTOSO_SECRET }'),
    args: token,
    env: { CONTOSO_SECRET: '' },
    exit: 2,
    code: 'secret_unavailable',
    says: ['CONTOSO_SECRET', 'it is empty'],
    makesStore: true,
  },
  {
    what: 'a secret file that is not there',
    spoil: ({ path }) => rm(path('secret')),
    exit: 2,
    code: 'secret_unavailable',
    says: ['credentials[0]', '/secret', 'there is none', 'create the file'],
    makesStore: true,
  },
  {
    what: 'a command that fails to print the secret',
    spoil: edit(
      '{ file: ./secret }',
      '{ exec: [sh, -c, "echo sealed vault, code planted-word >&2; exit 7", planted-word] }',
    ),
    args: token,
    exit: 2,
    code: 'secret_unavailable',
    says: [
      'credentials[0]',
      'the command sh',
      'exited with 7',
      'sealed vault',
      'by hand as this user',
    ],
    withholds: ['planted-word'],
    makesStore: true,
  },
  {
    what: 'a command that is not there',
    spoil: edit('{ file: ./secret }', '{ exec: [evergrant-no-such-vault, read] }'),
    args: token,
    exit: 2,
    code: 'secret_unavailable',
    says: ['the command evergrant-no-such-vault', 'no folder of PATH has that program'],
    makesStore: true,
  },
  {
    what: 'a key whose command prints nothing',
    spoil: edit('file: ./evergrant.key', 'exec: ["true"]'),
    exit: 2,
    code: 'key_missing',
    says: ['encryption.keys[0]', 'the command true', 'printed nothing'],
  },
  {
    what: 'a key that is not there',
    spoil: ({ path }) => rm(path('evergrant.key')),
    exit: 2,
    code: 'key_missing',
    says: ['encryption.keys[0]', 'evergrant.key', 'evergrant'],
  },
  {
    what: 'a key of the wrong length',
    spoil: put('evergrant.key', Buffer.alloc(31, 7).toString('base64')),
    exit: 2,
    code: 'key_malformed',
    says: ['k1', '32 bytes', '31 bytes'],
    withholds: [Buffer.alloc(31, 7).toString('base64')],
  },
  {
    what: 'a key that is not base64',
    spoil: put('evergrant.key', '%%%-no-base64-at-all-%%%'),
    exit: 2,
    code: 'key_malformed',
    says: ['k1', 'base64'],
    withholds: ['no-base64-at-all'],
  },
  {
    what: 'the wrong key for a store that exists',
    spoil: inOrder(fill, put('evergrant.key', generateKey().reveal())),
    exit: 2,
    code: 'key_wrong',
    says: ['k1', 'key'],
  },
]

const provider: readonly BadInput[] = [
  {
    what: 'a tenant Entra does not know',
    spoil: edit(/tenant: .*/, 'tenant: 99999999-9999-4999-8999-999999999999'),
    exit: 3,
    code: 'request_rejected',
    says: ['AADSTS90002', 'tenant', '→'],
    makesStore: true,
  },
  {
    what: 'a client the tenant does not know',
    spoil: edit(/id: 2f0c.*/, 'id: 99999999-9999-4999-8999-999999999999'),
    exit: 3,
    code: 'request_rejected',
    says: ['AADSTS700016', 'client', '→'],
    makesStore: true,
  },
  {
    what: 'a wrong secret',
    spoil: put('secret', 'planted~wrong.secret'),
    exit: 3,
    code: 'client_rejected',
    says: ['AADSTS7000215', 'secret', '→'],
    withholds: ['planted~wrong.secret'],
    makesStore: true,
  },
  {
    what: 'the id of a secret in place of its value',
    spoil: put('secret', '0f8fad5b-d9cb-469f-a165-70867728950e'),
    exit: 3,
    code: 'client_rejected',
    says: ['AADSTS7000215', 'secret’s value', 'Secret ID', '→'],
    withholds: ['0f8fad5b-d9cb-469f-a165-70867728950e'],
    makesStore: true,
  },
  {
    what: 'an expired secret',
    spoil: ({ simulator, secret }) =>
      simulator.control.setSecrets([{ value: secret, expiresAt: 1_700_000_000_000 }]),
    exit: 3,
    code: 'client_rejected',
    says: ['AADSTS7000222', 'new client secret', '→'],
    makesStore: true,
  },
  {
    what: 'a missing permission',
    spoil: ({ simulator }) => simulator.control.setPermissions([]),
    exit: 3,
    code: 'graph_permission_missing',
    says: ['User.Read.All', 'admin consent'],
    makesStore: true,
  },
  {
    what: 'a token for another API',
    spoil: edit(
      'grant: client_credentials',
      'grant: client_credentials\n    resource: https://vault.azure.net',
    ),
    exit: 3,
    code: 'graph_resource_wrong',
    says: ['resource', 'audience'],
    makesStore: true,
  },
  {
    what: 'an authority that answers with a web page',
    spoil: ({ simulator }) =>
      simulator.control.addFault({
        match: { kind: 'token', times: 1_000 },
        effect: { kind: 'html' },
      }),
    args: token,
    exit: 4,
    code: 'provider_answer_invalid',
    says: ['a web page', 'proxy'],
    makesStore: true,
  },
  {
    what: 'a Graph that answers with a web page',
    spoil: ({ simulator }) =>
      simulator.control.addFault({
        match: { kind: 'users', times: 1_000 },
        effect: { kind: 'html' },
      }),
    args: probe,
    exit: 4,
    code: 'graph_answer_invalid',
    says: ['without a list of users', 'proxy'],
    makesStore: true,
  },
  {
    what: 'an authority where nothing listens',
    spoil: ({ simulator }) => simulator.close(),
    args: token,
    exit: 4,
    code: 'provider_unreachable',
    says: ['127.0.0.1:', 'nothing listens there', 'Check host and port'],
    makesStore: true,
  },
  {
    what: 'an authority on a port of another protocol',
    spoil: edit(/authority: .*/, 'authority: http://127.0.0.1:9'),
    args: token,
    exit: 4,
    code: 'provider_unreachable',
    says: ['127.0.0.1:9', 'never calls that port', 'Use another port'],
    makesStore: true,
  },
  {
    what: 'a name that does not resolve',
    spoil: edit(/authority: .*/, 'authority: https://login.evergrant.invalid'),
    args: token,
    exit: 4,
    code: 'provider_unreachable',
    says: ['login.evergrant.invalid', 'name', 'DNS'],
    makesStore: true,
  },
  {
    what: 'a certificate nobody trusts',
    args: token,
    https: true,
    exit: 4,
    code: 'provider_unreachable',
    says: ['certificate', 'NODE_EXTRA_CA_CERTS', 'never switched off'],
    makesStore: true,
  },
]

const placesAndStores: readonly BadInput[] = [
  {
    what: 'a destination below a regular file',
    spoil: put('file', 'precious'),
    args: [...importUsers, '--to', 'ndjson:file/below'],
    exit: 2,
    code: 'destination_unwritable',
    says: ['file/below', 'a part of the path is a file', '→'],
    makesStore: true,
  },
  {
    what: 'a destination that is a file',
    spoil: put('file', 'precious'),
    args: [...importUsers, '--to', 'ndjson:file'],
    exit: 2,
    code: 'destination_unwritable',
    says: ['a file where a folder is needed'],
    makesStore: true,
  },
  {
    what: 'a destination where no folder can be made',
    args: [...importUsers, '--to', 'ndjson:/proc/evergrant/out'],
    exit: 2,
    code: 'destination_unwritable',
    says: ['/proc/evergrant/out'],
    makesStore: true,
  },
  {
    what: 'a destination with a password in its address',
    args: [...importUsers, '--to', 'postgres://eg:hunter2@db/x'],
    exit: 2,
    code: 'destination_invalid',
    says: ['the address of db holds a password', 'PGPASSWORD', 'imports.NAME.password'],
    withholds: ['hunter2'],
    makesStore: true,
  },
  {
    what: 'a destination of another kind',
    args: [...importUsers, '--to', 'mysql://eg:hunter2@db/x'],
    exit: 2,
    code: 'destination_invalid',
    says: ['"store"', 'ndjson:DIR', 'mysql'],
    withholds: ['hunter2'],
    makesStore: true,
  },
  {
    what: 'a store below a regular file',
    spoil: inOrder(put('file', 'x'), edit('sqlite:./evergrant.db', 'sqlite:./file/evergrant.db')),
    exit: 2,
    code: 'store_unwritable',
    says: ['file/evergrant.db'],
  },
  {
    what: 'a store that is a folder',
    spoil: ({ path }) => mkdir(path('evergrant.db')),
    exit: 2,
    code: 'store_unwritable',
    says: ['evergrant.db', 'but saw a folder'],
  },
  {
    what: 'a store of random bytes',
    spoil: put('evergrant.db', randomBytes(8_192)),
    exit: 3,
    code: 'store_corrupt',
    says: ['evergrant.db', 'is not a SQLite database'],
  },
  {
    what: 'a store cut short in its first page',
    spoil: inOrder(fill, ({ path }) => truncate(path('evergrant.db'), 1_000)),
    exit: 3,
    code: 'store_corrupt',
    says: ['evergrant.db'],
  },
  {
    what: 'a store that has lost its second half',
    spoil: inOrder(fill, async ({ path }) => {
      const { length } = await readFile(path('evergrant.db'))
      await truncate(path('evergrant.db'), Math.floor(length / 2 / 4_096) * 4_096)
    }),
    exit: 3,
    code: 'store_corrupt',
    says: ['evergrant.db', 'is damaged'],
  },
  {
    what: 'a database of another program',
    spoil: ({ path }) => {
      const database = new Database(path('evergrant.db'))
      database.exec('CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)')
      database.close()
    },
    exit: 2,
    code: 'store_foreign',
    says: ['evergrant.db', 'not Evergrant'],
  },
  {
    what: 'a store of a newer schema',
    spoil: inOrder(fill, ({ path }) => {
      const database = new Database(path('evergrant.db'))
      const set = database.prepare('INSERT OR REPLACE INTO store_facts VALUES (?, ?)')
      set.run('compatible_from', 99)
      set.run('needs_evergrant', '9.9.0')
      database.pragma('user_version = 99')
      database.close()
    }),
    exit: 2,
    code: 'schema_too_new',
    says: ['schema 99', '9.9.0'],
  },
]

const commandLine: readonly BadInput[] = [
  {
    what: 'an unknown connection',
    args: ['import', 'contoso-grpah', 'users'],
    exit: 2,
    code: 'connection_unknown',
    says: ['"contoso-grpah"', 'did you mean "contoso-graph"?'],
    makesStore: true,
  },
  {
    what: 'an unknown collection',
    args: ['import', 'contoso-graph', 'user'],
    exit: 2,
    code: 'collection_unknown',
    says: ['expected one of users', '"user"'],
    makesStore: true,
  },
  {
    what: 'a page size Graph does not know',
    args: [...importUsers, '--page-size', '5000'],
    exit: 2,
    code: 'usage',
    says: ['--page-size', 'from 1 to 999', '"5000"'],
    makesStore: true,
  },
  {
    what: 'a duration without a unit',
    args: [...importUsers, '--refresh-before', '5'],
    exit: 2,
    code: 'usage',
    says: ['--refresh-before', '"5m"', '"5"'],
    makesStore: true,
  },
  {
    what: 'an unknown option',
    args: [...importUsers, '--refresh-befor', '5m'],
    exit: 2,
    code: 'usage',
    says: ['--refresh-befor', 'Did you mean --refresh-before?', '--help'],
  },
  {
    what: 'an unknown command',
    args: ['improt', 'contoso-graph', 'users'],
    exit: 2,
    code: 'usage',
    says: ['improt', 'Did you mean import?', '--help'],
  },
  {
    what: 'a command without what it needs',
    args: ['import', 'contoso-graph'],
    exit: 2,
    code: 'usage',
    says: ['collections', '--help'],
  },
  {
    what: 'a column Graph does not know',
    args: [...importUsers, '--select', 'id,shoeSize'],
    exit: 2,
    code: 'graph_request_rejected',
    says: ['shoeSize', '--select'],
    makesStore: true,
  },
  {
    what: 'a run that never was',
    args: ['imports', 'resume', 'run_nowhere'],
    exit: 2,
    code: 'import_unknown',
    says: ['"run_nowhere"', 'imports list'],
    makesStore: true,
  },
]

/** Everything a person can get wrong, by what they get wrong. */
export const badInputs: readonly (readonly [group: string, rows: readonly BadInput[]])[] = [
  ['configuration', configuration],
  ['secrets and keys', secretsAndKeys],
  ['provider and Graph', provider],
  ['places and stores', placesAndStores],
  ['command line', commandLine],
]
