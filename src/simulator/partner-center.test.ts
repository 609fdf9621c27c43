import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startSimulator, type RefreshTokenWish, type Simulator } from './index.ts'

const customer = '22222222-2222-4333-8444-555555555555'
const clientId = '2f0c0000-1111-4222-8333-444444444444'
const agent = 'agent@contoso.example'
const plain = 'plain@contoso.example'
const guest = 'guest_else.example#EXT#@contoso.example'
const graphId = '00000003-0000-0000-c000-000000000000'
let simulator: Simulator
beforeAll(async () => {
  simulator = await startSimulator({
    tenants: [
      {
        id: '11111111-2222-4333-8444-555555555555',
        users: 5,
        applications: [
          {
            id: clientId,
            secrets: [{ value: 'first' }],
            delegatedPermissions: ['User.Read', 'Directory.Read.All'],
          },
        ],
        accounts: [
          {
            userPrincipalName: agent,
            roles: ['Global Administrator'],
            groups: ['AdminAgents', 'Sales'],
          },
          { userPrincipalName: plain, roles: [], groups: [] },
          { userPrincipalName: guest, isGuest: true, groups: [] },
        ],
      },
      { id: customer, users: 5, domain: 'customer.example' },
      { id: '33333333-2222-4333-8444-555555555555', users: 5, domain: 'third.example' },
    ],
  })
})
beforeEach(() => simulator.control.reset())
afterAll(() => simulator.close())

const partner = 'https://api.partnercenter.microsoft.com/.default'
const graph = 'https://graph.microsoft.com/.default'
const arm = 'https://management.azure.com/.default'

async function tokenFor(scope: string, wish: RefreshTokenWish | 'application'): Promise<string> {
  const grant =
    wish === 'application'
      ? { grant_type: 'client_credentials' }
      : {
          grant_type: 'refresh_token',
          refresh_token: simulator.control.issueRefreshToken(wish),
        }
  const body = new URLSearchParams({
    client_id: clientId,
    client_secret: 'first',
    scope,
    ...grant,
  })
  const url = `${simulator.urls.http}/${simulator.tenant}/oauth2/v2.0/token`
  const answer = await fetch(url, { method: 'POST', body })
  return ((await answer.json()) as { readonly access_token: string }).access_token
}

interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Readonly<Record<string, unknown>>
}

type Sent = Omit<RequestInit, 'headers'> & { readonly headers?: Readonly<Record<string, string>> }

async function call(path: string, token: string, init: Sent = {}): Promise<Answer> {
  const headers = { authorization: `Bearer ${token}`, ...init.headers }
  const answer = await fetch(`${simulator.urls.http}${path}`, { ...init, headers })
  const text = await answer.text()
  const body = (text === '' ? {} : JSON.parse(text)) as Answer['body']
  return { status: answer.status, headers: answer.headers, body }
}

const organization = '/partner/v1/profiles/organization'
const consents = `/partner/v1/customers/${customer}/applicationconsents`
const consent = {
  applicationId: clientId,
  displayName: 'Panel',
  applicationGrants: [{ enterpriseApplicationId: graphId, scope: 'User.Read,Directory.Read.All' }],
}
const posted = (body: unknown): Sent => ({ method: 'POST', body: JSON.stringify(body) })

