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
  /** What a number of the provider’s means, plainly. */
  readonly meaning: string | null
  /** The same step by step; at least one. */
  readonly steps: readonly string[]
  /** Where the other side says more. */
  readonly link: string | null
  /** Who must act; undefined when an earlier Evergrant answers, which did not say. */
  readonly actor: Problem['actor'] | undefined
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
    // A service of an earlier release does not send them.
    const told: Partial<Problem> = problem
    this.meaning = told.meaning ?? null
    this.steps = told.steps ?? [problem.remedy]
    this.link = told.link ?? null
    this.actor = told.actor
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
