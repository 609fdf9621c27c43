/* oxlint-disable max-lines -- one state machine: its steps share nearly all of its state */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import type { Authenticated } from '../access/index.ts'
import type { Rejection, TokenGrant } from '../grants/index.ts'
import {
  EvergrantError,
  isEvergrantError,
  maskOwnSecrets,
  type AccessToken,
  type Clock,
  type Emit,
  type Result,
} from '../kernel/index.ts'
import { admitCall, type AdmissionContext, type AdmittedCall } from './admit-call.ts'
import { answerProblem } from './answer-problem.ts'
import type { PeekedAnswer } from './answer.ts'
import { Attempt, type AttemptListener } from './attempt.ts'
import { allowedMethods } from './call-refusals.ts'
import type { Deadlines, Watched } from './deadlines.ts'
import { CallCapture } from './call-capture.ts'
import { decodePeek, type Peek } from './decode-peek.ts'
import { describeHeaders } from './describe-headers.ts'
import { describeFailure } from './describe-failure.ts'
import type { Flushes } from './flushes.ts'
import type { GatewayEvent } from './events.ts'
import { answerHeadersToPass, requestHeaders, type IncomingHeaders } from './forward-headers.ts'
import type { CallTrace } from './call-trace.ts'
import type { CaptureSwitch } from './gateway-ports.ts'
import { HeldAnswer } from './held-answer.ts'
import { openLinkRewriting, type LinkRewriting } from './link-rewriting.ts'
import { linger } from './linger.ts'
import { parseTarget, type ProxyTarget } from './parse-target.ts'
import { reportOf, type AnswerVerdict } from './rejection-rules.ts'
import { isIdempotent, whyNotReplay, type Refusal } from './replay-rules.ts'
import { RequestBody, type BodyListener } from './request-body.ts'
import { tokenUnavailable } from './token-unavailable.ts'
import type { TraceOutcome } from './trace.ts'
import type { CallPlan } from './upstream-plan.ts'

/** What calls share. */
export interface CallContext extends AdmissionContext {
  readonly clock: Clock
  readonly emit: Emit<GatewayEvent>
  readonly deadlines: Deadlines
  readonly captures: CaptureSwitch
  readonly flushes: Flushes
  /** Where callers reach the gateway, without trailing slash. */
  readonly publicUrl: string
  /** Told when a call is over. */
  readonly onOver: (call: ForwardedCall) => void
}

/** A body at most this long is sent as a whole (bytes). */
const longestWhole = 16_384

/** How long the beginning of a body is waited for before it is judged (ms). */
const peekMs = 200

/** Event streams may be silent for as long, whatever the upstream’s own bound (ms). */
const eventStreamIdleMs = 15 * 60_000

/** How long a token may be waited for, longer than the engine ever does (ms). */
const tokenWaitMs = 60_000

/** How long a caller may be looked up, longer than a store ever takes (ms). */
const lookUpMs = 60_000

/** How long an answer of ours may take to be read by the caller (ms). */
const lastWordMs = 10_000

type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never
/** An event of a call, what is the same for all of them left out. */
type CallEvent = Without<
  Extract<GatewayEvent, { readonly traceId: string }>,
  'at' | 'connection' | 'upstream' | 'traceId'
>

type Wait = 'look_up' | 'token' | 'connection' | 'caller' | 'answer' | 'body'

const owner = Symbol('call')
type Owned = ServerResponse & { [owner]?: ForwardedCall }

/**
 * One call on its way through the gateway. Reads as its life does: accepted, given a token, sent,
 * answered, perhaps judged and sent again, passed on. Nothing of it outlives the caller’s
 * connection or its deadlines.
 */
