import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startSimulator, type Simulator } from './index.ts'

const tenant = '11111111-2222-4333-8444-555555555555'
let simulator: Simulator
beforeAll(async () => {
  simulator = await startSimulator({
    tenants: [{ id: tenant, users: 200, groups: { count: 40, giantSize: 150 } }],
  })
})
afterAll(() => simulator.close())

async function tokenBy(form: Readonly<Record<string, string>>): Promise<string> {
  const { id, secret } = simulator.client
  const answer = await fetch(`${simulator.urls.authority}/${tenant}/oauth2/v2.0/token`, {
    method: 'POST',
    body: new URLSearchParams({
      client_id: id,
      client_secret: secret,
      scope: 'https://graph.microsoft.com/.default',
      ...form,
    }),
  })
  return String(((await answer.json()) as { readonly access_token?: string }).access_token)
}
const ofApplication = (): Promise<string> => tokenBy({ grant_type: 'client_credentials' })
const ofUser = (): Promise<string> =>
  tokenBy({ grant_type: 'refresh_token', refresh_token: simulator.control.issueRefreshToken() })

interface Answer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

async function check(path: string, groupIds: unknown, token?: string): Promise<Answer> {
  const answer = await fetch(`${simulator.urls.graph}/v1.0/${path}/checkMemberGroups`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token ?? (await ofApplication())}` },
    body: JSON.stringify({ groupIds }),
  })
  return { status: answer.status, body: (await answer.json()) as Answer['body'] }
}

describe('checkMemberGroups', () => {
  it('names the groups that somebody is in, through other groups as well', async () => {
    const edges = [...simulator.edges()]
    const nested = edges.find(
      ({ groupId, memberType }) =>
        memberType === 'user' && edges.some((edge) => edge.memberId === groupId),
    )
    const outer = edges.find(({ memberId }) => memberId === nested?.groupId)?.groupId
    const asked = [nested?.groupId, outer, '00000000-0000-4000-8000-000000000000']
    const { status, body } = await check(`users/${nested?.memberId}`, asked)
    expect(status).toBe(200)
    expect(body['value']).toEqual([nested?.groupId, outer])
    const principal = edges.find(({ memberType }) => memberType === 'servicePrincipal')
    const own = await check(`servicePrincipals/${principal?.memberId}`, [principal?.groupId])
    expect(own.body['value']).toEqual([principal?.groupId])
  })

  it('refuses as Graph does', async () => {
    const [user] = [...simulator.users(undefined, ['id'])]
    const path = `users/${String(user?.['id'])}`
    const id = '00000000-0000-4000-8000-000000000000'
    expect((await check(path, Array<string>(21).fill(id))).status).toBe(400)
    expect((await check(path, [])).status).toBe(400)
    expect((await check(`users/${id}`, [id])).status).toBe(404)
    expect((await check(path, [id], 'none')).status).toBe(401)
    simulator.control.setPermissions(['User.Read.All'])
    expect((await check(path, [id])).status).toBe(403)
    simulator.control.reset()
  })
})

describe('UserInfo of Graph', () => {
  const ask = (token: string): Promise<Response> =>
    fetch(`${simulator.urls.graph}/oidc/userinfo`, {
      headers: { authorization: `Bearer ${token}` },
    })

  it('tells six claims of a user at most, and nothing of an application', async () => {
    const told = (await (await ask(await ofUser())).json()) as Record<string, unknown>
    const known = ['sub', 'name', 'family_name', 'given_name', 'picture', 'email']
    expect(Object.keys(told).filter((name) => !known.includes(name))).toEqual([])
    expect(told['sub']).toEqual(expect.any(String))
    expect((await ask(await ofApplication())).status).toBe(401)
    expect((await ask('none')).status).toBe(401)
  })
})