describe('Partner Center', () => {
  test('a token without a second factor is refused (900421), unless nobody enforces it', async () => {
    const weak = await tokenFor(partner, { user: agent, hasMfa: false })
    for (const path of [organization, '/partner/v1/customers', consents]) {
      const refused = await call(path, weak)
      expect([refused.status, refused.body['code']]).toEqual([401, 900421])
    }
    const headers = { ValidateMfa: 'true' }
    const told = await call(organization, weak, { headers })
    expect(told.headers.get('isMfaCompliant')).toBe('false')
    simulator.control.setPartnerMfa(false)
    expect((await call(organization, weak)).status).toBe(200)
    const application = await tokenFor(partner, 'application')
    simulator.control.setPartnerMfa(true)
    expect((await call('/partner/v1/customers', application)).status).toBe(200)
  })

  test('who is not in AdminAgents is refused, until they are', async () => {
    const token = await tokenFor(partner, { user: plain })
    for (const path of [organization, '/partner/v1/customers', consents]) {
      expect((await call(path, token)).status).toBe(403)
    }
    simulator.control.setAccount(plain, { groups: ['AdminAgents'] })
    expect((await call(organization, token)).status).toBe(200)
  })

  test('the organization profile proves a user: an application’s token is refused', async () => {
    const application = await tokenFor(partner, 'application')
    expect((await call(organization, application)).status).toBe(403)
    expect((await call(consents, application, posted(consent))).status).toBe(403)
    expect((await call('/partner/v1/profiles/legalbusiness', application)).status).toBe(200)
    const token = await tokenFor(partner, { user: agent })
    const headers = { 'MS-CorrelationId': 'mine', ValidateMfa: 'true' }
    const answer = await call(organization, token, { headers })
    expect(answer.body).toMatchObject({ id: simulator.tenant, domain: 'contoso.example' })
    expect(answer.headers.get('ms-correlationid')).toBe('mine')
    expect(answer.headers.get('ms-requestid')).toMatch(/^[\da-f-]{36}$/)
    expect(answer.headers.get('isMfaCompliant')).toBe('true')
  })

  test('customers come in pages of the size asked for', async () => {
    const token = await tokenFor(partner, { user: agent })
    expect((await call('/partner/v1/customers?size=0', token)).status).toBe(400)
    expect((await call('/partner/v1/customers?size=501', token)).status).toBe(400)
    const one = await call('/partner/v1/customers?size=1', token)
    expect(one.body).toMatchObject({ totalCount: 1, items: [{ id: customer }] })
    const { links } = one.body as {
      readonly links: { readonly next: { readonly headers: readonly [{ readonly value: string }] } }
    }
    const next = '/partner/v1/customers?size=1&seekOperation=Next'
    expect((await call(next, token)).status).toBe(400)
    const headers = { 'MS-ContinuationToken': links.next.headers[0].value }
    const two = await call(next, token, { headers })
    expect(two.body).toMatchObject({
      items: [{ id: '33333333-2222-4333-8444-555555555555' }],
      links: {},
    })
    expect(two.body['links']).toEqual({})
    expect((await call('/partner/v1/customers', token)).body).toMatchObject({ totalCount: 2 })
    const shown = await call(`/partner/v1/customers/${customer}`, token)
    expect(shown.body).toMatchObject({ companyProfile: { domain: 'customer.example' } })
  })

  test.each([
    ['what is no JSON', 'x', 400],
    ['no application', { ...consent, applicationId: 'x' }, 400],
    ['no grant', { ...consent, applicationGrants: [] }, 400],
    [
      'an unknown API',
      { ...consent, applicationGrants: [{ enterpriseApplicationId: customer, scope: 'A' }] },
      400,
    ],
    [
      'no scope',
      { ...consent, applicationGrants: [{ enterpriseApplicationId: graphId, scope: '' }] },
      400,
    ],
    ['an application of somebody else', { ...consent, applicationId: customer }, 403],
  ])('consent with %s is refused', async (_, body, status) => {
    const token = await tokenFor(partner, { user: agent })
    const init = body === 'x' ? { method: 'POST', body: 'x' } : posted(body)
    expect((await call(consents, token, init)).status).toBe(status)
  })

  test('consent is given once, taken back once, and only where the relationship lets', async () => {
    const token = await tokenFor(partner, { user: agent })
    const unknown = consents.replace(customer, simulator.tenant)
    expect((await call(unknown, token, posted(consent))).status).toBe(404)
    simulator.control.setConsentRefused(true, { tenant: customer })
    expect((await call(consents, token, posted(consent))).status).toBe(403)
    simulator.control.setConsentRefused(false, { tenant: customer })
    const made = await call(consents, token, posted(consent))
    expect(made).toMatchObject({ status: 201, body: consent })
    const again = await call(consents, token, posted(consent))
    expect(again.status).toBe(409)
    expect(again.body['description']).toContain('Permission entry already exists')
    expect((await call(consents, token)).status).toBe(405)
    const one = `${consents}/${clientId.toUpperCase()}`
    expect((await call(one, token, { method: 'DELETE' })).status).toBe(204)
    expect((await call(one, token, { method: 'DELETE' })).status).toBe(404)
    expect((await call(consents, token, posted(consent))).status).toBe(201)
  })
})

