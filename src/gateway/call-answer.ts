import type { ServerResponse } from 'node:http'
import type { EvergrantError } from '../kernel/index.ts'
import { answerProblem, type ProblemOptions } from './answer-problem.ts'
import type { Flushable } from './flushes.ts'
import {
  openLinkRewriting,
  type LinkRewriting,
  type LinkRewritingOptions,
} from './link-rewriting.ts'

/** Who is told how the writing of an answer goes. */
export interface AnswerListener {
  /** The caller takes no more for now; `onMore` follows when it does. */
  onFull(): void
  onMore(): void
  /** The caller took all there was. */
  onTaken(): void
  /** The last of it is written. */
  onWhole(): void
  /** What came of the body cannot be passed on. */
  onBroken(): void
}

/** Where links of an answer are to lead, and what tells whether there are any. */
export type LinkPlaces = Pick<LinkRewritingOptions, 'base' | 'gateway' | 'headers' | 'hasBody'>

/** A first piece at most this long waits for the end of the answer (bytes). */
const longestWaiting = 16_384

/**
 * What a caller is answered, as it is written: an API’s answer piece by piece, or a problem of
 * ours. An answer of one piece goes out as one.
 */
export class CallAnswer implements Flushable {
  /** 0 until there is a head. */
  status = 0
  /** Of the body, as far as it was written. */
  bytes = 0
  hasHead = false
  /** The last of it was written; the caller may still be reading. */
  isWhole = false
  isFull = false
  hasContinued = false
  readonly #response: ServerResponse
  readonly #listener: AnswerListener
  #links: LinkRewriting | undefined
  #hasPieces = false
  /** Its head is on its way, or a piece: nothing is gained by waiting any more. */
  #hasBegun = false
  #headers: readonly string[] = []
  /** The first piece, until it is known whether it is the only one. */
  #first: Buffer | undefined
  #isClosed = false

  constructor(response: ServerResponse, listener: AnswerListener) {
    this.#response = response
    this.#listener = listener
  }

  /** Whether the caller has all of it, as far as can be known. */
  get isRead(): boolean {
    return this.#response.writableFinished
  }

  /** Tells the caller to send its body. */
  continue(): void {
    this.hasContinued = true
    this.#response.writeContinue()
  }

  /**
   * Writes the head of an API’s answer.
   *
   * @param list Headers as a flat list; changed where `links` says so.
   * @throws When one of them cannot be passed on; nothing is written then
   */
  writeHead(status: number, list: string[], links: LinkPlaces | undefined): void {
    if (links !== undefined) this.#links = this.#rewrite(status, list, links)
    this.#response.writeHead(status, list)
    this.#headers = list
    this.status = status
    this.hasHead = true
  }

  #rewrite(status: number, list: string[], links: LinkPlaces): LinkRewriting | undefined {
    return openLinkRewriting({
      ...links,
      status,
      list,
      onPiece: (piece) => this.#send(piece),
      onEnd: () => this.#finish(),
      onFailure: () => this.#listener.onBroken(),
      onDrain: () => this.#more(),
    })
  }

  write(piece: Buffer): void {
    if (this.#isClosed) return
    if (this.#links === undefined && !this.#hasBegun && piece.length <= longestWaiting) {
      this.#hasBegun = true
      this.#hasPieces = true
      this.#first = piece
      return
    }
    if (this.#first !== undefined) this.#sendFirst()
    const canTakeMore = this.#links === undefined ? this.#send(piece) : this.#links.write(piece)
    if (!canTakeMore) this.#full()
  }

  end(): void {
    if (this.#links === undefined) this.#finish()
    else this.#links.end()
  }

  /** A head whose body does not come at once must not wait for it, nor a first piece for a second. */
  flush(): void {
    if (this.isWhole || this.#isClosed) return
    this.#hasBegun = true
    if (this.#first !== undefined) this.#sendFirst()
    else if (!this.#hasPieces) this.#response.flushHeaders()
  }

  /** Answers instead of the API; false when something was sent already. */
  problem(error: EvergrantError, options: ProblemOptions): boolean {
    if (this.#isClosed || this.#response.headersSent) return false
    this.hasHead = true
    this.isWhole = true
    this.status = error.definition.status
    this.bytes = answerProblem(this.#response, error, options)
    return true
  }

  /** Tells the caller that it is not whole: its connection ends in the midst of it. */
  breakOff(): void {
    if (this.#first !== undefined) this.#sendFirst()
    const { socket } = this.#response
    // Without a length and without chunks, a plain end would look like the end of the answer.
    if (this.#response.chunkedEncoding || this.#isSized()) {
      this.#response.destroy()
    } else if (socket === null) this.#response.destroy()
    else socket.resetAndDestroy()
  }

  #isSized(): boolean {
    return this.#headers.some((name, at) => at % 2 === 0 && /^content-length$/i.test(name))
  }

  /** The caller’s response is over: nothing more is written or told. */
  close(): void {
    this.#isClosed = true
    this.#links?.destroy()
  }

  #sendFirst(): void {
    const piece = this.#first as Buffer
    this.#first = undefined
    if (!this.#send(piece)) this.#full()
  }

  #send(piece: Buffer): boolean {
    this.#hasBegun = true
    this.#hasPieces = true
    this.bytes += piece.length
    const canTakeMore = this.#response.write(piece)
    if (!canTakeMore && this.#response.listenerCount('drain') === 0) {
      this.#response.on('drain', () => this.#drained())
    }
    return canTakeMore
  }

  #drained(): void {
    if (this.#isClosed) return
    this.#listener.onTaken()
    this.#links?.resume()
    this.#more()
  }

  #full(): void {
    if (this.isFull) return
    this.isFull = true
    this.#listener.onFull()
  }

  #more(): void {
    if (!this.isFull) return
    this.isFull = false
    this.#listener.onMore()
  }

  #finish(): void {
    if (this.#isClosed) return
    this.isWhole = true
    this.#listener.onWhole()
    const only = this.#first
    if (only === undefined) this.#response.end()
    else {
      // As text, head and body are one piece to the socket.
      this.#first = undefined
      this.bytes += only.length
      this.#response.end(only.toString('latin1'), 'latin1')
    }
  }
}
