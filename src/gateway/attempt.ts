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

/** Attempts of one upstream, as far as they use its connections or wait for one. */
export interface AttemptLoad {
  /** On a connection. */
  sending: number
  /** Given up, and still in the line for a connection. */
  abandoned: number
}

/**
 * One sending of a call, as undici’s handler. Once it is given up nothing more is told of it, and
 * it ends: at once with the connection it is on; one that waits for a connection leaves the line
 * when its turn comes, and leaves the connection to others.
 */
export class Attempt implements Dispatcher.DispatchHandler {
  readonly token: AccessToken
  readonly #listener: AttemptListener
  readonly #load: AttemptLoad
  #controller: Dispatcher.DispatchController | undefined
  #isGivenUp = false
  isSending = false
  hasAnswer = false
  isEnded = false

  constructor(token: AccessToken, listener: AttemptListener, load: AttemptLoad) {
    this.token = token
    this.#listener = listener
    this.#load = load
  }

  /** Ends it, wherever it stands. */
  giveUp(): void {
    if (this.#isGivenUp) return
    this.#isGivenUp = true
    if (this.isEnded) return
    if (this.#controller === undefined) this.#load.abandoned++
    else this.#controller.abort(givenUp())
  }

  /** Takes no further piece of the answer until `resume`. */
  pause(): void {
    this.#controller?.pause()
  }

  resume(): void {
    if (!this.isEnded && !this.#isGivenUp) this.#controller?.resume()
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // To abort it would end the connection, which is as good as it was.
    if (this.#isGivenUp) throw givenUp()
    this.#controller = controller
    this.isSending = true
    this.#load.sending++
    this.#listener.onSending(this)
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
    this.#end()
    if (!this.#isGivenUp) this.#listener.onAnswerEnd(this)
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    this.#end()
    if (!this.#isGivenUp) this.#listener.onFailure(this, error)
  }

  #end(): void {
    if (this.isEnded) return
    this.isEnded = true
    if (this.isSending) this.#load.sending--
    else if (this.#isGivenUp) this.#load.abandoned--
  }
}

function givenUp(): Error {
  return new Error('the call was given up')
}
