import { TransportError } from './transport.ts'

/** An answer read to its end: at most 1 MiB of text. */
export interface WireAnswer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The body as an object, when it is one. */
  readonly json: Readonly<Record<string, unknown>> | undefined
  /** True when the body was longer than 1 MiB and the rest was not read. */
  readonly isCut: boolean
}

const longestBody = 1_048_576

/**
 * Reads a whole answer within `signal`. Rejects with the signal's reason when it aborts, and with
 * the transport's error when the connection breaks.
 */
export async function readAnswer(response: Response, signal: AbortSignal): Promise<WireAnswer> {
  const { text, isCut } = await readText(response, signal)
  return { status: response.status, headers: response.headers, text, json: parse(text), isCut }
}

async function readText(
  response: Response,
  signal: AbortSignal,
): Promise<{ readonly text: string; readonly isCut: boolean }> {
  if (response.body === null) return { text: '', isCut: false }
  const reader = response.body.getReader()
  // A transport need not tie its body to the signal of its request; this one always stops.
  const onAbort = (): void => void reader.cancel(signal.reason).catch(() => {})
  signal.addEventListener('abort', onAbort, { once: true })
  const decoder = new TextDecoder()
  let text = ''
  let size = 0
  try {
    for (;;) {
      signal.throwIfAborted()
      const { done, value } = await reader.read().catch((error: unknown) => {
        throw new TransportError(error)
      })
      if (done) break
      size += value.byteLength
      if (size > longestBody) {
        await reader.cancel()
        return { text, isCut: true }
      }
      text += decoder.decode(value, { stream: true })
    }
    signal.throwIfAborted()
    return { text: text + decoder.decode(), isCut: false }
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

function parse(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
