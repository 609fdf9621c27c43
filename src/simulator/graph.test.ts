import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { startSimulator, type Simulator } from './index.ts'

const users = 2_345
let simulator: Simulator
beforeAll(async () => {
  simulator = await startSimulator({
    tenants: [{ id: '11111111-2222-4333-8444-555555555555', users }],
  })
})
beforeEach(() => simulator.control.reset())
afterAll(() => simulator.close())

const advanced = { ConsistencyLevel: 'eventual' }

async function token(fields: Readonly<Record<string, string>> = {}): Promise<string> {
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: simulator.client.id,
    client_secret: simulator.client.secret,
    scope: 'https://graph.microsoft.com/.default',
    ...fields,
  })
  const url = `${simulator.urls.authority}/${simulator.tenant}/oauth2/v2.0/token`
  const answer = (await (await fetch(url, { method: 'POST', body })).json()) as {
    access_token: string
  }
  return answer.access_token
}

interface GraphAnswer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly body: {
    readonly value?: readonly Record<string, unknown>[]
    readonly error?: { readonly code: string; readonly message: string }
    readonly [name: string]: unknown
  }
}

async function graph(
  path: string,
  options: { readonly bearer?: string; readonly headers?: Readonly<Record<string, string>> } = {},
): Promise<GraphAnswer> {
  const bearer = options.bearer ?? (await token())
  const url = path.startsWith('http') ? path : `${simulator.urls.graph}/v1.0${path}`
  const headers = { authorization: `Bearer ${bearer}`, ...options.headers }
  const response = await fetch(url, { headers })
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.startsWith('application/json') === true
  const body = (isJson ? JSON.parse(text) : {}) as GraphAnswer['body']
  return { status: response.status, headers: response.headers, text, body }
}