describe('a customer’s tenant', () => {
  async function ask(
    scope: string,
    user: string,
    tenant = customer,
  ): Promise<{
    readonly code: number | undefined
    readonly token: string
    readonly scope: string
  }> {
    const body = new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: simulator.control.issueRefreshToken({ user }),
      client_id: clientId,
      client_secret: 'first',
      scope,
    })
    const url = `${simulator.urls.http}/${tenant}/oauth2/v2.0/token`
    const answer = (await (await fetch(url, { method: 'POST', body })).json()) as {
      readonly error_codes?: readonly number[]
      readonly access_token?: string
      readonly scope?: string
    }
    const { access_token: token = '', scope: granted = '' } = answer
    return { code: answer.error_codes?.[0], token, scope: granted }
  }

  test('lets a partner in by the consent of Partner Center, for what it names', async () => {
    const token = await tokenFor(partner, { user: agent })
    expect((await ask(graph, agent)).code).toBe(90099)
    await call(consents, token, posted(consent))
    expect((await ask(graph, plain)).code).toBe(50020)
    expect((await ask(arm, agent)).code).toBe(65001)
    expect((await ask(graph, agent, '33333333-2222-4333-8444-555555555555')).code).toBe(90099)
    const granted = await ask(graph, agent)
    expect(granted.code).toBeUndefined()
    expect(granted.scope).toContain('https://graph.microsoft.com/Directory.Read.All')
    const shown = await call('/v1.0/organization', granted.token)
    expect(shown.body['value']).toMatchObject([{ id: customer }])
    await call(`${consents}/${clientId}`, token, { method: 'DELETE' })
    expect((await ask(graph, agent)).code).toBe(90099)
  })

  test('a revoked or blocked user of the partner gets no token there either', async () => {
    await call(consents, await tokenFor(partner, { user: agent }), posted(consent))
    simulator.control.setAccount(agent, { isBlocked: true })
    expect((await ask(graph, agent)).code).toBe(53003)
  })
})

describe('ARM', () => {
  test('a token tells its tenant and subscriptions, and reaches no other', async () => {
    const token = await tokenFor(arm, { user: agent })
    expect((await call('/arm/tenants', token)).status).toBe(400)
    const tenants = await call('/arm/tenants?api-version=2022-12-01', token)
    expect(tenants.body).toMatchObject({ value: [{ tenantId: simulator.tenant }] })
    const version = '?api-version=2022-12-01'
    const { body } = await call(`/arm/subscriptions${version}`, token)
    const [mine] = body['value'] as [{ readonly id: string; readonly tenantId: string }]
    expect(mine.tenantId).toBe(simulator.tenant)
    expect((await call(`/arm${mine.id}${version}`, token)).body).toEqual(mine)
    expect((await call(`/arm${mine.id}/resourcegroups${version}`, token)).status).toBe(200)
    const foreign = await call(`/arm/subscriptions/${customer}${version}`, token)
    expect(foreign).toMatchObject({
      status: 403,
      body: { error: { code: 'AuthorizationFailed' } },
    })
  })
})

describe('Graph of a user', () => {
  test('memberOf tells directory roles and groups', async () => {
    const token = await tokenFor(graph, { user: agent })
    const { body } = await call('/v1.0/me/memberOf', token)
    expect(body['value']).toMatchObject([
      {
        '@odata.type': '#microsoft.graph.directoryRole',
        displayName: 'Global Administrator',
        roleTemplateId: '62e90394-69f5-4237-9190-012177145e10',
      },
      { '@odata.type': '#microsoft.graph.group', displayName: 'AdminAgents' },
      { displayName: 'Sales' },
    ])
  })

  test('without permission to read the directory, memberOf tells ids and types alone', async () => {
    const scope = 'https://graph.microsoft.com/User.Read'
    const token = await tokenFor(scope, { user: agent })
    const { body } = await call('/v1.0/me/memberOf', token)
    const value = body['value'] as readonly Readonly<Record<string, unknown>>[]
    expect(value.map(({ displayName }) => displayName)).toEqual([null, null, null])
    expect(value[0]?.['roleTemplateId']).toBeNull()
    const application = await tokenFor(graph, 'application')
    expect((await call('/v1.0/me/memberOf', application)).status).toBe(400)
  })

  test('the organization is the tenant of the token, with its domain', async () => {
    const token = await tokenFor(graph, { user: plain })
    const { body } = await call('/v1.0/organization', token)
    expect(body['value']).toMatchObject([
      { id: simulator.tenant, verifiedDomains: [{ name: 'contoso.example', isDefault: true }] },
    ])
    expect((await call('/v1.0/me/memberOf', token)).body).toMatchObject({ value: [] })
  })

  test('/me tells a guest from a member where it is asked', async () => {
    const path = '/v1.0/me?$select=userPrincipalName,userType'
    const told = await call(path, await tokenFor(graph, { user: guest }))
    expect(told.body).toMatchObject({ userPrincipalName: guest, userType: 'Guest' })
    const member = await call(path, await tokenFor(graph, { user: plain }))
    expect(member.body).toMatchObject({ userType: 'Member' })
    expect((await call('/v1.0/me?$select=nope', await tokenFor(graph, {}))).status).toBe(400)
  })
})
