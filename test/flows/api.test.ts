import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { requireRole, type Caller } from '../../src/access/index.ts'
import { errorRegistry } from '../../src/kernel/index.ts'
import { apiOperations, describeApi } from '../../src/server/index.ts'
import { startService, type ServiceFixture } from '../support/service-fixture.ts'

let fixture: ServiceFixture
const keys = new Map<string, string>()
/** Every route there is, as Fastify was told. */
const routes: string[] = []
const roles = ['none', 'viewer', 'operator', 'admin'] as const

beforeAll(async () => {
  fixture = await startService({
    serving: {
      parts: [
        (app) => {
          app.addHook('onRoute', ({ method, url }) => {
            for (const one of [method].flat()) if (one !== 'HEAD') routes.push(`${one} ${url}`)
          })
        },
      ],
    },
  })
  for (const role of roles) {
    for (const isPermitted of [true, false]) {
      const key = await fixture.addCaller(`${role}-${isPermitted}`, {
        ...(role === 'none' ? {} : { role }),
        connections: isPermitted ? '*' : ['other'],
        allowTokens: true,
      })
      keys.set(`${role} ${isPermitted}`, key)
    }
  }
})
afterAll(() => fixture.close())

async function call(
  path: string,
  {
    method = 'GET',
    key = keys.get('admin true') ?? '',
    body,
  }: { method?: string; key?: string; body?: unknown } = {},
): Promise<{ status: number; body: Record<string, unknown>; headers: Headers }> {
  const answer = await fetch(`${fixture.url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${key}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  return {
    status: answer.status,
    body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
    headers: answer.headers,
  }
}

/** The path of an operation, of things that are not there. */
const probeOf = ({ path }: (typeof apiOperations)[number]): string =>
  path.replaceAll(/\{\w+\}/g, 'missing')

describe('who may do what', () => {
  it.each(apiOperations.map((operation) => [operation.id, operation] as const))(
    '%s lets in whom the table lets in, and nobody else',
    async (_id, operation) => {
      const path = `${probeOf(operation)}?nonsense=1`
      const { method } = operation
      const combinations = roles.flatMap((role) =>
        [true, false].map((isPermitted) => ({ role, isPermitted })),
      )
      const [anonymous, ...seen] = await Promise.all([
        fetch(`${fixture.url}${path}`, { method }).then(({ status }) => status),
        ...combinations.map(async ({ role, isPermitted }) => {
          const key = keys.get(`${role} ${isPermitted}`) ?? ''
          return [role, isPermitted, (await call(path, { method, key })).body['code']]
        }),
      ])
      expect(anonymous).toBe(operation.isOpen === true ? 400 : 401)
      expect(seen).toEqual(
        combinations.map(({ role, isPermitted }) => {
          const caller = { role: role === 'none' ? undefined : role } as Caller
          const refusal = requireRole(caller, operation.operation)
          return [role, isPermitted, refusal === undefined ? 'request_invalid' : 'role_missing']
        }),
      )
    },
  )

  it.each(roles)('hands raw tokens to a caller with the permit alone, role %s', async (role) => {
    const issue = { method: 'POST', body: {} }
    const path = '/api/v1/connections/contoso-graph/token'
    const permitted = await call(path, { ...issue, key: keys.get(`${role} true`) ?? '' })
    expect(permitted.status).toBe(200)
    const other = await call(path, { ...issue, key: keys.get(`${role} false`) ?? '' })
    expect(other).toMatchObject({ status: 403, body: { code: 'permit_missing' } })
  })

  it('hands raw tokens to nobody without --allow-tokens, whatever the role, and traces that', async () => {
    const key = await fixture.addCaller('no-tokens', { role: 'admin' })
    const answer = await call('/api/v1/connections/contoso-graph/token', {
      method: 'POST',
      key,
      body: {},
    })
    expect(answer).toMatchObject({ status: 403, body: { code: 'tokens_not_allowed' } })
    expect(answer.headers.get('evergrant-trace')).toMatch(/^trc_/)
  })
})

/** Calls that succeed, in order: each answer is held against the schema of its operation. */
const successes: readonly [id: string, path: string, method?: string, body?: unknown][] = [
  ['connections.list', '/api/v1/connections?limit=1'],
  ['connections.show', '/api/v1/connections/contoso-graph'],
  ['connections.tenants', '/api/v1/connections/contoso-graph/tenants'],
  ['connections.test', '/api/v1/connections/contoso-graph/test', 'POST'],
  ['connections.refresh', '/api/v1/connections/contoso-graph/refresh', 'POST'],
  [
    'tokens.issue',
    '/api/v1/connections/contoso-graph/token',
    'POST',
    { min_remaining_seconds: 60 },
  ],
  ['grants.list', '/api/v1/grants?connection=contoso-graph'],
  [
    'connections.save',
    '/api/v1/connections/stored',
    'PUT',
    {
      definition: {
        provider: 'contoso',
        client: { id: 'app', credentials: [{ secret: { sealed: 'credentials[0]' } }] },
        grant: 'client_credentials',
        resource: 'https://graph.microsoft.com',
      },
      secrets: { 'credentials[0]': 'planted-secret' },
    },
  ],
  ['connections.definition', '/api/v1/connections/stored/definition'],
  ['connections.export', '/api/v1/connections/stored/export'],
  ['providers.list', '/api/v1/providers?limit=1'],
  ['presets.list', '/api/v1/connection-presets'],
  ['connections.remove', '/api/v1/connections/stored', 'DELETE'],
  ['imports.list', '/api/v1/imports'],
  ['captures.start', '/api/v1/captures/contoso-graph', 'PUT', { for_seconds: 60 }],
  ['captures.list', '/api/v1/captures'],
  ['captures.end', '/api/v1/captures/contoso-graph', 'DELETE'],
  ['traces.list', '/api/v1/traces?kind=token&replayed=false'],
  ['callers.add', '/api/v1/callers', 'POST', { name: 'new', connections: ['contoso-graph'] }],
  ['callers.list', '/api/v1/callers?limit=2'],
  ['callers.revoke', '/api/v1/callers/new', 'DELETE'],
  ['config.reload', '/api/v1/config/reload', 'POST'],
  ['connections.revoke', '/api/v1/connections/contoso-graph/revoke', 'POST'],
]

describe('operations', () => {
  it.each(successes)('%s answers as its schema says', async (id, path, method = 'GET', body) => {
    const operation = apiOperations.find((one) => one.id === id)
    const answer = await call(path, { method, body })
    expect(answer).toMatchObject({ status: operation?.status })
    expect(operation?.response?.safeParse(answer.body) ?? { success: true }).toMatchObject({
      success: true,
    })
    expect(JSON.stringify(answer.body)).not.toContain('planted')
  })

  it('refuses references to the host in a definition, and says nothing of a secret', async () => {
    const answer = await call('/api/v1/connections/bad', {
      method: 'PUT',
      body: {
        definition: {
          client: { id: 'x', credentials: [{ secret: { exec: ['cat', 'planted'] } }] },
        },
      },
    })
    expect(answer).toMatchObject({ status: 400, body: { code: 'request_invalid' } })
    expect(JSON.stringify(answer.body)).not.toContain('planted')
  })

  it('names the field, what was expected and what was seen', async () => {
    const answer = await call('/api/v1/traces?limit=many')
    expect(answer.body).toMatchObject({ code: 'request_invalid', status: 400 })
    expect(answer.body['detail']).toBe('"limit": expected number, but saw "many"')
    const cursor = await call('/api/v1/grants?cursor=x')
    expect(cursor.body['detail']).toContain('"cursor"')
  })

  it('pages without gap or repetition', async () => {
    const names: string[] = []
    let next: string | null = ''
    while (next !== null) {
      const query: string = next === '' ? '' : `&cursor=${next}`
      const { body } = await call(`/api/v1/callers?limit=3${query}`)
      names.push(...(body['items'] as { name: string }[]).map(({ name }) => name))
      next = body['next'] as string | null
    }
    expect(names).toEqual([...new Set(names)].toSorted())
    expect(names.length).toBeGreaterThan(6)
  })

  it('streams events, and those missed since the id of the last one', async () => {
    const { events, clock } = fixture.serving.composition
    const read = async (headers: Record<string, string>, until: string): Promise<string> => {
      const abort = new AbortController()
      const answer = await fetch(`${fixture.url}/api/v1/events?types=gateway.*`, {
        headers: { authorization: `Bearer ${keys.get('viewer true')}`, ...headers },
        signal: abort.signal,
      })
      expect(answer.headers.get('content-type')).toContain('text/event-stream')
      let text = ''
      const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader()
      let isFirst = true
      while (!text.includes(until)) {
        text += (await reader?.read())?.value ?? ''
        if (isFirst) events.emit({ type: 'gateway.circuit_opened', at: clock.now(), origin: 'x' })
        isFirst = false
      }
      abort.abort()
      return text
    }
    const first = await read({}, 'circuit_opened')
    const id = /^id: (.+)$/m.exec(first)?.[1] ?? ''
    events.emit({ type: 'gateway.circuit_closed', at: clock.now(), origin: 'x' })
    events.emit({ type: 'job.completed', at: 0, job: 'x' } as never)
    const second = await read({ 'last-event-id': id }, 'circuit_opened')
    expect(second).toMatch(/event: gateway.circuit_closed\ndata: \{"type":"gateway.circuit_closed"/)
    expect(second).not.toContain('job.completed')
    expect(second).not.toContain('stream.gap')
    expect(await read({ 'last-event-id': 'other:1' }, 'circuit_opened')).toContain('stream.gap')
  })
})

describe('the document', () => {
  const document = describeApi(apiOperations)

  it('is what is committed and what is served', async () => {
    const committed = JSON.parse(readFileSync('docs/reference/openapi.json', 'utf8')) as unknown
    const served = await (await fetch(`${fixture.url}/api/openapi.json`)).json()
    expect(served).toEqual(committed)
  })

  it('has an id of its own for every operation, and references that lead somewhere', () => {
    const ids = apiOperations.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    const references = JSON.stringify(document).matchAll(/"#\/components\/schemas\/(\w+)"/g)
    for (const [, name = ''] of references) expect(document.components.schemas).toHaveProperty(name)
  })

  it('lists the codes of the registry and no others', () => {
    const codes = document.components.schemas['ErrorCode']?.['enum'] as string[]
    expect(codes.toSorted()).toEqual(Object.keys(errorRegistry).toSorted())
  })

  it('knows every route: an operation of the table, or one of the few beside it', async () => {
    const known = apiOperations.map(
      ({ method, path }) => `${method} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`,
    )
    const beside = routes.filter((route) => !/ \/(api|directory)\/v1\//.test(route))
    expect(routes.toSorted()).toEqual([...known, ...beside].toSorted())
    expect(
      beside.filter(
        (route) => !/ \/(oauth|identity|console|consent|\.well-known)(\/|$)/.test(route),
      ),
    ).toEqual([
      'GET /healthz',
      'GET /readyz',
      'GET /metrics',
      'GET /api/openapi.json',
      'GET /api/docs',
    ])
    expect((await call('/api/v1/nothing')).body['code']).toBe('route_unknown')
  })

  it('reads as a page that runs and loads nothing', async () => {
    const answer = await fetch(`${fixture.url}/api/docs`)
    const html = await answer.text()
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(html).not.toMatch(/<script|src=|href="http/)
    for (const { path } of apiOperations) expect(html).toContain(path)
  })
})
