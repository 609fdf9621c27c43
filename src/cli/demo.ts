import { join, relative } from 'node:path'
import type { Command } from 'commander'
import { collections } from '../directory/index.ts'
import { prepareRun, type RunRecord } from '../imports/index.ts'
import { EvergrantError, formatDuration } from '../kernel/index.ts'
import { compose, type Composition } from '../server/index.ts'
import { startSimulator, type Simulator } from '../simulator/index.ts'
import { generateKey } from '../vault/index.ts'
import { callAgain, configAgain } from './call-again.ts'
import { durationOption, wholeNumberOption } from './common-options.ts'
import { playBearer } from './demo-bearer.ts'
import { demoAccounts, demoPermissions, playConsent } from './demo-consent.ts'
import { clearDemoFolder, writeDemoFolder } from './demo-folder.ts'
import { playGateway } from './demo-gateway.ts'
import { playMishaps } from './demo-mishaps.ts'
import { leaveOpen } from './demo-open.ts'
import { driveToEnd } from './drive-to-end.ts'
import { argumentPath, type CliIo } from './io.ts'
import type { CliContext } from './context.ts'

interface DemoOptions {
  readonly dir: string
  readonly users: string
  readonly tokenLifetime: string
  readonly latency: string
  readonly tour?: boolean
  readonly open?: boolean
}

/** Rows compared with the simulated tenant, property by property, after the import. */
const sampleSize = 2_000

/** So few that their lines can be followed; `auto` would take more. */
const demoCursors = 4

/** `evergrant demo` */
export function addDemoCommand(program: Command, context: CliContext): void {
  program
    .command('demo')
    .description(
      'import 400,000 users from a simulated tenant whose tokens die on the way; call its API, and be called',
    )
    .option(
      '--dir <folder>',
      'where the demo keeps its database and configuration',
      'evergrant-demo',
    )
    .option('--users <number>', 'users in the simulated tenant', '400000')
    .option('--token-lifetime <duration>', 'life of the simulated access tokens', '12s')
    .option('--latency <duration>', 'time every simulated answer takes at least', '250ms')
    .option('--open', 'then leave it running, with a link into the console; Ctrl-C ends it')
    .option('--tour', 'begin with a consent: an administrator signs in, with a second factor')
    .addHelpText(
      'after',
      `
Takes about a minute, asks nothing, needs no network. Everything but the tenant is the real thing:
the same engine, the same store, the same import that runs against Microsoft Graph.

Examples:
  $ evergrant demo
  $ evergrant demo --tour --users 20000 --open
  $ evergrant demo --tour      # consent, import, a bearer of tokens, the gateway
  $ evergrant demo --users 20000 --token-lifetime 4s --latency 50ms`,
    )
    .action(async (options: DemoOptions) => {
      const folder = argumentPath(context.io, options.dir)
      await clearDemoFolder(folder)
      const simulator = await startSimulator({
        tenants: [
          {
            id: '11111111-2222-4333-8444-555555555555',
            domain: 'contoso.example',
            users: wholeNumberOption('--users', options.users, 0, 10_000_000),
            applications: [
              {
                id: clientId,
                secrets: [{ value: newSecret() }],
                delegatedPermissions: demoPermissions,
                isConsented: options.tour !== true,
              },
            ],
            ...(options.tour === true ? { accounts: demoAccounts } : {}),
          },
        ],
        tokenLifetimeSeconds: Math.max(
          Math.round(durationOption('--token-lifetime', options.tokenLifetime) / 1_000),
          2,
        ),
        latencyMs: durationOption('--latency', options.latency),
        gzip: false,
      })
      try {
        await runDemo(context, simulator, folder, options)
      } finally {
        await simulator.close()
      }
    })
}

const clientId = '2f0c0000-1111-4222-8333-444444444444'

