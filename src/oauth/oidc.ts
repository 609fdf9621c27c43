import * as oauth from 'oauth4webapi'
import { err, ok, type Result } from '../kernel/index.ts'
import { classifyFailure, describeBody } from './classify-failure.ts'
import { isLoopback, parseEndpoint } from './endpoint-url.ts'
import { resourceParameters } from './oauth2.ts'
import { strictRotation, type ProviderProfile, type RotationOptions } from './provider.ts'
import { tokenFailure, type TokenFailure } from './token-failure.ts'
import { underDeadline, type Transport } from './transport.ts'
import { readAnswer, type WireAnswer } from './wire-answer.ts'

/** An OpenID provider found by its issuer. */
export interface OidcOptions {
  readonly issuer: string
  /** Defaults to `strict` without grace. */
  readonly rotation?: RotationOptions
}

const rediscoverAfterMs = 24 * 3_600_000

/**
 * Makes the profile of an OpenID provider. Its discovery document is fetched on first use, once
 * however many ask, and again after a day; when that fails the old one goes on serving. Failures
 * are not remembered.
 *
 * @throws `provider_misconfigured` when the issuer is no safe URL.
 * @see OpenID Connect Discovery 1.0 section 4
 */
export function createOidcProvider(options: OidcOptions): ProviderProfile {
  const issuer = parseEndpoint(options.issuer, 'issuer')
  const { rotation = strictRotation } = options
  let known: { readonly server: oauth.AuthorizationServer; readonly at: number } | undefined
  let pending: Promise<Result<oauth.AuthorizationServer, TokenFailure>> | undefined

  const learn = async (
    transport: Transport,
  ): Promise<Result<oauth.AuthorizationServer, TokenFailure>> => {
    const found = await discover(issuer, transport)
    if (found.ok) known = { server: found.value, at: transport.clock.monotonic() }
    return found.ok || known === undefined ? found : ok(known.server)
  }

  return {
    type: 'oidc',
    tenant: '',
    host: issuer.host,
    rotation: rotation.model,
    rotationGraceMs: rotation.graceMs,
    server: (transport) => {
      if (known !== undefined && transport.clock.monotonic() - known.at < rediscoverAfterMs) {
        return Promise.resolve(ok(known.server))
      }
      pending ??= learn(transport).finally(() => {
        pending = undefined
      })
      return pending
    },
    tokenParameters: resourceParameters,
    issuerOf: (server) => server.issuer,
    expectsClaimsChallenges: () => false,
    resolveTenantId: async () => ok(''),
  }
}

async function discover(
  issuer: URL,
  transport: Transport,
): Promise<Result<oauth.AuthorizationServer, TokenFailure>> {
  const outcome = await underDeadline(transport, issuer, async (send, signal) =>
    readAnswer(
      await oauth.discoveryRequest(issuer, {
        signal,
        [oauth.allowInsecureRequests]: isLoopback(issuer),
        [oauth.customFetch]: (address, { body: _none, ...options }) => send(address, options),
      }),
      signal,
    ),
  )
  if ('failed' in outcome) return err(outcome.failed)
  return readMetadata(issuer, outcome.done, transport)
}

async function readMetadata(
  issuer: URL,
  answer: WireAnswer,
  transport: Transport,
): Promise<Result<oauth.AuthorizationServer, TokenFailure>> {
  if (answer.status === 404) {
    return misconfigured(issuer, 'publishes no discovery document for this issuer (404)')
  }
  if (answer.status !== 200) {
    return err(classifyFailure(answer, { url: issuer, now: transport.clock.now(), secrets: [] }))
  }
  const { json } = answer
  if (json === undefined) {
    return err(
      tokenFailure(
        'invalid_answer',
        `${issuer.host} answered 200 with ${describeBody(answer)} instead of a discovery document`,
        { effect: 'none' },
      ),
    )
  }
  if (typeof json['issuer'] !== 'string' || !URL.canParse(json['issuer'])) {
    return misconfigured(issuer, 'published metadata without a readable "issuer"')
  }
  if (new URL(json['issuer']).href !== issuer.href) {
    return misconfigured(
      issuer,
      `calls itself "${json['issuer'].slice(0, 200)}", not "${issuer.href}"`,
    )
  }
  const endpoint = json['token_endpoint']
  if (typeof endpoint !== 'string' || !URL.canParse(endpoint)) {
    return misconfigured(issuer, 'published metadata without a readable "token_endpoint"')
  }
  const url = new URL(endpoint)
  if (url.protocol !== 'https:' && !(isLoopback(url) && isLoopback(issuer))) {
    return misconfigured(issuer, 'published a "token_endpoint" that is not https')
  }
  return ok(json as oauth.JsonObject as unknown as oauth.AuthorizationServer)
}

function misconfigured(
  issuer: URL,
  detail: string,
): { readonly ok: false; readonly error: TokenFailure } {
  return err(tokenFailure('misconfigured', `${issuer.host} ${detail}`, { effect: 'none' }))
}
