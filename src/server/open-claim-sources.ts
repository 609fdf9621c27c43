import { hash } from 'node:crypto'
import type { IssuerConfig, SecretReader } from '../config/index.ts'
import { authenticateOnce, type ClientCredential } from '../grants/index.ts'
import {
  guardSource,
  readSignedClaims,
  type AcceptedIssuers,
  type AskedClaims,
  type IssuerPolicy,
} from '../identity/index.ts'
import { isEvergrantError, ok, Secret, type Result } from '../kernel/index.ts'
import {
  askUserInfo,
  createOidcProvider,
  entraUserInfoUrl,
  introspectToken,
  noAuthentication,
  type ClientAuthentication,
  type ProviderProfile,
  type TokenFailure,
  type Transport,
} from '../oauth/index.ts'
import { resolveCredential } from './resolve-connections.ts'

/** What the sources of claims are opened with. */
export interface ClaimSourceOptions {
  readonly transport: Transport
  readonly secrets: Pick<SecretReader, 'read'>
  readonly issuers: AcceptedIssuers
}

/** After a failure that names no time (ms): soon where it passes by itself, else slowly. */
const soonMs = 1_000
const slowlyMs = 30_000

/** Opens what an issuer can be asked besides its keys, as `claims` names it; asks nobody yet. */
export function openClaimSources(
  config: IssuerConfig,
  options: ClaimSourceOptions,
): Pick<IssuerPolicy, 'introspect' | 'askUserInfo'> {
  const { clock } = options.transport
  const provider =
    config.type === 'oidc' ? createOidcProvider({ issuer: config.issuer }) : undefined
  const asksIntrospection = config.claims.includes('introspection') && provider !== undefined
  const asksUserInfo = config.claims.includes('userinfo')
  return {
    ...(asksIntrospection
      ? { introspect: guardSource(openIntrospection(config, provider, options), clock, nameOf) }
      : {}),
    ...(asksUserInfo
      ? { askUserInfo: guardSource(openUserInfo(config, provider, options), clock, nameOf) }
      : {}),
  }
}

/** Names a token, and keeps nothing of it. */
function nameOf(token: string): string {
  return hash('sha256', token, 'base64url')
}

type Ask = (token: string) => Promise<AskedClaims>

/** RFC 7662; a credential that the issuer rejects is followed by the next one. */
function openIntrospection(
  config: IssuerConfig,
  discovered: ProviderProfile,
  { transport, secrets }: ClaimSourceOptions,
): Ask {
  const { client, introspection, name } = config
  const credentials = (client?.credentials ?? []).map((credential, position) =>
    resolveCredential(credential, `issuers.${name}.client.credentials[${position}]`, (...place) =>
      secrets.read(...place),
    ),
  )
  const provider =
    introspection.endpoint === undefined
      ? discovered
      : withEndpoint(discovered, introspection.endpoint, config)
  const proofs = keepProofs(credentials)
  return async (token) => {
    let failure: TokenFailure | undefined
    for (const [position] of proofs.entries()) {
      const authentication = await proofs[position]?.read()
      if (authentication === undefined) continue
      const asked = await introspectToken(
        {
          provider,
          clientId: client?.id ?? '',
          authentication,
          token: new Secret(token),
          tokenTypeHint: 'access_token',
        },
        transport,
      )
      if (asked.ok) return introspected(asked.value, provider)
      failure = asked.error
      if (failure.kind !== 'client_rejected') break
      // The secret may have been replaced: it is read anew the next time.
      proofs[position]?.drop()
    }
    if (failure === undefined) {
      const detail = 'no credential of our client can be read here'
      return { kind: 'unavailable', detail, retryAfterMs: slowlyMs }
    }
    return unanswered(failure, provider)
  }
}

/** What is wrong with the way to the issuer, or with our client there: nobody need ask meanwhile. */
const concernsAll: ReadonlySet<TokenFailure['kind']> = new Set([
  'throttled',
  'unreachable',
  'timeout',
  'client_rejected',
  'misconfigured',
])

/**
 * Whoever brings a token that the issuer does not care for, or that it fails at, must not keep
 * others from being asked about. Callers read the detail: what the issuer has to say of our client
 * is not for them.
 */
function unanswered(
  { kind, retry, retryAfterMs, error }: TokenFailure,
  { host }: ProviderProfile,
): AskedClaims {
  const { detail, upstream } = error
  if (upstream?.error === 'unsupported_token_type') return { kind: 'passed_over', detail }
  const isOwn = retryAfterMs === undefined && !concernsAll.has(kind)
  const isOurs = kind === 'client_rejected' || kind === 'misconfigured'
  return {
    kind: 'unavailable',
    detail: isOurs ? `${host} does not answer our client (${kind})` : detail,
    retryAfterMs: retryAfterMs ?? (retry === 'backoff' ? soonMs : slowlyMs),
    ...(isOwn ? { isOwn } : {}),
  }
}