async function runDemo(
  context: CliContext,
  simulator: Simulator,
  folder: string,
  options: DemoOptions,
): Promise<void> {
  const { io } = context
  const isTour = options.tour === true
  const configPath = await writeDemoFolder(folder, simulator, { withPartner: isTour })
  if (isTour) io.out(await playConsent(context, simulator, configPath))
  io.note(`A simulated tenant of ${simulator.userCount().toLocaleString('en-US')} users listens at ${simulator.urls.http};
its access tokens live ${options.tokenLifetime} (Entra's: 60 to 90 minutes). Importing all of them now.\n\n`)
  const composition = await compose({ configPath, env: io.env, role: 'main' })
  const mishaps = playMishaps(simulator, Math.ceil(simulator.userCount() / 999), (text) =>
    io.note(`\n  * ${text}\n`),
  )
  try {
    const prepared = await prepareRun(composition.desk, {
      name: 'contoso-graph',
      destination: { kind: 'store' },
      isFresh: true,
      isTakeOver: false,
      options: {
        connection: 'contoso-graph',
        ...(await composition.importSource('contoso-graph')),
        collections: ['users'],
        columns: { users: collections.users.defaultColumns },
        pageSize: 999,
        concurrency: demoCursors,
        refreshBeforeMs: 300_000,
        publish: 'complete',
      },
    })
    const run = await driveToEnd(context, composition, prepared, { config: configPath })
    mishaps.stop()
    if (run.state === 'completed') {
      io.out(await proof(composition, simulator, run))
      if (isTour) {
        io.out(await playBearer(context, simulator, configPath))
        io.out(await playGateway(context, simulator, configPath, 'four'))
      } else {
        io.out(await playGateway(context, simulator, configPath))
        io.out(await playBearer(context, simulator, configPath))
      }
      io.out(nextSteps(folder, io, run))
      if (options.open === true) await leaveOpen(context, simulator, configPath)
    }
  } finally {
    mishaps.stop()
    await composition.close()
  }
}

/** Compares the store with the tenant and says what the run has shown. */
async function proof(
  composition: Composition,
  simulator: Simulator,
  run: RunRecord,
): Promise<string> {
  const { directory } = composition.store
  const tenantId = run.options.tenantId
  const stored = await directory.countObjects(tenantId, 'user')
  const total = simulator.userCount()
  const every = Math.max(Math.floor(total / sampleSize), 1)
  let compared = 0
  let index = 0
  for (const user of simulator.users(undefined, collections.users.defaultColumns)) {
    if (index++ % every !== 0) continue
    const id = String(user['id'])
    const found = await directory.findObject({ tenantId, kind: 'user', id })
    if (JSON.stringify(found?.properties) !== JSON.stringify(user)) {
      throw new EvergrantError('internal', `user ${id} differs from the simulated tenant`)
    }
    compared++
  }
  if (stored !== total) {
    throw new EvergrantError('internal', `${stored} users are stored, but the tenant has ${total}`)
  }
  const stats = simulator.stats()
  return `
What this has shown
  ${number(stored)} of ${number(total)} users are in the store; ${number(compared)} compared with the tenant, all equal
  ${number(stats.tokensIssued)} access tokens were issued, ${number(stats.tokensDied)} of them have died; requests replayed after a 401: ${number(stats.tokenRejections)}
  ${run.totals.refreshes} token changes stand in the execution log, each with its reason; ${run.totals.retries} requests were retried
  verdict: ${run.verdict ?? ''} in ${formatDuration(run.totals.activeMs)}
`
}

function nextSteps(folder: string, io: CliIo, run: RunRecord): string {
  const path = relative(io.cwd, folder) || '.'
  const call = callAgain(io)
  const config = configAgain({ config: join(path, 'evergrant.yaml') })
  return `
Database: ${join(path, 'evergrant.db')} (SQLite; the view "users" has a column for each property)

Four commands to try
  ${call} traces list${config}
  ${call} imports log ${run.id} --no-pages${config}
  ${call} imports list${config}
  ${call} init --for import        # your own tenant, in five minutes: see the README
`
}

function newSecret(): string {
  return generateKey().reveal().replaceAll(/\W/g, '').slice(0, 40)
}

function number(value: number): string {
  return value.toLocaleString('en-US')
}
