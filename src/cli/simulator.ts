import type { Command } from 'commander'
import { EvergrantError } from '../kernel/index.ts'
import {
  defaultTenant,
  startSimulator,
  type SimulatedTenant,
  type Simulator,
  type SimulatorOptions as StartOptions,
} from '../simulator/index.ts'
import { durationOption, wholeNumberOption } from './common-options.ts'
import { argumentPath, type CliIo } from './io.ts'
import type { CliContext } from './context.ts'
import { writeWholeFile } from './write-file.ts'

interface SimulatorOptions {
  readonly port: string
  readonly httpsPort?: string
  readonly certificate?: string
  readonly users: string
  readonly tenants: string
  readonly tokenLifetime: string
  readonly latency: string
  readonly json?: boolean
}

/** `evergrant simulator` */
export function addSimulatorCommand(program: Command, context: CliContext): void {
  const { io } = context
  program
    .command('simulator')
    .description('run a simulated Entra ID and Microsoft Graph on loopback, until Ctrl-C')
    .option('--port <port>', 'http port, 0 for any free one', '7001')
    .option('--https-port <port>', 'also speak https there, with a self-made certificate')
    .option('--certificate <file>', 'write the certificate of the https port to this file (PEM)')
    .option('--users <number>', 'users in each tenant', '400000')
    .option('--tenants <number>', 'tenants, from 1 to 9, with the same people and application', '1')
    .option('--token-lifetime <duration>', 'life of access tokens', '59m59s')
    .option('--latency <duration>', 'time every answer takes at least', '0ms')
    .option('--json', 'print addresses and credentials as JSON')
    .addHelpText(
      'after',
      `
Scripted faults, a movable clock and counters: POST and GET http://127.0.0.1:PORT/_control/…

Examples:
  $ evergrant simulator --token-lifetime 60s --latency 100ms
  $ evergrant simulator --users 1000 --tenants 3
  $ evergrant simulator --port 0 --https-port 7443 --certificate ./simulator.pem`,
    )
    .action(async (options: SimulatorOptions) => {
      const tenants = tenantsOf(
        wholeNumberOption('--tenants', options.tenants, 1, 9),
        wholeNumberOption('--users', options.users, 0, 100_000_000),
      )
      const simulator = await start({
        http: { port: wholeNumberOption('--port', options.port, 0, 65_535) },
        ...(options.httpsPort === undefined
          ? {}
          : { https: { port: wholeNumberOption('--https-port', options.httpsPort, 0, 65_535) } }),
        tenants,
        tokenLifetimeSeconds: Math.max(
          Math.round(durationOption('--token-lifetime', options.tokenLifetime) / 1_000),
          1,
        ),
        latencyMs: durationOption('--latency', options.latency),
      })
      try {
        if (options.certificate !== undefined && simulator.certificate !== undefined) {
          await writeWholeFile(argumentPath(io, options.certificate), simulator.certificate, {
            mode: 0o644,
            replace: true,
          })
        }
        const others = tenants.slice(1)
        if (options.json === true) io.out(`${JSON.stringify(facts(simulator, others))}\n`)
        else io.out(describe(simulator, others))
        await interrupted(io)
      } finally {
        await simulator.close()
      }
    })
}

/** Who can consent for the first tenant: by this name alone, with an authenticator app. */
const administrator = `admin@${defaultTenant.domain}`
const administratorAccount = {
  userPrincipalName: administrator,
  displayName: 'Anna Administrator',
  roles: ['Global Administrator'],
  groups: ['AdminAgents'],
} as const
/** What the application asks people for. */
const delegatedPermissions = ['User.Read', 'Directory.Read.All']

/** Guests have one address in all of them, as they are at home elsewhere. */
function tenantsOf(count: number, users: number): readonly SimulatedTenant[] {
  const { id, domain, clientId, clientSecret } = defaultTenant
  return Array.from({ length: count }, (_, index) => ({
    id: index === 0 ? id : id.replace(/^1+/, (ones) => String(index + 1).repeat(ones.length)),
    domain: index === 0 ? domain : `contoso${index + 1}.example`,
    users,
    applications: [{ id: clientId, secrets: [{ value: clientSecret }], delegatedPermissions }],
    ...(index === 0 ? { accounts: [administratorAccount] } : {}),
  }))
}

async function start(options: StartOptions): Promise<Simulator> {
  try {
    return await startSimulator(options)
  } catch (error) {
    const { code, port } = error as NodeJS.ErrnoException & { readonly port?: number }
    const obstacle = obstacles[code ?? '']
    if (obstacle === undefined) throw error
    throw new EvergrantError('usage', `expected a free port, but ${obstacle} ${port ?? ''}`, {
      remedy: 'Name another port with `--port` or `--https-port`; 0 takes any free one.',
      cause: error,
    })
  }
}

const obstacles: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process listens on',
  EACCES: 'this user may not listen on',
}

function facts(simulator: Simulator, others: readonly SimulatedTenant[]): Record<string, unknown> {
  return {
    authority: simulator.urls.authority,
    graph: simulator.urls.graph,
    tenant: simulator.tenant,
    other_tenants: others.map(({ id }) => id),
    client_id: simulator.client.id,
    client_secret: simulator.client.secret,
    administrator,
    users: simulator.userCount(),
  }
}

function describe(simulator: Simulator, others: readonly SimulatedTenant[]): string {
  const { authority, graph } = simulator.urls
  const users = simulator.userCount().toLocaleString('en-US')
  const what =
    others.length === 0
      ? `simulated tenant with ${users} users`
      : `${others.length + 1} simulated tenants with ${users} users each`
  const more = others.map(({ id }) => `\n                 ${id}`).join('')
  return `${what}
  authority      ${authority}
  graph          ${graph}
  tenant         ${simulator.tenant}${more}
  client id      ${simulator.client.id}
  client secret  ${simulator.client.secret}
  administrator  ${administrator}, signs in by that name; what the authenticator app shows:
                 curl -s ${simulator.urls.http}/_control/totp -d '{"user":"${administrator}"}'

in evergrant.yaml:
  providers:
    lab: { type: entra, tenant: ${simulator.tenant}, authority: ${authority}, graph: ${graph} }

Ctrl-C ends it.
`
}

function interrupted(io: CliIo): Promise<void> {
  return new Promise((resolve) => {
    // Signal handlers alone keep no process alive, but the listening server does.
    const release = io.onInterrupt(() => {
      release()
      resolve()
    })
  })
}
