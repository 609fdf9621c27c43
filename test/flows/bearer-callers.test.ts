import { createServer, type IncomingHttpHeaders } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  bearer,
  issuersYaml,
  startBearerService,
  type BearerService,
} from '../support/bearer-service.ts'
import { startClaimsProvider } from '../support/claims-provider.ts'
import { startTokenIssuer } from '../support/token-issuer.ts'
import { tenantId } from '../support/workspace.ts'

let service: BearerService
/** Headers of the newest request that reached the API behind the gateway. */
let received: IncomingHttpHeaders = {}
const api = createServer((request, response) => {
  received = request.headers
  response.end('{}')
})
api.on('upgrade', (_request, socket) => {
  socket.write(
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
  )
  socket.on('error', () => {})
  socket.on('end', () => socket.destroy())
})
beforeAll(async () => {
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve))
  service = await startBearerService({
    yaml: '    scopes: [Orders.Read, Orders.Write]\n',
    upstream: `http://127.0.0.1:${(api.address() as AddressInfo).port}`,
  })
})
afterAll(async () => {
  await service.close()
  api.closeAllConnections()
  api.close()
})

const scp = 'Orders.Read'
const tokenFor = (claims: Readonly<Record<string, unknown>> = {}): string =>
  service.issuer.token({ oid: service.userIds[0], scp, name: 'Anna', ...claims })
const problemOf = async (answer: Response): Promise<Record<string, unknown>> =>
  (await answer.json()) as Record<string, unknown>
const challengeOf = (answer: Response): string => answer.headers.get('www-authenticate') ?? ''

/** Sends a request as written; returns the whole answer. */
function send(lines: readonly string[]): Promise<string> {
  const { hostname, port } = new URL(service.url)
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect(Number(port), hostname, () =>
      socket.write(
        [
          ...lines,
          ...(lines.includes('Upgrade: websocket') ? [] : ['Connection: close']),
          '',
          '',
        ].join('\r\n'),
      ),
    )
    socket.setEncoding('latin1').on('data', (part: string) => (text += part))
    socket.on('error', reject)
    socket.on('close', () => resolve(text))
  })
}

describe('a call without a usable credential', () => {
  it('is told where it stands whose tokens are accepted, and names no error', async () => {
    const answer = await service.get('/metrics')
    expect(answer.status).toBe(401)
    expect(challengeOf(answer)).toBe(
      `Bearer realm="evergrant", resource_metadata="${service.url}/.well-known/oauth-protected-resource"`,
    )
  })

  it('is the same for a scheme that is none of ours', async () => {
    const answer = await service.get('/metrics', { authorization: 'Basic YTpi' })
    expect(answer.status).toBe(401)
    expect(challengeOf(answer)).not.toContain('error=')
  })

  it.each([
    ['two different headers', ['Authorization: Bearer a', 'Evergrant-Key: b']],
    ['two different tokens', ['Authorization: Bearer a', 'Authorization: Bearer b']],
    ['two tokens in one header', ['Authorization: Bearer a, Bearer b']],
    [
      'a bearer within Basic beside a key',
      ['Authorization: Basic QmVhcmVyOmE=', 'Evergrant-Key: a'],
    ],
  ])('with %s is no valid request', async (_what, headers) => {
    const text = await send([`GET /metrics HTTP/1.1`, 'Host: x', ...headers])
    expect(text).toMatch(/^HTTP\/1\.1 400 /)
    expect(text).toContain('"code":"credential_malformed"')
  })

  it('gains nothing by a token in the query or a cookie', async () => {
    const token = tokenFor({ roles: ['Admin'] })
    const query = await service.get(`/metrics?access_token=${token}`)
    expect(query.status).toBe(401)
    const cookie = await service.get('/metrics', { cookie: `access_token=${token}` })
    expect(cookie.status).toBe(401)
    expect(challengeOf(cookie)).not.toContain('error=')
  })

  it('whose head is too large is told so', async () => {
    const text = await send(['GET /metrics HTTP/1.1', 'Host: x', `X-Big: ${'a'.repeat(40_000)}`])
    expect(text).toMatch(/^HTTP\/1\.1 431 /)
    expect(text).toContain('16,384 characters')
  })
})

