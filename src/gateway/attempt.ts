import type { Dispatcher } from 'undici'
import type { AccessToken } from '../kernel/index.ts'
import type { IncomingHeaders } from './forward-headers.ts'

/** Who is told of what comes of an attempt. */
export interface AttemptListener {
  /** It is being written to a connection. */
  onSending(attempt: Attempt): void
  onAnswer(attempt: Attempt, status: number, headers: IncomingHeaders): void
  onAnswerPiece(attempt: Attempt, piece: Buffer): void
  onAnswerEnd(attempt: Attempt): void
  onFailure(attempt: Attempt, error: Error): void
}

/**
 * One sending of a call, as undici’s handler. Once it is given up nothing more is told of it, and
 * it ends as soon as there is a connection to end.
 */
export class Attempt implements Dispatcher.DispatchHandler {
  readonly token: AccessToken
  readonly #listener: AttemptListener
  #controller: Dispatcher.DispatchController | undefined
  #isGivenUp = false
  isSending = false
  hasAnswer = false
  isEnded = false

  constructor(token: AccessToken, listener: AttemptListener) {
    this.token = token
    this.#listener = listener
  }

  /** Ends it, wherever it stands. */
  giveUp(): void {
    if (this.#isGivenUp) return
    this.#isGivenUp = true
    if (!this.isEnded) this.#controller?.abort(new Error('the call was given up'))
  }

  /** Takes no further piece of the answer until `resume`. */
  pause(): void {
    this.#controller?.pause()
  }

  resume(): void {
    if (!this.isEnded && !this.#isGivenUp) this.#controller?.resume()
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#isGivenUp) controller.abort(new Error('the call was given up'))
    else {
      this.isSending = true
      this.#listener.onSending(this)
    }
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHeaders,
  ): void {
    // Interim answers (RFC 9110 section 15.2) are between us and the API.
    if (status < 200 || this.#isGivenUp) return
    this.hasAnswer = true
    this.#listener.onAnswer(this, status, headers)
  }

  onResponseData(_controller: Dispatcher.DispatchController, piece: Buffer): void {
    if (!this.#isGivenUp) this.#listener.onAnswerPiece(this, piece)
  }

  onResponseEnd(): void {
    this.isEnded = true
    if (!this.#isGivenUp) this.#listener.onAnswerEnd(this)
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    this.isEnded = true
    if (!this.#isGivenUp) this.#listener.onFailure(this, error)
  }
}
