import { isGraphKind, type Answer, type SimulatedRequest } from './answer.ts'
import { redirectRefusal } from './authorize.ts'
import { entraHeaders } from './entra-errors.ts'
import type { FaultEffect } from './faults.ts'
import { graphError, graphHeaders, graphStatusError } from './graph-errors.ts'
import { refusalByCode } from './grant-refusals.ts'
import { statusRefusal, tokenRefusal } from './oauth-errors.ts'
import type { World } from './world.ts'

/** The answer a fault gives in place of the right one; undefined for faults of another nature. */
export function answerOfFault(
  world: World,
  request: SimulatedRequest,
  effect: FaultEffect,
): Answer | undefined {
  const isGraph = isGraphKind(request.kind, request.path)
  const headers = isGraph ? graphHeaders(request) : entraHeaders(request)
  if (effect.kind === 'status') return statusAnswer(request, effect, isGraph)
  if (effect.kind === 'html') return signInPage(effect.status ?? 200)
  if (effect.kind === 'garbage') {
    const body = Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x00, 0x5d, 0x5d, 0x3c, 0x2f])
    return { status: 200, headers: { ...headers, 'Content-Type': 'application/json' }, body }
  }
  if (effect.kind === 'text429') {
    const retryAfter = String(effect.retryAfter ?? 60)
    const throttled = { ...headers, 'Content-Type': 'text/plain', 'Retry-After': retryAfter }
    return { status: 429, headers: throttled, body: 'Too Many Requests' }
  }
  if (effect.kind === 'ok_with_error_body') {
    const message = 'Access token has expired or is not yet valid.'
    if (isGraph) return graphError(request, 200, 'InvalidAuthenticationToken', message)
    const error = { error: 'temporarily_unavailable', error_description: 'Try again later.' }
    const shaped = request.kind === 'token' ? error : { error: { code: 'TokenExpired', message } }
    return { status: 200, headers, body: JSON.stringify(shaped) }
  }
  if (effect.kind === 'aadsts') return refusalAnswer(world, request, effect)
  return undefined
}

function refusalAnswer(
  world: World,
  request: SimulatedRequest,
  effect: Extract<FaultEffect, { readonly kind: 'aadsts' }>,
): Answer {
  const refusal = refusalByCode(effect.code)
  const { kind: _, retryAfter, ...said } = effect
  const asked = { ...refusal, ...said }
  if (request.kind === 'authorize' || request.kind === 'adminConsent') {
    return redirectRefusal(world, request, asked)
  }
  const answer = tokenRefusal(request, asked)
  if (retryAfter === undefined) return answer
  return { ...answer, headers: { ...answer.headers, 'Retry-After': String(retryAfter) } }
}

function signInPage(status: number): Answer {
  return {
    status,
    headers: { 'Content-Type': 'text/html; charset=utf-8' },
    body: '<!DOCTYPE html><html><head><title>Sign in</title></head><body><h1>Please sign in to the network</h1></body></html>',
  }
}

function statusAnswer(
  request: SimulatedRequest,
  effect: Extract<FaultEffect, { readonly kind: 'status' }>,
  isGraph: boolean,
): Answer {
  const { status, retryAfter, body, code, message } = effect
  const usual = isGraph ? graphStatusError(request, status) : statusRefusal(request, status)
  const shaped =
    isGraph && code !== undefined ? graphError(request, status, code, message ?? '') : usual
  const throttling =
    isGraph && status === 429
      ? {
          'x-ms-throttle-scope': 'Tenant_Application/Read/simulated/simulated',
          'x-ms-throttle-information': 'ResourceUnitLimitExceeded',
        }
      : {}
  const headers = {
    ...shaped.headers,
    ...throttling,
    ...(retryAfter === undefined ? {} : { 'Retry-After': String(retryAfter) }),
  }
  if (body === undefined) return { ...shaped, headers }
  return typeof body === 'string'
    ? { status, headers: { ...headers, 'Content-Type': 'text/plain' }, body }
    : { status, headers, body: JSON.stringify(body) }
}
