import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { Client, PageIterator, type PageCollection } from '@microsoft/microsoft-graph-client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Caller } from '../../src/access/index.ts'
import { createTraceRecorder, type Gateway, type TraceRecorder } from '../../src/gateway/index.ts'
import { ok, systemRandom } from '../../src/kernel/index.ts'
import { compose, type Composition } from '../../src/server/index.ts'
import { openGateway } from '../../src/server/open-gateway.ts'
import { selfSignCertificate } from '../../src/simulator/index.ts'
import { call } from '../support/gateway-fixture.ts'
import { makeWorld, type SharedWorld } from '../support/services.ts'

const select = ['id', 'userPrincipalName', 'displayName', 'mail']
const caller: Caller = {
  id: 'clr_1',
  name: 'sdk',
  kind: 'key',
  connections: '*',
  allowTokens: false,
  limits: {},
}
let world: SharedWorld
let composition: Composition
let gateway: Gateway
let traces: TraceRecorder
let address: string
// The SDK takes a link for a whole one only where it begins with https.
const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const { pem } = selfSignCertificate(keys, {
  commonName: 'gateway',
  hosts: ['127.0.0.1'],
  serial: randomBytes(16),
})
const key = keys.privateKey.export({ type: 'pkcs8', format: 'pem' })
const trusted = getCACertificates('default')
const server = createTlsServer({ key, cert: pem }, (request, response) =>
  gateway.handle(request, response),
)
const plain = createServer((request, response) => gateway.handle(request, response))
let plainAddress: string

beforeAll(async () => {
  setDefaultCACertificates([...trusted, pem])
  world = await makeWorld('SQLite', {
    tenants: [{ id: '99999999-8888-4777-8666-555555555555', users: 5_000 }],
  })
  const { urls, client } = world.simulator
  await world.define(
    {},
    `
  graph:
    provider: contoso
    client: { id: ${client.id}, credentials: [{ secret: { file: ./secret } }] }
    grant: client_credentials
    resource: https://graph.microsoft.com
    upstream: { url: "${urls.graph}", resource: https://graph.microsoft.com, links: rewrite }
`,
  )
  composition = await compose({ configPath: world.configPath, env: {}, role: 'main' })
  const { clock, events } = composition
  traces = createTraceRecorder({ clock, random: systemRandom, emit: events.emit })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve))
  plainAddress = `http://127.0.0.1:${(plain.address() as AddressInfo).port}/proxy/graph`
  const publicUrl = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  address = `${publicUrl}/proxy/graph`
  const callers = { authenticate: () => ok(caller), admit: () => () => {} }
  gateway = openGateway(composition, { callers, traces, publicUrl })
})
afterAll(async () => {
  setDefaultCACertificates(trusted)
  await gateway.close({ graceMs: 0 })
  for (const one of [server, plain]) {
    one.closeAllConnections()
    await new Promise((resolve) => one.close(resolve))
  }
  await composition.close()
  await world.close()
})

test('the Graph SDK pages through a connection, and a token that dies on the way is not its matter', async () => {
  const { simulator } = world
  let pages = 0
  const expiring = simulator.events.on((event) => {
    if (event.type !== 'simulator.request_answered' || event.kind !== 'users') return
    if (++pages === 2) simulator.control.expireTokens()
  })
  const sdk = Client.initWithMiddleware({
    baseUrl: address,
    defaultVersion: 'v1.0',
    customHosts: new Set(['127.0.0.1']),
    authProvider: { getAccessToken: () => Promise.resolve('unused') },
  })
  const rows: unknown[] = []
  const first = (await sdk.api('/users').select(select).top(999).get()) as PageCollection
  expect(first['@odata.nextLink']).toMatch(new RegExp(`^${address}/v1.0/users\\?`))
  await new PageIterator(sdk, first, (row: unknown) => {
    rows.push(row)
    return true
  }).iterate()
  expiring()
  expect(rows).toEqual([...simulator.users(simulator.tenant, select)])
  const kept = traces.takeBatch(100)
  expect(kept.filter(({ wasReplayed }) => wasReplayed)).toHaveLength(1)
  expect(kept.every(({ status }) => status === 200)).toBe(true)
})

test('links are rewritten in bodies of every coding', async () => {
  for (const coding of ['gzip', 'br', 'identity']) {
    const got = await call(`${plainAddress}/v1.0/users?$top=10`, {
      headers: { 'accept-encoding': coding },
    })
    expect([got.status, got.headers['content-encoding']]).toEqual([200, undefined])
    const page = JSON.parse(got.text) as PageCollection
    expect(page.value).toHaveLength(10)
    expect(page['@odata.nextLink']).toMatch(address)
  }
})
