import type { Authenticator, Caller } from '../access/index.ts'
import type { IssuerConfig } from '../config/index.ts'
import { authenticateOnce, type ClientCredential } from '../grants/index.ts'
import { EvergrantError, isEvergrantError, Secret } from '../kernel/index.ts'
import {
  createEntraProvider,
  createOidcProvider,
  noAuthentication,
  redeemAuthorizationCode,
  signInUrl,
  type ClientAuthentication,
  type ProviderProfile,
  type SignInAddress,
  type TokenAnswer,
  type TokenFailure,
  type TokenTarget,
} from '../oauth/index.ts'
import type { Composition } from './compose.ts'
import { createFailureWindows } from './failure-windows.ts'
import { resolveCredential } from './resolve-connections.ts'

/** The end of a sign-in, as whoever began it sends it. */
export interface SignInEnd {
  /** Name of the issuer in the configuration. */
  readonly issuer: string
  readonly code: string
  readonly codeVerifier: string
  readonly redirectUri: string
  readonly nonce: string
  /** Of an issuer with several tenants: which one. */
  readonly tenant?: string
  /** What the sign-in was for, where the issuer wants it named again; one of its audiences. */
  readonly resource?: string
}

/** Who sends a code. */
export interface CodeSender {
  readonly requestId: string
  /** Where it came from: failures are counted by it. */
  readonly address: string
}

/** Redeems codes of sign-ins for the tokens that sessions are made from. */
export interface CodeDesk {
  /**
   * Redeems a code, once, by the issuer’s `client`, and tells whom its token stands for: by every
   * stage that a token goes through which somebody brings. Nothing of it is kept.
   *
   * @throws EvergrantError `issuer_unknown`, `request_invalid`, `caller_throttled`, `grant_lapsed`
   *   for a code that is spent or wrong, `id_token_invalid`, what the provider and verification
   *   refuse
   */
  redeem(end: SignInEnd, by: CodeSender): Promise<Caller>
  /**
   * Where somebody signs in so that the code can be redeemed here.
   *
   * @throws EvergrantError `issuer_unknown`, `request_invalid`, `provider_*`
   */
  addressOf(begin: SignInBegin): Promise<SignInAddress>
}

/** A sign-in that is to end here. */
export interface SignInBegin extends Pick<SignInEnd, 'issuer' | 'tenant' | 'resource'> {
  readonly redirectUri: string
  readonly scope: string
  readonly state: string
  readonly nonce: string
  readonly codeVerifier: string
}

/** What redeeming rests on. */
export interface CodeDeskOptions extends Pick<Composition, 'clock' | 'fetch' | 'secrets'> {
  readonly issuer: (name: string) => IssuerConfig | undefined
  readonly authenticator: () => Authenticator | undefined
}

/** Codes that are redeemed at once, and that fail within a minute: providers are not ours to hammer. */
const mostAtOnce = 32
const failureLimits = { perAddress: 60, overall: 600, windowMs: 60_000 }

