/* oxlint-disable max-lines -- one state machine: its steps share nearly all of its state */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import type { Authenticated } from '../access/index.ts'
import type { TokenGrant } from '../grants/index.ts'
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
import type { PeekedAnswer } from './answer.ts'
import { Attempt, type AttemptListener } from './attempt.ts'
import { allowedMethods } from './call-refusals.ts'
import type { Deadlines, Watched } from './deadlines.ts'
import { CallAnswer, type AnswerListener } from './call-answer.ts'
import { CallCapture } from './call-capture.ts'
import { decodePeek } from './decode-peek.ts'
import { describeHeaders } from './describe-headers.ts'
import { describeFailure } from './describe-failure.ts'
import { describeRejection, describeVerdict } from './describe-verdict.ts'
import type { Flushes } from './flushes.ts'
import type { GatewayEvent } from './events.ts'
import { answerHeadersToPass, isEventStream, type IncomingHeaders } from './forward-headers.ts'
import type { CallTrace } from './call-trace.ts'
import type { CaptureSwitch } from './gateway-ports.ts'
import { HeldAnswer } from './held-answer.ts'
import { endSoftly, linger } from './linger.ts'
import { lastWordMs, lookUpMs, missedDeadline, tokenWaitMs, type Wait } from './missed-deadline.ts'
import { parseTarget, type ProxyTarget } from './parse-target.ts'
import { reportOf, type AnswerVerdict } from './rejection-rules.ts'
import { isIdempotent, whyNotReplay, type Refusal } from './replay-rules.ts'
import { hasBody, RequestBody, type BodyListener } from './request-body.ts'
import { requestToApi } from './request-to-api.ts'
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

type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never
/** An event of a call, what is the same for all of them left out. */
type CallEvent = Without<
  Extract<GatewayEvent, { readonly traceId: string }>,
  'at' | 'connection' | 'upstream' | 'traceId'
>

const owner = Symbol('call')
type Owned = ServerResponse & { [owner]?: ForwardedCall }

/**
 * One call on its way through the gateway. Reads as its life does: accepted, given a token, sent,
 * answered, perhaps judged and sent again, passed on. Nothing of it outlives the caller’s
 * connection or its deadlines.
 */
export class ForwardedCall implements AttemptListener, AnswerListener, BodyListener, Watched {
  deadlineAt = 0
  watchPlace = -1
  /** Among the calls of the gateway. */
  place = -1
  readonly #context: CallContext
  readonly #request: IncomingMessage
  readonly #answer: CallAnswer
  readonly #trace: CallTrace
  #target: ProxyTarget | undefined
  #plan: CallPlan | undefined
  #admitted: AdmittedCall | undefined
  #body: RequestBody | undefined
  #attempt: Attempt | undefined
  #held: HeldAnswer | undefined
  #cancelPeek: (() => void) | undefined
  /** Of the answer passed on last; looked at again when the trace is one to be read. */
  #answerHeaders: IncomingHeaders | undefined
  #capture: CallCapture | undefined
  /** What it waits for, so that a missed deadline can be told. */
  #waitingFor: Wait = 'token'
  #isOver = false
  /** Between two pieces of the answer (ms). */
  #idleMs = 0
  #wasRetried = false
  #replayNote: string | undefined
  #outcome: TraceOutcome = 'served'
  /** Of the answer that refused the token, and that token. */
  #firstStatus = 0
  #refusedToken: AccessToken | undefined
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
    this.#answer = new CallAnswer(response, this)
    this.#trace = trace
    trace.method = request.method ?? ''
    ;(response as Owned)[owner] = this
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
      () => this.#trace.requestId,
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
    if (this.#answer.hasHead) this.#breakOff()
    else this.#fail(error)
  }

