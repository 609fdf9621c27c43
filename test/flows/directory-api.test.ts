import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { apiOperations } from '../../src/server/index.ts'
import { bearer, startBearerService, type BearerService } from '../support/bearer-service.ts'
import { runImport, tenantId } from '../support/workspace.ts'

let service: BearerService
/** A group and one of its members, and an account that is in no group. */
let edge: { readonly groupId: string; readonly memberId: string }

beforeAll(async () => {
  service = await startBearerService({
    workspace: { users: 40, groups: { count: 5, giantSize: 8 } },
  })
  await runImport(service.workspace, { name: 'groups', collections: ['groups', 'members'] })
  const edges = [...service.workspace.simulator.edges()]
  const found = edges.find(
    ({ memberType, memberId }) => memberType === 'user' && service.userIds.includes(memberId),
  )
  if (found === undefined) throw new Error('no user is in a group')
  edge = found
})
afterAll(() => service.close())

interface Answered {
  readonly status: number
  readonly body: Record<string, unknown>
}

/** Reads the directory as an account with these roles; a success is held against its schema. */
async function read(
  path: string,
  { oid = service.userIds[0], roles = [] as readonly string[], headers = {} } = {},
): Promise<Answered> {
  const credentials =
    Object.keys(headers).length > 0 ? headers : bearer(service.issuer.token({ oid, roles }))
  const answer = await service.get(`/directory/v1/${path}`, credentials)
  const body = (await answer.json()) as Record<string, unknown>
  if (answer.ok) schemaOf(path)?.parse(body)
  return { status: answer.status, body }
}

