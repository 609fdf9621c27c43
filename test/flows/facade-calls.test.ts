import { appendFile } from 'node:fs/promises'
import * as openid from 'openid-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { authorizationHeader } from '../../src/kernel/index.ts'
import { startService, type ServiceFixture } from '../support/service-fixture.ts'

const redirectUri = 'https://app.example/callback'

let service: ServiceFixture
beforeAll(async () => {
  service = await startService({
    prepare: async ({ configPath, simulator }) => {
      const { graph } = simulator.urls
      const connection = `
    provider: contoso
    client: { id: ${simulator.client.id}, credentials: [{ secret: { file: ./secret } }] }
    grant: client_credentials
    upstream: { url: ${graph} }
`
      await appendFile(
        configPath,
        `    upstream: { url: ${graph}, rejected: [{ status: 500, text: access token expired }] }
  other-graph:${connection}  each-tenant:${connection}    tenant: "*"
`,
      )
    },
  })
})
afterAll(() => service.close())

/** A client that has been through the whole code flow, by a library nobody here wrote. */
async function connect(
  name: string,
  connection = 'contoso-graph',
): Promise<{
  readonly config: openid.Configuration
  readonly given: openid.TokenEndpointResponse
}> {
  const { client, secret } = await service.serving.facade.desk.add({
    name,
    connection,
    redirectUris: [redirectUri],
  })
  const config = await openid.discovery(
    new URL(`${service.url}/oauth/${connection}`),
    client.id,
    {},
    openid.ClientSecretBasic(secret?.reveal() ?? ''),
    { execute: [openid.allowInsecureRequests] },
  )
  const address = openid.buildAuthorizationUrl(config, { redirect_uri: redirectUri })
  const sent = await fetch(address, { redirect: 'manual' })
  const back = new URL(sent.headers.get('location') ?? '')
  return { config, given: await openid.authorizationCodeGrant(config, back) }
}

/** Calls an API through the gateway with a token of the façade, as a product would. */
async function call(token: string, path = '/proxy/contoso-graph/v1.0/users'): Promise<Response> {
  return await fetch(`${service.url}${path}`, { headers: { authorization: `Bearer ${token}` } })
}

describe('a token of the façade', () => {
  it('calls an API that answers 500 "access token expired", and the caller sees 200', async () => {
    const { given } = await connect('salesforce')
    expect((await call(given.access_token)).status).toBe(200)

    const { simulator } = service.workspace
    const { engine } = service.serving.composition
    const dead = engine.connection('contoso-graph', { target: '' }).peek()
    if (dead === undefined) throw new Error('the gateway used no token')
    simulator.control.setRejectionStyle('server_error')
    simulator.control.revokeTokens()
    const direct = await fetch(`${simulator.urls.graph}/v1.0/users`, {
      headers: { authorization: authorizationHeader(dead) },
    })
    expect(direct.status).toBe(500)
    expect(await direct.json()).toEqual({ message: 'access token expired' })

    const answer = await call(given.access_token)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('evergrant-replay')).toMatch(/^replayed; rule=/)
    expect(await answer.json()).toHaveProperty('value')
  })

  it('is good for its own connection alone', async () => {
    const { given } = await connect('bound')
    const elsewhere = await call(given.access_token, '/proxy/other-graph/v1.0/users')
    expect(elsewhere.status).toBe(403)
    expect(await elsewhere.json()).toMatchObject({ code: 'permit_missing' })
    const api = await call(given.access_token, '/api/v1/connections')
    expect([401, 403, 404]).toContain(api.status)
  })

  it('for one tenant of a template is good for that tenant alone', async () => {
    const tenant = service.workspace.simulator.tenant
    const { given } = await connect('one-tenant', `each-tenant@${tenant}`)
    const at = async (address: string): Promise<number> =>
      (await call(given.access_token, `/proxy/${address}/v1.0/users`)).status
    expect(await at(`each-tenant@${tenant}`)).toBe(200)
    expect(await at('each-tenant@99999999-2222-4333-8444-555555555555')).toBe(403)
    expect(await at('each-tenant')).toBe(403)
  })

  it('is refused by a plain 401 once it was revoked, and a refresh gives a good one', async () => {
    const { config, given } = await connect('renewing')
    await openid.tokenRevocation(config, given.access_token)
    const refused = await call(given.access_token)
    expect(refused.status).toBe(401)
    expect(refused.headers.get('www-authenticate')).toMatch(/^Bearer .*invalid_token/)
    const renewed = await openid.refreshTokenGrant(config, given.refresh_token ?? '')
    expect((await call(renewed.access_token)).status).toBe(200)
    await service.serving.facade.desk.revoke('renewing')
    expect((await call(renewed.access_token)).status).toBe(401)
  })
})
