import { ServerResponse, type IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Dispatcher } from 'undici'
import type { Authenticated } from '../access/index.ts'
import type { Rejection, TokenGrant } from '../grants/index.ts'
import {
  EvergrantError,
  isEvergrantError,
  type AccessToken,
  type Clock,
  type Result,
} from '../kernel/index.ts'
import { admitCall, type AdmissionContext, type AdmittedCall } from './admit-call.ts'
import { answerProblem } from './answer-problem.ts'
import type { CallTrace } from './call-trace.ts'
import type { Deadlines, Watched } from './deadlines.ts'
import { describeFailure } from './describe-failure.ts'
import { answerHeadersToPass, requestHeaders, type IncomingHeaders } from './forward-headers.ts'
import { parseTarget, type ProxyTarget } from './parse-target.ts'
import { tokenUnavailable } from './token-unavailable.ts'
import type { CallPlan } from './upstream-plan.ts'

/** What upgraded calls share. */
export interface UpgradeContext extends AdmissionContext {
  readonly clock: Clock
  readonly deadlines: Deadlines
  readonly onOver: (call: UpgradedCall) => void
}

/** How long an upgraded connection’s token may be waited for (ms). */
const tokenWaitMs = 60_000
/** How long a caller may take to close its side, once it was answered otherwise (ms). */
const lingerMs = 2_000

/**
 * One connection that changes its protocol (WebSocket), on its way through the gateway. The token
 * goes with the request; after the API’s 101 the bytes of both sides pass as they come, for as long
 * as both sides stay: an open connection has no deadline of its own. An API that answers 401 is
 * asked once more with a newer token; any other answer than 101 is passed on, and the connection
 * ended.
 */
export class UpgradedCall implements Dispatcher.DispatchHandler, Watched {
  deadlineAt = 0
  watchPlace = -1
  /** Among the calls of the gateway. */
  place = -1
  readonly #context: UpgradeContext
  readonly #request: IncomingMessage
  readonly #socket: Duplex
  readonly #head: Buffer
  readonly #trace: CallTrace
  #target: ProxyTarget | undefined
  #plan: CallPlan | undefined
  #admitted: AdmittedCall | undefined
  #token: AccessToken | undefined
  #controller: Dispatcher.DispatchController | undefined
  #response: ServerResponse | undefined
  #upstream: Duplex | undefined
  #isOver = false
  /** The exchange whose token was refused, and whether another one followed it. */
  #refusedController: Dispatcher.DispatchController | undefined
  #isSentAgain = false