function schemaOf(path: string): { parse(value: unknown): unknown } | undefined {
  const url = `/directory/v1/${path.split('?', 1)[0]}`
  return apiOperations.find(
    (one) =>
      one.method === 'GET' && new RegExp(`^${one.path.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(url),
  )?.response
}
const viewer = { roles: ['Viewer'] }
const idsOf = ({ body }: Answered): readonly string[] =>
  (body['items'] as readonly { readonly id: string }[]).map(({ id }) => id)

describe('the directory', () => {
  it('is shown to nobody without a token that holds', async () => {
    for (const headers of [{ accept: '*/*' }, bearer('egk_nobody'), bearer('a.b.c')]) {
      const answer = await service.get('/directory/v1/me', headers)
      expect(answer.status).toBe(401)
      expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/)
    }
  })

  it('shows an account without role itself, its own groups, and nothing else', async () => {
    const own = { oid: edge.memberId }
    const me = await read('me', own)
    expect(me).toMatchObject({
      status: 200,
      body: { tenant_id: tenantId, id: edge.memberId, kind: 'user', enabled: true, person: null },
    })
    const groups = await read(`accounts/${tenantId}/${edge.memberId.toUpperCase()}/groups`, own)
    expect(idsOf(groups)).toContain(edge.groupId)
    for (const path of [
      'accounts',
      `accounts/${tenantId}/${edge.memberId}`,
      `accounts/${tenantId}/${service.userIds[1] === edge.memberId ? service.userIds[0] : service.userIds[1]}/groups`,
      'people',
      'groups',
      `groups/${tenantId}/${edge.groupId}/members`,
    ]) {
      const refused = await read(path, own)
      expect({ path, ...refused }).toMatchObject({
        path,
        status: 403,
        body: { code: 'role_missing' },
      })
    }
  })

  it('says of a caller key that it is nobody, and lets it read with the role', async () => {
    const key = await service.addCaller('portal', { role: 'viewer', connections: [] })
    const headers = bearer(key)
    expect(await read('me', { headers })).toMatchObject({
      status: 403,
      body: { code: 'caller_without_account' },
    })
    expect(idsOf(await read('accounts?limit=3', { headers }))).toHaveLength(3)
  })

  it('refuses what no page, selection or account can be', async () => {
    for (const query of ['select=', 'select=a,,b', 'select=a%22', 'limit=0', 'cursor=x', 'x=1']) {
      const refused = await read(`accounts?${query}`, viewer)
      expect({ query, ...refused }).toMatchObject({
        query,
        status: 400,
        body: { code: 'request_invalid' },
      })
    }
    for (const place of [
      ['a\0', '1', ''],
      ['a', '1', '\ud800'],
    ]) {
      const cursor = Buffer.from(JSON.stringify(place)).toString('base64url')
      const refused = await read(`accounts?cursor=${cursor}`, viewer)
      expect(refused).toMatchObject({ status: 400, body: { code: 'request_invalid' } })
    }
    const missing = `accounts/${tenantId}/00000000-0000-4000-8000-000000000000`
    expect(await read(missing, viewer)).toMatchObject({
      status: 404,
      body: { code: 'account_unknown' },
    })
  })

  it('comes in pages with the properties that are selected', async () => {
    const columns = ['id', 'displayName', 'mail']
    const expected = [...service.workspace.simulator.users(undefined, columns)]
    const found: unknown[] = []
    for (let cursor = ''; ;) {
      const { body } = await read(`accounts?limit=7&select=displayName,mail,id${cursor}`, viewer)
      found.push(
        ...(body['items'] as readonly { readonly properties: unknown }[]).map(
          ({ properties }) => properties,
        ),
      )
      if (body['next'] === null) break
      cursor = `&cursor=${body['next'] as string}`
    }
    expect(found).toEqual(expected)
    const one = await read(`accounts/${tenantId}/${service.userIds[0]}?select=mail,nothing`, viewer)
    expect(Object.keys(one.body['properties'] as object)).toEqual(['mail'])
  })

  it('is searched by what names begin with, within a tenant or in all', async () => {
    const [user] = [...service.workspace.simulator.users(undefined, ['id', 'userPrincipalName'])]
    const name = encodeURIComponent(String(user?.['userPrincipalName']).toUpperCase())
    const found = await read(`accounts?search=${name}&tenant=${tenantId}`, viewer)
    expect(idsOf(found)).toEqual([user?.['id']])
    const elsewhere = '99999999-2222-3333-4444-555555555555'
    expect(idsOf(await read(`accounts?search=${name}&tenant=${elsewhere}`, viewer))).toEqual([])
  })

  it('tells operators the groups of an account by name', async () => {
    const path = `/api/v1/accounts/${tenantId}/${edge.memberId}/groups`
    const noRole = await service.addCaller('salesforce')
    expect((await service.get(path, bearer(noRole))).status).toBe(403)
    const viewing = await service.addCaller('console', { role: 'viewer', connections: [] })
    const answer = await service.get(path, bearer(viewing))
    const { items } = (await answer.json()) as { items: readonly Record<string, unknown>[] }
    const group = items.find(({ id }) => id === edge.groupId)
    const { body } = await read('groups?limit=100', viewer)
    expect(body['items']).toContainEqual(
      expect.objectContaining({
        id: edge.groupId,
        properties: expect.objectContaining({ displayName: group?.['name'] }) as unknown,
      }),
    )
    expect(group?.['name']).toEqual(expect.any(String))
  })

  it('shows groups, their members and the groups of an account', async () => {
    const { simulator } = service.workspace
    const groups = await read('groups?select=displayName', viewer)
    expect(groups.body['items']).toMatchObject(
      [...simulator.groups(undefined, ['displayName'])].map((properties) => ({ properties })),
    )
    const members: string[] = []
    const path = `groups/${tenantId}/${edge.groupId}/members?limit=3`
    for (let cursor = ''; ;) {
      const page = await read(path + cursor, viewer)
      members.push(...idsOf(page))
      if (page.body['next'] === null) break
      cursor = `&cursor=${page.body['next'] as string}`
    }
    const truth = [...simulator.edges()].filter(({ groupId }) => groupId === edge.groupId)
    expect(members.toSorted()).toEqual(truth.map(({ memberId }) => memberId).toSorted())
    const of = await read(`accounts/${tenantId}/${edge.memberId}/groups`, viewer)
    expect(idsOf(of)).toContain(edge.groupId)
  })

  it('shows people with their accounts, but not what each may do', async () => {
    const [id = ''] = service.userIds
    await service.serving.composition.store.people.linkAccounts(
      [{ person: 'Ann', account: { tenantId, kind: 'user', id, role: 'admin', connections: [] } }],
      1,
    )
    const { body } = await read('people?search=A', viewer)
    expect(body['items']).toEqual([
      {
        id: expect.stringMatching(/^psn_/) as string,
        name: 'Ann',
        accounts: [{ tenant_id: tenantId, id, kind: 'user' }],
      },
    ])
  })

  it('is closed at once to an account that is disabled here, and for good to its sessions', async () => {
    const [, , oid = ''] = service.userIds
    const headers = bearer(service.issuer.token({ oid }))
    expect((await read('me', { headers })).status).toBe(200)
    const operator = bearer(service.issuer.token({ oid: service.userIds[3], roles: ['Operator'] }))
    const switched = async (verb: 'disable' | 'enable'): Promise<number> =>
      (
        await fetch(`${service.url}/api/v1/accounts/${tenantId}/${oid}/${verb}`, {
          method: 'POST',
          headers: { ...operator, 'content-type': 'application/json' },
          body: '{}',
        })
      ).status
    const begun = await service.get('/api/v1/sessions', headers, 'POST')
    const { token: session } = (await begun.json()) as { readonly token: string }
    expect((await read('me', { headers: bearer(session) })).status).toBe(200)
    expect(await switched('disable')).toBe(200)
    expect((await read('me', { headers: bearer(session) })).status).toBe(401)
    expect(await read('me', { headers })).toMatchObject({
      status: 403,
      body: { code: 'account_disabled' },
    })
    expect(await switched('enable')).toBe(200)
    expect((await read('me', { headers })).status).toBe(200)
    expect((await read('me', { headers: bearer(session) })).status).toBe(401)
  })
})
