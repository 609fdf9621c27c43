import type { EntraRefusal } from './entra-refusal.ts'
import { refusalText7000215 } from './client-refusals.ts'
import { headerOf, type Answer, type SimulatedRequest } from './answer.ts'

/** The headers every Entra answer carries. */
export function entraHeaders(request: SimulatedRequest): Record<string, string> {
  const correlation = headerOf(request, 'client-request-id')
  return {
    'Cache-Control': 'no-store, no-cache',
    Pragma: 'no-cache',
    'Content-Type': 'application/json; charset=utf-8',
    'X-Content-Type-Options': 'nosniff',
    'x-ms-request-id': request.requestId,
    'x-ms-ests-server': '2.1.0 - simulated',
    ...(correlation !== undefined && /^[\x21-\x7e]{1,128}$/.test(correlation)
      ? { 'client-request-id': correlation }
      : {}),
  }
}

/**
 * Entra's error body: description with its trailer, numbers, ids and the page about the error.
 * Notes the refusal in the log of token requests.
 */
export function entraError(request: SimulatedRequest, refusal: EntraRefusal): Answer {
  noteRefusal(request, refusal.error, refusal.code)
  const timestamp = `${new Date(request.receivedAt).toISOString().slice(0, 19).replace('T', ' ')}Z`
  const trace = request.requestId
  const correlation = headerOf(request, 'client-request-id') ?? trace
  const trailer = `Trace ID: ${trace} Correlation ID: ${correlation} Timestamp: ${timestamp}`
  const body = {
    error: refusal.error,
    error_description: `AADSTS${refusal.code}: ${refusal.message} ${trailer}`,
    error_codes: [refusal.code],
    timestamp,
    trace_id: trace,
    correlation_id: correlation,
    error_uri: `${request.origin}/error?code=${refusal.code}`,
    ...(refusal.suberror === undefined ? {} : { suberror: refusal.suberror }),
    ...(refusal.claims === undefined ? {} : { claims: refusal.claims }),
  }
  return { status: refusal.status, headers: entraHeaders(request), body: JSON.stringify(body) }
}

/** Writes into the log of token requests that this one was refused. */
export function noteRefusal(request: SimulatedRequest, error: string, code?: number): void {
  const record = request.tokenRequest
  if (record === undefined) return
  record.error = error
  record.code = code
}

/** What the token endpoint says under a bare status. */
export function entraStatusError(request: SimulatedRequest, status: number): Answer {
  if (status === 429) return entraThrottled(request)
  const [error, code, message] = statusShapes[status] ?? [
    'temporarily_unavailable',
    90033,
    'A transient error has occurred. Please try again.',
  ]
  return entraError(request, { status, error, code, message })
}

/** The throttled answer of the token endpoint: plain text, as observed. */
export function entraThrottled(request: SimulatedRequest): Answer {
  const headers = { ...entraHeaders(request), 'Content-Type': 'text/plain' }
  return { status: 429, headers, body: 'Too Many Requests' }
}

const statusShapes: Readonly<Record<number, readonly [error: string, code: number, text: string]>> =
  {
    400: ['invalid_request', 9002313, 'Invalid request. Request is malformed or invalid.'],
    401: ['invalid_client', 7000215, refusalText7000215('the application')],
    500: [
      'server_error',
      50000,
      'There was an error issuing a token or an issue with our sign-in service.',
    ],
    504: ['temporarily_unavailable', 90033, 'A transient error has occurred. Please try again.'],
  }
