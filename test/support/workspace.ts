import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { collections, type CollectionName } from '../../src/directory/index.ts'
import {
  defaultCsv,
  defaultDeleteAtMost,
  driveRun,
  parseDestination,
  prepareRun,
  type FilePort,
  type ImportRequest,
  type LogBody,
  type LogLine,
  type RunControl,
  type RunEnd,
  type RunOptions,
  type RunRecord,
} from '../../src/imports/index.ts'
import type { Clock } from '../../src/kernel/index.ts'
import { compose, migrateStore, type Composition } from '../../src/server/index.ts'
import {
  startSimulator,
  type SimulatedTenant,
  type Simulator,
  type SimulatorOptions,
} from '../../src/simulator/index.ts'
import { generateKey } from '../../src/vault/index.ts'
import type { TestDatabase } from './postgres.ts'

/** A folder with a configuration, and the simulated tenant it points to. */
export interface Workspace {
  readonly folder: string
  readonly configPath: string
  readonly simulator: Simulator
  readonly secret: string
  readonly database: TestDatabase | undefined
  path(name: string): string
  close(): Promise<void>
}

/** What a workspace is made with. */
export interface WorkspaceOptions extends Omit<SimulatorOptions, 'tenants'> {
  readonly users?: number
  readonly groups?: SimulatedTenant['groups']
  readonly permissions?: readonly string[]
  /** What people can consent to, and who they are besides those that follow from the seed. */
  readonly delegatedPermissions?: readonly string[]
  readonly accounts?: SimulatedTenant['accounts']
  /** Whatever else the tenant is to be. */
  readonly tenant?: Partial<SimulatedTenant>
  /** A database, empty, for the store; disposed of by whoever made it. Default: SQLite. */
  readonly database?: TestDatabase
}

export const tenantId = '11111111-2222-4333-8444-555555555555'
const clientId = '2f0c0000-1111-4222-8333-444444444444'

