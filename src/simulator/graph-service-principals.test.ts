import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { startSimulator, type Simulator } from './index.ts'

const others = Array.from({ length: 6 }, (_, i) => `2f0c0000-1111-4222-8333-00000000000${i}`)
let simulator: Simulator
beforeAll(async () => {
  simulator = await startSimulator({
    tenants: [
      {
        id: '11111111-2222-4333-8444-555555555555',
        users: 1,
        applications: [
          { id: '2f0c0000-1111-4222-8333-444444444444', secrets: [{ value: 'not.a.real.secret' }] },
          ...others.map((id, i) => ({ id, displayName: `App ${i}`, isEnabled: i !== 3 })),
        ],
      },
    ],
  })
})
beforeEach(() => {
  simulator.control.reset()
  simulator.control.setPermissions(['Application.Read.All'])
})
afterAll(() => simulator.close())

type Row = Readonly<Record<string, unknown>>

async function get(
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly status: number; readonly body: Row }> {
  const { id, secret } = simulator.client
  const scope = 'https://graph.microsoft.com/.default'
  const form = { grant_type: 'client_credentials', client_id: id, client_secret: secret, scope }
  const token = await fetch(`${simulator.urls.authority}/${simulator.tenant}/oauth2/v2.0/token`, {
    method: 'POST',
    body: new URLSearchParams(form),
  })
  const authorization = `Bearer ${String(((await token.json()) as Row)['access_token'])}`
  const url = path.startsWith('http') ? path : `${simulator.urls.graph}/v1.0${path}`
  const answer = await fetch(url, { headers: { authorization, ...headers } })
  return { status: answer.status, body: (await answer.json()) as Row }
}

test.each([
  ['/servicePrincipals?$top=1000', 400, 'Request_UnsupportedQuery'],
  ['/servicePrincipals?$select=id,shoeSize', 400, 'BadRequest'],
  ['/servicePrincipals?$skip=10', 400, 'Request_UnsupportedQuery'],
  ["/servicePrincipals?$filter=tags eq 'x'", 400, 'Request_UnsupportedQuery'],
  ['/servicePrincipals/$count', 400, 'Request_BadRequest'],
])('%s is refused with %i %s', async (path, status, code) => {
  expect(await get(path)).toMatchObject({ status, body: { error: { code } } })
})

test('a token without a permission for applications is refused', async () => {
  simulator.control.setPermissions(['User.Read.All', 'Group.Read.All'])
  expect(await get('/servicePrincipals')).toMatchObject({
    status: 403,
    body: { error: { code: 'Authorization_RequestDenied' } },
  })
})

test('pages hold one for each application, as the tokens of it name it', async () => {
  const rows: Row[] = []
  let next: string | undefined = '/servicePrincipals?$top=3&$select=id,appId,accountEnabled'
  for (; next !== undefined;) {
    const { body } = await get(next)
    rows.push(...(body['value'] as readonly Row[]))
    next = body['@odata.nextLink'] as string | undefined
  }
  expect(rows).toEqual([
    ...simulator.servicePrincipals(undefined, ['id', 'appId', 'accountEnabled']),
  ])
  expect(rows.map((row) => row['appId'])).toEqual([simulator.client.id, ...others])
  expect(rows.filter((row) => row['accountEnabled'] === false)).toHaveLength(1)
})

test('are counted and filtered', async () => {
  const eventual = { ConsistencyLevel: 'eventual' }
  expect((await get('/servicePrincipals/$count', eventual)).body).toBe(7)
  const filter =
    "$filter=startsWith(displayName,'App 1') or appId eq '2f0c0000-1111-4222-8333-000000000003'"
  const { body } = await get(
    `/servicePrincipals?${filter}&$count=true&$select=displayName`,
    eventual,
  )
  expect(body).toMatchObject({
    '@odata.count': 2,
    value: [{ displayName: 'App 1' }, { displayName: 'App 3' }],
  })
})