  constructor(
    context: UpgradeContext,
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    trace: CallTrace,
  ) {
    this.#context = context
    this.#request = request
    this.#socket = socket
    this.#head = head
    this.#trace = trace
    trace.method = request.method ?? ''
    socket.on('error', () => this.#end())
    socket.on('close', () => this.#end())
  }

  /** Begins; `refusal` ends it at once. */
  start(refusal?: EvergrantError): void {
    if (refusal !== undefined) return this.#refuse(refusal)
    const target = parseTarget(this.#request.url ?? '')
    if (target === undefined) {
      const words = 'its path or query can be read in more than one way'
      return this.#refuse(new EvergrantError('target_invalid', words))
    }
    this.#target = target
    this.#trace.path = target.path
    const known = this.#context.callers.authenticate(
      this.#request.headers,
      this.#request.rawHeaders,
    )
    if (!(known instanceof Promise)) return this.#accept(known)
    known.then(
      (later) => this.#accept(later),
      (fault: unknown) => this.#fault(fault),
    )
  }

  /** Ends it where it stands. */
  cut(error: EvergrantError): void {
    this.#trace.code = error.code
    this.#end()
  }

  #accept(known: Authenticated): void {
    if (this.#isOver) return
    if (!known.ok) return this.#refuse(known.error)
    const target = this.#target as ProxyTarget
    const admitted = admitCall(this.#context, known.value, target, this.#request, this.#trace)
    if ('error' in admitted) return this.#refuse(admitted.error)
    this.#plan = admitted.plan
    this.#admitted = admitted
    this.#context.deadlines.add(this)
    this.#waitFor(tokenWaitMs)
    const { handle } = admitted.plan
    handle.getToken().then(
      (granted) => this.#onToken(granted),
      (fault: unknown) => this.#fault(fault),
    )
  }

  #onToken(granted: Result<TokenGrant, EvergrantError>): void {
    if (this.#isOver) return
    if (granted.ok) this.#send(granted.value.token)
    else this.#refuse(tokenUnavailable(granted.error), 'failed')
  }

  #send(token: AccessToken): void {
    const { lane } = this.#plan as CallPlan
    const { path, query } = this.#target as ProxyTarget
    const { headers, rawHeaders } = this.#request
    const list = requestHeaders(rawHeaders, headers.connection, lane.headers.names)
    lane.headers.append(list, token)
    this.#token = token
    this.#controller = undefined
    this.#waitFor(lane.settings.timeouts.connectMs + lane.settings.timeouts.headersMs)
    this.#trace.step('sent', { upgrade: headers.upgrade ?? '' })
    const whole = lane.basePath + path
    const rest = lane.query === undefined ? query : lane.query(query, token)
    lane.pool.dispatcher.dispatch(
      {
        path: (whole === '' ? '/' : whole) + rest,
        method: this.#request.method ?? 'GET',
        headers: list,
        upgrade: headers.upgrade ?? 'websocket',
        headersTimeout: 0,
        bodyTimeout: 0,
      },
      this,
    )
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#isOver) controller.abort(new Error('the call was given up'))
  }

  onRequestUpgrade(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHeaders,
    upstream: Duplex,
  ): void {
    if (this.#isOver) return void upstream.destroy()
    this.#admitted?.pass.succeed()
    this.#context.deadlines.remove(this)
    this.#upstream = upstream
    this.#trace.step('answered', { status })
    this.#trace.status = status
    const socket = this.#socket
    const list = answerHeadersToPass(headers)
    list.push('connection', 'Upgrade', 'upgrade', String(headers['upgrade'] ?? ''))
    list.push('evergrant-trace', this.#trace.id, 'evergrant-request-id', this.#trace.requestId)
    let head = 'HTTP/1.1 101 Switching Protocols\r\n'
    for (let i = 0; i < list.length; i += 2) head += `${list[i]}: ${list[i + 1]}\r\n`
    socket.write(`${head}\r\n`, 'latin1')
    if (this.#head.length > 0) upstream.write(this.#head)
    upstream.on('error', () => this.#end())
    upstream.on('close', () => this.#end())
    socket.on('data', (piece: Buffer) => (this.#trace.requestBytes += piece.length))
    upstream.on('data', (piece: Buffer) => (this.#trace.responseBytes += piece.length))
    socket.pipe(upstream).pipe(socket)
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHeaders,
  ): void {
    if (this.#isOver || status < 200) return
    const { handle } = this.#plan as CallPlan
    this.#admitted?.pass.succeed()
    this.#trace.step('answered', { status })
    const token = this.#token as AccessToken
    if (status !== 401 || this.#refusedController !== undefined) {
      return this.#passHead(status, headers)
    }
    this.#refusedController = controller
    controller.pause()
    handle.reportRejection({ status, headers, token }).then(
      (rejection) => this.#onReported(rejection, controller, headers),
      (fault: unknown) => this.#fault(fault),
    )
  }

  #onReported(
    rejection: Rejection,
    controller: Dispatcher.DispatchController,
    headers: IncomingHeaders,
  ): void {
    if (this.#isOver) return
    if (!('token' in rejection)) {
      this.#passHead(401, headers)
      return controller.resume()
    }
    this.#trace.wasRenewed = true
    this.#trace.wasReplayed = true
    this.#trace.step('replayed', { rule: '401' })
    this.#isSentAgain = true
    controller.abort(new Error('sent again with a newer token'))
    this.#send(rejection.token)
  }

  #passHead(status: number, headers: IncomingHeaders): void {
    const response = this.#open()
    const list = answerHeadersToPass(headers)
    list.push('evergrant-trace', this.#trace.id, 'evergrant-request-id', this.#trace.requestId)
    response.writeHead(status, [...list, 'connection', 'close'])
    this.#trace.status = status
    this.#waitFor((this.#plan as CallPlan).lane.settings.timeouts.idleMs)
  }

  onResponseData(controller: Dispatcher.DispatchController, piece: Buffer): void {
    const response = this.#response
    if (response === undefined || this.#isStale(controller)) return
    this.#trace.responseBytes += piece.length
    if (response.write(piece)) return
    controller.pause()
    response.once('drain', () => controller.resume())
  }

  onResponseEnd(controller: Dispatcher.DispatchController): void {
    if (!this.#isStale(controller)) this.#response?.end()
  }

  onResponseError(controller: Dispatcher.DispatchController | null, cause: Error): void {
    if (this.#isOver || this.#isStale(controller)) return
    if (this.#response?.headersSent === true) return this.#end()
    const { lane } = this.#plan as CallPlan
    const { error, tells } = describeFailure(cause, lane.origin)
    if (tells === 'unreachable') this.#admitted?.pass.fail()
    this.#refuse(error, 'failed')
  }

  #isStale(controller: Dispatcher.DispatchController | null): boolean {
    return this.#isSentAgain && controller === this.#refusedController
  }

  expire(): void {
    if (this.#isOver) return
    this.#controller?.abort(new Error('the call was given up'))
    const words = 'the connection was not upgraded in time'
    this.#refuse(new EvergrantError('upstream_timeout', words), 'failed')
  }

  /** A response on the caller’s socket, which ends with it. */
  #open(): ServerResponse {
    const response = new ServerResponse(this.#request)
    this.#response = response
    response.assignSocket(this.#socket as Parameters<ServerResponse['assignSocket']>[0])
    response.on('finish', () => this.#linger())
    return response
  }

  /** The answer is out and the connection ends, also when the caller leaves its own side open. */
  #linger(): void {
    this.#socket.end()
    if (this.#isOver) return
    this.#waitFor(lingerMs)
    this.#context.deadlines.remove(this)
    this.#context.deadlines.add(this)
  }

  #refuse(error: EvergrantError, outcome: 'refused' | 'failed' = 'refused'): void {
    if (this.#isOver || this.#response?.headersSent === true) return this.#end()
    this.#trace.code = error.code
    this.#trace.outcome = outcome
    this.#trace.status = error.definition.status
    const { id, requestId } = this.#trace
    answerProblem(this.#open(), error, { traceId: id, requestId, endsConnection: true })
  }

  #fault(fault: unknown): void {
    const error = isEvergrantError(fault)
      ? fault
      : new EvergrantError('internal', 'the call met a fault', { cause: fault })
    this.#refuse(error, 'failed')
  }

  #end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#context.deadlines.remove(this)
    this.#socket.destroy()
    if (this.#upstream === undefined) this.#controller?.abort(new Error('the call was given up'))
    else this.#upstream.destroy()
    this.#admitted?.leave()
    const { outcome, status } = this.#trace
    this.#trace.end(status === 0 ? 'aborted' : outcome, status)
    this.#context.onOver(this)
  }

  #waitFor(milliseconds: number): void {
    this.deadlineAt = this.#context.clock.monotonic() + milliseconds
  }
}
