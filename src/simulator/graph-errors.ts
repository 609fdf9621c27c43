import { headerOf, type Answer, type SimulatedRequest } from './answer.ts'

const diagnostics = JSON.stringify({
  ServerInfo: {
    DataCenter: 'Simulated',
    Slice: 'E',
    Ring: '0',
    ScaleUnit: '000',
    RoleInstance: 'SIM000000',
  },
})

/** The headers every Graph answer carries. */
export function graphHeaders(request: SimulatedRequest): Record<string, string> {
  return {
    'Cache-Control': 'no-cache',
    'Strict-Transport-Security': 'max-age=31536000',
    'request-id': request.requestId,
    'client-request-id': clientRequestIdOf(request),
    'x-ms-ags-diagnostic': diagnostics,
    Vary: 'Accept-Encoding',
    'X-Cache': 'CONFIG_NOCACHE',
  }
}

/** Graph's error body with its headers. */
export function graphError(
  request: SimulatedRequest,
  status: number,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  const innerError = {
    date: new Date(request.receivedAt).toISOString().slice(0, 19),
    'request-id': request.requestId,
    'client-request-id': clientRequestIdOf(request),
  }
  return {
    status,
    headers: { ...graphHeaders(request), 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify({ error: { code, message, innerError } }),
  }
}

/** The 404 for an object that is not there, or no more. */
export function graphNotFound(request: SimulatedRequest, name: string): Answer {
  const message = `Resource '${name}' does not exist or one of its queried reference-property objects are not present.`
  return graphError(request, 404, 'Request_ResourceNotFound', message)
}

/** What Graph says under a bare status: the shapes of its gateways when a backend fails. */
export function graphStatusError(request: SimulatedRequest, status: number): Answer {
  const [code, message] = statusShapes[status] ?? ['UnknownError', '']
  return graphError(request, status, code, message)
}

const statusShapes: Readonly<Record<number, readonly [code: string, message: string]>> = {
  400: ['Request_BadRequest', 'Invalid request.'],
  401: ['InvalidAuthenticationToken', 'Lifetime validation failed, the token is expired.'],
  403: ['Authorization_RequestDenied', 'Insufficient privileges to complete the operation.'],
  404: ['Request_ResourceNotFound', 'Resource not found.'],
  410: ['resyncRequired', 'Resync required.'],
  429: [
    'TooManyRequests',
    'Too many requests from Identifier:simulated under category:aadgraph.app.tenant_large. Please try again later.',
  ],
  500: ['InternalServerError', 'Internal server error'],
  502: ['BadGateway', 'Bad gateway.'],
  503: ['Service_Unavailable', 'The service is temporarily unavailable.'],
  504: ['UnknownError', ''],
}

/** The 401 of Graph, its challenge header included; `parameters` extend the challenge. */
export function graphUnauthorized(
  request: SimulatedRequest,
  message: string,
  options: { readonly code?: string; readonly parameters?: readonly string[] } = {},
): Answer {
  const challenge = [
    'Bearer realm=""',
    'authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize"',
    'client_id="00000003-0000-0000-c000-000000000000"',
    ...(options.parameters ?? []),
  ].join(', ')
  const code = options.code ?? 'InvalidAuthenticationToken'
  return graphError(request, 401, code, message, { 'WWW-Authenticate': challenge })
}

function clientRequestIdOf(request: SimulatedRequest): string {
  const sent = headerOf(request, 'client-request-id')
  return sent !== undefined && /^[\x21-\x7e]{1,128}$/.test(sent) ? sent : request.requestId
}
