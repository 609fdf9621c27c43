import { headerOf, type AnswerHeaders } from './answer-headers.ts'
import { CapturedBody } from './captured-body.ts'
import type { TraceBodies } from './trace.ts'

/** The bodies of one call while they are kept: of its request and of each answer. */
export class CallCapture {
  readonly request: CapturedBody
  /** The answer that comes in. */
  answer: CapturedBody | undefined
  #refused: CapturedBody | undefined

  /** `type` and `coding` are those of the request. */
  constructor(type: string | undefined, coding: string | undefined) {
    this.request = new CapturedBody(type, coding)
  }

  onAnswer(headers: AnswerHeaders): void {
    this.#refused = this.answer
    this.answer = new CapturedBody(
      headerOf(headers, 'content-type'),
      headerOf(headers, 'content-encoding'),
    )
  }

  /**
   * Beginnings of the bodies that came; undefined when none did.
   *
   * @param tokens Those the call was sent with: none of them may be seen.
   */
  describe(tokens: readonly string[]): TraceBodies | undefined {
    const request = this.request.describe(tokens)
    const refused = this.#refused?.describe(tokens)
    const response = this.answer?.describe(tokens)
    const isNothing = request === undefined && refused === undefined && response === undefined
    if (isNothing) return undefined
    return {
      ...(request === undefined ? {} : { request }),
      ...(refused === undefined ? {} : { refused }),
      ...(response === undefined ? {} : { response }),
    }
  }
}
