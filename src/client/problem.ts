import type { Problem } from './api-types.ts'

/** What the service refused, as it said so (RFC 9457). Tell problems apart by `code`. */
export class EvergrantProblem extends Error {
  override readonly name = 'EvergrantProblem'
  /** HTTP status. */
  readonly status: number
  /** A code of the error reference; never renamed. */
  readonly code: Problem['code']
  readonly title: string
  /** What was expected and what was seen. */
  readonly detail: string
  /** What to do about it. */
  readonly remedy: string
  /** How long to wait before trying again makes sense, in seconds. */
  readonly retryAfterSeconds: number | undefined
  /** Names the request in the service’s log. */
  readonly requestId: string | undefined

  constructor(problem: Problem) {
    super(`${problem.title}: ${problem.detail}`)
    this.status = problem.status
    this.code = problem.code
    this.title = problem.title
    this.detail = problem.detail
    this.remedy = problem.remedy
    this.retryAfterSeconds = problem.retry_after
    this.requestId = problem.request_id
  }
}

/** An answer that is not Evergrant’s: another server, a proxy or a portal stands at the address. */
export class EvergrantAnswerInvalid extends Error {
  override readonly name = 'EvergrantAnswerInvalid'
  readonly status: number

  constructor(status: number, what: string) {
    super(`the answer (${status}) is not one of Evergrant: ${what}`)
    this.status = status
  }
}

/** The problem in an answer, or what says that it holds none. */
export async function problemOf(answer: Response): Promise<Error> {
  const { status } = answer
  try {
    const body: unknown = await answer.json()
    if (isProblem(body)) return new EvergrantProblem({ ...body, status })
    return new EvergrantAnswerInvalid(status, 'its JSON is no problem')
  } catch {
    return new EvergrantAnswerInvalid(status, 'it is not JSON')
  }
}

function isProblem(body: unknown): body is Problem {
  return (
    typeof body === 'object' &&
    body !== null &&
    ['title', 'detail', 'code', 'remedy'].every((name) => name in body)
  )
}
