import type { TokenClaims } from './access-tokens.ts'
import { headerOf, type Answer, type SimulatedRequest } from './answer.ts'
import type { ApiAnswer } from './api-answer.ts'
import { answerArm } from './arm.ts'
import { challengeClaims, checkBearer, unusualRejection, type BearerFault } from './bearer-check.ts'
import { answerPartner } from './partner-center.ts'
import type { World } from './world.ts'

/** A small API that does little more than judge tokens. */
interface GuardedApi {
  readonly audiences: readonly string[]
  readonly name: 'arm' | 'partner' | 'vault'
  challenge(authority: string, fault: BearerFault): string
  /** The body of a refusal. */
  refusal(message: string): unknown
  answer(world: World, request: SimulatedRequest, claims: TokenClaims): Answer
}

/** Answers `/arm/…`, `/partner/…` and `/keyvault/…`. */
export function answerGuarded(world: World, request: SimulatedRequest): Answer {
  const api = apis[request.kind === 'secret' ? 'vault' : request.kind === 'arm' ? 'arm' : 'partner']
  const headers = headersOf(request, api.name)
  const checked = checkBearer(world, request, (audience) => api.audiences.includes(audience))
  if (checked.ok) return api.answer(world, request, checked.value)
  const unusual = unusualRejection(world, api.name, checked.error, headers)
  if (unusual !== undefined) return unusual
  const authority = `${request.origin}/${world.tenants[0]?.id}`
  const challenge = api.challenge(authority, checked.error)
  const body = JSON.stringify(api.refusal(messages[checked.error.kind]))
  return { status: 401, headers: { ...headers, 'WWW-Authenticate': challenge }, body }
}

const messages: Readonly<Record<BearerFault['kind'], string>> = {
  absent: 'Authentication failed. The Authorization header is missing.',
  malformed: 'The access token is invalid.',
  bad_signature: 'The access token is invalid.',
  wrong_audience: 'The access token has been obtained for the wrong audience.',
  expired: 'The access token expiry is earlier than current time.',
  not_yet_valid: 'The access token is not yet valid.',
  revoked: 'The access token has been revoked.',
  challenged: 'Continuous access evaluation resulted in challenge.',
}

const apis: Readonly<Record<'arm' | 'partner' | 'vault', GuardedApi>> = {
  arm: {
    name: 'arm',
    audiences: ['https://management.azure.com', 'https://management.core.windows.net'],
    challenge: (authority, fault) =>
      bearer(authority, fault, [
        ['error', 'invalid_token'],
        ['error_description', messages[fault.kind]],
      ]),
    refusal: (message) => ({ error: { code: codeOf(message), message } }),
    answer: (world, request, claims) => answerOf(request, 'arm', answerArm(world, request, claims)),
  },
  partner: {
    name: 'partner',
    audiences: ['https://api.partnercenter.microsoft.com'],
    challenge: (authority, fault) => bearer(authority, fault, [['error', 'invalid_token']]),
    refusal: (description) => ({ code: 900420, description, data: [], source: 'PartnerFD' }),
    answer: (world, request, claims) =>
      answerOf(request, 'partner', answerPartner(world, request, claims)),
  },
  vault: {
    name: 'vault',
    audiences: ['https://vault.azure.net'],
    challenge: (authority, fault) =>
      bearer(authority, fault, [['resource', 'https://vault.azure.net']]),
    refusal: (message) => ({ error: { code: 'Unauthorized', message: `AKV10000: ${message}` } }),
    answer: answerVault,
  },
}

function codeOf(message: string): string {
  return message === messages.expired ? 'ExpiredAuthenticationToken' : 'InvalidAuthenticationToken'
}

function bearer(
  authority: string,
  fault: BearerFault,
  parameters: readonly (readonly [name: string, value: string])[],
): string {
  const all: (readonly [string, string])[] = [
    ['authorization', authority],
    ...parameters.filter(([name]) => fault.kind !== 'challenged' || name === 'resource'),
    ...(fault.kind === 'challenged'
      ? ([
          ['error', 'insufficient_claims'],
          ['claims', challengeClaims(fault.notBefore)],
        ] as const)
      : []),
  ]
  return `Bearer ${all.map(([name, value]) => `${name}="${value}"`).join(', ')}`
}

/** `GET /keyvault/secrets/{name}[/{version}]?api-version=…` */
function answerVault(world: World, request: SimulatedRequest): Answer {
  const [, , collection, name = '', version] = request.path.split('/')
  if (collection !== 'secrets' || name === '' || request.method !== 'GET') {
    return json(request, 404, { error: { code: 'NotFound', message: 'Not found.' } })
  }
  const { vaultSecrets } = world
  const isKnown = vaultSecrets === undefined || Object.hasOwn(vaultSecrets, name)
  if (!isKnown) {
    const message = `A secret with (name/id) ${name} was not found in this key vault.`
    return json(request, 404, { error: { code: 'SecretNotFound', message } })
  }
  const created = 1_700_000_000
  return json(request, 200, {
    value: vaultSecrets?.[name] ?? `value of ${name}`,
    // Without the prefix: clients read an id as /secrets/{name}/{version}.
    id: `${request.origin}/secrets/${name}/${version || '5b0a2f1c9d7e4f5f8a3b6c1d2e3f4a5b'}`,
    attributes: { enabled: true, created, updated: created, recoveryLevel: 'Recoverable' },
  })
}

function headersOf(request: SimulatedRequest, name: GuardedApi['name']): Record<string, string> {
  const correlation = headerOf(request, 'ms-correlationid') ?? request.requestId
  return {
    'Cache-Control': 'no-cache',
    'Content-Type': 'application/json; charset=utf-8',
    'x-ms-request-id': request.requestId,
    ...(name === 'arm' ? { 'x-ms-correlation-request-id': request.requestId } : {}),
    ...(name === 'partner'
      ? {
          'MS-RequestId': headerOf(request, 'ms-requestid') ?? request.requestId,
          'MS-CorrelationId': correlation,
        }
      : {}),
  }
}

function answerOf(
  request: SimulatedRequest,
  name: GuardedApi['name'],
  { status, body, headers = {} }: ApiAnswer,
): Answer {
  return {
    status,
    headers: { ...headersOf(request, name), ...headers },
    body: body === undefined ? '' : JSON.stringify(body),
  }
}

function json(request: SimulatedRequest, status: number, body: unknown): Answer {
  return answerOf(request, 'vault', { status, body })
}