/** Makes the desk. */
export function createCodeDesk(options: CodeDeskOptions): CodeDesk {
  const { clock, fetch, secrets, issuer: find, authenticator } = options
  const providers = new WeakMap<IssuerConfig, Map<string, ProviderProfile>>()
  let underWay = 0
  const failures = createFailureWindows(clock, failureLimits)

  function admit(from: string): void {
    const leftMs = failures.waitOf(from)
    if (leftMs !== undefined) throw throttled(leftMs)
    if (underWay >= mostAtOnce) throw throttled(1_000)
  }

  function providerOf(config: IssuerConfig, tenant: string): ProviderProfile {
    const known = providers.get(config) ?? new Map<string, ProviderProfile>()
    providers.set(config, known)
    const provider = known.get(tenant) ?? makeProvider(config, tenant)
    known.set(tenant, provider)
    return provider
  }

  async function exchange(config: IssuerConfig, end: SignInEnd): Promise<TokenAnswer> {
    const { name, client } = config
    if (client === undefined) {
      throw invalid('"issuer"', 'one with a "client" that redeems codes', JSON.stringify(name))
    }
    const tenant = tenantFor(config, end.tenant)
    const target = targetFor(config, end.resource)
    const credentials = client.credentials.map((credential, position) =>
      resolveCredential(credential, `issuers.${name}.client.credentials[${position}]`, (...place) =>
        secrets.read(...place),
      ),
    )
    let failure: TokenFailure | undefined
    for (const read of readersOf(credentials)) {
      const redeemed = await redeemAuthorizationCode(
        {
          provider: providerOf(config, tenant),
          clientId: client.id,
          authentication: await read(),
          target,
          declaresCp1: false,
          code: new Secret(end.code),
          codeVerifier: new Secret(end.codeVerifier),
          redirectUri: end.redirectUri,
          nonce: end.nonce,
        },
        { fetch, clock },
      )
      if (redeemed.ok) return redeemed.value
      failure = redeemed.error
      // A credential that is refused has spent nothing: the next one is tried.
      if (failure.kind !== 'client_rejected') break
    }
    throw failure?.error ?? new EvergrantError('secret_unavailable', `issuer "${name}"`)
  }

  return {
    addressOf: async ({ issuer, tenant: wanted, resource, ...asked }) => {
      const config = find(issuer)
      if (config?.client === undefined) {
        const name = JSON.stringify(issuer.slice(0, 100))
        throw new EvergrantError('issuer_unknown', `there is no issuer ${name} with a client`)
      }
      const address = await signInUrl(
        {
          ...asked,
          provider: providerOf(config, tenantFor(config, wanted)),
          clientId: config.client.id,
          // Entra takes it in the scope.
          ...(resource === undefined || config.type === 'entra' ? {} : { resource }),
        },
        { fetch, clock },
      )
      if (!address.ok) throw address.error
      return address.value
    },
    redeem: async (end, { requestId, address }) => {
      const config = find(end.issuer)
      const authenticate = authenticator()
      if (config === undefined || authenticate === undefined) {
        throw new EvergrantError(
          'issuer_unknown',
          `there is no issuer ${JSON.stringify(end.issuer.slice(0, 100))}`,
        )
      }
      admit(address)
      underWay++
      try {
        const { token, idToken } = await exchange(config, end)
        // Where ID tokens alone are accepted, it is the ID token that says who signed in.
        const isById = config.claims.every((source) => source === 'id_token')
        const brought = isById ? idToken : token.secret
        const known = await authenticate(brought?.reveal() ?? '', () => requestId)
        if (!known.ok) throw known.error
        return known.value
      } catch (error) {
        // What was refused before the issuer was asked has cost it nothing.
        if (isEvergrantError(error) && error.code !== 'request_invalid') failures.note(address)
        throw error
      } finally {
        underWay--
      }
    },
  }
}

/** Each credential as it proves one request; a public client proves nothing. */
function readersOf(
  credentials: readonly ClientCredential[],
): readonly (() => Promise<ClientAuthentication>)[] {
  if (credentials.length === 0) return [async () => noAuthentication()]
  return credentials.map((credential) => () => authenticateOnce(credential))
}

function tenantFor(config: IssuerConfig, wanted: string | undefined): string {
  if (config.type !== 'entra') {
    if (wanted === undefined) return ''
    throw invalid('"tenant"', `none, as "${config.name}" has no tenants`, 'one')
  }
  const { tenants } = config
  const [first = ''] = tenants
  const tenant = wanted?.toLowerCase() ?? (tenants.length === 1 ? first : undefined)
  if (tenant !== undefined && tenants.includes(tenant)) return tenant
  throw invalid(
    '"tenant"',
    `one of the tenants of "${config.name}"`,
    wanted === undefined ? 'none' : JSON.stringify(wanted.slice(0, 60)),
  )
}

/** What the token is for was settled by the sign-in; named again alone where somebody wants that. */
function targetFor({ name, audiences }: IssuerConfig, resource: string | undefined): TokenTarget {
  if (resource === undefined) return { scope: '' }
  if (audiences.includes(resource)) return { resource }
  throw invalid('"resource"', `one of the audiences of "${name}"`, 'another one')
}

function makeProvider(config: IssuerConfig, tenant: string): ProviderProfile {
  if (config.type === 'oidc') return createOidcProvider({ issuer: config.issuer })
  const { cloud, authority } = config
  const provider = createEntraProvider({
    tenant,
    cloud,
    ...(authority === undefined ? {} : { authority }),
  })
  // No refresh token is wanted, and Entra grants no scope here that the sign-in did not have.
  return {
    ...provider,
    tokenParameters: (target) =>
      'resource' in target ? { scope: `${target.resource}/.default openid` } : {},
  }
}

function invalid(field: string, expected: string, seen: string): EvergrantError {
  return new EvergrantError('request_invalid', `${field}: expected ${expected}, but saw ${seen}`)
}

function throttled(retryAfterMs: number): EvergrantError {
  return new EvergrantError(
    'caller_throttled',
    'too many codes are being redeemed, or were refused, at the moment',
    { retryAfterMs: Math.ceil(retryAfterMs) },
  )
}
