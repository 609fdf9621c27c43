import type { IncomingMessage, ServerResponse } from 'node:http'
import { isGraphKind, kindOf, type Answer, type SimulatedRequest } from './answer.ts'
import { deliver } from './deliver.ts'
import { answerInstance, answerKeys, answerMetadata } from './entra-metadata.ts'
import { entraStatusError } from './entra-errors.ts'
import { answerToken } from './entra-token.ts'
import { answerOfFault } from './fault-answers.ts'
import { isPageEffect, type DueFault, type FaultEffect } from './faults.ts'
import { authorizeGraph } from './graph-authorize.ts'
import { graphError, graphStatusError } from './graph-errors.ts'
import { answerGroup, answerGroups, answerMembers, groupUnitsOf } from './graph-groups.ts'
import { answerCount, answerUser, answerUsers, graphThrottled } from './graph-users.ts'
import { throttleKeyOf } from './graph-users.ts'
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
  const request = await readRequest(world, incoming, options.origin)
  count(world, request)
  const signal = signalOf(world, response)
  if (isRefusedByOutage(world)) return reset(world, request, response)
  const fault = world.faults.due(request)
  const { answer, effect } = decide(world, request, fault)
  if (answer === 'reset') return reset(world, request, response)
  const hangMs = effect?.kind === 'hang' ? (effect.ms ?? Infinity) : 0
  const waitMs = world.draw(world.settings.latencyMs) + hangMs
  const spentMs = world.clock.monotonic() - startedAt
  if (waitMs > spentMs) await world.clock.sleep(Math.min(waitMs - spentMs, longestWait), { signal })
  const acceptsGzip = options.gzip && /\bgzip\b/i.test(String(incoming.headers['accept-encoding']))
  const { clock } = world
  const bytes = await deliver(response, answer, { clock, signal, acceptsGzip, effect })
  record(world, request, answer, bytes)
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
  return {
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
    if (answer.rows !== undefined) happen(world, fault)
    return { answer, effect: undefined }
  }
  happen(world, fault)
  if (effect.kind === 'reset') return { answer: 'reset', effect: undefined }
  if (effect.kind === 'status' && effect.penalty === true) {
    penalize(world, request, effect.retryAfter)
  }
  const replaced = answerOfFault(request, effect)
  return { answer: replaced ?? answerRightly(world, request, undefined), effect }
}

function answerRightly(
  world: World,
  request: SimulatedRequest,
  effect: FaultEffect | undefined,
): Answer {
  if (isGraphKind(request.kind, request.path)) return answerGraph(world, request, effect)
  if (request.kind === 'metadata') return answerMetadata(world, request)
  if (request.kind === 'keys') return answerKeys(world, request)
  if (request.kind === 'instance') return answerInstance(world, request)
  if (request.kind === 'token') return answerToken(world, request)
  return { status: 404, headers: { 'Content-Type': 'text/plain' }, body: 'Not found' }
}

function answerGraph(
  world: World,
  request: SimulatedRequest,
  effect: FaultEffect | undefined,
): Answer {
  const caller = authorizeGraph(world, request)
  if (!caller.ok) return caller.error
  if (request.method !== 'GET') {
    const message = `The simulator serves GET only, but saw ${request.method}.`
    return graphError(request, 405, 'MethodNotAllowed', message)
  }
  const key = throttleKeyOf(caller.value)
  const charge = world.throttle.charge(key, groupUnitsOf(request), request.receivedAt)
  if (charge.isThrottled) {
    world.counters.throttled++
    return graphThrottled(request, caller.value, charge)
  }
  if (request.kind === 'users') return answerUsers(world, request, caller.value, effect)
  if (request.kind === 'count') return answerCount(world, request, caller.value)
  if (request.kind === 'user') return answerUser(request, caller.value)
  if (request.kind === 'groups') return answerGroups(world, request, caller.value, effect)
  if (request.kind === 'group') return answerGroup(request, caller.value)
  if (request.kind === 'members') return answerMembers(world, request, caller.value, effect)
  const segment = request.path.split('/')[2] ?? ''
  const message = `Resource not found for the segment '${segment}'.`
  return graphError(request, 400, 'BadRequest', message)
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
    : entraStatusError(request, status)
}

function isRefusedByOutage(world: World): boolean {
  const { outage } = world
  return outage?.style === 'refused' && outage.until > world.now()
}

function happen(world: World, fault: DueFault): void {
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