describe('a bearer token that is refused', () => {
  it('is told stage, expectation, finding and remedy, in the body alone', async () => {
    const odd = 'x"\\\r\nSet-Cookie: a=b'
    const answer = await service.get('/metrics', bearer(tokenFor({ aud: odd })))
    expect(answer.status).toBe(401)
    expect(challengeOf(answer)).toBe(
      `Bearer realm="evergrant", error="invalid_token", error_description="The token is for another API", resource_metadata="${service.url}/.well-known/oauth-protected-resource"`,
    )
    expect(answer.headers.get('set-cookie')).toBeNull()
    expect(await problemOf(answer)).toMatchObject({
      code: 'token_audience_refused',
      stage: 'audience',
      expected: '"aud" "api://evergrant"',
      seen: JSON.stringify(odd),
      remedy: expect.any(String) as string,
      request_id: answer.headers.get('evergrant-request-id'),
    })
  })

  it('by its scope is 403 with the scopes that would do', async () => {
    const answer = await service.get('/metrics', bearer(tokenFor({ scp: 'Other' })))
    expect(answer.status).toBe(403)
    expect(challengeOf(answer)).toContain('error="insufficient_scope"')
    expect(challengeOf(answer)).toContain('scope="Orders.Read Orders.Write"')
  })

  it.each([
    ['nobody', { oid: '99999999-0000-4000-8000-000000000000' }, 'account_unmatched'],
    ['no claim that names an account', { oid: undefined }, 'claim_missing'],
  ])('because it stands for %s is 403 without a challenge', async (_what, claims, code) => {
    const answer = await service.get('/metrics', bearer(tokenFor(claims)))
    expect(answer.status).toBe(403)
    expect(challengeOf(answer)).toBe('')
    expect(await problemOf(answer)).toMatchObject({ code, stage: 'mapping' })
  })

  it('tells nothing of accounts while it does not hold', async () => {
    const known = tokenFor({ aud: 'other' })
    const stranger = tokenFor({ aud: 'other', oid: '99999999-0000-4000-8000-000000000000' })
    const bodies = await Promise.all(
      [known, stranger].map(async (token) =>
        problemOf(await service.get('/metrics', bearer(token))),
      ),
    )
    const [first, second] = bodies.map(({ request_id: _id, ...rest }) => rest)
    expect(first).toEqual(second)
  })

  it('as too long is 431, up to 16,384 characters it is looked at', async () => {
    const long = await service.get('/metrics', bearer(tokenFor({ pad: 'a'.repeat(13_000) })))
    expect(long.status).toBe(431)
    expect(await problemOf(long)).toMatchObject({ code: 'token_too_large' })
    const fits = await service.get('/metrics', bearer(tokenFor({ pad: 'a'.repeat(11_000) })))
    expect(await problemOf(fits)).toMatchObject({ code: 'role_missing' })
  })

  it('leaves no trace of itself in the log', async () => {
    const token = tokenFor({ aud: 'other' })
    await service.get('/metrics', bearer(token))
    await service.get('/proxy/contoso-graph/v1.0/users', bearer(token))
    const [, payload = '', signature = ''] = token.split('.')
    const log = JSON.stringify(service.log())
    expect(log).toContain('identity.refused')
    expect(log).not.toContain(payload)
    expect(log).not.toContain(signature)
  })
})

