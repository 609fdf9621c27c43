import { generateKeyPairSync } from 'node:crypto'
import { ConfidentialClientApplication } from '@azure/msal-node'
import * as oauth from 'oauth4webapi'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { defaultIssuer, selfSignCertificate, startSimulator, type Simulator } from './index.ts'

const keys = generateKeyPairSync('rsa', { modulusLength: 2048 })
const { pem, der } = selfSignCertificate(keys, {
  commonName: 'app',
  hosts: [],
  serial: Uint8Array.of(7),
})
const clientId = '2f0c0000-1111-4222-8333-000000000001'
const redirectUri = 'http://localhost:9999/callback'
let simulator: Simulator
const trusted = getCACertificates('default')
beforeAll(async () => {
  simulator = await startSimulator({
    https: true,
    acceptsAssertionReplay: true,
    tenants: [
      {
        id: '11111111-2222-4333-8444-555555555555',
        users: 10,
        pkce: 'required',
        applications: [{ id: clientId, certificates: [{ pem }] }],
      },
    ],
  })
  setDefaultCACertificates([...trusted, simulator.certificate ?? ''])
})
beforeEach(() => simulator.control.reset())
afterAll(async () => {
  setDefaultCACertificates(trusted)
  await simulator.close()
})

async function sha256Of(bytes: Uint8Array): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', Buffer.from(bytes))
  return Buffer.from(hash).toString('hex')
}

async function msal(): Promise<ConfidentialClientApplication> {
  const { authority } = simulator.urls
  return new ConfidentialClientApplication({
    auth: {
      clientId,
      authority: `${authority}/${simulator.tenant}`,
      knownAuthorities: [new URL(authority).host],
      clientCertificate: {
        thumbprintSha256: await sha256Of(der),
        privateKey: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      },
    },
  })
}

async function visit(url: string): Promise<URL> {
  const response = await fetch(url, { redirect: 'manual' })
  return new URL(response.headers.get('location') ?? 'http://none.example')
}

test('MSAL gets tokens with a certificate, for itself and for a user who signs in', async () => {
  const app = await msal()
  const graph = 'https://graph.microsoft.com'
  const own = await app.acquireTokenByClientCredential({ scopes: [`${graph}/.default`] })
  expect(own?.accessToken).toContain('.')
  const account = simulator.account()
  simulator.control.setAutoSignIn(account.userPrincipalName)
  const verifier = oauth.generateRandomCodeVerifier()
  const request = { scopes: [`${graph}/User.Read`], redirectUri }
  const url = await app.getAuthCodeUrl({
    ...request,
    codeChallenge: await oauth.calculatePKCECodeChallenge(verifier),
    codeChallengeMethod: 'S256',
  })
  const code = (await visit(url)).searchParams.get('code') ?? ''
  const result = await app.acquireTokenByCode({ ...request, code, codeVerifier: verifier })
  expect(result.account).toMatchObject({
    homeAccountId: `${account.id}.${simulator.tenant}`,
    username: account.userPrincipalName,
  })
  const silent = await app.acquireTokenSilent({
    scopes: ['https://management.azure.com/user_impersonation'],
    account: result.account as NonNullable<typeof result.account>,
  })
  expect(silent?.scopes).toContain('https://management.azure.com/user_impersonation')
  const grants = simulator.control.tokenRequests().map(({ grantType }) => grantType)
  expect(grants).toEqual(['client_credentials', 'authorization_code', 'refresh_token'])
})

test('oauth4webapi goes all the way at the OpenID provider: code, refresh, introspect, revoke', async () => {
  const { clientId: id, clientSecret, account } = defaultIssuer
  const issuer = new URL(simulator.urls.oidc())
  const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer))
  const client = { client_id: id }
  const auth = oauth.ClientSecretBasic(clientSecret)
  simulator.control.setAutoSignIn(account, { tenant: defaultIssuer.name })
  const verifier = oauth.generateRandomCodeVerifier()
  const nonce = oauth.generateRandomNonce()
  const query = new URLSearchParams({
    client_id: id,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope: 'openid offline_access',
    nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  })
  const back = await visit(`${as.authorization_endpoint}?${query.toString()}`)
  const parameters = oauth.validateAuthResponse(as, client, back, oauth.expectNoState)
  const first = await oauth.processAuthorizationCodeResponse(
    as,
    client,
    await oauth.authorizationCodeGrantRequest(as, client, auth, parameters, redirectUri, verifier),
    { expectedNonce: nonce, requireIdToken: true },
  )
  const refresh = async (token = ''): Promise<oauth.TokenEndpointResponse> => {
    const response = await oauth.refreshTokenGrantRequest(as, client, auth, token)
    return oauth.processRefreshTokenResponse(as, client, response)
  }
  const second = await refresh(first.refresh_token)
  const asked = await oauth.introspectionRequest(as, client, auth, second.access_token)
  expect(await oauth.processIntrospectionResponse(as, client, asked)).toMatchObject({
    active: true,
  })
  const revoked = await oauth.revocationRequest(as, client, auth, second.refresh_token ?? '')
  await oauth.processRevocationResponse(revoked)
  await expect(refresh(second.refresh_token)).rejects.toMatchObject({ error: 'invalid_grant' })
})