/** Starts a simulated tenant and writes the configuration that a connection to it needs. */
export async function makeWorkspace(options: WorkspaceOptions = {}): Promise<Workspace> {
  const {
    users = 1_000,
    groups,
    permissions,
    delegatedPermissions,
    accounts,
    tenant,
    database,
    ...rest
  } = options
  const folder = await mkdtemp(join(tmpdir(), 'evergrant-flow-'))
  const secret = `planted~${generateKey().reveal().replaceAll(/\W/g, '')}`
  const simulator = await startSimulator({
    ...rest,
    tenants: [
      {
        id: tenantId,
        domain: 'contoso.example',
        users,
        ...tenant,
        ...(groups === undefined ? {} : { groups }),
        ...(accounts === undefined ? {} : { accounts }),
        applications: [
          {
            id: clientId,
            secrets: [{ value: secret }],
            ...(permissions === undefined ? {} : { permissions }),
            ...(delegatedPermissions === undefined ? {} : { delegatedPermissions }),
          },
        ],
      },
    ],
  })
  const configPath = join(folder, 'evergrant.yaml')
  await writeFile(join(folder, 'evergrant.key'), generateKey().reveal(), { mode: 0o600 })
  await writeFile(join(folder, 'secret'), secret, { mode: 0o600 })
  await writeFile(configPath, configText(simulator, database))
  if (database !== undefined) {
    await writeFile(join(folder, 'password'), database.password().reveal(), { mode: 0o600 })
    await migrateStore({ configPath, env: {} })
  }
  return {
    folder,
    configPath,
    simulator,
    secret,
    database,
    path: (name) => join(folder, name),
    close: async () => {
      await simulator.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function configText(simulator: Simulator, database: TestDatabase | undefined): string {
  const store =
    database === undefined
      ? 'sqlite:./evergrant.db'
      : `{ url: "${database.url}", password: { file: ./password } }`
  return `store: ${store}
encryption:
  keys:
    - { id: k1, file: ./evergrant.key }
providers:
  contoso:
    type: entra
    tenant: ${simulator.tenant}
    authority: ${simulator.urls.authority}
    graph: ${simulator.urls.graph}
connections:
  contoso-graph:
    provider: contoso
    client:
      id: ${simulator.client.id}
      credentials:
        - secret: { file: ./secret }
    grant: client_credentials
`
}

/** How an import is to run in this process. */
export interface ImportSetup {
  readonly to?: string
  readonly clock?: Clock
  readonly env?: Readonly<Record<string, string>>
  /** Default: users. */
  readonly collections?: readonly CollectionName[]
  readonly options?: Partial<Omit<RunOptions, 'destination'>>
  readonly name?: string
  readonly isFresh?: boolean
  readonly isTakeOver?: boolean
  readonly files?: FilePort
  readonly control?: RunControl
  readonly storePageLimit?: number
  /** Called when everything is composed, before the run begins. */
  readonly before?: (composition: Composition) => void | Promise<void>
}

/** How an import ended, and what it left. */
export interface ImportOutcome {
  readonly end: RunEnd
  readonly run: RunRecord
  readonly log: readonly LogLine[]
  /** Bodies of the log lines of one type. */
  lines<T extends LogBody['type']>(type: T): readonly Extract<LogBody, { type: T }>[]
}

/** Runs an import, of users by default, in this process, as a worker would. */
export async function runImport(
  workspace: Workspace,
  setup: ImportSetup = {},
): Promise<ImportOutcome> {
  const composition = await compose({
    configPath: workspace.configPath,
    env: setup.env ?? {},
    role: 'bulk',
    ...(setup.clock === undefined ? {} : { clock: setup.clock }),
    ...(setup.files === undefined ? {} : { files: setup.files }),
    ...(setup.storePageLimit === undefined ? {} : { storePageLimit: setup.storePageLimit }),
  })
  try {
    await setup.before?.(composition)
    const request = await requestOf(composition, workspace, setup)
    const { run, instanceId } = await prepareRun(composition.desk, request)
    const drive = composition.driving('contoso-graph')
    const end = await driveRun(drive, run, instanceId, setup.control)
    return await outcomeOf(composition, run.id, end)
  } finally {
    await composition.close()
  }
}

/** The request for an import, of users by default. */
export async function requestOf(
  composition: Composition,
  workspace: Workspace,
  setup: ImportSetup = {},
): Promise<ImportRequest> {
  const wanted = setup.collections ?? ['users']
  const columns = wanted.map((name) => [name, collections[name].defaultColumns] as const)
  const destination = parseDestination(setup.to ?? 'store', (path) => workspace.path(path))
  return {
    name: setup.name ?? 'contoso-graph',
    destination,
    isFresh: setup.isFresh ?? false,
    isTakeOver: setup.isTakeOver ?? false,
    options: {
      connection: 'contoso-graph',
      ...(await composition.importSource('contoso-graph')),
      collections: wanted,
      columns: Object.fromEntries(columns),
      pageSize: 100,
      refreshBeforeMs: 300_000,
      publish: 'complete',
      ...(destination.kind === 'csv' ? { csv: defaultCsv } : {}),
      ...(destination.kind === 'store' ? { deleteAtMost: defaultDeleteAtMost } : {}),
      ...setup.options,
    },
  }
}

/** Reads a run's end from the store. */
export async function outcomeOf(
  composition: Composition,
  runId: string,
  end: RunEnd,
): Promise<ImportOutcome> {
  const run = await composition.store.runs.getRun(runId)
  if (run === undefined) throw new Error('the run vanished')
  const log = await composition.store.runs.readLog(runId, 0, 100_000)
  return {
    end,
    run,
    log,
    lines: <T extends LogBody['type']>(type: T) =>
      log
        .map((line) => line.body)
        .filter((body): body is Extract<LogBody, { type: T }> => body.type === type),
  }
}

/** The tenant as it is: each user's JSON by id, with the default columns or those given. */
export function groundTruth(
  simulator: Simulator,
  columns: readonly string[] = collections.users.defaultColumns,
): Map<string, string> {
  const truth = new Map<string, string>()
  for (const user of simulator.users(undefined, columns)) {
    truth.set(String(user['id']), canonical(user))
  }
  return truth
}

/** The users in the store, each as canonical JSON by id. */
export async function storedUsers(workspace: Workspace): Promise<Map<string, string>> {
  if (workspace.database !== undefined) {
    const rows = await workspace.database.query(
      `SELECT properties::text AS properties
       FROM evergrant.directory_objects JOIN evergrant.directory_spaces USING (space_id)
       WHERE kind = 'user' AND deleted_at IS NULL`,
    )
    return byId(rows.map(({ properties }) => String(properties)))
  }
  const { default: Database } = await import('better-sqlite3')
  const database = new Database(workspace.path('evergrant.db'), { readonly: true })
  try {
    const rows = database
      .prepare(
        `SELECT properties FROM directory_objects JOIN directory_spaces USING (space_id)
         WHERE kind = 'user' AND deleted_at IS NULL`,
      )
      .all() as {
      properties: string
    }[]
    return byId(rows.map((row) => row.properties))
  } finally {
    database.close()
  }
}

/** The users of an NDJSON file, each as canonical JSON by id; fails when an id stands twice. */
export async function fileUsers(path: string): Promise<Map<string, string>> {
  const lines = (await readFile(path, 'utf8')).split('\n').slice(0, -1)
  const users = byId(lines)
  if (users.size !== lines.length) throw new Error('an id stands twice in the file')
  return users
}

function byId(rows: readonly string[]): Map<string, string> {
  return new Map(
    rows.map((row) => {
      const user = JSON.parse(row) as Record<string, unknown>
      return [String(user['id']), canonical(user)]
    }),
  )
}

function canonical(user: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(
    Object.fromEntries(Object.entries(user).toSorted(([a], [b]) => (a < b ? -1 : 1))),
  )
}

/** Calls back when the n-th page of users has been answered. */
export function atPage(simulator: Simulator, page: number, then: () => void): void {
  let pages = 0
  const stop = simulator.events.on((event) => {
    if (event.type !== 'simulator.request_answered') return
    // A link to what will change is a page of nothing.
    if (event.rows === undefined || event.rows === 0) return
    pages++
    if (pages < page) return
    stop()
    then()
  })
}