export class ForwardedCall implements AttemptListener, BodyListener, Watched {
  deadlineAt = 0
  watchPlace = -1
  /** Among the calls of the gateway. */
  place = -1
  readonly #context: CallContext
  readonly #request: IncomingMessage
  readonly #response: Owned
  readonly #trace: CallTrace
  #target: ProxyTarget | undefined
  #plan: CallPlan | undefined
  #admitted: AdmittedCall | undefined
  #body: RequestBody | undefined
  #attempt: Attempt | undefined
  #held: HeldAnswer | undefined
  #links: LinkRewriting | undefined
  #cancelPeek: (() => void) | undefined
  /** Of the answer passed on last; looked at again when the trace is one to be read. */
  #answerHeaders: IncomingHeaders | undefined
  #capture: CallCapture | undefined
  /** What it waits for, so that a missed deadline can be told. */
  #waitingFor: Wait = 'token'
  #isOver = false
  #hasHead = false
  /** Between two pieces of the answer (ms). */
  #idleMs = 0
  #hasPieces = false
  /** The first piece of an answer, until it is known whether it is the only one. */
  #firstPiece: Buffer | undefined
  #isAnswerComplete = false
  #isPaused = false
  #wasRetried = false
  #hasContinued = false
  #replayNote: string | undefined
  #outcome: TraceOutcome = 'served'
  #status = 0
  /** Of the answer that refused the token. */
  #firstStatus = 0
  /** For a body that is sent as a whole. */
  #pendingToken: AccessToken | undefined

  constructor(
    context: CallContext,
    request: IncomingMessage,
    response: ServerResponse,
    trace: CallTrace,
  ) {
    this.#context = context
    this.#request = request
    this.#response = response
    this.#trace = trace
    trace.method = request.method ?? ''
    this.#response[owner] = this
    response.on('close', onClose)
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
    const caller = this.#context.callers.authenticate(
      this.#request.headers,
      this.#request.rawHeaders,
    )
    if (!(caller instanceof Promise)) return this.#accept(caller)
    this.#waitFor('look_up', lookUpMs)
    this.#context.deadlines.add(this)
    caller.then((known) => this.#accept(known)).catch((fault: unknown) => this.#fault(fault))
  }