  /** Whether all was said, though the caller may be reading it: nothing may be begun any more. */
  get #isDone(): boolean {
    return this.#isOver || this.#answer.isWhole
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
    if (!hasBody(this.#request)) return this.#send(token, null)
    if (/^100-continue$/i.test(this.#request.headers.expect ?? '')) {
      this.#answer.continue()
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

  onBodyPiece(piece: Buffer): void {
    this.#capture?.request.add(piece)
    const waitingFor = this.#waitingFor
    if (waitingFor === 'caller') {
      this.#waitFor('caller', (this.#plan as CallPlan).lane.settings.timeouts.idleMs)
    } else if (waitingFor === 'body' && !this.#answer.isWhole) {
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
    const attempt = new Attempt(token, this, lane.load)
    this.#attempt = attempt
    this.#waitFor('connection', lane.settings.timeouts.connectMs)
    const target = this.#target as ProxyTarget
    lane.pool.dispatcher.dispatch(requestToApi(lane, target, this.#request, token, body), attempt)
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
    if (held === undefined) return this.#answer.end()
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
    if (this.#answer.hasHead) {
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
    return !this.#wasRetried && isIdempotent(this.#request.method ?? '') && this.#isBodyKept()
  }

  // Judging an answer that may be about the token.

  #judge(held: HeldAnswer): void {
    this.#cancelPeek?.()
    this.#cancelPeek = undefined
    decodePeek(held.pieces, held.isEnded, held.header('content-encoding'))
      .then((peek) => {
        if (this.#isDone) return
        const { path } = this.#target as ProxyTarget
        const method = this.#request.method ?? ''
        const answer = held.describe(peek, method, path, this.#ageOf(held.attempt.token))
        const verdict = this.#verdictOn(answer)
        if (verdict.kind === 'not_about_token') return this.#passHeld(held)
        this.#trace.rule = verdict.rule
        return this.#onRefused(held, answer, verdict)
      })
      .catch((fault: unknown) => this.#fault(fault))
  }

  #verdictOn(answer: PeekedAnswer): AnswerVerdict {
    const verdict = (this.#plan as CallPlan).lane.rules.judge(answer)
    this.#trace.wasJudged = true
    this.#trace.step('judged', describeVerdict(verdict))
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
    this.#refusedToken = held.attempt.token
    this.#describeAnswer()
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
    this.#giveProblem(error, ['evergrant-upstream-status', String(held.status)])
  }

  #passHeld(held: HeldAnswer): void {
    this.#held = undefined
    this.#passHead(held.status, held.headers)
    // A head that cannot be passed on was answered by us: nothing of the API's may follow it.
    if (this.#answer.isWhole) return
    for (const piece of held.pieces) this.#passPiece(piece)
    if (held.error !== undefined) {
      this.#trace.code = describeFailure(held.error, '').error.code
      return this.#breakOff()
    }
    if (held.isEnded) this.#answer.end()
    else {
      this.#waitFor('body', this.#idleMs)
      if (!this.#answer.isFull) held.attempt.resume()
    }
  }

  // Passing an answer on.

  #passHead(status: number, headers: IncomingHeaders): void {
    const { lane, address, connection } = this.#plan as CallPlan
    const { id, requestId } = this.#trace
    const list = answerHeadersToPass(headers)
    list.push('evergrant-trace', id, 'evergrant-request-id', requestId)
    if (this.#replayNote !== undefined) list.push('evergrant-replay', this.#replayNote)
    const links =
      lane.settings.links === 'keep'
        ? undefined
        : {
            base: lane.origin + lane.basePath,
            gateway: `${this.#context.publicUrl}/proxy/${address}`,
            headers,
            hasBody: this.#request.method !== 'HEAD',
          }
    try {
      this.#answer.writeHead(status, list, links)
    } catch (cause) {
      const words = 'a header of it cannot be passed on'
      return this.#fail(new EvergrantError('upstream_answer_invalid', words, { cause }))
    }
    if (this.#trace.wasReplayed && this.#trace.rule !== undefined) {
      const event = {
        type: 'gateway.replayed',
        rule: this.#trace.rule,
        status: this.#firstStatus,
      } as const
      this.#event({ ...event, replayStatus: status }, connection)
    }
    this.#context.flushes.add(this.#answer)
  }

  #passPiece(piece: Buffer): void {
    this.#waitFor('body', this.#idleMs)
    this.#answer.write(piece)
  }

  onFull(): void {
    this.#attempt?.pause()
  }

  onMore(): void {
    this.#attempt?.resume()
  }

  onTaken(): void {
    this.#waitFor('body', this.#idleMs)
  }

  onWhole(): void {
    endSoftly(this.#request)
    this.#waitFor('body', this.#idleMs)
    if (this.#body?.isEnded === false) this.#body.discard()
  }

  onBroken(): void {
    this.#breakOff()
  }

  // Ending.

  /** Tells the caller that an answer is not whole: its connection ends in the midst of it. */
  #breakOff(outcome: TraceOutcome = 'failed'): void {
    if (this.#isOver) return
    this.#outcome = outcome
    this.#attempt?.giveUp()
    this.#answer.breakOff()
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
    this.#giveProblem(error, allow)
  }

  #fail(error: EvergrantError): void {
    this.#outcome = 'failed'
    const plan = this.#plan
    if (plan !== undefined) {
      this.#event({ type: 'gateway.upstream_failed', code: error.code }, plan.connection)
    }
    this.#giveProblem(error, [])
  }

  #fault(fault: unknown): void {
    if (this.#isOver) return
    const error = isEvergrantError(fault)
      ? fault
      : new EvergrantError('internal', 'the call met a fault', { cause: fault })
    this.#trace.code = error.code
    if (this.#answer.hasHead) this.#breakOff()
    else this.#fail(error)
  }

  /** Answers instead of the API. */
  #giveProblem(error: EvergrantError, headers: readonly string[]): void {
    if (this.#isOver) return
    this.#cancelPeek?.()
    this.#attempt?.giveUp()
    const { id, requestId } = this.#trace
    const note = this.#replayNote
    const expects = this.#request.headers.expect !== undefined && !this.#answer.hasContinued
    endSoftly(this.#request)
    const isGiven = this.#answer.problem(error, {
      traceId: id,
      requestId,
      headers: note === undefined ? headers : [...headers, 'evergrant-replay', note],
      // A caller that waits for 100 may send its body all the same, or not.
      endsConnection: expects || error.code === 'request_timeout',
    })
    if (!isGiven) return
    this.#trace.code = error.code
    this.#body?.discard()
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
    this.#answer.close()
    this.#admitted?.leave()
    if (!this.#answer.isRead) this.#outcome = this.#outcomeUnread()
    this.#trace.requestBytes = this.#body?.bytes ?? 0
    this.#trace.responseBytes = this.#answer.bytes
    this.#trace.bodies = this.#capture?.describe(this.#tokens())
    if (!this.#trace.isPlainAs(this.#outcome, this.#answer.status)) this.#describeHeaders()
    this.#trace.end(this.#outcome, this.#answer.status)
    this.#context.onOver(this)
    if (this.#body?.isEnded === false) this.#body.discard()
    linger(this.#request, this.#context.deadlines, this.#context.clock)
  }

  /** Written for the traces that somebody reads; the others cost nothing. */
  #describeHeaders(): void {
    const headers = describeHeaders(this.#request.rawHeaders, this.#tokens())
    this.#trace.stepBefore('received', { headers })
    this.#describeAnswer()
  }

  #describeAnswer(): void {
    const headers = this.#answerHeaders
    if (headers === undefined) return
    this.#trace.tellMore('answered', { headers: describeHeaders(headers, this.#tokens()) })
    this.#answerHeaders = undefined
  }

  /** Every token it was sent with. */
  #tokens(): readonly string[] {
    const sent = [this.#refusedToken, this.#attempt?.token]
    return sent.flatMap((token) => (token === undefined ? [] : [token.secret.reveal()]))
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
    if (this.#answer.hasHead) {
      // Whoever does not take what is there for it has left, as far as this call is concerned.
      if (this.#answer.isFull || this.#answer.isWhole) return this.#breakOff(this.#outcomeUnread())
      this.#trace.code = 'upstream_timeout'
      return this.#breakOff()
    }
    const isHeldUp = this.#body?.isHeldUp === true
    const { error, isOfApi } = missedDeadline(waitingFor, this.#plan?.lane, isHeldUp)
    if (isOfApi) this.#admitted?.pass.fail()
    this.#fail(error)
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
