import { tokenFailure, type TokenFailure } from './token-failure.ts'
import { anyMoment, beforeSending, wordsBeforeSending, type Reason } from './transport-reasons.ts'

/** What Node was doing when nothing can have been sent yet. */
const callsBeforeSending: ReadonlySet<unknown> = new Set(['connect', 'getaddrinfo'])

/**
 * Says readably why a host could not be reached: which host, which code, what that means. Its
 * effect is `none` when the request certainly did not leave: name, connection, proxy or TLS
 * failed.
 */
export function describeTransportError(cause: unknown, url: URL): TokenFailure {
  const errors = [...unwrap(cause)]
  for (const error of errors) {
    for (const { words, reason } of wordsBeforeSending) {
      const match = words.exec(textOf(error, 'message') ?? '')
      if (match !== null) return unreachable(url, reason(match), undefined, 'none')
    }
  }
  const code = errors.map(codeOf).find((found) => found !== undefined)
  const early = beforeSending[code ?? '']
  const isEarly =
    early !== undefined || errors.some((error) => callsBeforeSending.has(textOf(error, 'syscall')))
  const reason = early ?? anyMoment[code ?? ''] ?? ['the request failed below HTTP']
  return unreachable(url, reason, code, isEarly ? 'none' : 'unknown')
}

function unreachable(
  url: URL,
  [reason, remedy]: Reason,
  code: string | undefined,
  effect: TokenFailure['effect'],
): TokenFailure {
  return tokenFailure(
    'unreachable',
    `${url.host} could not be reached: ${reason}${code === undefined ? '' : ` (${code})`}`,
    { effect, ...(remedy === undefined ? {} : { remedy }) },
  )
}

/** An error, the first of its aggregated errors, and its causes, outermost first. */
function* unwrap(error: unknown, depth = 0): Generator<object> {
  if (typeof error !== 'object' || error === null || depth > 5) return
  yield error
  const { cause, errors } = error as { cause?: unknown; errors?: unknown }
  if (Array.isArray(errors)) yield* unwrap(errors[0], depth + 1)
  yield* unwrap(cause, depth + 1)
}

function codeOf(error: object): string | undefined {
  const code = textOf(error, 'code')
  return code !== undefined && /^[A-Z][A-Z0-9_]{1,60}$/.test(code) ? code : undefined
}

function textOf(error: object, name: 'code' | 'message' | 'syscall'): string | undefined {
  const value = (error as Readonly<Record<string, unknown>>)[name]
  return typeof value === 'string' ? value : undefined
}
