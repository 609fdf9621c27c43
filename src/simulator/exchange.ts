import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  isGraphKind,
  kindOf,
  type Answer,
  type RequestKind,
  type SimulatedRequest,
} from './answer.ts'
import { answerAuthorize } from './authorize.ts'
import { deliver } from './deliver.ts'
import { answerInstance, answerKeys, answerMetadata } from './entra-metadata.ts'
import { answerToken } from './entra-token.ts'
import { answerOfFault } from './fault-answers.ts'
import { isPageEffect, type DueFault, type FaultEffect } from './faults.ts'
import { authorizeGraph } from './graph-authorize.ts'
import { answerGraph } from './graph-dispatch.ts'
import { graphStatusError } from './graph-errors.ts'
import { throttleKeyOf } from './graph-users.ts'
import { answerGuarded } from './guarded-apis.ts'
import { isOidc, statusRefusal } from './oauth-errors.ts'
import { answerOidc } from './oidc.ts'
import { readBody } from './read-body.ts'
import type { World } from './world.ts'

/** Answers one request of a client: accident or not, latency, the answer itself. */
export async function answerExchange(
  world: World,
  incoming: IncomingMessage,
  response: ServerResponse,
  options: { readonly origin: string; readonly gzip: boolean },
): Promise<void> {
  const startedAt = world.clock.monotonic()
  const arrived = await readRequest(world, incoming, options.origin)
  count(world, arrived)
  const signal = signalOf(world, response)
  if (isRefusedByOutage(world)) return reset(world, arrived, response)
  const fault = world.faults.due(arrived)
  const isHeldUp = fault !== undefined && isPause(fault) && fault.when === 'before'
  if (isHeldUp) await pause(world, arrived, fault, signal)
  // What is processed late is judged by the time of then.
  const request = isHeldUp ? { ...arrived, receivedAt: world.now() } : arrived
  const { answer, effect } = decide(world, request, fault)
  if (answer === 'reset') return reset(world, request, response)
  if (fault !== undefined && isPause(fault) && fault.when === 'after') {
    await pause(world, request, fault, signal)
  }
  const waitMs = Math.max(world.draw(world.settings.latencyMs), answer.latencyMs ?? 0)
  const spentMs = world.clock.monotonic() - startedAt
  if (waitMs > spentMs) await world.clock.sleep(waitMs - spentMs, { signal })
  // Clients measure instants of an answer by its date: it goes by the clock that made them.
  if (world.clockOffsetMs !== 0) response.setHeader('Date', new Date(world.now()).toUTCString())
  const acceptsGzip = options.gzip && /\bgzip\b/i.test(String(incoming.headers['accept-encoding']))
  const { clock } = world
  const bytes = await deliver(response, answer, { clock, signal, acceptsGzip, effect })
  record(world, request, answer, bytes)
}

function isPause({ effect }: DueFault): boolean {
  return effect.kind === 'hang' || effect.kind === 'hold'
}

/**
 * Waits as a `hang` or `hold` wants it. A server does not notice that its client has left: only
 * silence without an end does, since nothing else would end it.
 */
async function pause(
  world: World,
  request: SimulatedRequest,
  fault: DueFault,
  signal: AbortSignal,
): Promise<void> {
  const { effect } = fault
  // A signal of its own: one that outlives all requests would gather listeners.
  const closing = AbortSignal.any([world.closing.signal])
  const gate = effect.kind === 'hold' ? fault.gate() : undefined
  happen(world, request, fault)
  if (effect.kind === 'hang' && effect.ms === undefined) {
    await world.clock.sleep(longestWait, { signal })
  } else if (effect.kind === 'hang') {
    await world.clock.sleep(effect.ms ?? 0, { signal: closing })
  } else {
    await Promise.race([gate, rejection(closing)])
  }
}

function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason as Error)
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
}

/** A day: longer than any client waits. */
const longestWait = 86_400_000

async function readRequest(
  world: World,
  incoming: IncomingMessage,
  origin: string,
): Promise<SimulatedRequest> {
  const url = incoming.url ?? '/'
  const mark = url.indexOf('?')
  const path = decodedPath(mark < 0 ? url : url.slice(0, mark))
  const read = {
    method: incoming.method ?? 'GET',
    kind: kindOf(path),
    origin,
    url,
    path,
    query: new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1)),
    headers: incoming.headers,
    body: incoming.method === 'POST' ? await readBody(incoming) : '',
    requestId: world.newRequestId(),
    receivedAt: world.now(),
  }
  return read.kind === 'token' ? { ...read, tokenRequest: world.tokenLog.open(read) } : read
}

