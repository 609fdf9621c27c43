import { ServerResponse, validateHeaderValue, type IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Dispatcher } from 'undici'
import { requirePermit, type Authenticated } from '../access/index.ts'
import type { Rejection, TokenGrant } from '../grants/index.ts'
import {
  EvergrantError,
  isEvergrantError,
  maskOwnSecrets,
  type AccessToken,
  type Clock,
  type Result,
} from '../kernel/index.ts'
import { admitCall, type AdmissionContext, type AdmittedCall } from './admit-call.ts'
import type { AnswerHeaders } from './answer-headers.ts'
import { answerProblem } from './answer-problem.ts'
import type { CallTrace } from './call-trace.ts'
import { CallerSocket } from './caller-socket.ts'
import type { Deadlines, Watched } from './deadlines.ts'
import { describeFailure } from './describe-failure.ts'
import { describeHeaders } from './describe-headers.ts'
import { answerHeadersToPass, type IncomingHeaders } from './forward-headers.ts'
import { lastWordMs, lookUpMissed, lookUpMs, tokenMissed, tokenWaitMs } from './missed-deadline.ts'
import { parseTarget, type ProxyTarget } from './parse-target.ts'
import { requestToApi } from './request-to-api.ts'
import { tokenUnavailable } from './token-unavailable.ts'
import type { TraceOutcome } from './trace.ts'
import type { CallPlan } from './upstream-plan.ts'

/** What upgraded calls share. */
export interface UpgradeContext extends AdmissionContext {
  readonly clock: Clock
  readonly deadlines: Deadlines
  readonly onOver: (call: UpgradedCall) => void
}

/** How long a caller may take to close its side, once it was answered otherwise (ms). */
const lingerMs = 2_000
/** A connection lasts so long at least, though the caller’s token is at its end (ms). */
const leastMs = 1_000
/** Whether the caller may still be here is asked so often (ms): revoked or disabled, it ends. */
const askAgainMs = 15_000

