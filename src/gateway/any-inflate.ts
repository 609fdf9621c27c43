import { Transform, type TransformCallback } from 'node:stream'
import { createInflate, createInflateRaw, type Inflate, type InflateRaw } from 'node:zlib'

/** Whether bytes begin as a zlib stream does (RFC 1950); bare deflate never does. */
export function isZlib(bytes: Buffer): boolean {
  return ((bytes[0] ?? 0x08) & 0x0f) === 0x08
}

/**
 * Decodes the coding “deflate”: zlib by the book (RFC 9110 section 8.4.1.2), and bare deflate as
 * many servers send it. Holds no more than its buffers when nobody takes what comes out.
 */
export class AnyInflate extends Transform {
  #inner: Inflate | InflateRaw | undefined

  #open(first: Buffer): Inflate | InflateRaw {
    const inner = isZlib(first) ? createInflate() : createInflateRaw()
    inner.on('data', (piece: Buffer) => {
      if (!this.push(piece)) inner.pause()
    })
    inner.on('error', (error) => this.destroy(error))
    this.#inner = inner
    return inner
  }

  override _transform(piece: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const inner = this.#inner ?? this.#open(piece)
    inner.write(piece, done)
  }

  override _read(size: number): void {
    this.#inner?.resume()
    // oxlint-disable-next-line no-underscore-dangle -- Node’s name for what is overridden here
    super._read(size)
  }

  override _flush(done: TransformCallback): void {
    const inner = this.#inner
    if (inner === undefined) return done()
    inner.once('end', done)
    inner.end()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#inner?.destroy()
    done(error)
  }

  /** Calls `done` when all that was written so far was decoded. */
  flush(done: () => void): void {
    if (this.#inner === undefined) return done()
    this.#inner.flush(done)
  }
}
