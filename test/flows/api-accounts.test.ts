import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { apiOperations } from '../../src/server/index.ts'
import { aSession } from '../contract/sessions.contract.ts'
import { startService, type ServiceFixture } from '../support/service-fixture.ts'
import { runImport, tenantId } from '../support/workspace.ts'

let fixture: ServiceFixture
let ids: readonly string[]
const keys = new Map<string, string>()
const unknownId = '00000000-0000-4000-8000-000000000000'

beforeAll(async () => {
  fixture = await startService({
    prepare: async (workspace) => {
      await runImport(workspace)
      ids = [...workspace.simulator.users()].map(({ id }) => String(id))
    },
  })
  for (const role of ['viewer', 'operator', 'admin'] as const) {
    keys.set(role, await fixture.addCaller(role, { role }))
  }
})
afterAll(() => fixture.close())

interface Answered {
  readonly status: number
  readonly body: Record<string, unknown>
}

/** Calls an operation; a success is held against its schema. */
async function ask(
  id: string,
  {
    path: parts = {},
    body,
    role = 'admin',
    query = {},
  }: {
    readonly path?: Readonly<Record<string, string>>
    readonly body?: object
    readonly role?: string
    readonly query?: Readonly<Record<string, string>>
  } = {},
): Promise<Answered> {
  const operation = apiOperations.find((one) => one.id === id)
  if (operation === undefined) throw new Error(`no operation ${id}`)
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(parts[name] ?? ''),
  )
  const url = new URL(fixture.url + path)
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
  const answer = await fetch(url, {
    method: operation.method,
    headers: {
      authorization: `Bearer ${keys.get(role)}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  const parsed = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>)
  if (answer.ok) operation.response?.parse(parsed)
  return { status: answer.status, body: parsed }
}
const account = (at: number): { readonly path: Readonly<Record<string, string>> } => ({
  path: { tenant: tenantId, id: ids[at] ?? '' },
})

describe('accounts over the API', () => {
  it.each([
    ['accounts.disable', 'viewer'],
    ['accounts.enable', 'viewer'],
    ['people.link', 'operator'],
    ['people.unlink', 'operator'],
    ['people.import', 'operator'],
  ])('are refused %s by the role %s', async (id, role) => {
    const path = { tenant: tenantId, id: unknownId, person: 'Ann' }
    const refused = await ask(id, { path, role, body: {} })
    expect(refused).toMatchObject({ status: 403, body: { code: 'role_missing' } })
  })

  it('are refused by what cannot be', async () => {
    const missing = await ask('accounts.show', { path: { tenant: tenantId, id: unknownId } })
    expect(missing).toMatchObject({ status: 404, body: { code: 'account_unknown' } })
    for (const query of [
      { kind: 'device' },
      { limit: '0' },
      { limit: '501' },
      { cursor: 'e30' },
      { search: '' },
      { search: 'a\0' },
    ]) {
      const refused = await ask('accounts.list', { query })
      expect(refused).toMatchObject({ status: 400, body: { code: 'request_invalid' } })
    }
  })

  it('come in pages, or by a search', async () => {
    const seen: unknown[] = []
    for (let cursor = ''; ;) {
      const query = { limit: '3', ...(cursor === '' ? {} : { cursor }) }
      const { body } = await ask('accounts.list', { role: 'viewer', query })
      seen.push(...(body['items'] as readonly { readonly id: string }[]).map(({ id }) => id))
      if (body['next'] === null) break
      cursor = body['next'] as string
    }
    expect(seen).toEqual(ids)
    const { body: one } = await ask('accounts.show', { role: 'viewer', ...account(0) })
    const { body } = await ask('accounts.list', { query: { search: String(one['name']) } })
    expect(body['items']).toEqual([one])
  })

  it('are disabled and enabled, which ends sessions and is told in the log', async () => {
    const session = aSession({
      account: { tenantId, kind: 'user', id: ids[1] ?? '' },
      expiresAt: Date.now() + 3_600_000,
    })
    const { sessions } = fixture.serving.composition.store
    await sessions.addSession(session)
    const wish = { role: 'operator', ...account(1) }
    const disabled = await ask('accounts.disable', { ...wish, body: { reason: 'left' } })
    expect(disabled).toEqual({ status: 200, body: { changed: true, sessions_ended: 1 } })
    expect(await sessions.findSession(session.hash)).toHaveProperty('revokedAt')
    expect((await ask('accounts.show', account(1))).body).toMatchObject({
      disabled: { by: 'operator', reason: 'left' },
    })
    const { body } = await ask('accounts.list', { query: { disabled: 'true' } })
    expect(body['items']).toHaveLength(1)
    const again = await ask('accounts.disable', { ...wish, body: {} })
    expect(again.body).toEqual({ changed: false, sessions_ended: 0 })
    for (const changed of [true, false]) {
      expect((await ask('accounts.enable', { ...wish, body: {} })).body).toEqual({ changed })
    }
    const told = fixture.log().filter(({ event }) => String(event).startsWith('account.'))
    expect(told).toMatchObject([
      { event: 'account.disabled', accountId: ids[1], by: 'operator', reason: 'left' },
      { event: 'account.enabled', accountId: ids[1], by: 'operator' },
    ])
  })
})

describe('people over the API', () => {
  const link = (at: number, more: object = {}): object => ({
    tenant: tenantId,
    account: ids[at],
    ...more,
  })

  it('are not linked by a name that nobody looks up, or to what is not there', async () => {
    const named = { tenant: tenantId, account: 'ann@contoso.example' }
    for (const [body, said] of [
      [named, 'expected the account’s id'],
      [link(2, { connections: ['nothing'] }), 'no connection "nothing"'],
      [{ tenant: tenantId, account: unknownId }, 'was imported'],
    ] as const) {
      const refused = await ask('people.link', { path: { person: 'Ann' }, body })
      expect(refused).toMatchObject({ status: 400, body: { code: 'people_invalid' } })
      expect(refused.body['detail']).toContain(said)
    }
    const unknown = await ask('people.show', { path: { person: 'Ann' } })
    expect(unknown).toMatchObject({ status: 404, body: { code: 'person_unknown' } })
  })

  it('are linked, shown by name and id, and unlinked', async () => {
    const body = link(2, { role: 'viewer', connections: ['contoso-graph'] })
    const made = await ask('people.link', { path: { person: 'Ann' }, body })
    expect(made.body).toMatchObject({
      name: 'Ann',
      accounts: [{ id: ids[2], role: 'viewer', connections: ['contoso-graph'] }],
    })
    const byId = await ask('people.show', { path: { person: String(made.body['id']) } })
    expect(byId.body).toEqual(made.body)
    const taken = await ask('people.link', { path: { person: 'Bob' }, body })
    expect(taken.body['detail']).toContain('belongs to "Ann"')
    const path = { person: 'Ann', tenant: tenantId, id: (ids[2] ?? '').toUpperCase() }
    expect((await ask('people.unlink', { path })).status).toBe(204)
    expect(await ask('people.unlink', { path })).toMatchObject({
      status: 404,
      body: { code: 'account_unknown' },
    })
  })

  it('are taken over as a list, or not at all', async () => {
    const links = [
      { person: 'Cid', ...link(3) },
      { person: 'Dan', ...link(4, { role: 'admin' }) },
    ]
    const wrong = await ask('people.import', {
      body: { links: [...links, { person: 'Eve', ...link(3) }] },
    })
    expect(wrong.body).toMatchObject({ code: 'people_invalid' })
    expect(wrong.body['detail']).toBe('entry 3: the account stands on entry 1 already')
    const tried = await ask('people.import', { body: { links }, query: { dry_run: 'true' } })
    expect(tried.body).toEqual({ links: 2, people: 2 })
    expect((await ask('people.show', { path: { person: 'Cid' } })).status).toBe(404)
    expect((await ask('people.import', { body: { links } })).body).toEqual({ links: 2, people: 2 })
    const { body } = await ask('people.list', { role: 'viewer', query: { limit: '2' } })
    expect(body['items']).toHaveLength(2)
    expect(body['next']).not.toBeNull()
  })
})
