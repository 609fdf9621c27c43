import { writeFile } from 'node:fs/promises'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { apiOperations } from '../../src/server/api/operations.ts'
import { auditRules } from '../../src/server/audit-rules.ts'
import { consoleLinkUrl } from '../../src/server/index.ts'
import { runCommand, type CommandOutcome } from '../support/command.ts'
import { openConsoleBrowser } from '../support/console-browser.ts'
import { startService, type ServiceFixture } from '../support/service-fixture.ts'

let service: ServiceFixture
let admin: string
let viewer: string
let operator: string
beforeAll(async () => {
  service = await startService()
  admin = await service.addCaller('ops', { role: 'admin' })
  viewer = await service.addCaller('watcher', { role: 'viewer' })
  operator = await service.addCaller('keeper', { role: 'operator' })
})
afterAll(() => service.close())

interface Entry {
  readonly id: string
  readonly actor: string
  readonly actor_kind: string
  readonly action: string
  readonly target: string
  readonly connection: string | null
  readonly outcome: string
  readonly code: string | null
  readonly before: unknown
  readonly after: unknown
  readonly request_id: string | null
}

async function call(
  method: string,
  path: string,
  { key = admin, body }: { readonly key?: string; readonly body?: object } = {},
): Promise<Response> {
  return await fetch(`${service.url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${key}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
}

async function record(query: Readonly<Record<string, string>> = {}): Promise<readonly Entry[]> {
  const answer = await call('GET', `/api/v1/audit?${new URLSearchParams(query).toString()}`, {
    key: operator,
  })
  expect(answer.status).toBe(200)
  return ((await answer.json()) as { items: Entry[] }).items
}

const evergrant = (...args: string[]): Promise<CommandOutcome> =>
  runCommand(args, { cwd: service.workspace.folder })

describe('the decision what is recorded', () => {
  it('is made for every operation that is no GET, and for no other', () => {
    const changing = apiOperations.filter(({ method }) => method !== 'GET').map(({ id }) => id)
    for (const id of changing) expect(Object.keys(auditRules)).toContain(id)
    const beside = Object.keys(auditRules).filter((id) => !changing.includes(id))
    // Of the command line alone.
    expect(
      beside.filter(
        (id) => !['connections.adopt', 'keys.rotate', 'customers.consent'].includes(id),
      ),
    ).toEqual([])
  })

  it('keeps of a request no field that can hold a secret', () => {
    const secret = ['secrets', 'definition', 'token', 'code', 'code_verifier', 'nonce', 'pasted']
    for (const rule of Object.values(auditRules)) {
      if ('because' in rule) continue
      for (const field of [...rule.target, rule.connection ?? ''])
        expect(secret).not.toContain(field)
    }
  })

  it('names fields that the request has', () => {
    for (const { id, params, body } of apiOperations) {
      const rule = auditRules[id]
      if (rule === undefined || 'because' in rule) continue
      const fields = [...Object.keys(params?.shape ?? {}), ...Object.keys(body?.shape ?? {})]
      for (const field of rule.target)
        expect([id, fields]).toEqual([id, expect.arrayContaining([field])])
    }
  })
})

describe('what a caller does', () => {
  it('is recorded with who, on what, and how it stood before and after', async () => {
    await call('POST', '/api/v1/callers', { body: { name: 'crm', role: 'viewer' } })
    const answer = await call('DELETE', '/api/v1/callers/crm')
    expect(answer.status).toBe(204)
    const [revoked, added] = await record({ target: 'crm' })
    expect(added).toMatchObject({
      actor: 'ops',
      actor_kind: 'key',
      action: 'callers.add',
      outcome: 'done',
      before: null,
      after: { name: 'crm', role: 'viewer', revoked_at: null },
    })
    expect(revoked).toMatchObject({
      action: 'callers.revoke',
      before: { name: 'crm', revoked_at: null },
      request_id: answer.headers.get('evergrant-request-id'),
    })
  })

  it('is recorded where it was refused, by role', async () => {
    const answer = await call('DELETE', '/api/v1/callers/ops', { key: viewer })
    expect(answer.status).toBe(403)
    const [entry] = await record({ actor: 'watcher' })
    expect(entry).toMatchObject({
      action: 'callers.revoke',
      target: 'ops',
      outcome: 'refused',
      code: 'role_missing',
      before: null,
    })
  })

  it('is not recorded where nothing was done: strangers, mistakes, reading', async () => {
    const before = (await record()).length
    expect((await call('DELETE', '/api/v1/callers/x', { key: 'egk_x' })).status).toBe(401)
    expect((await call('DELETE', '/api/v1/callers/nobody')).status).toBe(404)
    expect((await call('POST', '/api/v1/callers', { body: {} })).status).toBe(400)
    expect((await call('GET', '/api/v1/callers')).status).toBe(200)
    expect((await record()).length).toBe(before)
  })

  it('fills the record with no more refusals than sixty a minute', async () => {
    const eager = await service.addCaller('eager', { role: 'viewer' })
    for (let i = 0; i < 70; i++) await call('POST', '/api/v1/config/reload', { key: eager })
    expect((await record({ actor: 'eager', limit: '100' })).length).toBe(60)
  })

  it('shows definitions without secrets', async () => {
    const planted = 'planted~audit~secret'
    const definition = {
      provider: 'contoso',
      client: { id: 'x', credentials: [{ secret: { sealed: 'main' } }] },
      grant: 'client_credentials',
      resource: 'https://graph.microsoft.com',
    }
    const answer = await call('PUT', '/api/v1/connections/stored', {
      body: { definition, secrets: { main: planted } },
    })
    expect(answer.status).toBe(200)
    const [entry] = await record({ connection: 'stored' })
    expect(entry).toMatchObject({ action: 'connections.save', after: { version: 1 } })
    expect(JSON.stringify(entry?.after)).toContain('"sealed":"main"')
    expect(JSON.stringify(await record({ limit: '100' }))).not.toContain(planted)
    expect((await call('DELETE', '/api/v1/connections/stored')).status).toBe(204)
    const [removed] = await record({ action: 'connections.remove' })
    expect(removed).toMatchObject({ before: { version: 1 }, after: null })
  })

  it('is not said to be done when it cannot be recorded', async () => {
    const database = new Database(service.workspace.path('evergrant.db'))
    const full = `CREATE TRIGGER full BEFORE INSERT ON audit_entries
      BEGIN SELECT RAISE(ABORT, 'full'); END`
    database.exec(full)
    try {
      const answer = await call('POST', '/api/v1/callers', {
        body: { name: 'lost', role: 'viewer' },
      })
      const problem = (await answer.json()) as Record<string, unknown>
      expect([answer.status, problem['code']]).toEqual([503, 'audit_unwritten'])
      expect(problem).not.toHaveProperty('key')
    } finally {
      database.exec('DROP TRIGGER full')
      database.close()
    }
    expect(service.log()).toContainEqual(
      expect.objectContaining({ event: 'audit.unwritten', action: 'callers.add', target: 'lost' }),
    )
  })
})

describe('people at the console', () => {
  it('are recorded as they come, act and go', async () => {
    const { token, link } = await service.serving.console.makeLink({
      name: 'Anna',
      role: 'operator',
      lifeMs: 60_000,
      by: 'root',
    })
    const browser = openConsoleBrowser(service.url)
    await browser.enter(consoleLinkUrl(service.url, token.reveal()))
    await browser.call('POST', '/api/v1/config/reload')
    await browser.call('POST', '/console/sign-out')
    const actor = `Anna (${link.id})`
    const entries = await record({ actor })
    expect(entries.map(({ action, outcome }) => [action, outcome])).toEqual([
      ['console.sign_out', 'done'],
      ['config.reload', 'refused'],
      ['console.sign_in', 'done'],
    ])
    expect(new Set(entries.map(({ actor_kind }) => actor_kind))).toEqual(new Set(['console']))
    await expect
      .poll(() => record({ action: 'console.link_made', target: link.id }))
      .toMatchObject([{ actor: 'root', actor_kind: 'command' }])
    const all = JSON.stringify(await record({ limit: '100' }))
    for (const secret of [token.reveal(), link.hash]) expect(all).not.toContain(secret)
  })
})

describe('commands', () => {
  it('are recorded with the user of the operating system, whatever they print', async () => {
    expect((await evergrant('callers', 'add', 'by-command', '--role', 'viewer')).exit).toBe(0)
    expect((await evergrant('callers', 'list')).exit).toBe(0)
    expect((await evergrant('callers', 'revoke', 'nobody')).exit).not.toBe(0)
    const entries = await record({ target: 'by-command' })
    expect(entries).toMatchObject([
      {
        action: 'callers.add',
        actor_kind: 'command',
        actor: expect.stringMatching(/./) as unknown,
        after: { name: 'by-command', role: 'viewer' },
      },
    ])
    expect(await record({ target: 'nobody' })).toEqual([])
  })

  it('are not recorded where they only tell what they would do', async () => {
    const before = await record({ action: 'people.import' })
    const answer = await call('POST', '/api/v1/people/import?dry_run=true', { body: { links: [] } })
    expect(answer.status).toBe(200)
    await writeFile(service.workspace.path('people.csv'), 'person,account\n')
    await evergrant('people', 'import', 'people.csv', '--dry-run')
    expect(await record({ action: 'people.import' })).toEqual(before)
    const done = await call('POST', '/api/v1/people/import', { body: { links: [] } })
    expect(done.status).toBe(200)
    expect(await record({ action: 'people.import' })).toHaveLength(before.length + 1)
  })

  it('list what was done, by filters and as JSON', async () => {
    const table = await evergrant('audit', 'list', '--action', 'callers.add')
    expect(table.exit).toBe(0)
    expect(table.out).toMatch(/^AT +ACTOR +KIND +ACTION +TARGET +OUTCOME +ID/)
    const listed = await evergrant('audit', 'list', '--target', 'crm', '--since', '1h', '--json')
    expect(listed.json()).toEqual(await record({ target: 'crm' }))
    expect((await evergrant('audit', 'list', '--since', 'yesterday')).exit).toBe(2)
    const later = new Date(Date.now() + 3_600_000).toISOString()
    expect((await evergrant('audit', 'list', '--since', later)).out).toBe('nothing is recorded\n')
  })
})

it('is read page by page, also up to an instant', async () => {
  const whole = await record({ limit: '100' })
  const answer = await call('GET', '/api/v1/audit?limit=2')
  const { items, next } = (await answer.json()) as { items: Entry[]; next: string }
  const more = await record({ limit: '2', cursor: next })
  expect([...items, ...more].map(({ id }) => id)).toEqual(whole.slice(0, 4).map(({ id }) => id))
  expect(await record({ before: '2020-01-01T00:00:00Z' })).toEqual([])
})