async function walk(
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Record<string, unknown>[]> {
  const bearer = await token()
  const rows: Record<string, unknown>[] = []
  let next: string | undefined = path
  while (next !== undefined) {
    const { body }: GraphAnswer = await graph(next, { bearer, headers })
    rows.push(...(body.value ?? []))
    next = body['@odata.nextLink'] as string | undefined
  }
  return rows
}

test.each([
  [
    '$top of 1000',
    '/users?$top=1000',
    400,
    'Request_UnsupportedQuery',
    "page size specified: '1000'. Must be between 1 and 999",
  ],
  ['$top of 0', '/users?$top=0', 400, 'Request_UnsupportedQuery', 'between 1 and 999'],
  ['$top of text', '/users?$top=all', 400, 'BadRequest', "Invalid value 'all' for $top"],
  [
    'an unknown column',
    '/users?$select=id,shoeSize',
    400,
    'BadRequest',
    "property named 'shoeSize'",
  ],
  ['a single-user column', '/users?$select=id,aboutMe', 501, 'NotImplemented', ''],
  [
    'sign-in activity',
    '/users?$select=signInActivity',
    403,
    'Authentication_MSGraphPermissionMissing',
    'AuditLog.Read.All',
  ],
  ['$skip', '/users?$skip=10', 400, 'Request_UnsupportedQuery', '$skip'],
  ['a broken filter', "/users?$filter=mail eq 'x", 400, 'BadRequest', 'Syntax error'],
  [
    'ne without advanced mode',
    "/users?$filter=userType ne 'Guest'",
    400,
    'Request_UnsupportedQuery',
    "property 'userType'",
  ],
  ['a forged page token', '/users?$skiptoken=RFNwdAAA', 400, 'Request_BadRequest', 'page token'],
  [
    '$count without the header',
    '/users/$count',
    400,
    'Request_BadRequest',
    '$count is not currently supported.',
  ],
  [
    'nobody',
    '/users/nobody@contoso.example',
    404,
    'Request_ResourceNotFound',
    "Resource 'nobody@contoso.example' does not exist",
  ],
  ['an unknown segment', '/unicorns', 400, 'BadRequest', "segment 'unicorns'"],
])('%s is refused as Graph does', async (_, path, status, code, message) => {
  const answer = await graph(path)
  expect(answer).toMatchObject({ status, body: { error: { code } } })
  expect(answer.body.error?.message).toContain(message)
  expect(answer.body.error).toHaveProperty(
    'innerError.request-id',
    answer.headers.get('request-id'),
  )
})

test('a token without permission is answered 403', async () => {
  simulator.control.setPermissions([])
  expect(await graph('/users')).toMatchObject({
    status: 403,
    body: { error: { code: 'Authorization_RequestDenied' } },
  })
})

test('each way a token can be wrong has its own 401', async () => {
  const good = await token()
  const [header, payload, signature = ''] = good.split('.')
  const forged = `${header}.${payload}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`
  const arm = await token({ scope: 'https://management.azure.com/.default' })
  for (const [bearer, message] of [
    ['', 'Access token is empty.'],
    ['nonsense', 'CompactToken parsing failed'],
    [forged, 'Invalid signature'],
    [arm, 'Invalid audience'],
  ] as const) {
    const answer = await graph('/users', { bearer })
    expect(answer.status).toBe(401)
    expect(answer.body.error).toMatchObject({ code: 'InvalidAuthenticationToken' })
    expect(answer.body.error?.message).toContain(message)
    expect(answer.headers.get('www-authenticate')).toContain('Bearer realm="", authorization_uri=')
  }
})

test('a token dies at its exp by the movable clock, and not before', async () => {
  const bearer = await token()
  simulator.control.advanceClock(3_598_000)
  expect((await graph('/users', { bearer })).status).toBe(200)
  simulator.control.advanceClock(3_000)
  const answer = await graph('/users', { bearer })
  expect(answer.status).toBe(401)
  expect(answer.body.error?.message).toBe('Lifetime validation failed, the token is expired.')
  expect(simulator.stats()).toMatchObject({ tokenRejections: 1, tokensRejected: 1 })
})

test('revoked tokens are refused, later ones are not', async () => {
  const bearer = await token()
  simulator.control.revokeTokens()
  expect((await graph('/users', { bearer })).status).toBe(401)
  expect((await graph('/users')).status).toBe(200)
})

test('a revocation by CAE challenges, and a token asked for with its claims passes', async () => {
  const bearer = await token()
  simulator.control.revokeTokens({ cae: true, requireClaims: true })
  const refused = await graph('/users', { bearer })
  expect(refused.status).toBe(401)
  const challenge = refused.headers.get('www-authenticate') ?? ''
  expect(challenge).toContain('error="insufficient_claims"')
  const claims = Buffer.from(/claims="([^"]+)"/.exec(challenge)?.[1] ?? '', 'base64').toString()
  expect(JSON.parse(claims)).toMatchObject({ access_token: { nbf: { essential: true } } })
  expect((await graph('/users')).status).toBe(401)
  expect((await graph('/users', { bearer: await token({ claims }) })).status).toBe(200)
})

test('page tokens die of age and by hand', async () => {
  const bearer = await token()
  const first = await graph('/users?$top=10', { bearer })
  const next = String(first.body['@odata.nextLink'])
  simulator.control.setPageTokenLifetime(60)
  simulator.control.advanceClock(61_000)
  const expired = { status: 400, body: { error: { code: 'Directory_ExpiredPageToken' } } }
  expect(await graph(next, { bearer })).toMatchObject(expired)
  simulator.control.setPageTokenLifetime(null)
  expect((await graph(next, { bearer })).status).toBe(200)
  simulator.control.expirePageTokens()
  expect(await graph(next, { bearer })).toMatchObject(expired)
})

test('a page token does not continue another query', async () => {
  const next = String((await graph('/users?$top=10')).body['@odata.nextLink'])
  expect((await graph(next.replace('$top=10', '$top=20'))).status).toBe(400)
})

