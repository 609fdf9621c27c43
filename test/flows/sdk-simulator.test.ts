import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { ClientSecretCredential } from '@azure/identity'
import { Client, PageIterator, type PageCollection } from '@microsoft/microsoft-graph-client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startSimulator, type Simulator } from '../../src/simulator/index.ts'

const users = 5_000
const select = ['id', 'userPrincipalName', 'displayName', 'mail', 'businessPhones', 'jobTitle']
const trusted = getCACertificates('default')
let simulator: Simulator

beforeAll(async () => {
  simulator = await startSimulator({
    https: true,
    tenants: [{ id: '99999999-8888-4777-8666-555555555555', users }],
  })
  setDefaultCACertificates([...trusted, simulator.certificate ?? ''])
})
afterAll(async () => {
  setDefaultCACertificates(trusted)
  await simulator.close()
})

function credentialWith(secret: string): ClientSecretCredential {
  return new ClientSecretCredential(simulator.tenant, simulator.client.id, secret, {
    authorityHost: simulator.urls.authority,
    disableInstanceDiscovery: true,
  })
}

function graphClient(credential: ClientSecretCredential): Client {
  const scope = 'https://graph.microsoft.com/.default'
  return Client.initWithMiddleware({
    baseUrl: simulator.urls.https ?? '',
    // The SDK sends its token to hosts of Microsoft only, unless told of others.
    customHosts: new Set([new URL(simulator.urls.authority).hostname]),
    authProvider: {
      getAccessToken: async () => (await credential.getToken(scope)).token,
    },
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

test('the SDK reports a wrong secret with the AADSTS code of Entra', async () => {
  const attempt = credentialWith('wrong').getToken('https://graph.microsoft.com/.default')
  await expect(attempt).rejects.toThrow('AADSTS7000215')
})

test('the SDK walk is lost when the token dies on the way, as its users report', async () => {
  const credential = credentialWith(simulator.client.secret)
  const expiring = simulator.events.on((event) => {
    if (event.type === 'simulator.request_answered' && event.kind === 'users') {
      simulator.control.expireTokens()
    }
  })
  await expect(pageThrough(graphClient(credential))).rejects.toMatchObject({
    statusCode: 401,
    code: 'InvalidAuthenticationToken',
    message: 'Lifetime validation failed, the token is expired.',
  })
  expiring()
})

test('the SDKs of Microsoft page through the simulator and get exactly the ground truth', async () => {
  simulator.control.reset()
  const rows = await pageThrough(graphClient(credentialWith(simulator.client.secret)))
  expect(rows).toEqual([...simulator.users(simulator.tenant, select)])
  expect(simulator.stats()).toMatchObject({ pagesServed: 6, rowsServed: users, tokensIssued: 1 })
})

test('the SDK reads devices, owners, roles and managers, and gets exactly the ground truth', async () => {
  simulator.control.reset()
  simulator.control.setPermissions(['Directory.Read.All', 'User.Read.All'])
  const client = graphClient(credentialWith(simulator.client.secret))
  const valueOf = async (path: string): Promise<readonly Record<string, unknown>[]> =>
    ((await client.api(path).get()) as PageCollection).value as readonly Record<string, unknown>[]
  expect(await valueOf('/devices?$top=999')).toEqual([...simulator.devices()])
  const roles = await valueOf('/directoryRoles')
  expect(roles).toEqual([...simulator.directoryRoles()])
  const [holder] = simulator.roleMembers()
  expect(await valueOf(`/directoryRoles/${holder?.roleId}/members?$select=id`)).toContainEqual({
    '@odata.type': `#microsoft.graph.${holder?.memberType}`,
    id: holder?.memberId,
  })
  const [owner] = simulator.owners()
  expect(await valueOf(`/groups/${owner?.groupId}/owners?$select=id`)).toContainEqual({
    '@odata.type': `#microsoft.graph.${owner?.ownerType}`,
    id: owner?.ownerId,
  })
  const led = (await valueOf('/users?$select=id&$expand=manager($select=id)&$top=999')).flatMap(
    ({ id, manager }) =>
      manager === undefined ? [] : [{ userId: id, managerId: (manager as { id: string }).id }],
  )
  expect(led).toEqual([...simulator.managers()].slice(0, led.length))
  expect(led.length).toBeGreaterThan(0)
})

test('the SDK follows a delta to its end, and asks later what changed and who still lives', async () => {
  simulator.control.reset()
  simulator.control.setPermissions(['Directory.Read.All'])
  const client = graphClient(credentialWith(simulator.client.secret))
  const follow = async (
    path: string,
  ): Promise<{ readonly ids: unknown[]; readonly link: string }> => {
    const ids: unknown[] = []
    const first = (await client.api(path).get()) as PageCollection
    const pages = new PageIterator(client, first, (row: { readonly id: string }) => {
      ids.push(row.id)
      return true
    })
    await pages.iterate()
    return { ids, link: pages.getDeltaLink() ?? '' }
  }
  const all = await follow('/users/delta?$select=displayName')
  const truth = [...simulator.users(simulator.tenant, ['id'])].map(({ id }) => id)
  expect(all.ids).toEqual(truth)
  const [gone, kept] = all.ids.map(String)
  simulator.control.deleteUser(gone ?? '')
  const created = simulator.control.createUser({ userPrincipalName: 'new@contoso.example' })
  expect((await follow(all.link)).ids).toEqual([gone, created])
  const living = (await client
    .api('/directoryObjects/getByIds')
    .post({ ids: [gone, kept, created], types: ['user'] })) as PageCollection
  expect(living.value).toMatchObject([{ id: kept }, { id: created }])
})
