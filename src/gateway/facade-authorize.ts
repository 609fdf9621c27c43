import { EvergrantError } from '../kernel/index.ts'
import { approvalLifeMs } from './facade-desk.ts'
import { eventBase, issuerOf, type FacadeContext, type FacadeExchange } from './facade-context.ts'
import {
  grantScope,
  invalid,
  rawParameter,
  readParameters,
  shown,
  type Parameters,
} from './facade-parameters.ts'
import { livingClient } from './facade-living-client.ts'
import { hashOf, newFacadeSecret } from './facade-secrets.ts'
import type { FacadeClient } from './facade-store.ts'

/** How an authorization request ends for the browser. */
export type Authorization =
  /** To the client, with a code. */
  | { readonly kind: 'granted'; readonly location: string }
  /** To the client, with an error. */
  | { readonly kind: 'refused'; readonly location: string; readonly error: EvergrantError }
  /** Nowhere: client or redirect URI are not known, so that a page has to tell. */
  | { readonly kind: 'page'; readonly error: EvergrantError }

/** For how long a code is good (ms). */
export const codeLifeMs = 60_000
/** Most living codes of one client; nobody has proven anything when a code is made. */
const codesAtMost = 1_000

/**
 * Serves an authorization request: whoever registered the client has approved it, so it is answered
 * at once. Nothing is sent to an address that is not registered, byte by byte, for that client. RFC
 * 6749 section 4.1.1, RFC 7636, RFC 9207.
 *
 * @param query The query as it stands in the URL: `state` goes back as it came.
 */
export async function authorize(
  context: FacadeContext,
  exchange: FacadeExchange,
  query: string,
): Promise<Authorization> {
  const read = readParameters(query)
  const first = new URLSearchParams(query)
  const client = await findClient(context, exchange, first.getAll('client_id'))
  if (client instanceof EvergrantError) return { kind: 'page', error: client }
  exchange.client = client
  const redirectUri = chooseRedirectUri(client, first.getAll('redirect_uri'))
  if (redirectUri instanceof EvergrantError) return { kind: 'page', error: redirectUri }
  exchange.trace.step('client', { client: client.name, redirectUri })

  const answer = (parameters: readonly (readonly [string, string])[]): string => {
    const state = rawParameter(query, 'state')
    const fields = [
      ...parameters.map(([name, value]) => `${name}=${encodeURIComponent(value)}`),
      ...(state === undefined ? [] : [`state=${state}`]),
      `iss=${encodeURIComponent(issuerOf(context, exchange.connection))}`,
    ]
    return `${redirectUri}${redirectUri.includes('?') ? '&' : '?'}${fields.join('&')}`
  }
  const refuse = (error: EvergrantError): Authorization => ({
    kind: 'refused',
    error,
    location: answer([
      ['error', error.definition.oauthError ?? 'server_error'],
      ['error_description', asciiOf(error.detail)],
    ]),
  })

  if (!read.ok) return refuse(read.error)
  const wish = readWish(client, read.value, context.clock.now())
  if (wish instanceof EvergrantError) return refuse(wish)
  const code = newFacadeSecret('egd', context.random)
  const now = context.clock.now()
  const isKept = await context.store.addFacadeCode(
    {
      hash: hashOf(code.reveal()),
      clientId: client.id,
      redirectUri,
      namedRedirectUri: read.value.has('redirect_uri'),
      ...(wish.challenge === undefined ? {} : { challenge: wish.challenge }),
      scope: wish.scope,
      expiresAt: now + codeLifeMs,
    },
    codesAtMost,
    now,
  )
  if (!isKept) {
    const detail = `${codesAtMost} codes of this client are waiting to be used`
    return refuse(
      new EvergrantError('facade_codes_exhausted', detail, { retryAfterMs: codeLifeMs }),
    )
  }
  exchange.trace.step('code', { pkce: wish.challenge !== undefined, scope: wish.scope })
  context.emit({ type: 'facade.authorized', ...eventBase(context, exchange) })
  return { kind: 'granted', location: answer([['code', code.reveal()]]) }
}