  /** Ends it where it stands, as when the gateway closes. */
  cut(error: EvergrantError): void {
    if (this.#isOver) return
    this.#trace.code = error.code
    if (this.#hasHead) this.#breakOff()
    else this.#fail(error)
  }

  /** Whether all was said, though the caller may be reading it: nothing may be begun any more. */
  get #isDone(): boolean {
    return this.#isOver || this.#isAnswerComplete
  }

  // Accepting: who calls, where to, and whether that may pass now.

  #accept(known: Authenticated): void {
    if (this.#isDone) return
    if (!known.ok) return this.#refuse(known.error)
    const target = this.#target as ProxyTarget
    const admitted = admitCall(this.#context, known.value, target, this.#request, this.#trace)
    this.#plan = admitted.plan
    if ('error' in admitted) return this.#refuse(admitted.error)
    this.#admitted = admitted
    const { handle, name } = admitted.plan
    if (this.#context.captures.isOn(name)) {
      const { headers } = this.#request
      this.#capture = new CallCapture(headers['content-type'], headers['content-encoding'])
    }
    this.#context.deadlines.add(this)
    const token = handle.take()
    if (token !== undefined) return this.#useToken(token, 'memory')
    this.#waitFor('token', tokenWaitMs)
    handle
      .getToken()
      .then((granted) => this.#onToken(granted))
      .catch((fault: unknown) => this.#fault(fault))
  }

  #onToken(granted: Result<TokenGrant, EvergrantError>): void {
    if (this.#isDone) return
    if (!granted.ok) return this.#fail(tokenUnavailable(granted.error))
    const { token, origin, warning } = granted.value
    if (warning !== undefined) this.#trace.step('token_warning', { code: warning.code })
    this.#trace.wasRenewed = origin === 'issued'
    this.#useToken(token, origin)
  }

  // Sending.

  #useToken(token: AccessToken, origin: string): void {
    this.#trace.step('token', { origin, ageMs: this.#ageOf(token) })
    if (!this.#hasBody()) return this.#send(token, null)
    if (/^100-continue$/i.test(this.#request.headers.expect ?? '')) {
      this.#hasContinued = true
      this.#response.writeContinue()
    }
    const body = new RequestBody(this.#request, this)
    this.#body = body
    const { idleMs } = (this.#plan as CallPlan).lane.settings.timeouts
    this.#waitFor('caller', idleMs)
    if (Number(this.#request.headers['content-length'] ?? Infinity) > longestWhole) {
      return this.#send(token, body.stream())
    }
    this.#pendingToken = token
    body.collect()
  }

  #hasBody(): boolean {
    const { headers } = this.#request
    const length = headers['content-length']
    return headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0')
  }

  onBodyPiece(piece: Buffer): void {
    this.#capture?.request.add(piece)
    const waitingFor = this.#waitingFor
    if (waitingFor === 'caller') {
      this.#waitFor('caller', (this.#plan as CallPlan).lane.settings.timeouts.idleMs)
    } else if (waitingFor === 'body' && !this.#isAnswerComplete) {
      // An API may answer while it still takes the body.
      this.#waitFor('body', this.#idleMs)
    }
  }

  onBodyEnd(): void {
    if (this.#isDone) return
    const token = this.#pendingToken
    if (token !== undefined) {
      this.#pendingToken = undefined
      return this.#send(token, this.#body?.kept ?? null)
    }
    if (this.#waitingFor !== 'caller') return
    this.#waitFor('answer', (this.#plan as CallPlan).lane.settings.timeouts.headersMs)
  }

  #send(token: AccessToken, body: Buffer | Readable | null): void {
    try {
      this.#dispatch(token, body)
    } catch (fault) {
      this.#fault(fault)
    }
  }

  #dispatch(token: AccessToken, body: Buffer | Readable | null): void {
    const { lane } = this.#plan as CallPlan
    const { path, query } = this.#target as ProxyTarget
    const { rawHeaders, headers } = this.#request
    const method = this.#request.method ?? ''
    const list = requestHeaders(rawHeaders, headers.connection, lane.headers.names)
    lane.headers.append(list, token)
    const length = headers['content-length']
    if (body !== null && !Buffer.isBuffer(body) && length !== undefined) {
      list.push('content-length', length)
    }
    const whole = lane.basePath + path
    const rest = lane.query === undefined ? query : lane.query(query, token)
    const attempt = new Attempt(token, this, lane.load)
    this.#attempt = attempt
    this.#capture?.onToken(token)
    this.#waitFor('connection', lane.settings.timeouts.connectMs)
    lane.pool.dispatcher.dispatch(
      {
        path: (whole === '' ? '/' : whole) + rest,
        method,
        headers: list,
        body,
        // The deadlines are ours: one watch for all of them.
        headersTimeout: 0,
        bodyTimeout: 0,
      },
      attempt,
    )
  }

  onSending(): void {
    if (this.#waitingFor !== 'connection') return
    const { idleMs, headersMs } = (this.#plan as CallPlan).lane.settings.timeouts
    if (this.#body?.isEnded === false) this.#waitFor('caller', idleMs)
    else this.#waitFor('answer', headersMs)
  }

  // Answers.

  onAnswer(attempt: Attempt, status: number, headers: IncomingHeaders): void {
    const { lane } = this.#plan as CallPlan
    this.#admitted?.pass.succeed()
    this.#trace.step('answered', { status })
    this.#answerHeaders = headers
    this.#capture?.onAnswer(headers)
    const { idleMs } = lane.settings.timeouts
    this.#idleMs = isEventStream(headers) ? Math.max(idleMs, eventStreamIdleMs) : idleMs
    this.#waitFor('body', this.#idleMs)
    const suspicion = lane.rules.isSuspicious(status, headers)
    if (suspicion === 'no') return this.#passHead(status, headers)
    const held = new HeldAnswer(attempt, status, headers)
    this.#held = held
    if (suspicion === 'by_head' || isEventStream(headers)) return this.#judge(held)
    this.#cancelPeek = this.#context.clock.schedule(peekMs, () => this.#judge(held))
  }

  onAnswerPiece(_attempt: Attempt, piece: Buffer): void {
    this.#capture?.answer?.add(piece)
    const held = this.#held
    if (held === undefined) return this.#passPiece(piece)
    if (held.add(piece) && this.#cancelPeek !== undefined) this.#judge(held)
  }

  onAnswerEnd(): void {
    const held = this.#held
    if (held === undefined) return this.#passEnd()
    held.isEnded = true
    if (this.#cancelPeek !== undefined) this.#judge(held)
  }

  onFailure(attempt: Attempt, cause: Error): void {
    const held = this.#held
    if (held !== undefined) {
      held.error = cause
      if (this.#cancelPeek !== undefined) this.#judge(held)
      return
    }
    const { lane } = this.#plan as CallPlan
    const failure = describeFailure(cause, lane.origin)
    if (this.#hasHead) {
      this.#trace.code = failure.error.code
      return this.#breakOff()
    }
    if (failure.isReset && attempt.isSending && this.#mayRetry()) {
      // A server may close a connection that was idle just as a request comes over it.
      this.#wasRetried = true
      this.#trace.step('sent_again', { because: 'the connection was closed unused' })
      return this.#send(attempt.token, this.#body?.kept ?? null)
    }
    if (failure.tells === 'unreachable') this.#admitted?.pass.fail()
    else if (failure.tells === 'reachable') this.#admitted?.pass.succeed()
    this.#fail(failure.error)
  }

  #mayRetry(): boolean {
    if (this.#wasRetried || !isIdempotent(this.#request.method ?? '')) return false
    return this.#body === undefined || this.#body.kept !== undefined
  }

  // Judging an answer that may be about the token.

  #judge(held: HeldAnswer): void {
    this.#cancelPeek?.()
    this.#cancelPeek = undefined
    decodePeek(held.pieces, held.isEnded, held.header('content-encoding'))
      .then((peek) => {
        if (this.#isDone) return
        const answer = this.#describe(held, peek)
        const verdict = this.#verdictOn(answer)
        if (verdict.kind === 'not_about_token') return this.#passHeld(held)
        this.#trace.rule = verdict.rule
        return this.#onRefused(held, answer, verdict)
      })
      .catch((fault: unknown) => this.#fault(fault))
  }

  #describe(held: HeldAnswer, peek: Peek | undefined): PeekedAnswer {
    const { path } = this.#target as ProxyTarget
    const { token } = held.attempt
    return {
      status: held.status,
      headers: held.headers,
      isBodyComplete: peek?.isComplete ?? false,
      method: this.#request.method ?? '',
      path: path === '' ? '/' : path,
      token,
      tokenAgeMs: this.#ageOf(token),
      ...(peek === undefined ? {} : { body: peek.text }),
    }
  }

  #verdictOn(answer: PeekedAnswer): AnswerVerdict {
    const verdict = (this.#plan as CallPlan).lane.rules.judge(answer)
    this.#trace.wasJudged = true
    const { kind, detail } = verdict
    const more =
      kind !== 'not_about_token'
        ? { rule: verdict.rule }
        : verdict.hint === undefined
          ? {}
          : { hint: verdict.hint.message, entry: verdict.hint.entry }
    this.#trace.step('judged', { verdict: kind, detail, ...more, looks: describeLooks(verdict) })
    return verdict
  }

  async #onRefused(held: HeldAnswer, answer: PeekedAnswer, verdict: Refusal): Promise<void> {
    const { lane, handle, connection, upstream } = this.#plan as CallPlan
    const { rule } = verdict
    const report = reportOf(answer, verdict, upstream)
    if (this.#trace.wasReplayed) {
      // Reported so that this token is not sent again either; this call is not sent a third time.
      handle.reportRejection(report).catch(() => {})
      return this.#giveRefusal(held, verdict)
    }
    const skip = whyNotReplay({
      status: held.status,
      method: this.#request.method ?? '',
      hasIdempotencyKey: this.#request.headers['idempotency-key'] !== undefined,
      mayReplayUnsafe: lane.settings.replayUnsafe,
      isBodyKept: this.#isBodyKept(),
    })
    if (skip !== undefined) {
      handle.reportRejection(report).catch(() => {})
      this.#replayNote = `skipped; reason=${skip}`
      this.#trace.step('replay_skipped', { rule, reason: skip })
      this.#event(
        {
          type: 'gateway.replay_skipped',
          rule,
          reason: skip,
        },
        connection,
      )
      return this.#giveRefusal(held, verdict)
    }
    this.#waitFor('token', tokenWaitMs)
    const rejection = await handle.reportRejection(report)
    if (this.#isDone) return
    if (!('token' in rejection)) {
      this.#trace.step('not_renewed', describeRejection(rejection))
      return this.#giveRefusal(held, verdict)
    }
    this.#trace.step('renewed', { how: rejection.kind, ageMs: this.#ageOf(rejection.token) })
    this.#trace.wasRenewed = true
    this.#replay(held, rejection.token, rule)
  }

  #isBodyKept(): boolean {
    return this.#body === undefined || this.#body.kept !== undefined
  }

  #replay(held: HeldAnswer, token: AccessToken, rule: string): void {
    held.attempt.giveUp()
    this.#held = undefined
    this.#describeAnswer(held.attempt)
    this.#trace.wasReplayed = true
    this.#replayNote = `replayed; rule=${rule}`
    this.#firstStatus = held.status
    this.#trace.step('replayed', { rule })
    this.#send(token, this.#body?.kept ?? null)
  }

  /** The API’s own refusal, or in normalise mode what every client understands. */
  #giveRefusal(held: HeldAnswer, verdict: Refusal): void {
    this.#outcome = 'upstream_refused'
    const { lane, connection } = this.#plan as CallPlan
    if (!lane.settings.normalise) return this.#passHeld(held)
    held.attempt.giveUp()
    this.#held = undefined
    this.#trace.step('normalised', { status: held.status, rule: verdict.rule })
    this.#event({ type: 'gateway.normalised', status: held.status }, connection)
    const error = new EvergrantError('upstream_refused_token', verdict.detail)
    this.#answer(error, ['evergrant-upstream-status', String(held.status)])
  }

  #passHeld(held: HeldAnswer): void {
    this.#held = undefined
    this.#passHead(held.status, held.headers)
    // A head that cannot be passed on was answered by us: nothing of the API's may follow it.
    if (this.#isAnswerComplete) return
    for (const piece of held.pieces) this.#passPiece(piece)
    if (held.error !== undefined) {
      this.#trace.code = describeFailure(held.error, '').error.code
      return this.#breakOff()
    }
    if (held.isEnded) this.#passEnd()
    else {
      this.#waitFor('body', this.#idleMs)
      if (!this.#isPaused) held.attempt.resume()
    }
  }

  // Passing an answer on.

  #passHead(status: number, headers: IncomingHeaders): void {
    const { lane, connection } = this.#plan as CallPlan
    const { id, requestId } = this.#trace
    const list = answerHeadersToPass(headers)
    if (lane.settings.links === 'rewrite') this.#links = this.#rewriteLinks(status, headers, list)
    list.push('evergrant-trace', id, 'evergrant-request-id', requestId)
    if (this.#replayNote !== undefined) list.push('evergrant-replay', this.#replayNote)
    this.#hasHead = true
    this.#status = status
    try {
      this.#response.writeHead(status, list)
    } catch (error) {
      this.#attempt?.giveUp()
      this.#hasHead = false
      return this.#fail(
        new EvergrantError('upstream_answer_invalid', 'a header of it cannot be passed on', {
          cause: error,
        }),
      )
    }
    if (this.#trace.wasReplayed && this.#trace.rule !== undefined) {
      const event = {
        type: 'gateway.replayed',
        rule: this.#trace.rule,
        status: this.#firstStatus,
      } as const
      this.#event({ ...event, replayStatus: status }, connection)
    }
    this.#context.flushes.add(this)
  }

  #rewriteLinks(
    status: number,
    headers: IncomingHeaders,
    list: string[],
  ): LinkRewriting | undefined {
    const { lane, address } = this.#plan as CallPlan
    return openLinkRewriting({
      base: lane.origin + lane.basePath,
      gateway: `${this.#context.publicUrl}/proxy/${address}`,
      status,
      headers,
      list,
      hasBody: this.#request.method !== 'HEAD',
      onPiece: (piece) => this.#write(piece),
      onEnd: () => this.#finish(),
      onFailure: () => this.#breakOff(),
      onDrain: () => this.#resumeAnswer(),
    })
  }

  /** A head whose body does not come at once must not wait for it, nor a first piece for a second. */
  flush(): void {
    if (this.#isAnswerComplete || this.#isOver) return
    if (this.#firstPiece !== undefined) this.#writeFirst()
    else if (!this.#hasPieces) this.#response.flushHeaders()
  }

  #writeFirst(): void {
    const piece = this.#firstPiece as Buffer
    this.#firstPiece = undefined
    if (!this.#write(piece)) this.#pause()
  }

  #passPiece(piece: Buffer): void {
    if (this.#isOver) return
    this.#waitFor('body', this.#idleMs)
    if (this.#links === undefined && !this.#hasPieces && piece.length <= longestWhole) {
      this.#hasPieces = true
      this.#firstPiece = piece
      return
    }
    if (this.#firstPiece !== undefined) this.#writeFirst()
    const canTakeMore = this.#links === undefined ? this.#write(piece) : this.#links.write(piece)
    if (!canTakeMore) this.#pause()
  }

  #pause(): void {
    if (this.#isPaused) return
    this.#isPaused = true
    this.#attempt?.pause()
  }

  #write(piece: Buffer): boolean {
    this.#hasPieces = true
    this.#trace.responseBytes += piece.length
    const canTakeMore = this.#response.write(piece)
    if (!canTakeMore && this.#response.listenerCount('drain') === 0) {
      this.#response.on('drain', onDrain)
    }
    return canTakeMore
  }

  onDrain(): void {
    if (this.#isOver) return
    this.#waitFor('body', this.#idleMs)
    this.#links?.resume()
    this.#resumeAnswer()
  }

  #resumeAnswer(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    this.#attempt?.resume()
  }

  #passEnd(): void {
    if (this.#links === undefined) this.#finish()
    else this.#links.end()
  }

  #finish(): void {
    if (this.#isOver) return
    this.#isAnswerComplete = true
    this.#waitFor('body', this.#idleMs)
    if (this.#body?.isEnded === false) this.#body.discard()
    const only = this.#firstPiece
    if (only === undefined) this.#response.end()
    else {
      // As text, head and body are one piece to the socket.
      this.#firstPiece = undefined
      this.#trace.responseBytes += only.length
      this.#response.end(only.toString('latin1'), 'latin1')
    }
  }

  // Ending.

  /** Tells the caller that an answer is not whole: its connection ends in the midst of it. */
  #breakOff(outcome: TraceOutcome = 'failed'): void {
    if (this.#isOver) return
    if (this.#firstPiece !== undefined) this.#writeFirst()
    this.#outcome = outcome
    this.#attempt?.giveUp()
    const { socket } = this.#response
    // Without a length and without chunks, a plain end would look like the end of the answer.
    if (this.#response.chunkedEncoding || this.#response.hasHeader('content-length')) {
      this.#response.destroy()
    } else if (socket === null) this.#response.destroy()
    else socket.resetAndDestroy()
  }

  #refuse(error: EvergrantError): void {
    this.#outcome = 'refused'
    const plan = this.#plan
    if (plan !== undefined) {
      this.#event({ type: 'gateway.refused', code: error.code }, plan.connection)
    }
    const allow =
      error.code === 'method_not_allowed' && plan !== undefined
        ? ['allow', allowedMethods(plan)]
        : []
    this.#answer(error, allow)
  }

  #fail(error: EvergrantError): void {
    this.#outcome = 'failed'
    const plan = this.#plan
    if (plan !== undefined) {
      this.#event({ type: 'gateway.upstream_failed', code: error.code }, plan.connection)
    }
    this.#answer(error, [])
  }

  #fault(fault: unknown): void {
    if (this.#isOver) return
    const error = isEvergrantError(fault)
      ? fault
      : new EvergrantError('internal', 'the call met a fault', { cause: fault })
    this.#trace.code = error.code
    if (this.#hasHead) this.#breakOff()
    else this.#fail(error)
  }

  /** Answers instead of the API. */
  #answer(error: EvergrantError, headers: readonly string[]): void {
    if (this.#isOver || this.#response.headersSent) return
    this.#cancelPeek?.()
    this.#attempt?.giveUp()
    this.#trace.code = error.code
    const { id, requestId } = this.#trace
    const expects = this.#request.headers.expect !== undefined && !this.#hasContinued
    this.#body?.discard()
    this.#hasHead = true
    this.#isAnswerComplete = true
    this.#status = error.definition.status
    this.#trace.responseBytes = answerProblem(this.#response, error, {
      traceId: id,
      requestId,
      headers:
        this.#replayNote === undefined
          ? headers
          : [...headers, 'evergrant-replay', this.#replayNote],
      // A caller that waits for 100 may send its body all the same, or not.
      endsConnection: expects || error.code === 'request_timeout',
    })
    this.#waitFor('body', lastWordMs)
    this.#context.deadlines.add(this)
  }

  /** The caller’s response ended, one way or the other: everything is let go of. */
  onClose(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#cancelPeek?.()
    this.#context.deadlines.remove(this)
    this.#attempt?.giveUp()
    this.#links?.destroy()
    this.#admitted?.leave()
    if (!this.#response.writableFinished) this.#outcome = this.#outcomeUnread()
    this.#trace.requestBytes = this.#body?.bytes ?? 0
    this.#trace.bodies = this.#capture?.describe()
    if (!this.#trace.isPlainAs(this.#outcome, this.#status)) this.#describeHeaders()
    this.#trace.end(this.#outcome, this.#status)
    this.#context.onOver(this)
    if (this.#body?.isEnded === false) this.#body.discard()
    linger(this.#request, this.#context.deadlines, this.#context.clock)
  }

  /** Written for the traces that somebody reads; the others cost nothing. */
  #describeHeaders(): void {
    const tokens = this.#attempt === undefined ? [] : [this.#attempt.token.secret.reveal()]
    const headers = describeHeaders(this.#request.rawHeaders, tokens)
    this.#trace.stepBefore('received', { headers })
    this.#describeAnswer(this.#attempt)
  }

  #describeAnswer(attempt: Attempt | undefined): void {
    const headers = this.#answerHeaders
    if (headers === undefined || attempt === undefined) return
    const text = describeHeaders(headers, [attempt.token.secret.reveal()])
    this.#trace.tellMore('answered', { headers: text })
    this.#answerHeaders = undefined
  }

  // Deadlines.

  #waitFor(what: Wait, milliseconds: number): void {
    this.#waitingFor = what
    this.deadlineAt = this.#context.clock.monotonic() + milliseconds
  }

  expire(): void {
    if (this.#isOver) return
    const waitingFor = this.#waitingFor
    this.#trace.step('deadline', { waitingFor })
    this.#attempt?.giveUp()
    if (this.#hasHead) {
      // Whoever does not take what is there for it has left, as far as this call is concerned.
      if (this.#isPaused || this.#isAnswerComplete) return this.#breakOff(this.#outcomeUnread())
      this.#trace.code = 'upstream_timeout'
      return this.#breakOff()
    }
    if (this.#plan === undefined || waitingFor === 'look_up') {
      const words = 'the caller was not looked up in time'
      return this.#fail(new EvergrantError('store_unavailable', words, { retryAfterMs: 5_000 }))
    }
    const { lane } = this.#plan
    if (waitingFor === 'token') {
      const words = 'no token came in time'
      return this.#fail(new EvergrantError('token_unavailable', words, { retryAfterMs: 5_000 }))
    }
    if (waitingFor === 'caller' && this.#body?.isHeldUp !== true) {
      return this.#fail(new EvergrantError('request_timeout', 'its body stopped coming'))
    }
    // Where others have connections, there was none left: that tells nothing about the API.
    if (waitingFor !== 'connection' || lane.load.sending === 0) this.#admitted?.pass.fail()
    const { headersMs, idleMs } = lane.settings.timeouts
    const words = {
      connection: 'no connection was free or opened in time',
      caller: `${lane.origin} took nothing of the body for ${idleMs / 1_000} s`,
      answer: `${lane.origin} sent nothing for ${headersMs / 1_000} s`,
      body: `${lane.origin} sent no more for ${idleMs / 1_000} s`,
    }[waitingFor]
    this.#fail(new EvergrantError('upstream_timeout', words, { retryAfterMs: 1_000 }))
  }

  #outcomeUnread(): TraceOutcome {
    return this.#outcome === 'served' || this.#outcome === 'upstream_refused'
      ? 'aborted'
      : this.#outcome
  }

  #ageOf(token: AccessToken): number {
    return Math.max(0, this.#context.clock.now() - token.issuedAt)
  }

  #event(event: CallEvent, connection: string): void {
    const { upstream = '' } = this.#plan ?? {}
    const at = this.#context.clock.now()
    this.#context.emit({ ...event, at, connection, upstream, traceId: this.#trace.id })
  }
}

function onClose(this: ServerResponse): void {
  ;(this as Owned)[owner]?.onClose()
}

function onDrain(this: ServerResponse): void {
  ;(this as Owned)[owner]?.onDrain()
}

function isEventStream(headers: IncomingHeaders): boolean {
  const type = headers['content-type']
  return typeof type === 'string' && type.toLowerCase().startsWith('text/event-stream')
}

function describeRejection(
  rejection: Exclude<Rejection, { readonly token: AccessToken }>,
): Readonly<Record<string, string>> {
  if (rejection.kind === 'renewal_failed') return { code: rejection.error.code }
  return { reason: rejection.reason }
}

/** Every rule that was looked at, and why it did or did not match; bounded by `mostLooks`. */
function describeLooks({ looks }: AnswerVerdict): string {
  return looks
    .map(
      ({ rule, isMatch, because }) =>
        `${rule} ${isMatch ? 'matched' : 'did not match'}: ${because}`,
    )
    .join('; ')
}
