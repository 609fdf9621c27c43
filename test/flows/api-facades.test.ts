import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { apiOperations } from '../../src/server/index.ts'
import { startService, type ServiceFixture } from '../support/service-fixture.ts'

let fixture: ServiceFixture
const keys = new Map<string, string>()
const said: string[] = []

beforeAll(async () => {
  fixture = await startService()
  for (const role of ['viewer', 'operator', 'admin'] as const) {
    keys.set(role, await fixture.addCaller(role, { role }))
  }
})
afterAll(() => fixture.close())

/** Calls an operation; a success is held against its schema. */
async function ask(
  id: string,
  {
    client = '',
    body,
    role = 'admin',
    query = '',
  }: { client?: string; body?: object; role?: string; query?: string } = {},
): Promise<{ status: number; body: Record<string, unknown> }> {
  const operation = apiOperations.find((one) => one.id === id)
  if (operation === undefined) throw new Error(`no operation ${id}`)
  const path = operation.path.replace('{client}', encodeURIComponent(client))
  const answer = await fetch(`${fixture.url}${path}${query}`, {
    method: operation.method,
    headers: {
      authorization: `Bearer ${keys.get(role)}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  said.push(text)
  const parsed = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>)
  if (answer.ok) {
    if (answer.status !== operation.status) throw new Error(`${id} answered ${answer.status}`)
    operation.response?.parse(parsed)
  }
  return { status: answer.status, body: parsed }
}

const draft = (name: string, more: object = {}): { body: object } => ({
  body: {
    name,
    connection: 'contoso-graph',
    redirect_uris: ['https://app.example/callback'],
    ...more,
  },
})

describe('façade clients over the API', () => {
  it.each([
    ['an unsafe address', { redirect_uris: ['http://app.example/cb'] }, 400, 'facade_invalid'],
    ['a connection that is not there', { connection: 'nobody' }, 404, 'connection_unknown'],
    ['a field it does not know', { surprise: 1 }, 400, 'request_invalid'],
  ])('refuses %s', async (_, more, status, code) => {
    expect(await ask('facades.add', draft('never', more))).toMatchObject({ status, body: { code } })
  })

  it.each([
    ['facades.list', 'viewer'],
    ['facades.show', 'viewer'],
    ['facades.add', 'operator'],
    ['facades.approve', 'operator'],
    ['facades.rotateSecret', 'operator'],
    ['facades.revoke', 'operator'],
  ])('refuses %s to the role %s', async (id, role) => {
    const refused = await ask(id, { client: 'missing', role })
    expect(refused).toMatchObject({ status: 403, body: { code: 'role_missing' } })
  })

  it.each(['facades.show', 'facades.approve', 'facades.rotateSecret', 'facades.revoke'])(
    '%s does not know a client that is not there',
    async (id) => {
      const answer = await ask(id, { client: 'missing' })
      expect(answer).toMatchObject({ status: 404, body: { code: 'facade_unknown' } })
    },
  )

  it('tells a secret once, and a new one once; it serves until the client is revoked', async () => {
    said.length = 0
    const added = await ask('facades.add', draft('salesforce'))
    const first = String(added.body['client_secret'])
    expect(first).toMatch(/^egc_[\w-]{43}$/)
    expect(await ask('facades.add', draft('salesforce'))).toMatchObject({
      body: { code: 'facade_exists' },
    })
    const rotated = await ask('facades.rotateSecret', { client: 'salesforce' })
    const second = String(rotated.body['client_secret'])
    expect(second).toMatch(/^egc_[\w-]{43}$/)
    expect(second).not.toBe(first)
    const shown = await ask('facades.show', { client: 'salesforce', role: 'operator' })
    expect(shown.body).toMatchObject({ name: 'salesforce', authorizations: 0, public: false })
    expect((await ask('facades.approve', { client: 'salesforce' })).body['code']).toBe(
      'facade_invalid',
    )
    expect((await ask('facades.revoke', { client: 'salesforce' })).status).toBe(204)
    expect((await ask('facades.list')).body['items']).toEqual([])
    const all = await ask('facades.list', { query: '?revoked=true' })
    expect(all.body['items']).toMatchObject([{ revoked_at: expect.any(String) as string }])
    for (const secret of [first, second]) {
      expect(said.filter((text) => text.includes(secret))).toHaveLength(1)
      expect(JSON.stringify(fixture.log())).not.toContain(secret)
    }
  })

  it('approves a client without secret, and pages through clients without gap', async () => {
    const added = await ask('facades.add', draft('spa', { public: true, pkce: 'required' }))
    expect(added.body['client_secret']).toBeNull()
    const id = String((added.body['client'] as Record<string, unknown>)['client_id'])
    const approved = await ask('facades.approve', { client: id })
    expect(approved.body).toMatchObject({ approved_at: expect.any(String) as string })
    expect((await ask('facades.rotateSecret', { client: 'spa' })).body['code']).toBe(
      'facade_invalid',
    )
    for (const name of ['a', 'b']) await ask('facades.add', draft(name))
    const names: unknown[] = []
    let query = '?limit=1'
    for (;;) {
      const { body } = await ask('facades.list', { query })
      names.push(...(body['items'] as { name: string }[]).map(({ name }) => name))
      if (body['next'] === null) break
      query = `?limit=1&cursor=${body['next'] as string}`
    }
    expect(names).toEqual(['a', 'b', 'spa'])
  })
})
