import { randomBytes } from 'node:crypto'
import { mkdir, readFile, truncate } from 'node:fs/promises'
import Database from 'better-sqlite3'
import { configuration, secretsAndKeys } from './bad-configurations.ts'
import { edit, fill, importUsers, inOrder, probe, put, token, type BadInput } from './bad-input.ts'

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
