import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient, type Client } from '../../src/client/index.ts'
import { startServing, type Serving } from '../../src/server/index.ts'
import { startSimulator, type SimulatedTenant, type Simulator } from '../../src/simulator/index.ts'
import { generateKey } from '../../src/vault/index.ts'
import { openVisitor } from './page-visitor.ts'

/** A service with a past, at which pictures for the documents are taken. */
export interface PicturedService {
  readonly url: string
  readonly serving: Serving
  readonly simulator: Simulator
  /** Acts as an administrator. */
  readonly client: Client
  close(): Promise<void>
}

/** Who consents, and who consented to what has lapsed. */
export const signers = {
  csp: 'csp-service@contoso.example',
  backup: 'csp-backup@contoso.example',
} as const

const tenant = '11111111-2222-4333-8444-555555555555'
const clientId = '2f0c0000-1111-4222-8333-444444444444'

const partner: SimulatedTenant = {
  id: tenant,
  domain: 'contoso.example',
  users: 1_200,
  applications: [
    {
      id: clientId,
      displayName: 'Evergrant',
      secrets: [{ value: 'pictured~secret' }],
      delegatedPermissions: ['User.Read', 'Directory.Read.All'],
    },
  ],
  accounts: Object.values(signers).map((userPrincipalName) => ({
    userPrincipalName,
    displayName: 'CSP service account',
    roles: ['Global Administrator'],
    groups: ['AdminAgents'],
  })),
}

const customers: readonly SimulatedTenant[] = ['fabrikam', 'tailspin', 'proseware'].map(
  (name, index) => ({
    id: tenant.replace(/^1+/, String(index + 2).repeat(8)),
    domain: `${name}.example`,
    users: 3,
  }),
)

/**
 * Starts it: two partners’ connections, one healthy and one lapsed, others in other states, callers
 * with calls, an import that is complete, links at several places of their way, and counts of the
 * last two days.
 *
 * @param ports Of the service and of the simulator; 0 takes any free one.
 */
