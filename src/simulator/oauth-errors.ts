import type { Answer, SimulatedRequest } from './answer.ts'
import { basicOf } from './token-form.ts'
import { entraError, entraStatusError, noteRefusal } from './entra-errors.ts'
import type { EntraRefusal } from './entra-refusal.ts'

/** Headers of every answer of an OpenID provider. */
export const oauthHeaders = {
  'Cache-Control': 'no-store',
  'Content-Type': 'application/json',
} as const

/** Tells whether a request is for an OpenID provider rather than for Entra. */
export function isOidc(request: SimulatedRequest): boolean {
  return request.path.startsWith('/oidc/')
}

/** A refusal in the words of whoever was asked: Entra’s, or RFC 6749’s bare ones. */
export function tokenRefusal(request: SimulatedRequest, refusal: EntraRefusal): Answer {
  return isOidc(request) ? oauthError(request, refusal) : entraError(request, refusal)
}

/** What a token endpoint says under a bare status. */
export function statusRefusal(request: SimulatedRequest, status: number): Answer {
  if (!isOidc(request) || status === 429) return entraStatusError(request, status)
  const error = status >= 500 ? 'server_error' : 'invalid_request'
  const body = JSON.stringify({ error, error_description: 'A simulated error.' })
  return { status, headers: oauthHeaders, body }
}

/**
 * A refusal as RFC 6749 section 5.2 has it: 401 for a client that is not accepted, 400 otherwise,
 * and only registered error codes.
 */
export function oauthError(request: SimulatedRequest, refusal: EntraRefusal): Answer {
  const error = registeredError(refusal)
  noteRefusal(request, error)
  const isClient = error === 'invalid_client'
  const challenge =
    isClient && basicOf(request) !== undefined
      ? { 'WWW-Authenticate': 'Basic realm="simulated"' }
      : {}
  return {
    status: isClient ? 401 : refusal.status >= 429 ? refusal.status : 400,
    headers: { ...oauthHeaders, ...challenge },
    body: JSON.stringify({ error, error_description: refusal.message }),
  }
}

function registeredError({ error, code }: EntraRefusal): string {
  if (code === 700016) return 'invalid_client'
  if (error === 'invalid_resource') return 'invalid_target'
  const isInteraction = ['interaction_required', 'consent_required', 'login_required'].includes(
    error,
  )
  return isInteraction ? 'invalid_grant' : error
}