type Introspected = Extract<Awaited<ReturnType<typeof introspectToken>>, { ok: true }>['value']

function introspected(value: Introspected, { host }: ProviderProfile): AskedClaims {
  if (value.kind === 'active') return { kind: 'told', claims: value.claims }
  if (value.kind === 'inactive') {
    return { kind: 'refused', detail: `${host} answered that it is not active` }
  }
  const detail = `${host} publishes no "introspection_endpoint"`
  return { kind: 'unavailable', detail, retryAfterMs: slowlyMs }
}

function withEndpoint(
  provider: ProviderProfile,
  endpoint: string,
  config: IssuerConfig,
): ProviderProfile {
  const issuer = config.type === 'oidc' ? config.issuer : ''
  const server = ok({ issuer, introspection_endpoint: endpoint })
  return { ...provider, host: new URL(endpoint).host, server: async () => server }
}

/** Proofs of a client, each kept until it is dropped; a federated assertion is read every time. */
function keepProofs(credentials: readonly ClientCredential[]): readonly {
  /** Undefined when it cannot be read. */
  read(): Promise<ClientAuthentication | undefined>
  drop(): void
}[] {
  if (credentials.length === 0) {
    return [{ read: async () => noAuthentication(), drop: () => undefined }]
  }
  return credentials.map((credential) => {
    let kept: Promise<ClientAuthentication> | undefined
    return {
      read: async () => {
        if (credential.kind === 'federated') kept = undefined
        kept ??= authenticateOnce(credential)
        try {
          return await kept
        } catch (error) {
          kept = undefined
          if (isEvergrantError(error)) return undefined
          throw error
        }
      },
      drop: () => {
        kept = undefined
      },
    }
  })
}

/** OpenID Connect Core 1.0 section 5.3; at Entra it is Graph that answers. */
function openUserInfo(
  config: IssuerConfig,
  provider: ProviderProfile | undefined,
  { transport, issuers }: ClaimSourceOptions,
): Ask {
  const fixed =
    config.userinfo.endpoint === undefined
      ? config.type === 'entra'
        ? entraUserInfoUrl(config.cloud)
        : undefined
      : new URL(config.userinfo.endpoint)
  return async (token) => {
    const url: Result<URL, AskedClaims> =
      fixed === undefined ? await discoverUserInfo(provider, transport) : ok(fixed)
    if (!url.ok) return url.error
    const asked = await askUserInfo(url.value, new Secret(token), transport)
    if (!asked.ok) {
      const { detail, retryAfterMs, isAnswer } = asked.error
      const isOwn = isAnswer && retryAfterMs === undefined
      return {
        kind: 'unavailable',
        detail,
        retryAfterMs: retryAfterMs ?? soonMs,
        ...(isOwn ? { isOwn } : {}),
      }
    }
    const { value } = asked
    if (value.kind === 'claims') return { kind: 'told', claims: value.claims }
    if (value.kind === 'refused') return refusedBy(value.status, value.detail)
    const issuer = config.type === 'oidc' ? issuers.find(config.issuer) : undefined
    const read =
      issuer === undefined
        ? {
            ok: false as const,
            error: `${url.value.host} answered with a JWT, which Entra never does`,
          }
        : await readSignedClaims(value.jwt, issuer, config.client?.id)
    if (read.ok) return { kind: 'told', claims: read.value }
    return { kind: 'unavailable', detail: read.error, retryAfterMs: soonMs }
  }
}

function refusedBy(status: 400 | 401 | 403, detail: string): AskedClaims {
  if (status !== 403) return { kind: 'refused', detail }
  const remedy =
    'Request the token with the scope `openid`: UserInfo is for such tokens alone (OpenID Connect Core 5.3).'
  return { kind: 'refused', detail, remedy }
}

async function discoverUserInfo(
  provider: ProviderProfile | undefined,
  transport: Transport,
): Promise<Result<URL, AskedClaims>> {
  const unavailable = (detail: string, retryAfterMs: number): Result<URL, AskedClaims> => ({
    ok: false,
    error: { kind: 'unavailable', detail, retryAfterMs },
  })
  const server = await provider?.server(transport)
  if (provider === undefined || server === undefined) {
    return unavailable('no UserInfo endpoint is known', slowlyMs)
  }
  if (!server.ok) {
    const { error, retryAfterMs = soonMs } = server.error
    return unavailable(error.detail, retryAfterMs)
  }
  const url = URL.parse(server.value.userinfo_endpoint ?? '')
  if (url !== null) return ok(url)
  return unavailable(`${provider.host} publishes no "userinfo_endpoint"`, slowlyMs)
}
