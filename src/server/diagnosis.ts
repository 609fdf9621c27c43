import { guidanceOf, isEvergrantError, type ErrorCode, type Guidance } from '../kernel/index.ts'

/** One thing that was checked. Holds no secret. */
export interface Check {
  /** What was checked, in a word or two; stable, for programs. */
  readonly check: string
  /** The connection it belongs to; absent for what is common to all. */
  readonly connection?: string
  /** The upstream of that connection; absent for its own target. */
  readonly upstream?: string
  /** `warn`: works, but somebody should look. */
  readonly status: 'ok' | 'warn' | 'fail'
  /** What was found, for people. */
  readonly found: string
  /** What to do about it; always there unless the status is `ok`. */
  readonly remedy?: string
  /** The error that a command would end with; always there when the status is `fail`. */
  readonly code?: ErrorCode
}

/** Makes a check that failed out of what was thrown or returned. @throws `error`, if not ours. */
export function failedCheck(check: string, error: unknown): Check {
  if (!isEvergrantError(error)) throw error
  const { code, detail, remedy } = error
  return { check, status: 'fail', found: detail, remedy, code }
}

/** What is to be done, step by step, about a check that failed by an error of the registry. */
export function guidanceOfCheck({ code, remedy, connection }: Check): Guidance | undefined {
  if (code === undefined || remedy === undefined) return undefined
  return guidanceOf({ code, remedy, name: connection })
}
