import { SecretClient } from '@azure/keyvault-secrets'
import { ClientSecretCredential } from '@azure/identity'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { startSimulator, type RejectionStyle, type Simulator } from './index.ts'

let simulator: Simulator
const trusted = getCACertificates('default')
beforeAll(async () => {
  simulator = await startSimulator({
    https: true,
    vaultSecrets: { 'client-secret': 'not a real one' },
    tenants: [
      { id: '11111111-2222-4333-8444-555555555555', users: 5 },
      { id: '22222222-2222-4333-8444-555555555555', users: 5, domain: 'customer.example' },
    ],
  })
  setDefaultCACertificates([...trusted, simulator.certificate ?? ''])
})
beforeEach(() => simulator.control.reset())
afterAll(async () => {
  setDefaultCACertificates(trusted)
  await simulator.close()
})

async function tokenFor(
  resource: string,
  fields: Readonly<Record<string, string>> = {},
): Promise<string> {
  const body = new URLSearchParams({
    grant_type: 'refresh_token',
    refresh_token: simulator.control.issueRefreshToken(),
    client_id: simulator.client.id,
    client_secret: simulator.client.secret,
    scope: `${resource}/.default`,
    ...fields,
  })
  const url = `${simulator.urls.http}/${simulator.tenant}/oauth2/v2.0/token`
  const answer = (await (await fetch(url, { method: 'POST', body })).json()) as {
    access_token: string
  }
  return answer.access_token
}

const get = (path: string, token?: string): Promise<Response> =>
  fetch(`${simulator.urls.http}${path}`, {
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
  })

const arm = '/arm/subscriptions?api-version=2022-12-01'
const partner = '/partner/v1/customers'
const vault = '/keyvault/secrets/client-secret?api-version=7.5'
const resources = [
  [arm, 'https://management.azure.com', 'value'],
  [partner, 'https://api.partnercenter.microsoft.com', 'items'],
  [vault, 'https://vault.azure.net', 'id'],
] as const

test.each(resources)('%s refuses no token, and one for another audience', async (path) => {
  const bare = await get(path)
  expect(bare.status).toBe(401)
  expect(bare.headers.get('www-authenticate')).toMatch(/^Bearer authorization="http/)
  expect((await get(path, await tokenFor('https://graph.microsoft.com'))).status).toBe(401)
  expect((await get(path, 'nonsense')).status).toBe(401)
})

test.each(resources)('%s answers a token for %s', async (path, resource, member) => {
  const response = await get(path, await tokenFor(resource))
  expect(response.status).toBe(200)
  expect(await response.json()).toHaveProperty(member)
})

test('ARM wants its api-version, and the vault knows only its secrets', async () => {
  const armToken = await tokenFor('https://management.azure.com')
  expect((await get('/arm/subscriptions', armToken)).status).toBe(400)
  const vaultToken = await tokenFor('https://vault.azure.net')
  expect((await get('/keyvault/secrets/other?api-version=7.5', vaultToken)).status).toBe(404)
})

test.each<readonly [RejectionStyle, number, string]>([
  ['unauthorized', 401, 'expir'],
  ['forbidden_empty', 403, ''],
  ['server_error', 500, 'access token expired'],
  ['ok_with_error_body', 200, '"error"'],
])('a dead token can be refused as %s: %i', async (style, status, piece) => {
  const tokens = await Promise.all(resources.map(([, resource]) => tokenFor(resource)))
  const graph = await tokenFor('https://graph.microsoft.com')
  simulator.control.setRejectionStyle(style)
  simulator.control.expireTokens()
  for (const [index, [path]] of resources.entries()) {
    const response = await get(path, tokens[index])
    expect(response.status).toBe(status)
    const text = await response.text()
    expect(text).toContain(piece)
    expect(text === '').toBe(piece === '')
  }
  expect((await get('/v1.0/me', graph)).status).toBe(status)
  // Only dead tokens: whoever sends none is told so.
  expect((await get(arm)).status).toBe(401)
})

test('a revocation is a claims challenge, and a token asked for with its claims passes', async () => {
  const capable = { access_token: { xms_cc: { values: ['cp1'] } } }
  const first = await tokenFor('https://graph.microsoft.com', { claims: JSON.stringify(capable) })
  simulator.control.revokeTokens({ cae: 'capable', requireClaims: true })
  const refused = await get('/v1.0/me', first)
  expect(refused.status).toBe(401)
  const challenge = refused.headers.get('www-authenticate') ?? ''
  expect(challenge).toContain('error="insufficient_claims"')
  const encoded = /claims="([^"]+)"/.exec(challenge)?.[1] ?? ''
  const asked = JSON.parse(Buffer.from(encoded, 'base64').toString()) as {
    access_token: Record<string, unknown>
  }
  const claims = { access_token: { ...asked.access_token, ...capable.access_token } }
  const without = await tokenFor('https://graph.microsoft.com', { claims: JSON.stringify(capable) })
  expect((await get('/v1.0/me', without)).status).toBe(401)
  const second = await tokenFor('https://graph.microsoft.com', { claims: JSON.stringify(claims) })
  expect((await get('/v1.0/me', second)).status).toBe(200)
  simulator.control.revokeTokens({ cae: true })
  const armToken = await tokenFor('https://management.azure.com')
  simulator.control.revokeTokens({ cae: true })
  const armRefused = await get(arm, armToken)
  expect(armRefused.headers.get('www-authenticate')).toContain('insufficient_claims')
})

test('/me is for users: an application’s token is refused', async () => {
  const graph = 'https://graph.microsoft.com'
  const token = await tokenFor(graph, { grant_type: 'client_credentials' })
  expect((await get('/v1.0/me', token)).status).toBe(400)
})

test('the Key Vault client of Azure reads a secret after its challenge', async () => {
  const { urls, tenant, client } = simulator
  const credential = new ClientSecretCredential(tenant, client.id, client.secret, {
    authorityHost: urls.authority,
    disableInstanceDiscovery: true,
  })
  const secrets = new SecretClient(`${urls.https}/keyvault`, credential, {
    disableChallengeResourceVerification: true,
    retryOptions: { maxRetries: 0 },
  })
  await expect(secrets.getSecret('nothing')).rejects.toMatchObject({ code: 'SecretNotFound' })
  const secret = await secrets.getSecret('client-secret')
  expect(secret).toMatchObject({ name: 'client-secret', value: 'not a real one' })
  expect(simulator.stats().requestsByStatus['401']).toBe(1)
})
