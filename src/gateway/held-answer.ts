import { longestPeek, type PeekedAnswer } from './answer.ts'
import type { Attempt } from './attempt.ts'
import type { Peek } from './decode-peek.ts'
import type { IncomingHeaders } from './forward-headers.ts'

/** An answer that is not passed on yet: it may be about the token. */
export class HeldAnswer {
  readonly attempt: Attempt
  readonly status: number
  readonly headers: IncomingHeaders
  readonly pieces: Buffer[] = []
  #bytes = 0
  isEnded = false
  /** It broke off. */
  error: Error | undefined

  constructor(attempt: Attempt, status: number, headers: IncomingHeaders) {
    this.attempt = attempt
    this.status = status
    this.headers = headers
  }

  /** Keeps a piece; whether that is enough to judge by. No more than that is taken meanwhile. */
  add(piece: Buffer): boolean {
    this.pieces.push(piece)
    this.#bytes += piece.length
    // Of a body that is just as long the end is waited for.
    if (this.#bytes <= longestPeek) return false
    this.attempt.pause()
    return true
  }

  header(name: string): string | undefined {
    const value = this.headers[name]
    return typeof value === 'string' ? value : value?.join(', ')
  }

  /** What is known of it, for the rules. */
  describe(peek: Peek | undefined, method: string, path: string, tokenAgeMs: number): PeekedAnswer {
    return {
      status: this.status,
      headers: this.headers,
      isBodyComplete: peek?.isComplete ?? false,
      method,
      path: path === '' ? '/' : path,
      token: this.attempt.token,
      tokenAgeMs,
      ...(peek === undefined ? {} : { body: peek.text }),
    }
  }
}