describe('a bearer token that holds', () => {
  it('is the caller of the API, with the role that a rule gives', async () => {
    const powerless = await service.get('/metrics', bearer(tokenFor()))
    expect(await problemOf(powerless)).toMatchObject({ code: 'role_missing' })
    const viewer = await service.get('/metrics', bearer(tokenFor({ roles: ['Viewer'] })))
    expect(viewer.status).toBe(200)
    expect(await viewer.text()).toContain(
      'evergrant_bearer_verdicts_total{issuer="lab",outcome="accepted",code="",stage=""}',
    )
    const line = service.log().findLast(({ path }) => path === '/metrics')
    expect(line).toMatchObject({ callerId: `usr_${tenantId}_${service.userIds[0]}` })
  })

  it('calls the connections that a rule gives, and no token of its own goes further', async () => {
    const token = tokenFor()
    const headers = { ...bearer(token), 'x-api-key': 'mine' }
    const answer = await service.get('/proxy/contoso-graph/v1.0/users?$top=1', headers)
    expect(answer.status).toBe(200)
    expect(received).toMatchObject({ 'x-api-key': 'mine' })
    expect(received['x-token']).toMatch(/^eyJ/)
    expect(received['authorization']).toBeUndefined()
    expect(JSON.stringify(received)).not.toContain(token)
    const byKey = await service.get('/proxy/contoso-graph/', { 'evergrant-key': token })
    expect(byKey.status).toBe(200)
    expect(JSON.stringify(received)).not.toContain(token)
    const refused = await service.get('/proxy/other/v1.0/users', bearer(token))
    expect(refused.status).toBe(403)
    expect(await problemOf(refused)).toMatchObject({ code: 'permit_missing' })
  })

  it('is never handed raw tokens', async () => {
    const token = tokenFor({ roles: ['Admin'] })
    const answer = await service.get(
      '/api/v1/connections/contoso-graph/token',
      bearer(token),
      'POST',
    )
    expect(await problemOf(answer)).toMatchObject({ code: 'tokens_not_allowed' })
  })
})

describe('a stream', () => {
  const { floor } = Math
  const soon = (): Readonly<Record<string, unknown>> => {
    const now = floor(Date.now() / 1_000)
    return { roles: ['Viewer'], iat: now - 60, exp: now + 1 }
  }

  it('of events ends with the token of its caller', async () => {
    const answer = await service.get('/api/v1/events', bearer(tokenFor(soon())))
    expect(answer.status).toBe(200)
    expect(await answer.text()).toContain(': connected')
  })

  it('of an upgraded connection ends with the token of its caller', async () => {
    const text = await send([
      'GET /proxy/contoso-graph/ws HTTP/1.1',
      'Host: x',
      `Authorization: Bearer ${tokenFor(soon())}`,
      'Upgrade: websocket',
      'Connection: Upgrade',
    ])
    expect(text).toMatch(/^HTTP\/1\.1 101 /)
    const line = (): unknown => service.log().findLast(({ path }) => String(path).endsWith('/ws'))
    await expect.poll(line).toMatchObject({ status: 101 })
  })
})

describe('a reload of the configuration', () => {
  it('swaps issuers in one step, keeps their keys, and changes nothing when it fails', async () => {
    const other = await startTokenIssuer()
    try {
      const ours = tokenFor({ roles: ['Viewer'] })
      const theirs = other.token({ oid: service.userIds[1], scp, roles: ['Viewer'] })
      const statuses = async (): Promise<readonly number[]> => {
        const answers = [ours, theirs].map((token) => service.get('/metrics', bearer(token)))
        return (await Promise.all(answers)).map(({ status }) => status)
      }
      expect(await statuses()).toEqual([200, 401])
      const { keys } = service.issuer.asked
      const both = `${issuersYaml(service.issuer.issuer)}${issuersYaml(other.issuer)
        .replace('issuers:\n', '')
        .replace('lab:', 'second:')}`
      await service.writeIssuers(both)
      await service.serving.reload()
      expect(await statuses()).toEqual([200, 200])
      expect(service.issuer.asked.keys).toBe(keys)
      await service.writeIssuers(both.replace(other.issuer, service.issuer.issuer))
      await expect(service.serving.reload()).rejects.toMatchObject({
        code: expect.stringMatching(/config_invalid|provider_misconfigured/) as string,
      })
      expect(await statuses()).toEqual([200, 200])
      await service.writeIssuers('')
      await service.serving.reload()
      const answer = await service.get('/metrics', bearer(ours))
      expect(await problemOf(answer)).toMatchObject({ code: 'caller_unauthenticated' })
      expect(challengeOf(answer)).not.toContain('resource_metadata')
      expect((await service.get('/.well-known/oauth-protected-resource')).status).toBe(404)
    } finally {
      await service.writeIssuers(issuersYaml(service.issuer.issuer))
      await service.serving.reload()
      await other.close()
    }
  })
})