async function findClient(
  { store }: FacadeContext,
  { connection }: FacadeExchange,
  ids: readonly string[],
): Promise<FacadeClient | EvergrantError> {
  const [id] = ids
  if (id === undefined || ids.length > 1) {
    return new EvergrantError('facade_client_unknown', 'expected "client_id" once in the request')
  }
  const client = await livingClient(store, id)
  if (client?.connection === connection) return client
  return new EvergrantError(
    'facade_client_unknown',
    `"client_id": "${shown(id)}" is no client of the connection "${shown(connection)}"`,
  )
}

function chooseRedirectUri(
  { redirectUris }: FacadeClient,
  named: readonly string[],
): string | EvergrantError {
  const [only, ...others] = redirectUris
  if (named.length === 0 && only !== undefined && others.length === 0) return only
  const [wanted = ''] = named
  if (named.length === 1 && redirectUris.includes(wanted)) return wanted
  return new EvergrantError(
    'facade_redirect_refused',
    named.length === 1
      ? `"redirect_uri": "${shown(wanted)}" is not registered`
      : 'expected "redirect_uri" once in the request',
  )
}

interface Wish {
  readonly scope: string
  readonly challenge?: string
}

function readWish(
  client: FacadeClient,
  parameters: Parameters,
  now: number,
): Wish | EvergrantError {
  const type = parameters.get('response_type')
  if (type !== 'code') {
    return new EvergrantError(
      'facade_response_type_unsupported',
      `expected "response_type" to be "code", but saw "${shown(type ?? '')}"`,
    )
  }
  const mode = parameters.get('response_mode') ?? 'query'
  if (mode !== 'query') {
    return invalid(`expected "response_mode" to be "query", but saw "${shown(mode)}"`)
  }
  const unread = ['request', 'request_uri'].find((name) => parameters.has(name))
  if (unread !== undefined) return invalid(`"${unread}" is not supported`)
  if (client.isPublic && (client.approvedAt ?? -Infinity) <= now - approvalLifeMs) {
    return new EvergrantError(
      'facade_not_approved',
      `"${client.name}" has no secret, and no operator approved an authorization of it in the last ten minutes`,
    )
  }
  const challenge = readChallenge(client, parameters)
  if (challenge instanceof EvergrantError) return challenge
  const scope = grantScope(parameters.get('scope'))
  if (!scope.ok) return scope.error
  return { scope: scope.value, ...(challenge === undefined ? {} : { challenge }) }
}

/** PKCE by S256 alone: `plain` protects nothing, and a missing method means `plain`. */
function readChallenge(
  { requiresPkce }: FacadeClient,
  parameters: Parameters,
): string | undefined | EvergrantError {
  const challenge = parameters.get('code_challenge')
  const method = parameters.get('code_challenge_method')
  if (challenge === undefined) {
    if (requiresPkce) return invalid('expected "code_challenge": this client has to use PKCE')
    if (method === undefined) return undefined
    return invalid('expected "code_challenge" with "code_challenge_method"')
  }
  if (method !== 'S256') {
    return invalid(
      `expected "code_challenge_method" to be "S256", but saw "${shown(method ?? 'none, which means plain')}"`,
    )
  }
  if (!/^[\w-]{43}$/.test(challenge)) {
    return invalid('expected "code_challenge" as 43 characters of base64url')
  }
  return challenge
}

/** Text as RFC 6749 allows in `error_description`: printable ASCII without quotes and backslash. */
export function asciiOf(text: string): string {
  return text
    .replaceAll(/["\u2018\u2019\u201c\u201d]/g, "'")
    .replaceAll(/[^\u0020-\u007e]/g, '?')
    .replaceAll('\\', '/')
}
