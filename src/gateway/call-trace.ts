import type { ErrorCode } from '../kernel/index.ts'
import type { TraceBodies, TraceKind, TraceOutcome, TraceRecord, TraceStep } from './trace.ts'

/** Steps of one trace that are kept; a call that goes astray must not grow without bound. */
const mostSteps = 64

/**
 * A trace while it is being made: fields are set as they become known, steps are added, `end`
 * closes it. Cheap enough for every call. Whatever is put in holds no secret.
 */
export class CallTrace {
  readonly id: string
  readonly kind: TraceKind
  readonly at: number
  requestId = ''
  connection = ''
  upstream = ''
  callerId = ''
  callerName = ''
  method = ''
  path = ''
  status = 0
  outcome: TraceOutcome = 'served'
  wasRenewed = false
  wasReplayed = false
  rule: string | undefined
  code: ErrorCode | undefined
  requestBytes = 0
  responseBytes = 0
  durationMs = 0
  /** Whether an answer was looked at for being about the token. */
  wasJudged = false
  bodies: TraceBodies | undefined
  readonly #beganTick: number
  readonly #steps: TraceStep[] = []
  #onEnd: ((trace: CallTrace) => void) | undefined
  readonly #monotonic: () => number

  constructor(
    id: string,
    kind: TraceKind,
    now: number,
    monotonic: () => number,
    onEnd: (trace: CallTrace) => void,
  ) {
    this.id = id
    this.kind = kind
    this.at = now
    this.#monotonic = monotonic
    this.#beganTick = monotonic()
    this.#onEnd = onEnd
  }

  /** Milliseconds since it began. */
  elapsedMs(): number {
    return this.#monotonic() - this.#beganTick
  }

  /** Adds a step. After `end`, and past the most that are kept, it is left out. */
  step(step: string, detail: TraceStep['detail'] = {}): void {
    if (this.#onEnd === undefined || this.#steps.length >= mostSteps) return
    this.#steps.push({ atMs: this.elapsedMs(), step, detail })
  }

  /** Says more of the last step of a name. */
  tellMore(step: string, detail: TraceStep['detail']): void {
    const at = this.#steps.findLastIndex((one) => one.step === step)
    const told = this.#steps[at]
    if (this.#onEnd === undefined || told === undefined) return
    this.#steps[at] = { ...told, detail: { ...told.detail, ...detail } }
  }

  /** Adds a step at the very beginning, beyond the most that are kept. */
  stepBefore(step: string, detail: TraceStep['detail']): void {
    if (this.#onEnd !== undefined) this.#steps.unshift({ atMs: 0, step, detail })
  }

  /** Closes it. Only the first call counts. */
  end(outcome: TraceOutcome, status: number): void {
    const onEnd = this.#onEnd
    if (onEnd === undefined) return
    this.#onEnd = undefined
    this.outcome = outcome
    this.status = status
    this.durationMs = this.elapsedMs()
    onEnd(this)
  }

  get hasEnded(): boolean {
    return this.#onEnd === undefined
  }

  /** Whether nobody would miss it more than any other: a success at once, nothing renewed. */
  get isPlain(): boolean {
    return this.isPlainAs(this.outcome, this.status)
  }

  /** Whether it would be plain if it ended like that. */
  isPlainAs(outcome: TraceOutcome, status: number): boolean {
    return (
      outcome === 'served' &&
      status < 400 &&
      this.kind === 'call' &&
      !this.wasRenewed &&
      !this.wasReplayed &&
      !this.wasJudged &&
      this.bodies === undefined
    )
  }

  /** As it is kept. */
  toRecord(): TraceRecord {
    return {
      id: this.id,
      at: this.at,
      kind: this.kind,
      outcome: this.outcome,
      requestId: this.requestId,
      connection: this.connection,
      upstream: this.upstream,
      callerId: this.callerId,
      callerName: this.callerName,
      method: this.method,
      path: this.path,
      status: this.status,
      durationMs: tenths(this.durationMs),
      wasRenewed: this.wasRenewed,
      wasReplayed: this.wasReplayed,
      ...(this.rule === undefined ? {} : { rule: this.rule }),
      ...(this.code === undefined ? {} : { code: this.code }),
      requestBytes: this.requestBytes,
      responseBytes: this.responseBytes,
      steps: this.#steps.map((one) => ({ ...one, atMs: tenths(one.atMs) })),
      ...(this.bodies === undefined ? {} : { bodies: this.bodies }),
    }
  }
}

function tenths(milliseconds: number): number {
  return Math.round(milliseconds * 10) / 10
}
