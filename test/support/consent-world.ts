import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startSimulator, type SimulatedTenant, type Simulator } from '../../src/simulator/index.ts'
import { generateKey } from '../../src/vault/index.ts'
import { runCommand, type CommandOutcome } from './command.ts'
import { openAddress } from './open-address.ts'
import type { RealProvider } from './real-provider.ts'

/** A simulated tenant with a partner's connection `csp`, and Anna's provider where there is one. */
export interface ConsentWorld {
  readonly folder: string
  readonly configPath: string
  readonly simulator: Simulator
  evergrant(args: string, input?: string | (() => Promise<string>)): Promise<CommandOutcome>
  /** Begins a sign-in that is finished later. */
  begin(connection?: string): Promise<Begun>
  /** Begins a sign-in and goes through with it; what it led to. */
  signIn(connection?: string): Promise<string>
  close(): Promise<void>
}

/** A sign-in as `--manual --json` tells it. */
export interface Begun {
  readonly session: string
  readonly purpose: string
  readonly authorization_url: string
  readonly redirect_uri: string
  readonly expires_at: string
}

/** Where sign-ins lead. */
export const consentRedirect = 'http://localhost:8420/consent/callback'

/** People of the tenant besides those that follow from its seed. */
export const people = {
  admin: 'admin@contoso.example',
  /** Could serve as well. */
  deputy: 'deputy@contoso.example',
  guest: 'guest@fabrikam.example',
  /** Of the administrator. */
  password: 'planted-password',
} as const

const contoso: SimulatedTenant = {
  id: '11111111-2222-4333-8444-555555555555',
  domain: 'contoso.example',
  users: 20,
  applications: [
    {
      id: '2f0c0000-1111-4222-8333-444444444444',
      secrets: [{ value: 'consent~secret' }],
      delegatedPermissions: ['User.Read', 'Directory.Read.All'],
    },
  ],
  accounts: [
    {
      userPrincipalName: people.admin,
      password: people.password,
      roles: ['Global Administrator'],
      groups: ['AdminAgents'],
    },
    {
      userPrincipalName: people.deputy,
      roles: ['Global Administrator'],
      groups: ['AdminAgents'],
    },
    { userPrincipalName: people.guest, isGuest: true },
  ],
}

/** Customers of the partner: other tenants of the simulator. */
export const customers = {
  fabrikam: '22222222-2222-4333-8444-555555555555',
  tailspin: '33333333-2222-4333-8444-555555555555',
  proseware: '44444444-2222-4333-8444-555555555555',
} as const

const customerTenants: readonly SimulatedTenant[] = Object.entries(customers).map(([name, id]) => ({
  id,
  domain: `${name}.example`,
  users: 3,
}))

/** What a world has besides. */
export interface ConsentWorldOptions {
  readonly real?: RealProvider
  /** The entry of `csp` that says how its grant serves customers; then there are some. */
  readonly customers?: string
  /** Permissions that Graph tokens of `csp` must hold, as written in the file. */
  readonly graphRequires?: string
}

/** Makes the world; its administrator signs in without being asked. */
export async function makeConsentWorld(options: ConsentWorldOptions = {}): Promise<ConsentWorld> {
  const { real } = options
  const folder = await mkdtemp(join(tmpdir(), 'evergrant-consent-'))
  const simulator = await startSimulator({
    tenants: [contoso, ...(options.customers === undefined ? [] : customerTenants)],
  })
  simulator.control.setAutoSignIn(people.admin)
  await writeFile(join(folder, 'evergrant.key'), generateKey().reveal(), { mode: 0o600 })
  await writeFile(join(folder, 'secret'), simulator.client.secret, { mode: 0o600 })
  await writeFile(join(folder, 'real-secret'), real?.clientSecret ?? 'none', { mode: 0o600 })
  const configPath = join(folder, 'evergrant.yaml')
  await writeFile(configPath, configText(simulator, options))
  const evergrant: ConsentWorld['evergrant'] = (args, input = '') =>
    runCommand(args.split(' '), { cwd: folder, input })
  const begin: ConsentWorld['begin'] = async (connection = 'csp') => {
    const outcome = await evergrant(`consent ${connection} --manual --json`)
    if (outcome.exit !== 0) throw new Error(outcome.out + outcome.note)
    return outcome.json() as Begun
  }
  return {
    folder,
    configPath,
    simulator,
    evergrant,
    begin,
    signIn: async (connection) => {
      const begun = await begin(connection)
      return await openAddress(begun.authorization_url, begun.redirect_uri)
    },
    close: async () => {
      await simulator.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function configText({ urls, tenant, client }: Simulator, options: ConsentWorldOptions): string {
  const { real, graphRequires } = options
  const serves = options.customers === undefined ? '' : `    customers: ${options.customers}\n`
  const requires = graphRequires === undefined ? '' : `, requires: ${graphRequires}`
  const anna = real ?? { issuer: 'https://none.example', clientId: 'none' }
  return `store: sqlite:./evergrant.db
encryption: { keys: [{ id: k1, file: ./evergrant.key }] }
providers:
  contoso: { type: entra, tenant: ${tenant}, authority: "${urls.authority}", graph: "${urls.graph}" }
  ping: { type: oidc, issuer: "${anna.issuer}" }
connections:
  csp:
    provider: contoso
    client: { id: ${client.id}, credentials: [{ secret: { file: ./secret } }] }
    grant: authorization_code
${serves}    upstreams:
      graph: { url: "${urls.graph}", resource: https://graph.microsoft.com${requires} }
      partner: { url: "${urls.http}/partner", resource: https://api.partnercenter.microsoft.com }
      arm: { url: "${urls.http}/arm", resource: https://management.azure.com }
  app:
    provider: contoso
    client: { id: ${client.id}, credentials: [{ secret: { file: ./secret } }] }
    grant: client_credentials
  anna:
    provider: ping
    client: { id: ${anna.clientId}, credentials: [{ secret: { file: ./real-secret } }] }
    grant: authorization_code
    resource: https://one.example
    upstreams:
      two: { url: https://two.example, resource: https://two.example }
`
}
