import type { Duplex } from 'node:stream'

/** What a caller may send before its connection is upgraded, at most (bytes). */
const mostEarlyBytes = 65_536

/** How long a connection is silent before it is asked whether the other side is there (ms). */
const keepAliveMs = 60_000

/** Who is told what becomes of two sockets joined to each other. */
export interface JoinedListener {
  onCallerBytes(count: number): void
  onUpstreamBytes(count: number): void
  /** One side has ended; the other one may finish what it has. */
  onHalfOver(): void
  /** A side broke. */
  onBroken(): void
}

/**
 * A caller’s side of an upgraded connection. It is read from the beginning, so that the caller’s
 * leaving is noticed; what comes before the upgrade is kept for the API.
 */
export class CallerSocket {
  readonly socket: Duplex
  readonly #early: Buffer[] = []
  #earlyBytes = 0
  readonly #onEarly = (piece: Buffer): void => this.#keep(piece)
  readonly #onLeft: () => void

  /** `onLeft` is called when the caller ends its side before the upgrade. */
  constructor(socket: Duplex, head: Buffer, onLeft: () => void) {
    this.socket = socket
    this.#onLeft = onLeft
    if (head.length > 0) this.#keep(head)
    socket.on('data', this.#onEarly)
    socket.on('end', onLeft)
    stayAlive(socket)
  }

  #keep(piece: Buffer): void {
    this.#early.push(piece)
    this.#earlyBytes += piece.length
    if (this.#earlyBytes > mostEarlyBytes) this.socket.pause()
  }

  /**
   * Passes the bytes of both sides as they come. What either side has sent reaches the other one
   * before its connection ends.
   */
  join(upstream: Duplex, listener: JoinedListener): void {
    const { socket } = this
    socket.off('data', this.#onEarly)
    socket.off('end', this.#onLeft)
    stayAlive(upstream)
    upstream.on('error', () => listener.onBroken())
    upstream.on('close', () => {
      // Nobody takes what the caller sends now; its end is waited for all the same.
      socket.end()
      socket.resume()
      listener.onHalfOver()
    })
    for (const one of [socket, upstream]) one.once('end', () => listener.onHalfOver())
    for (const piece of this.#early) upstream.write(piece)
    listener.onCallerBytes(this.#earlyBytes)
    socket.on('data', (piece: Buffer) => listener.onCallerBytes(piece.length))
    upstream.on('data', (piece: Buffer) => listener.onUpstreamBytes(piece.length))
    socket.pipe(upstream).pipe(socket)
  }
}

/** So that a side that vanished without a word is noticed at last. */
function stayAlive(socket: Duplex): void {
  const { setKeepAlive } = socket as { setKeepAlive?: (on: boolean, afterMs: number) => void }
  setKeepAlive?.call(socket, true, keepAliveMs)
}