function decodedPath(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

/** What to answer, and which accident of the wire befalls it. A fault counts once it happens. */
function decide(
  world: World,
  request: SimulatedRequest,
  fault: DueFault | undefined,
): { readonly answer: Answer | 'reset'; readonly effect: FaultEffect | undefined } {
  if (world.outage !== undefined && world.outage.until > request.receivedAt) {
    return { answer: statusError(request, 503), effect: undefined }
  }
  if (fault === undefined)
    return { answer: answerRightly(world, request, undefined), effect: undefined }
  const { effect } = fault
  if (isPageEffect(effect)) {
    const answer = answerRightly(world, request, effect)
    // A refusal is no place for it: it waits for the next page.
    if (answer.rows !== undefined) happen(world, request, fault)
    return { answer, effect: undefined }
  }
  if (isPause(fault)) return { answer: answerRightly(world, request, undefined), effect: undefined }
  const right = fault.when === 'after' ? answerRightly(world, request, undefined) : undefined
  happen(world, request, fault)
  if (effect.kind === 'reset') return { answer: 'reset', effect: undefined }
  if (effect.kind === 'status' && effect.penalty === true) {
    penalize(world, request, effect.retryAfter)
  }
  const replaced = answerOfFault(world, request, effect)
  return { answer: replaced ?? right ?? answerRightly(world, request, undefined), effect }
}

/** Processes the request, with all that follows from it, and returns the right answer. */
function answerRightly(
  world: World,
  request: SimulatedRequest,
  effect: FaultEffect | undefined,
): Answer {
  if (isGraphKind(request.kind, request.path)) return answerGraph(world, request, effect)
  if (request.kind === 'token') return answerAnyToken(world, request)
  if (/^\/(oidc|\.well-known\/oauth-authorization-server)\//.test(request.path)) {
    return answerOidc(world, request)
  }
  if (request.kind === 'metadata') return answerMetadata(world, request)
  if (request.kind === 'keys') return answerKeys(world, request)
  if (request.kind === 'instance') return answerInstance(world, request)
  if (request.kind === 'authorize' || request.kind === 'adminConsent') {
    return answerAuthorize(world, request)
  }
  if (guardedKinds.has(request.kind)) return answerGuarded(world, request)
  return { status: 404, headers: { 'Content-Type': 'text/plain' }, body: 'Not found' }
}

const guardedKinds: ReadonlySet<RequestKind> = new Set(['arm', 'partner', 'secret'])

function answerAnyToken(world: World, request: SimulatedRequest): Answer {
  const { counters } = world
  counters.tokenRequests++
  const grant = request.tokenRequest?.grantType ?? 'none'
  counters.tokenRequestsByGrant[grant] = (counters.tokenRequestsByGrant[grant] ?? 0) + 1
  const answer = isOidc(request) ? answerOidc(world, request) : answerToken(world, request)
  const { tokenRequest } = request
  if (tokenRequest !== undefined) {
    tokenRequest.outcome = answer.status === 200 ? 'issued' : 'refused'
  }
  return answer
}

function penalize(
  world: World,
  request: SimulatedRequest,
  retryAfter: number | string | undefined,
): void {
  const caller = isGraphKind(request.kind, request.path)
    ? authorizeGraph(world, request)
    : undefined
  if (caller?.ok !== true) return
  world.throttle.penalize(throttleKeyOf(caller.value), Number(retryAfter ?? 10), request.receivedAt)
}

function statusError(request: SimulatedRequest, status: number): Answer {
  return isGraphKind(request.kind, request.path)
    ? graphStatusError(request, status)
    : statusRefusal(request, status)
}

function isRefusedByOutage(world: World): boolean {
  const { outage } = world
  return outage?.style === 'refused' && outage.until > world.now()
}

function happen(world: World, request: SimulatedRequest, fault: DueFault): void {
  if (request.tokenRequest !== undefined) request.tokenRequest.fault = fault.effect.kind
  fault.apply()
  world.counters.faultsApplied++
  const { kind } = fault.effect
  world.events.emit({ type: 'simulator.fault_applied', at: world.now(), id: fault.id, fault: kind })
}

function signalOf(world: World, response: ServerResponse): AbortSignal {
  const hungUp = new AbortController()
  response.once('close', () => hungUp.abort(new Error('the client hung up')))
  return AbortSignal.any([hungUp.signal, world.closing.signal])
}

function reset(world: World, request: SimulatedRequest, response: ServerResponse): void {
  const { requestsByStatus } = world.counters
  requestsByStatus['reset'] = (requestsByStatus['reset'] ?? 0) + 1
  if (request.tokenRequest !== undefined) request.tokenRequest.answer = 'reset'
  response.socket?.resetAndDestroy()
  const { kind } = request
  world.events.emit({ type: 'simulator.request_answered', at: world.now(), kind, status: 0 })
}

function count(world: World, request: SimulatedRequest): void {
  const { counters } = world
  counters.requests++
  counters.requestsByKind[request.kind] = (counters.requestsByKind[request.kind] ?? 0) + 1
}

function record(world: World, request: SimulatedRequest, answer: Answer, bytes: number): void {
  const { counters } = world
  const { status, rows } = answer
  if (request.tokenRequest !== undefined) request.tokenRequest.answer = status
  counters.requestsByStatus[status] = (counters.requestsByStatus[status] ?? 0) + 1
  counters.bytesSent += bytes
  if (rows !== undefined) {
    counters.pagesServed++
    counters.rowsServed += rows
  }
  world.events.emit({
    type: 'simulator.request_answered',
    at: world.now(),
    kind: request.kind,
    status,
    ...(rows === undefined ? {} : { rows }),
  })
}