describe('metadata of the protected resource', () => {
  it('are public, and name whose tokens are accepted', async () => {
    const answer = await service.get('/.well-known/oauth-protected-resource')
    expect(answer.status).toBe(200)
    expect(answer.headers.get('cache-control')).toBe('public, max-age=300')
    expect(await answer.json()).toEqual({
      resource: service.url,
      authorization_servers: [service.issuer.issuer],
      bearer_methods_supported: ['header'],
      resource_name: 'Evergrant',
    })
  })

  it.each(['/directory/v1', '/directory/v1/me', '/proxy/contoso-graph/v1.0/users', '/auth/verify'])(
    'are there for %s as well, which they name as it was asked for',
    async (path) => {
      const answer = await service.get(`/.well-known/oauth-protected-resource${path}?a=b`)
      expect(await answer.json()).toMatchObject({ resource: `${service.url}${path}` })
    },
  )

  it.each(['/', '/console', '/directory/v11', '/proxy', '/directory/v1/a;b'])(
    'are not there for %s, which is nothing of ours',
    async (path) => {
      const answer = await service.get(`/.well-known/oauth-protected-resource${path}`)
      expect(answer.status).toBe(404)
    },
  )
})

describe('tokens of others', () => {
  it('of a real OpenID provider: a JWT, an opaque one by introspection, one that was revoked', async () => {
    const provider = await startClaimsProvider()
    try {
      await writeFile(join(service.workspace.folder, 'asking'), provider.asking.secret, {
        mode: 0o600,
      })
      await service.writeIssuers(`issuers:
  ping:
    type: oidc
    issuer: ${provider.issuer}
    audiences: ['https://jwt.example', 'https://opaque.example']
    claims: [token, introspection]
    match: []
    userName: sub
    access: [{ role: viewer }]
    client: { id: ${provider.asking.id}, credentials: [{ secret: { file: ./asking } }] }
`)
      await service.serving.reload()
      // The provider introspects no JWTs, and says so; that keeps nobody else from being asked.
      for (const resource of ['https://jwt.example', 'https://opaque.example']) {
        const { accessToken } = await provider.signIn({ scope: 'openid read', resource })
        const verified = await service.get(
          '/auth/verify?role=viewer&scope=read',
          bearer(accessToken),
        )
        expect(await verified.text()).toBe('')
        expect(verified.headers.get('evergrant-subject')).toBe('anna')
        expect((await service.get('/metrics', bearer(accessToken))).status).toBe(200)
      }
      const { accessToken } = await provider.signIn({
        scope: 'openid read',
        resource: 'https://opaque.example',
      })
      await provider.revoke(accessToken)
      const refused = await service.get('/auth/verify', bearer(accessToken))
      expect(refused.status).toBe(401)
      expect(await problemOf(refused)).toMatchObject({
        code: 'token_inactive',
        stage: 'claim_source',
      })
    } finally {
      await provider.close()
    }
  })

  it('of Entra ID: an application by a rule, a token for Graph never', async () => {
    const { simulator, secret } = service.workspace
    const { id } = simulator.client
    const tokenOf = async (resource: string): Promise<string> => {
      const answer = await fetch(`${simulator.urls.authority}/${tenantId}/oauth2/v2.0/token`, {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'client_credentials',
          client_id: id,
          client_secret: secret,
          scope: `${resource}/.default`,
        }),
      })
      return ((await answer.json()) as { access_token: string }).access_token
    }
    await service.writeIssuers(`issuers:
  contoso:
    type: entra
    tenants: [${tenantId}]
    authority: ${simulator.urls.authority}
    audiences: ['api://${id}', '${id}']
    access: [{ app: ${id}, role: viewer }]
`)
    await service.serving.reload()
    const verified = await service.get(
      '/auth/verify?role=viewer',
      bearer(await tokenOf(`api://${id}`)),
    )
    expect(await verified.text()).toBe('')
    expect(verified.status).toBe(200)
    expect(verified.headers.get('evergrant-client')).toBe(id)
    expect(verified.headers.get('evergrant-tenant')).toBe(tenantId)
    const graph = await service.get(
      '/auth/verify',
      bearer(await tokenOf('https://graph.microsoft.com')),
    )
    expect(graph.status).toBe(401)
    expect(await problemOf(graph)).toMatchObject({
      remedy: expect.stringContaining('Microsoft Graph') as string,
    })
    const metadata = await service.get('/.well-known/oauth-protected-resource')
    expect(await metadata.json()).toMatchObject({
      authorization_servers: [`${simulator.urls.authority}/${tenantId}/v2.0`],
    })
  })
})
