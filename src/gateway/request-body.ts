import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'

/** Told how a request’s body comes in. */
export interface BodyListener {
  /** A piece came from the caller. */
  onBodyPiece(piece: Buffer): void
  /** All of it came. */
  onBodyEnd(): void
}

/** Whether a body comes with a request. */
export function hasBody({ headers }: IncomingMessage): boolean {
  const length = headers['content-length']
  return headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0')
}

/** How many bytes of a body are kept while it is sent. */
export const mostKeptBytes = 65_536

/**
 * A caller’s body on its way to an API, with a copy of it as long as that is short. One piece at a
 * time is taken from the caller when the API can take it.
 */
export class RequestBody {
  readonly #source: IncomingMessage
  #pieces: Buffer[] | undefined = []
  #stream: BodyStream | undefined
  /** Bytes that came. */
  bytes = 0
  isEnded = false

  constructor(source: IncomingMessage, listener: BodyListener) {
    this.#source = source
    source.on('data', (piece: Buffer) => {
      this.bytes += piece.length
      if (this.bytes > mostKeptBytes) this.#pieces = undefined
      this.#pieces?.push(piece)
      listener.onBodyPiece(piece)
      const stream = this.#stream
      // What the API does not want any more falls.
      if (stream?.destroyed === false && !stream.push(piece)) source.pause()
    })
    source.on('end', () => {
      this.isEnded = true
      if (this.#stream?.destroyed === false) this.#stream.push(null)
      listener.onBodyEnd()
    })
    // The caller’s leaving is noticed by the response’s end.
    source.on('error', () => {})
    source.pause()
  }

  /** Whether the API, not the caller, is what the body waits for. */
  get isHeldUp(): boolean {
    return this.#source.isPaused()
  }

  /** The whole body, when all of it came and it was kept. */
  get kept(): Buffer | undefined {
    if (!this.isEnded || this.#pieces === undefined) return undefined
    return Buffer.concat(this.#pieces)
  }

  /** Lets it flow in, to be kept and sent as a whole. */
  collect(): void {
    this.#source.resume()
  }

  /** The body as it comes; to be sent once. */
  stream(): Readable {
    const stream = new BodyStream(this.#source)
    this.#stream = stream
    return stream
  }

  /** Reads the rest and lets it fall, so that the caller comes to the end of it. */
  discard(): void {
    this.#stream = undefined
    this.#pieces = undefined
    this.#source.resume()
  }
}

class BodyStream extends Readable {
  readonly #source: IncomingMessage

  constructor(source: IncomingMessage) {
    super({ highWaterMark: 65_536 })
    this.#source = source
  }

  override _read(): void {
    this.#source.resume()
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    // What the API does not want any more must not hold the caller up: it may be answered already.
    this.#source.resume()
    callback(error)
  }
}
