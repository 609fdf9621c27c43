import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Provider, type Context } from 'oidc-provider'
import { signInByHand } from './sign-in.ts'

/** A real OpenID provider (oidc-provider) that can be asked about the tokens it gave. */
export interface ClaimsProvider {
  readonly issuer: string
  /** The client that asks about tokens. */
  readonly asking: { readonly id: string; readonly secret: string }
  /** Requests by path, such as `/token/introspection` and `/me`. */
  readonly requests: ReadonlyMap<string, number>
  /** Every request to a path is answered so from now on; undefined: by the provider again. */
  answers: ReadonlyMap<string, RequestListener>
  /** Signs somebody in and returns what the provider gave. */
  signIn(wish: {
    readonly user?: string
    readonly client?: string
    readonly scope?: string
    /** An API: `https://opaque.example` or `https://jwt.example`; absent: UserInfo alone. */
    readonly resource?: string
  }): Promise<{ readonly accessToken: string; readonly idToken: string }>
  /** A token of the application `robot` itself. */
  applicationToken(): Promise<string>
  revoke(token: string): Promise<void>
  close(): Promise<void>
}

const redirectUri = 'http://localhost:8420/callback'
const secret = 'claims~provider.secret'

/** Claims of the people it knows. */
const people: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  anna: { email: 'anna@contoso.example', email_verified: true, name: 'Anna', employee: 'e-1' },
  bert: { email: 'shared@contoso.example', name: 'Bert' },
}

/** Starts one; whoever signs in is asked nothing. */
export async function startClaimsProvider(): Promise<ClaimsProvider> {
  let handle: RequestListener | undefined
  const server = createServer((request, response) => handle?.(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const requests = new Map<string, number>()
  let user = 'anna'
  const idp = makeProvider(issuer)
  const answer = idp.callback()
  const provider: ClaimsProvider = {
    issuer,
    asking: { id: 'evergrant', secret },
    requests,
    answers: new Map(),
    signIn: async ({ user: who = 'anna', client = 'web', scope = 'openid profile', resource }) => {
      user = who
      const { code, codeVerifier } = await signInByHand(`${issuer}/auth`, {
        client_id: client,
        redirect_uri: redirectUri,
        scope,
        ...(resource === undefined ? {} : { resource }),
      })
      const given = await post('/token', {
        grant_type: 'authorization_code',
        code: code.reveal(),
        code_verifier: codeVerifier.reveal(),
        redirect_uri: redirectUri,
        client_id: client,
        client_secret: secret,
        ...(resource === undefined ? {} : { resource }),
      })
      return { accessToken: String(given['access_token']), idToken: String(given['id_token']) }
    },
    applicationToken: async () => {
      const given = await post('/token', {
        grant_type: 'client_credentials',
        client_id: 'robot',
        client_secret: secret,
        scope: 'read',
        resource: 'https://opaque.example',
      })
      return String(given['access_token'])
    },
    revoke: async (token) => {
      await post('/token/revocation', { token, client_id: 'web', client_secret: secret })
    },
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  handle = (request, response) => {
    const path = request.url?.split('?', 1)[0] ?? ''
    requests.set(path, (requests.get(path) ?? 0) + 1)
    const scripted = provider.answers.get(path)
    if (scripted !== undefined) return scripted(request, response)
    if (!path.startsWith('/interaction/')) return answer(request, response)
    void idp.interactionFinished(request, response, { login: { accountId: user }, consent: {} })
  }
  return provider

  async function post(
    path: string,
    form: Readonly<Record<string, string>>,
  ): Promise<Readonly<Record<string, unknown>>> {
    const response = await fetch(`${issuer}${path}`, {
      method: 'POST',
      body: new URLSearchParams(form),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${text}`)
    return text === '' ? {} : (JSON.parse(text) as Readonly<Record<string, unknown>>)
  }
}

function makeProvider(issuer: string): Provider {
  const client = (id: string, more: object = {}): Readonly<Record<string, unknown>> => ({
    client_id: id,
    client_secret: secret,
    token_endpoint_auth_method: 'client_secret_post',
    grant_types: ['authorization_code'],
    response_types: ['code'],
    redirect_uris: [redirectUri],
    application_type: 'native',
    ...more,
  })
  const own = { grant_types: ['client_credentials'], response_types: [], redirect_uris: [] }
  const idp = new Provider(issuer, {
    clients: [
      client('web'),
      client('other'),
      // Its UserInfo comes as a JWT.
      client('signed', { userinfo_signed_response_alg: 'RS256' }),
      client('robot', own),
      client('evergrant', own),
    ],
    scopes: ['openid', 'profile', 'email', 'read'],
    claims: { openid: ['sub'], profile: ['name', 'employee'], email: ['email', 'email_verified'] },
    conformIdTokenClaims: false,
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      revocation: { enabled: true },
      // Whoever asks about a token of another client is told.
      introspection: { enabled: true, allowedPolicy: () => true },
      jwtUserinfo: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context: unknown, resource: string) => ({
          scope: 'read',
          audience: resource,
          accessTokenTTL: 900,
          accessTokenFormat: resource.includes('jwt') ? 'jwt' : 'opaque',
        }),
      },
    },
    findAccount: (_context, id) => ({
      accountId: id,
      claims: () => ({ sub: id, ...people[id] }),
    }),
    interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
    loadExistingGrant: async ({ oidc }: Context) => {
      const { clientId } = oidc.client
      const grant = new idp.Grant({ clientId, accountId: oidc.session.accountId })
      grant.addOIDCScope('openid profile email read')
      for (const name of ['opaque', 'jwt']) {
        grant.addResourceScope(`https://${name}.example`, 'read')
      }
      await grant.save()
      return grant
    },
  })
  return idp
}
