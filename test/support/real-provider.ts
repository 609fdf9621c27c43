import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Provider, type Context } from 'oidc-provider'
import { signInByHand } from './sign-in.ts'

/** A real OpenID provider (oidc-provider): refresh tokens rotate, and a used one ends its grant. */
export interface RealProvider {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  /** How many redemptions of refresh tokens it was asked for, and how many it granted. */
  readonly redemptions: { asked: number; granted: number }
  /** Grants it ended because a refresh token came a second time. */
  readonly ended: { count: number }
  /** Signs Anna in and returns the refresh token. */
  signIn(): Promise<string>
  close(): Promise<void>
}

const clientSecret = 'real~provider.secret'
const redirectUri = 'http://localhost:8420/consent/callback'

/** Starts the provider; it lets Anna have tokens for every resource. */
export async function startRealProvider(): Promise<RealProvider> {
  let handle: RequestListener | undefined
  const server = createServer((request, response) => handle?.(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const redemptions = { asked: 0, granted: 0 }
  const ended = { count: 0 }
  const idp = makeProvider(issuer)
  const isRedemption = ({ oidc }: Context): boolean =>
    oidc.params?.['grant_type'] === 'refresh_token'
  idp.on('grant.success', (context) => {
    if (isRedemption(context)) redemptions.granted++
  })
  idp.on('grant.revoked', () => ended.count++)
  const answer = idp.callback()
  handle = (request, response) => {
    if (request.url === '/token') redemptions.asked++
    // Anna signs in and consents to everything without being asked.
    if (request.url?.startsWith('/interaction/') !== true) return answer(request, response)
    void idp.interactionFinished(request, response, { login: { accountId: 'anna' }, consent: {} })
  }
  const credentials = { client_id: 'services', client_secret: clientSecret }
  return {
    issuer,
    clientId: 'services',
    clientSecret,
    redemptions,
    ended,
    signIn: async () => {
      const endpoint = new URL(`${issuer}/auth`)
      for (const resource of realResources) endpoint.searchParams.append('resource', resource)
      const { code, codeVerifier } = await signInByHand(endpoint.href, {
        client_id: 'services',
        redirect_uri: redirectUri,
      })
      const response = await fetch(`${issuer}/token`, {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'authorization_code',
          code: code.reveal(),
          code_verifier: codeVerifier.reveal(),
          redirect_uri: redirectUri,
          ...credentials,
        }),
      })
      const { refresh_token: refreshToken } = (await response.json()) as { refresh_token: string }
      redemptions.asked = 0
      return refreshToken
    },
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function makeProvider(issuer: string): Provider {
  const idp = new Provider(issuer, {
    clients: [
      {
        client_id: 'services',
        client_secret: clientSecret,
        token_endpoint_auth_method: 'client_secret_post',
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        redirect_uris: [redirectUri, 'http://127.0.0.1/console/sign-in/callback'],
        application_type: 'native',
      },
    ],
    scopes: ['openid', 'offline_access', 'read'],
    conformIdTokenClaims: false,
    features: {
      devInteractions: { enabled: false },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({
          scope: 'read',
          accessTokenTTL: 900,
          accessTokenFormat: 'opaque',
        }),
      },
    },
    findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
    loadExistingGrant: async ({ oidc }: Context) => {
      const { clientId } = oidc.client
      const grant = new idp.Grant({ clientId, accountId: oidc.session.accountId })
      grant.addOIDCScope('openid offline_access read')
      for (const resource of realResources) grant.addResourceScope(resource, 'read')
      await grant.save()
      return grant
    },
    rotateRefreshToken: true,
    issueRefreshToken: () => true,
    ttl: { AccessToken: (_context, { resourceServer }) => resourceServer?.accessTokenTTL ?? 600 },
  })
  return idp
}

/** The resources Anna's grant is for. */
export const realResources: readonly string[] = ['one', 'two', 'three', 'four'].map(
  (name) => `https://${name}.example`,
)