test('paging yields exactly the ground truth, whatever the page size', async () => {
  const select = ['id', 'userPrincipalName', 'displayName', 'businessPhones', 'accountEnabled']
  const truth = [...simulator.users(undefined, select)]
  expect(truth).toHaveLength(users)
  for (const top of [999, 334]) {
    expect(await walk(`/users?$select=${select.join(',')}&$top=${top}`)).toEqual(truth)
  }
})

test('a plain list has a hundred rows of the eleven default columns', async () => {
  const { body, headers } = await graph('/users', { headers: { 'client-request-id': 'mine' } })
  expect(body.value).toHaveLength(100)
  expect(Object.keys(body.value?.[0] ?? {})).toHaveLength(11)
  expect(body['@odata.context']).toBe(`${simulator.urls.graph}/v1.0/$metadata#users`)
  expect(headers.get('content-type')).toContain('odata.metadata=minimal')
  expect(headers.get('transfer-encoding')).toBe('chunked')
  expect(headers.get('client-request-id')).toBe('mine')
  expect(headers.get('x-ms-resource-unit')).toBe('2')
  expect(headers.get('content-encoding')).toBe('gzip')
})

test('nextLink repeats the options on the host the client used', async () => {
  const { body } = await graph('/users?%24top=50&$select=id')
  const link = String(body['@odata.nextLink'])
  expect(link).toMatch(
    /^http:\/\/127\.0\.0\.1:\d+\/v1\.0\/users\?%24top=50&\$select=id&\$skiptoken=RFNwd/,
  )
  expect(body['@odata.context']).toMatch(/#users\(id\)$/)
})

test('$count counts in plain text, and beside the first page only when asked rightly', async () => {
  const { text, headers } = await graph('/users/$count', { headers: advanced })
  expect([text, headers.get('content-type')]).toEqual([String(users), 'text/plain'])
  const deaf = await graph('/users?$count=true')
  expect(deaf.body).not.toHaveProperty('@odata.count')
  const first = await graph('/users?$count=true', { headers: advanced })
  expect(first.body['@odata.count']).toBe(users)
  const second = await graph(String(first.body['@odata.nextLink']), { headers: advanced })
  expect(second.body).not.toHaveProperty('@odata.count')
})

test('a filter and its negation share the tenant between them', async () => {
  const filter = "startsWith(userPrincipalName,'a') or userPrincipalName eq 'nobody'"
  const prefix = '/users?$select=id,userPrincipalName&$top=200&$count=true&$filter='
  const inside = await walk(prefix + filter, advanced)
  const outside = await walk(`${prefix}not(${filter})`, advanced)
  expect(inside.length).toBeGreaterThan(0)
  expect(new Set([...inside, ...outside].map(({ id }) => id)).size).toBe(users)
  for (const row of inside) expect(row['userPrincipalName']).toMatch(/^a/i)
  const { text } = await graph(`/users/$count?$filter=${filter}`, { headers: advanced })
  expect(Number(text)).toBe(inside.length)
})

test('one user is found by id and by name, guests and apostrophes included', async () => {
  for (const row of [...simulator.users(undefined, ['id', 'userPrincipalName'])].slice(0, 60)) {
    for (const name of [row['id'], row['userPrincipalName']]) {
      const { body } = await graph(`/users/${encodeURIComponent(String(name))}?$select=id`)
      expect(body['id']).toBe(row['id'])
    }
  }
})

test('sign-in activity lowers the largest page', async () => {
  simulator.control.setPermissions(['User.Read.All', 'AuditLog.Read.All'])
  const answer = await graph('/users?$select=id,signInActivity&$top=999')
  expect(answer.body.error?.message).toContain('between 1 and 500')
  const page = await graph('/users?$select=id,signInActivity&$top=500')
  expect(page.body.value?.[0]).toHaveProperty('signInActivity.lastSignInDateTime')
})
