import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { SecretClient } from '@azure/keyvault-secrets'
import {
  Client,
  PageIterator,
  type Context,
  type PageCollection,
} from '@microsoft/microsoft-graph-client'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createEvergrant, type Evergrant } from '../../src/index.ts'
import { startSimulator, type Simulator } from '../../src/simulator/index.ts'
import { generateKey } from '../../src/vault/index.ts'

const users = 5_000
const select = ['id', 'userPrincipalName', 'displayName']
const trusted = getCACertificates('default')
let folder: string
let simulator: Simulator
let evergrant: Evergrant

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evergrant-sdk-'))
  simulator = await startSimulator({
    https: true,
    tenants: [{ id: '99999999-8888-4777-8666-555555555555', users }],
    vaultSecrets: { 'api-key': 'the value' },
  })
  const put = (name: string, text: string): Promise<void> => writeFile(join(folder, name), text)
  await put('ca.pem', simulator.certificate ?? '')
  await put('evergrant.key', generateKey().reveal())
  await put('secret', simulator.client.secret)
  await put('evergrant.yaml', configuration())
  // Evergrant trusts what its configuration names; Azure's SDK trusts what Node does.
  setDefaultCACertificates([...trusted, simulator.certificate ?? ''])
  evergrant = await createEvergrant({ config: join(folder, 'evergrant.yaml'), env: {} })
})
beforeEach(() => simulator.control.reset())
afterAll(async () => {
  await evergrant.close()
  setDefaultCACertificates(trusted)
  await simulator.close()
  await rm(folder, { recursive: true })
})

function configuration(): string {
  const client = `{ id: ${simulator.client.id}, credentials: [{ secret: { file: ./secret } }] }`
  return `store: sqlite:./evergrant.db
encryption: { keys: [{ id: k1, file: ./evergrant.key }] }
network: { ca: [./ca.pem] }
providers:
  contoso: { type: entra, tenant: ${simulator.tenant}, authority: ${simulator.urls.authority}, graph: ${simulator.urls.https} }
connections:
  graph: { provider: contoso, client: ${client}, grant: client_credentials, resource: https://graph.microsoft.com }
  vault: { provider: contoso, client: ${client}, grant: client_credentials, resource: https://vault.azure.net }
`
}

/** Kills every token when the second page has been answered. */
function expireOnTheWay(): void {
  let pages = 0
  const stop = simulator.events.on((event) => {
    if (event.type !== 'simulator.request_answered' || event.kind !== 'users' || ++pages < 2) return
    stop()
    simulator.control.expireTokens()
  })
}

async function pageThrough(client: Client): Promise<unknown[]> {
  const rows: unknown[] = []
  const first = (await client.api('/users').select(select).top(999).get()) as PageCollection
  await new PageIterator(client, first, (row: unknown) => {
    rows.push(row)
    return true
  }).iterate()
  return rows
}

describe('the Graph SDK', () => {
  const baseUrl = (): string => simulator.urls.https ?? ''

  it('loses its walk when a token dies on the way and it has but the tokens', async () => {
    const connection = evergrant.connection('graph')
    const client = Client.initWithMiddleware({
      baseUrl: baseUrl(),
      customHosts: new Set([new URL(baseUrl()).hostname]),
      authProvider: {
        getAccessToken: async () =>
          (await connection.getToken('https://graph.microsoft.com/.default')).token,
      },
    })
    expireOnTheWay()
    await expect(pageThrough(client)).rejects.toMatchObject({ statusCode: 401 })
  })

  it('walks on through it over the connection’s fetch, and gets exactly the ground truth', async () => {
    const connection = evergrant.connection('graph')
    const client = Client.initWithMiddleware({
      baseUrl: baseUrl(),
      middleware: {
        execute: async (context: Context) => {
          context.response = await connection.fetch(context.request, context.options)
        },
      },
    })
    expireOnTheWay()
    expect(await pageThrough(client)).toEqual([...simulator.users(simulator.tenant, select)])
    expect(simulator.stats().pagesServed).toBe(6)
  })
})

describe('a client of Azure’s SDK', () => {
  function secretClient(): SecretClient {
    const vault = `${simulator.urls.https}/keyvault`
    return new SecretClient(vault, evergrant.connection('vault'), {
      disableChallengeResourceVerification: true,
    })
  }

  it('takes a connection as its credential, and tells errors as ever', async () => {
    const client = secretClient()
    expect((await client.getSecret('api-key')).value).toBe('the value')
    await expect(client.getSecret('unknown')).rejects.toMatchObject({ statusCode: 404 })
    expect(simulator.stats().tokensIssued).toBe(1)
  })

  it('gets another token when the API challenges its own (continuous access evaluation)', async () => {
    const client = secretClient()
    await client.getSecret('api-key')
    simulator.control.revokeTokens({ cae: true, requireClaims: true })
    expect((await client.getSecret('api-key')).value).toBe('the value')
  })
})