type Wait = 'look_up' | 'token' | 'upgrade' | 'body' | 'last_word'

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
  readonly #caller: CallerSocket
  readonly #trace: CallTrace
  #target: ProxyTarget | undefined
  #plan: CallPlan | undefined
  #admitted: AdmittedCall | undefined
  #cancelExpiry: (() => void) | undefined
  #cancelAsking: (() => void) | undefined
  #token: AccessToken | undefined
  #controller: Dispatcher.DispatchController | undefined
  #response: ServerResponse | undefined
  #upstream: Duplex | undefined
  #waitingFor: Wait = 'look_up'
  #outcome: TraceOutcome = 'served'
  #isOver = false
  /** In the line for a connection to the API. */
  #isQueued = false
  /** The exchange whose token was refused, and whether another one followed it. */
  #refusedController: Dispatcher.DispatchController | undefined
  #isSentAgain = false
  /** What came of an answer while its token was reported. */
  readonly #early: Buffer[] = []
  #isEarlyEnd = false

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
    this.#caller = new CallerSocket(socket, head, () => {
      if (this.#response?.writableEnded !== true) this.#end()
    })
    this.#trace = trace
    trace.method = request.method ?? ''
    socket.on('error', () => this.#end())
    socket.on('close', () => this.#end())
  }

  /** Begins; `refusal` ends it at once. Never throws. */
  start(refusal?: EvergrantError): void {
    try {
      this.#begin(refusal)
    } catch (fault) {
      this.#fault(fault)
    }
  }

  #begin(refusal: EvergrantError | undefined): void {
    if (refusal !== undefined) return this.#refuse(refusal)
    const target = parseTarget(this.#request.url ?? '')
    if (target === undefined) {
      const words = 'its path or query can be read in more than one way'
      return this.#refuse(new EvergrantError('target_invalid', words))
    }
    this.#target = target
    this.#trace.path = maskOwnSecrets(target.path)
    const known = this.#context.callers.authenticate(
      this.#request.headers,
      this.#request.rawHeaders,
      () => this.#trace.requestId,
    )
    if (!(known instanceof Promise)) return this.#accept(known)
    this.#waitFor('look_up', lookUpMs)
    this.#context.deadlines.add(this)
    known.then((later) => this.#accept(later)).catch((fault: unknown) => this.#fault(fault))
  }

  /** Ends it where it stands. */
  cut(error: EvergrantError): void {
    this.#trace.code = error.code
    this.#end()
  }

  /** Whether it was answered, though the caller may be reading that: nothing is begun any more. */
  get #isDone(): boolean {
    return this.#isOver || this.#response !== undefined
  }

  #accept(known: Authenticated): void {
    if (this.#isDone) return
    if (!known.ok) return this.#refuse(known.error)
    const target = this.#target as ProxyTarget
    const admitted = admitCall(this.#context, known.value, target, this.#request, this.#trace)
    if ('error' in admitted) return this.#refuse(admitted.error)
    this.#plan = admitted.plan
    this.#admitted = admitted
    const { expiresAt } = known.value
    if (expiresAt !== undefined) {
      // What it came with may be at its end already, as far as clocks may be apart.
      const leftMs = Math.max(expiresAt - this.#context.clock.now(), leastMs)
      this.#cancelExpiry = this.#context.clock.schedule(leftMs, () => this.cut(overdue()))
    }
    this.#askAgain()
    this.#context.deadlines.add(this)
    this.#waitFor('token', tokenWaitMs)
    admitted.plan.handle
      .getToken()
      .then((granted) => this.#onToken(granted))
      .catch((fault: unknown) => this.#fault(fault))
  }

  #askAgain(): void {
    this.#cancelAsking = this.#context.clock.schedule(askAgainMs, () => {
      const look = async (): Promise<void> => {
        const refusal = await this.#refusalNow()
        if (this.#isOver) return
        if (refusal === undefined) this.#askAgain()
        else this.cut(refusal)
      }
      look().catch(() => this.cut(new EvergrantError('internal', 'nobody knows who the caller is')))
    })
  }

  /** Why the caller would not be let in now; what only cannot be told at the moment ends nothing. */
  async #refusalNow(): Promise<EvergrantError | undefined> {
    const { headers, rawHeaders } = this.#request
    const known = await this.#context.callers.authenticate(
      headers,
      rawHeaders,
      () => this.#trace.requestId,
    )
    if (!known.ok) {
      const { status } = known.error.definition
      return status === 429 || status >= 500 ? undefined : known.error
    }
    const { name, upstream, tenant } = this.#plan as CallPlan
    return requirePermit(known.value, name, upstream, tenant)
  }

  #onToken(granted: Result<TokenGrant, EvergrantError>): void {
    if (this.#isDone) return
    if (granted.ok) this.#send(granted.value.token)
    else this.#refuse(tokenUnavailable(granted.error), 'failed')
  }

  #send(token: AccessToken): void {
    const { lane } = this.#plan as CallPlan
    const { headers } = this.#request
    this.#token = token
    this.#controller = undefined
    this.#waitFor('upgrade', lane.settings.timeouts.connectMs + lane.settings.timeouts.headersMs)
    this.#trace.step('sent', { upgrade: headers.upgrade ?? '' })
    this.#isQueued = true
    const target = this.#target as ProxyTarget
    const upgrade = headers.upgrade ?? 'websocket'
    lane.pool.dispatcher.dispatch(
      requestToApi(lane, target, this.#request, token, null, upgrade),
      this,
    )
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#leaveLine()
    // To abort it would end the connection, which is as good as it was.
    if (this.#isDone) throw new Error('the call was given up')
    this.#controller = controller
  }

  /** One that was given up while it waited counts until then. */
  #leaveLine(): void {
    if (!this.#isQueued) return
    this.#isQueued = false
    if (this.#isOver && this.#plan !== undefined) this.#plan.lane.load.abandoned--
  }

  onRequestUpgrade(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHeaders,
    upstream: Duplex,
  ): void {
    if (this.#isDone) return void upstream.on('error', () => {}).destroy()
    this.#admitted?.pass.succeed()
    this.#trace.step('answered', { status, headers: this.#describe(headers) })
    const list = answerHeadersToPass(headers)
    list.push('connection', 'Upgrade', 'upgrade', String(headers['upgrade'] ?? ''))
    list.push('evergrant-trace', this.#trace.id, 'evergrant-request-id', this.#trace.requestId)
    let head = 'HTTP/1.1 101 Switching Protocols\r\n'
    try {
      for (let i = 0; i < list.length; i += 2) {
        const [name, value] = [list[i] as string, list[i + 1] as string]
        validateHeaderValue(name, value)
        head += `${name}: ${value}\r\n`
      }
    } catch (cause) {
      upstream.on('error', () => {}).destroy()
      const words = 'a header of it cannot be passed on'
      return this.#refuse(new EvergrantError('upstream_answer_invalid', words, { cause }), 'failed')
    }
    this.#context.deadlines.remove(this)
    this.#upstream = upstream
    this.#trace.status = status
    this.#socket.write(`${head}\r\n`, 'latin1')
    this.#caller.join(upstream, {
      onCallerBytes: (count) => this.#count('requestBytes', count),
      onUpstreamBytes: (count) => this.#count('responseBytes', count),
      onHalfOver: () => this.#onHalfOver(),
      onBroken: () => this.#end(),
    })
  }

  #count(what: 'requestBytes' | 'responseBytes', count: number): void {
    this.#trace[what] += count
    if (this.#waitingFor === 'body') this.#waitFor('body', this.#idleMs)
  }

  /** With one side gone the other one may no longer be silent for as long as it likes. */
  #onHalfOver(): void {
    if (this.#isOver) return
    if (this.#upstream?.destroyed === true) this.#waitFor('last_word', lastWordMs)
    else this.#waitFor('body', this.#idleMs)
    this.#context.deadlines.add(this)
  }

  get #idleMs(): number {
    return (this.#plan as CallPlan).lane.settings.timeouts.idleMs
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHeaders,
  ): void {
    if (this.#isDone || status < 200) return
    const { handle } = this.#plan as CallPlan
    this.#admitted?.pass.succeed()
    this.#trace.step('answered', { status, headers: this.#describe(headers) })
    const token = this.#token as AccessToken
    if (status !== 401 || this.#refusedController !== undefined) {
      return this.#passHead(status, headers)
    }
    this.#refusedController = controller
    controller.pause()
    this.#waitFor('token', tokenWaitMs)
    handle
      .reportRejection({ status, headers, token })
      .then((rejection) => this.#onReported(rejection, controller, headers))
      .catch((fault: unknown) => this.#fault(fault))
  }

  #onReported(
    rejection: Rejection,
    controller: Dispatcher.DispatchController,
    headers: IncomingHeaders,
  ): void {
    if (this.#isDone) return
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
    const list = answerHeadersToPass(headers)
    list.push('evergrant-trace', this.#trace.id, 'evergrant-request-id', this.#trace.requestId)
    list.push('connection', 'close')
    const response = this.#open()
    try {
      response.writeHead(status, list)
    } catch (cause) {
      const words = 'a header of it cannot be passed on'
      return this.#refuse(new EvergrantError('upstream_answer_invalid', words, { cause }), 'failed')
    }
    if (status === 401) this.#outcome = 'upstream_refused'
    this.#trace.status = status
    this.#waitFor('body', this.#idleMs)
    for (const piece of this.#early) response.write(piece)
    if (this.#isEarlyEnd) response.end()
  }

  onResponseData(controller: Dispatcher.DispatchController, piece: Buffer): void {
    if (this.#isOver || this.#isStale(controller)) return
    const response = this.#response
    this.#trace.responseBytes += piece.length
    // An API that hangs up has all delivered that it sent, whether it is wanted yet or not.
    if (response === undefined) return void this.#early.push(piece)
    this.#waitFor('body', this.#idleMs)
    if (response.write(piece)) return
    controller.pause()
    response.once('drain', () => {
      this.#waitFor('body', this.#idleMs)
      controller.resume()
    })
  }

  onResponseEnd(controller: Dispatcher.DispatchController): void {
    if (this.#isStale(controller)) return
    if (this.#response === undefined) this.#isEarlyEnd = true
    else this.#response.end()
  }

  onResponseError(controller: Dispatcher.DispatchController | null, cause: Error): void {
    this.#leaveLine()
    if (this.#isOver || this.#isStale(controller)) return
    const { lane } = this.#plan as CallPlan
    const { error, tells } = describeFailure(cause, lane.origin)
    if (tells === 'unreachable') this.#admitted?.pass.fail()
    this.#failWith(error)
  }

  #isStale(controller: Dispatcher.DispatchController | null): boolean {
    return this.#isSentAgain && controller === this.#refusedController
  }

  expire(): void {
    if (this.#isOver) return
    const waitingFor = this.#waitingFor
    this.#trace.step('deadline', { waitingFor })
    if (this.#upstream !== undefined || waitingFor === 'last_word') return this.#end()
    if (waitingFor === 'look_up') return this.#failWith(lookUpMissed())
    if (waitingFor === 'token') return this.#failWith(tokenMissed())
    const isFull = this.#controller === undefined && (this.#plan?.lane.load.sending ?? 0) > 0
    if (waitingFor === 'upgrade' && !isFull) this.#admitted?.pass.fail()
    const words =
      waitingFor === 'upgrade' ? 'the connection was not upgraded in time' : 'no more of it came'
    this.#failWith(new EvergrantError('upstream_timeout', words))
  }

  /** Answers with it, or breaks off what is being answered. */
  #failWith(error: EvergrantError): void {
    if (this.#response?.headersSent !== true) return this.#refuse(error, 'failed')
    this.#trace.code = error.code
    this.#outcome = 'failed'
    this.#end()
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
    this.#waitFor('last_word', lingerMs)
    this.#context.deadlines.add(this)
  }

  #refuse(error: EvergrantError, outcome: 'refused' | 'failed' = 'refused'): void {
    if (this.#isOver || this.#response?.headersSent === true) return this.#end()
    this.#giveUp()
    this.#trace.code = error.code
    this.#outcome = outcome
    this.#trace.status = error.definition.status
    const { id, requestId } = this.#trace
    const response = this.#response ?? this.#open()
    answerProblem(response, error, { traceId: id, requestId, endsConnection: true })
    this.#waitFor('last_word', lastWordMs)
    this.#context.deadlines.add(this)
  }

  #fault(fault: unknown): void {
    if (this.#isOver) return
    const error = isEvergrantError(fault)
      ? fault
      : new EvergrantError('internal', 'the call met a fault', { cause: fault })
    this.#failWith(error)
  }

  /** Ends what is under way with the API, if it is. */
  #giveUp(): void {
    const controller = this.#controller
    this.#controller = undefined
    if (controller === undefined || controller === this.#refusedController) return
    this.#refusedController = controller
    this.#isSentAgain = true
    controller.abort(new Error('the call was given up'))
  }

  #end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#cancelExpiry?.()
    this.#cancelAsking?.()
    this.#context.deadlines.remove(this)
    this.#socket.destroy()
    if (this.#upstream === undefined) this.#controller?.abort(new Error('the call was given up'))
    else this.#upstream.destroy()
    if (this.#isQueued && this.#plan !== undefined) this.#plan.lane.load.abandoned++
    this.#admitted?.leave()
    const isGiven = this.#outcome === 'served' || this.#outcome === 'upstream_refused'
    const isWhole = this.#upstream !== undefined || this.#response?.writableFinished === true
    this.#trace.stepBefore('received', { headers: this.#describe(this.#request.rawHeaders) })
    this.#trace.end(isGiven && !isWhole ? 'aborted' : this.#outcome, this.#trace.status)
    this.#context.onOver(this)
  }

  #describe(headers: AnswerHeaders): string {
    return describeHeaders(headers, this.#token === undefined ? [] : [this.#token.secret.reveal()])
  }

  #waitFor(what: Wait, milliseconds: number): void {
    this.#waitingFor = what
    this.deadlineAt = this.#context.clock.monotonic() + milliseconds
  }
}

function overdue(): EvergrantError {
  return new EvergrantError('token_expired', 'the token that the caller came with has ended')
}
