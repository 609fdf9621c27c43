import type { Clock } from '../kernel/index.ts'

/** How far a look goes. */
export interface PeekBounds {
  readonly bytes: number
  readonly milliseconds: number
}

/**
 * Returns the beginning of an answer’s body as text, and leaves the answer as unread as it was.
 * Ends at the first bound, the body’s end or its failure, which the reader of the answer meets
 * himself. Never rejects.
 */
export async function peekText(
  answer: Response,
  clock: Clock,
  { bytes, milliseconds }: PeekBounds,
): Promise<string> {
  const reader = answer.clone().body?.getReader()
  if (reader === undefined) return ''
  const decoder = new TextDecoder()
  const timeout = Promise.withResolvers<undefined>()
  const cancelTimeout = clock.schedule(milliseconds, () => timeout.resolve(undefined))
  let text = ''
  let left = bytes
  try {
    while (left > 0) {
      const read = await Promise.race([reader.read(), timeout.promise])
      if (read?.value === undefined) break
      const piece = read.value.subarray(0, left)
      left -= piece.length
      text += decoder.decode(piece, { stream: true })
    }
  } catch {
    // The body broke off: what came of it has to do.
  } finally {
    cancelTimeout()
    // Not awaited: it resolves only when the answer’s own body has been read or cancelled as well.
    reader.cancel().catch(() => {})
  }
  return text
}
