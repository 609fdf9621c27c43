import { hash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  bearer,
  issuersYaml,
  startBearerService,
  type BearerService,
} from '../support/bearer-service.ts'
import { startRealProvider } from '../support/real-provider.ts'
import { signInByHand } from '../support/sign-in.ts'
import { tenantId } from '../support/workspace.ts'

const client = `    client: { id: portal, credentials: [{ secret: { file: ./portal } }] }
    sessions: { longest: 1h }
`
let service: BearerService
let admin: string
beforeAll(async () => {
  service = await startBearerService({ yaml: client })
  await writeFile(join(service.workspace.folder, 'portal'), 'planted~portal', { mode: 0o600 })
  admin = await service.addCaller('ops', { role: 'admin' })
})
afterAll(() => service.close())

interface Begun {
  readonly session: Readonly<Record<string, unknown>>
  readonly token: string
  readonly expires_in: number
}

const tokenFor = (claims: Readonly<Record<string, unknown>> = {}): string =>
  service.issuer.token({ oid: service.userIds[0], name: 'Anna', roles: ['Viewer'], ...claims })
const post = (
  headers: Readonly<Record<string, string>>,
  body?: Readonly<Record<string, unknown>>,
): Promise<Response> =>
  fetch(`${service.url}/api/v1/sessions`, {
    method: 'POST',
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
const codeOf = async (answer: Response): Promise<unknown> =>
  ((await answer.json()) as Record<string, unknown>)['code']
const begin = async (token: string): Promise<Begun> => {
  const answer = await post(bearer(token))
  const body = (await answer.json()) as Begun
  expect(body).toMatchObject({ session: {} })
  return body
}
const use = (token: string): Promise<Response> => service.get('/metrics', bearer(token))
const remove = (id: string, token: string): Promise<Response> =>
  service.get(`/api/v1/sessions/${id}`, bearer(token), 'DELETE')

const verifier = 'v'.repeat(43)
const signInEnd = (
  code: string,
  over: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> => ({
  issuer: 'lab',
  code,
  code_verifier: verifier,
  redirect_uri: 'https://portal.example/back',
  nonce: 'n-1',
  ...over,
})
/** Makes a code worth an access token, and an ID token that names the nonce. */
function makeCode(
  code: string,
  nonce = 'n-1',
  claims: Readonly<Record<string, unknown>> = {},
): void {
  service.issuer.codes.set(code, {
    access_token: tokenFor(claims),
    token_type: 'Bearer',
    expires_in: 3_600,
    id_token: service.issuer.token({ aud: 'portal', nonce }),
  })
}

describe('no session is given', () => {
  it('to whoever brings nothing', async () => {
    const answer = await post({})
    expect(answer.status).toBe(401)
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer realm="evergrant", resource_/)
  })

  it('for a session or a caller key', async () => {
    const { token } = await begin(tokenFor())
    const again = await post(bearer(token))
    expect(again.status).toBe(403)
    expect(await codeOf(again)).toBe('exchange_refused')
    expect(await codeOf(await post(bearer(admin)))).toBe('exchange_refused')
  })

  it('for a token that does not hold, or stands for nobody', async () => {
    expect(await codeOf(await post(bearer(tokenFor({ aud: 'other' }))))).toBe(
      'token_audience_refused',
    )
    expect(await codeOf(await post(bearer(tokenFor({ oid: 'nobody' }))))).toBe('account_unmatched')
  })

  it('for a token and a code at once, or half of what a code needs', async () => {
    makeCode('both')
    const both = await post(bearer(tokenFor()), signInEnd('both'))
    expect(both.status).toBe(400)
    expect(await codeOf(both)).toBe('credential_malformed')
    for (const field of ['issuer', 'code', 'code_verifier', 'redirect_uri', 'nonce']) {
      const answer = await post({}, signInEnd('both', { [field]: undefined }))
      expect(answer.status).toBe(400)
      expect(((await answer.json()) as { detail: string }).detail).toContain(`"${field}"`)
    }
    expect(await codeOf(await post({}, signInEnd('both', { code_verifier: 'short' })))).toBe(
      'request_invalid',
    )
    expect(service.issuer.codes.delete('both')).toBe(true)
  })

  it('for a code that is wrong, spent, or of a sign-in with another nonce', async () => {
    expect(await codeOf(await post({}, signInEnd('wrong')))).toBe('grant_lapsed')
    makeCode('once')
    expect((await post({}, signInEnd('once'))).status).toBe(201)
    expect(await codeOf(await post({}, signInEnd('once')))).toBe('grant_lapsed')
    makeCode('other-nonce', 'n-2')
    expect(await codeOf(await post({}, signInEnd('other-nonce')))).toBe('id_token_invalid')
    makeCode('no-id-token')
    const { id_token: _, ...rest } = service.issuer.codes.get('no-id-token') ?? {}
    service.issuer.codes.set('no-id-token', rest)
    expect(await codeOf(await post({}, signInEnd('no-id-token')))).toBe('id_token_invalid')
  })

  it('for a code of an issuer that is not there, or without a client', async () => {
    expect(await codeOf(await post({}, signInEnd('x', { issuer: 'nobody' })))).toBe(
      'issuer_unknown',
    )
    expect(await codeOf(await post({}, signInEnd('x', { tenant: tenantId })))).toBe(
      'request_invalid',
    )
    expect(await codeOf(await post({}, signInEnd('x', { resource: 'x' })))).toBe('request_invalid')
  })

  it('because strangers sent what no issuer was asked about', async () => {
    for (let i = 0; i < 70; i++) await post({}, signInEnd('x', { tenant: tenantId }))
    makeCode('after')
    expect((await post({}, signInEnd('after'))).status).toBe(201)
  })
})

describe('a session', () => {
  it('stands for the caller of its token, and says so', async () => {
    const { session, token, expires_in } = await begin(tokenFor())
    expect(token).toMatch(/^egs_[\w-]{43}$/)
    expect(session).toMatchObject({
      issuer: 'lab',
      user_name: 'Anna',
      account: { tenant_id: tenantId, kind: 'user', id: service.userIds[0] },
      role: 'viewer',
      connections: ['contoso-graph'],
    })
    expect(expires_in).toBeGreaterThan(3_500)
    expect((await use(token)).status).toBe(200)
    const verified = await service.get('/auth/verify?role=viewer', bearer(token))
    expect(verified.headers.get('evergrant-caller-kind')).toBe('session')
    expect(verified.headers.get('evergrant-caller')).toBe(`usr_${tenantId}_${service.userIds[0]}`)
    expect(verified.headers.get('evergrant-roles')).toBe('Viewer')
  })

  it('ends with its token, and after its longest life at the latest', async () => {
    const soon = Math.floor(Date.now() / 1_000) + 600
    const short = await begin(tokenFor({ exp: soon }))
    expect(Date.parse(String(short.session['expires_at']))).toBe(soon * 1_000)
    const long = await begin(tokenFor({ exp: soon + 36_000 }))
    expect(long.expires_in).toBeLessThanOrEqual(3_600)
  })

  it('is refused once it is over, whatever is in memory', async () => {
    const exp = Math.ceil(Date.now() / 1_000) + 1
    const { token } = await begin(tokenFor({ exp }))
    expect((await use(token)).status).toBe(200)
    await expect.poll(async () => (await use(token)).status, { timeout: 5_000 }).toBe(401)
    const answer = await use(token)
    expect(answer.headers.get('www-authenticate')).toContain('error="invalid_token"')
    expect(await codeOf(answer)).toBe('session_ended')
  })

  it('is given for a code, which goes to the issuer with verifier and secret and is kept nowhere', async () => {
    makeCode('good')
    const answer = await post({}, signInEnd('good'))
    expect(answer.status).toBe(201)
    const { token } = (await answer.json()) as Begun
    expect((await use(token)).status).toBe(200)
    const form = service.issuer.forms.at(-1)
    expect(Object.fromEntries(form ?? [])).toMatchObject({
      grant_type: 'authorization_code',
      code: 'good',
      code_verifier: verifier,
      redirect_uri: 'https://portal.example/back',
      client_id: 'portal',
      client_secret: 'planted~portal',
    })
    expect(JSON.stringify(service.log())).not.toContain('planted~portal')
  })

  it('stands in the store as a hash alone, in the log not at all', async () => {
    const { token } = await begin(tokenFor())
    await use(token)
    await service.serving.composition.store.checkpoint()
    const files = await Promise.all(
      ['evergrant.db', 'evergrant.db-wal'].map((name) =>
        readFile(join(service.workspace.folder, name), 'latin1').catch(() => ''),
      ),
    )
    expect(files.join('')).toContain(hash('sha256', token))
    expect(files.join('')).not.toContain(token)
    expect(JSON.stringify(service.log())).not.toContain(token)
  })

  it('with one letter changed is nobody’s', async () => {
    const { token } = await begin(tokenFor())
    const changed = `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`
    expect(await codeOf(await use(changed))).toBe('session_ended')
    expect(await codeOf(await use('egs_short'))).toBe('session_ended')
    expect(await codeOf(await use(`egs_${'A'.repeat(43)}`))).toBe('session_ended')
  })
})

describe('sessions', () => {
  it('are listed for operators, without tokens', async () => {
    const { session, token } = await begin(tokenFor())
    expect(await codeOf(await service.get('/api/v1/sessions', bearer(token)))).toBe('role_missing')
    const answer = await service.get('/api/v1/sessions?limit=1', bearer(admin))
    const { items, next } = (await answer.json()) as {
      items: Record<string, unknown>[]
      next: string
    }
    expect(items).toEqual([session])
    expect(JSON.stringify(items)).not.toContain('egs_')
    const more = await service.get(`/api/v1/sessions?limit=1&cursor=${next}`, bearer(admin))
    const page = (await more.json()) as { items: Record<string, unknown>[] }
    expect(page.items[0]?.['id']).not.toBe(session['id'])
  })

  it('are revoked by whoever holds them, and by admins, and by nobody else', async () => {
    const mine = await begin(tokenFor())
    const other = await begin(tokenFor({ oid: service.userIds[1] }))
    const id = String(other.session['id'])
    expect(await codeOf(await remove(id, mine.token))).toBe('role_missing')
    expect(
      await codeOf(await remove(id, await service.addCaller('op', { role: 'operator' }))),
    ).toBe('role_missing')
    expect((await remove('current', mine.token)).status).toBe(204)
    expect(await codeOf(await use(mine.token))).toBe('session_ended')
    expect((await use(other.token)).status).toBe(200)
    expect((await remove(id, admin)).status).toBe(204)
    expect(await codeOf(await use(other.token))).toBe('session_ended')
    expect(await codeOf(await remove(id, admin))).toBe('session_unknown')
    const told = (event: string): readonly object[] =>
      service.log().filter((line) => line['event'] === event && line['sessionId'] === id)
    expect(told('session.began')).toMatchObject([
      { issuer: 'lab', callerId: `usr_${tenantId}_${service.userIds[1]}` },
    ])
    expect(told('session.revoked')).toMatchObject([
      { by: expect.stringMatching(/^clr_/) as string },
    ])
  })

  it('are refused within a second of their account being disabled', async () => {
    const { token } = await begin(tokenFor({ oid: service.userIds[2] }))
    expect((await use(token)).status).toBe(200)
    const key = { tenantId, kind: 'user', id: service.userIds[2] ?? '' } as const
    const { accounts } = service.serving.composition.store
    await accounts.disableAccount(key, { at: 1, by: 'test' })
    await expect
      .poll(async () => codeOf(await use(token)), { timeout: 3_000 })
      .toBe('account_disabled')
    await accounts.enableAccount(key)
  })

  it('end at once in the process that disables their account', async () => {
    const oid = service.userIds[5] ?? ''
    const { token } = await begin(tokenFor({ oid }))
    const direct = tokenFor({ oid })
    expect((await use(token)).status).toBe(200)
    expect((await use(direct)).status).toBe(200)
    const path = `/api/v1/accounts/${tenantId}/${oid}`
    const disabled = await service.get(`${path}/disable`, bearer(admin), 'POST')
    expect(disabled.ok).toBe(true)
    expect(await codeOf(await use(token))).toBe('session_ended')
    expect(await codeOf(await use(direct))).toBe('account_disabled')
    await service.get(`${path}/enable`, bearer(admin), 'POST')
    expect((await use(direct)).status).toBe(200)
    expect(await codeOf(await use(token))).toBe('session_ended')
  })

  it('end when the account is linked to somebody with other rights', async () => {
    const { token } = await begin(tokenFor({ oid: service.userIds[4] }))
    expect((await use(token)).status).toBe(200)
    const account = {
      tenantId,
      kind: 'user',
      id: service.userIds[4] ?? '',
      connections: [],
    } as const
    const { people } = service.serving.composition.store
    await people.linkAccounts([{ person: 'Anna', account: { ...account, role: 'admin' } }], 1)
    await expect
      .poll(async () => codeOf(await use(token)), { timeout: 3_000 })
      .toBe('session_ended')
    const again = await begin(tokenFor({ oid: service.userIds[4] }))
    expect(again.session['role']).toBe('admin')
  })

  it.each([
    ['a role that a rule gives', 'role: viewer', 'role: operator'],
    ['the audiences', 'api://evergrant', 'api://other'],
    ['the account that is found', 'claim: oid', 'claim: sub'],
  ])('hold no longer than %s is as it was', async (_, then, now) => {
    const { token } = await begin(tokenFor())
    const yaml = issuersYaml(service.issuer.issuer, client)
    await service.writeIssuers(yaml.replace(then, now))
    await service.serving.reload()
    expect(await codeOf(await use(token))).toBe('session_ended')
    await service.writeIssuers(yaml.replace('userName: name', 'userName: sub'))
    await service.serving.reload()
    expect((await use(token)).status).toBe(200)
    await service.writeIssuers(yaml)
    await service.serving.reload()
  })

  it('end for good when their issuer leaves the configuration', async () => {
    const { token } = await begin(tokenFor())
    const yaml = issuersYaml(service.issuer.issuer, client)
    await service.writeIssuers(yaml.replace('lab:', 'renamed:'))
    await service.serving.reload()
    expect(await codeOf(await use(token))).toBe('session_ended')
    await service.writeIssuers(yaml)
    await service.serving.reload()
    expect(await codeOf(await use(token))).toBe('session_ended')
  })
})

describe('a session by Microsoft Entra ID', () => {
  const redirect_uri = 'http://localhost:8999/back'

  it('is given for the code of a sign-in at one of its tenants, for the account of `oid`', async () => {
    const { simulator, folder } = service.workspace
    const { id } = simulator.client
    const user = [
      ...simulator.users(undefined, ['id', 'userPrincipalName', 'accountEnabled']),
    ].find(({ accountEnabled }) => accountEnabled === true)
    await writeFile(join(folder, 'entra'), service.workspace.secret, { mode: 0o600 })
    await service.writeIssuers(`issuers:
  contoso:
    type: entra
    tenants: [${tenantId}, 99999999-2222-4333-8444-555555555555]
    authority: ${simulator.urls.authority}
    audiences: ['api://${id}', '${id}']
    access: [{ role: viewer }]
    client: { id: ${id}, credentials: [{ secret: { file: ./entra } }] }
`)
    await service.serving.reload()
    simulator.control.setAutoSignIn(String(user?.['userPrincipalName']))
    const signIn = async (): Promise<Record<string, string>> => {
      const { code, codeVerifier, nonce } = await signInByHand(
        `${simulator.urls.authority}/${tenantId}/oauth2/v2.0/authorize`,
        { client_id: id, redirect_uri, scope: `openid api://${id}/.default` },
      )
      return {
        issuer: 'contoso',
        tenant: tenantId,
        code: code.reveal(),
        code_verifier: codeVerifier.reveal(),
        redirect_uri,
        nonce,
      }
    }
    const { tenant: _, ...nowhere } = await signIn()
    expect(await codeOf(await post({}, nowhere))).toBe('request_invalid')
    expect(await codeOf(await post({}, { ...nowhere, tenant: 'elsewhere' }))).toBe(
      'request_invalid',
    )
    for (const more of [{}, { resource: `api://${id}` }]) {
      const answer = await post({}, { ...(await signIn()), ...more })
      const begun = (await answer.json()) as Begun
      expect(begun).toMatchObject({
        session: { account: { tenant_id: tenantId, id: user?.['id'] }, role: 'viewer' },
      })
      expect((await use(begun.token)).status).toBe(200)
    }
  })
})

describe('a session by a real OpenID provider', () => {
  it('is given for the code of a sign-in there, once', async () => {
    const provider = await startRealProvider()
    try {
      await writeFile(join(service.workspace.folder, 'real'), provider.clientSecret, {
        mode: 0o600,
      })
      await service.writeIssuers(`issuers:
  real:
    type: oidc
    issuer: ${provider.issuer}
    audiences: [${provider.clientId}]
    claims: [id_token]
    match: []
    userName: sub
    access: [{ role: viewer }]
    client: { id: ${provider.clientId}, credentials: [{ secret: { file: ./real } }] }
`)
      await service.serving.reload()
      const redirect_uri = 'http://localhost:8420/consent/callback'
      const signIn = await signInByHand(`${provider.issuer}/auth`, {
        client_id: provider.clientId,
        redirect_uri,
        scope: 'openid',
      })
      const end = {
        issuer: 'real',
        code: signIn.code.reveal(),
        code_verifier: signIn.codeVerifier.reveal(),
        redirect_uri,
        nonce: signIn.nonce,
      }
      const wrong = await post({}, { ...end, code_verifier: 'w'.repeat(43) })
      expect(await codeOf(wrong)).toBe('grant_lapsed')
      const fresh = await signInByHand(`${provider.issuer}/auth`, {
        client_id: provider.clientId,
        redirect_uri,
        scope: 'openid',
      })
      const good = {
        ...end,
        code: fresh.code.reveal(),
        code_verifier: fresh.codeVerifier.reveal(),
        nonce: fresh.nonce,
      }
      const answer = await post({}, good)
      expect(answer.status).toBe(201)
      const begun = (await answer.json()) as Begun
      expect(begun.session).toMatchObject({ issuer: 'real', user_name: 'anna', account: null })
      expect((await use(begun.token)).status).toBe(200)
      expect(await codeOf(await post({}, good))).toBe('grant_lapsed')
    } finally {
      await provider.close()
    }
  })
})