export async function startPicturedService(
  ports: { readonly service: number; readonly simulator: number } = { service: 0, simulator: 0 },
): Promise<PicturedService> {
  const folder = await mkdtemp(join(tmpdir(), 'evergrant-pictures-'))
  const simulator = await startSimulator({
    http: { port: ports.simulator },
    tenants: [partner, ...customers],
  })
  const port = ports.service === 0 ? await freePort() : ports.service
  const url = `http://localhost:${port}`
  await writeFile(join(folder, 'evergrant.key'), generateKey().reveal(), { mode: 0o600 })
  await writeFile(join(folder, 'secret'), simulator.client.secret, { mode: 0o600 })
  const configPath = join(folder, 'evergrant.yaml')
  await writeFile(configPath, configText(simulator, url))
  const serving = await startServing({
    configPath,
    env: {},
    keepAlive: false,
    logTo: { write: () => {} },
  })
  const robin = { name: 'robin', role: 'admin', connections: '*' } as const
  const { key } = await serving.callerDesk.add(robin)
  const client = createClient({ url, key: key.reveal() })
  await live({ serving, simulator, client, url })
  return {
    url,
    serving,
    simulator,
    client,
    close: async () => {
      await serving.close(0)
      await simulator.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function configText({ urls, client }: Simulator, url: string): string {
  const secret = '[{ secret: { file: ./secret } }]'
  const ofPartner = (name: string): string => `  ${name}:
    provider: contoso
    client: { id: ${client.id}, credentials: ${secret} }
    grant: authorization_code
    customers: { first: 1 }
    upstreams:
      partner: { url: "${urls.http}/partner", resource: https://api.partnercenter.microsoft.com }
      graph: { url: "${urls.graph}", resource: https://graph.microsoft.com, requires: [User.Read, Directory.Read.All] }
      arm: { url: "${urls.http}/arm", resource: https://management.azure.com }
`
  const soon = new Date(Date.now() + 20.5 * 86_400_000).toISOString()
  return `store: sqlite:./evergrant.db
encryption: { keys: [{ id: k1, file: ./evergrant.key }] }
server: { listen: "${new URL(url).host.replace('localhost', '127.0.0.1')}", publicUrl: "${url}" }
providers:
  contoso: { type: entra, tenant: ${tenant}, authority: "${urls.authority}", graph: "${urls.graph}" }
connections:
${ofPartner('csp')}${ofPartner('csp-backup')}  contoso-graph:
    provider: contoso
    client: { id: ${client.id}, credentials: [{ secret: { file: ./secret }, expiresAt: ${soon} }] }
    grant: client_credentials
    upstream: { url: "${urls.graph}", rejected: [microsoft] }
  billing:
    provider: contoso
    client: { id: ${client.id}, credentials: ${secret} }
    grant: client_credentials
    resource: https://management.azure.com
imports:
  directory: { connection: contoso-graph, collections: [users, groups], to: store, schedule: 0 2 * * * }
`
}

/** Long enough for a sign-in to be proven. */
const shortLifeSeconds = 12

type Setting = Omit<PicturedService, 'close'>

/** What happened before somebody looks. */
async function live({ serving, simulator, client, url }: Setting): Promise<void> {
  const { control } = simulator
  for (const [address, account] of [
    ['csp-backup', signers.backup],
    ['csp', signers.csp],
  ] as const) {
    control.setAutoSignIn(account)
    // What has lapsed has no living token either.
    control.setTokenLifetime(address === 'csp-backup' ? shortLifeSeconds : 3_599)
    const { url: link } = await client.links.create({ address, recipient: 'Anna Administrator' })
    await signIn(link)
  }
  const { url: opened } = await client.links.create({ address: 'csp', recipient: 'Ben Backup' })
  await openVisitor().open(opened)
  await client.links.create({ address: 'csp', recipient: 'carol@contoso.example' })
  const crm = await serving.callerDesk.add({ name: 'crm', connections: '*' })
  const call = async (path: string): Promise<void> => {
    const headers = { authorization: `Bearer ${crm.key.reveal()}` }
    await (await fetch(`${url}/proxy/${path}`, { headers })).arrayBuffer()
  }
  await call('csp:partner/v1/customers')
  await call('csp:arm/subscriptions?api-version=2022-12-01')
  await call('contoso-graph/v1.0/users?$top=5')
  control.revokeTokens()
  await call('contoso-graph/v1.0/users?$top=5')
  await importDirectory(client)
  control.revokeSessions(signers.backup)
  await until(async () => {
    await call('csp-backup:graph/v1.0/me')
    return (await client.connections.show({ address: 'csp-backup' })).state === 'lapsed'
  })
  await client.connections.pause({ name: 'billing', reason: 'moving to another application' })
  await serving.composition.store.activity.addActivity(lastDays())
  await until(async () => {
    await serving.alarms.wake()
    const { items } = await client.alarms.list({})
    return ['grant_lapsed', 'credential_expiring'].every((kind) =>
      items.some((alarm) => alarm.kind === kind),
    )
  })
}

/** Goes from a link to the end, where the new grant serves. */
async function signIn(link: string): Promise<void> {
  const person = openVisitor()
  let page = await person.submit(await person.open(link))
  while (page.body.includes('http-equiv="refresh"')) {
    await sleep(50)
    page = await person.open(page.refresh ?? page.url)
  }
  if (page.heading !== 'The new grant is active') throw new Error(page.text)
}

/** Runs the configured import to its end. */
async function importDirectory(client: Client): Promise<void> {
  const { id } = await client.imports.run({ name: 'directory' })
  await until(async () => (await client.imports.show({ id })).state === 'completed')
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let left = 300; left > 0; left--) {
    if (await isSo()) return
    await sleep(100)
  }
  throw new Error('what a picture shows did not come to be')
}

/** Counts of the 47 hours before this one, the same for everybody. */
function lastDays(): Parameters<Serving['composition']['store']['activity']['addActivity']>[0] {
  const thisHour = Math.floor(Date.now() / 3_600_000)
  return Array.from({ length: 47 }, (_, index) => {
    const hour = thisHour - 47 + index
    const wave = Math.sin(((index % 24) / 24) * Math.PI)
    return [
      { hour, kind: 'calls', connection: 'csp', count: Math.round(140 * wave) + (index % 5) * 7 },
      { hour, kind: 'replayed', connection: 'csp', count: index % 4 === 1 ? 6 : 1 },
      { hour, kind: 'calls_failed', connection: 'csp', count: index === 41 ? 9 : 0 },
      { hour, kind: 'refreshed', connection: 'csp', count: 2 + (index % 3) },
      { hour, kind: 'refresh_failed', connection: 'csp', count: index === 41 ? 1 : 0 },
    ] as const
  })
    .flat()
    .filter(({ count }) => count > 0)
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
